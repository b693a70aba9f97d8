//! What one record says of its network, by the field names of all publishers.

use std::str::FromStr;

use super::node::Node;
use super::subdivisions;
use crate::health::Location;
use crate::place::{Class, Continent, country};

/// The fields by which a record can be of use, for the operator whose database has none of them.
pub const FIELDS: &str = "country.iso_code, registered_country.iso_code, country_code, country, \
    continent.code, continent_code, location.latitude, latitude, lat, \
    autonomous_system_number, asn";

/// GeoIP2, GeoLite2 and DB-IP nest; IPinfo and ip-location-db are flat. What a network represents
/// elsewhere (`represented_country`, e.g. of an army's base) is no place where clients are.
const COUNTRY: &[&[&str]] = &[
    &["country", "iso_code"],
    &["country_code"],
    &["country"],
    &["registered_country", "iso_code"],
];
const CONTINENT: &[&[&str]] = &[&["continent", "code"], &["continent_code"], &["continent"]];
/// Of several, the first is the largest: `ENG` of the United Kingdom, before its counties.
const SUBDIVISION: &[&[&str]] = &[&["subdivisions", "iso_code"], &["region_code"]];
const SUBDIVISION_NAME: &[&[&str]] = &[&["subdivisions", "names", "en"], &["state1"], &["region"]];
const ASN: &[&[&str]] =
    &[&["autonomous_system_number"], &["asn"], &["traits", "autonomous_system_number"]];
const LATITUDE: &[&[&str]] = &[&["location", "latitude"], &["latitude"], &["lat"]];
const LONGITUDE: &[&[&str]] = &[&["location", "longitude"], &["longitude"], &["lng"], &["lon"]];

/// All keys above: what else a record holds is skipped.
pub const KEYS: &[&str] = &[
    "asn",
    "autonomous_system_number",
    "code",
    "continent",
    "continent_code",
    "country",
    "country_code",
    "en",
    "iso_code",
    "lat",
    "latitude",
    "lng",
    "location",
    "lon",
    "longitude",
    "names",
    "region",
    "region_code",
    "registered_country",
    "state1",
    "subdivisions",
    "traits",
];

/// What is known of a network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Facts {
    country: Option<[u8; 2]>,
    continent: Option<Continent>,
    subdivision: Option<Box<str>>,
    asn: Option<u32>,
    location: Option<Point>,
}

/// A place to a ten-thousandth of a degree (11 m), which is what databases have, and comparable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Point {
    latitude_e4: i32,
    longitude_e4: i32,
}

impl Facts {
    /// What a record says; whatever makes no sense is as if it were not there.
    pub fn of(record: &Node<'_>) -> Self {
        let country = first(COUNTRY, |path| country_code(record.text(path)?));
        let subdivision = country.and_then(|country| {
            first(SUBDIVISION, |path| subdivision_code(record.text(path)?)).or_else(|| {
                first(SUBDIVISION_NAME, |path| subdivisions::code(country, record.text(path)?))
                    .map(Into::into)
            })
        });
        Self {
            country,
            continent: first(CONTINENT, |path| Continent::from_code(record.text(path)?)),
            subdivision,
            asn: first(ASN, |path| asn(record, path)),
            location: point(
                first(LATITUDE, |path| record.number(path)),
                first(LONGITUDE, |path| record.number(path)),
            ),
        }
    }

    /// These facts, and where they lack one, that of the next database.
    pub fn filled_by(&self, next: &Self) -> Self {
        let mut all = self.clone();
        if all.country.is_none() && (next.country.is_some() || all.continent.is_none()) {
            (all.country, all.continent) = (next.country, next.continent);
        }
        if all.subdivision.is_none() && all.country == next.country {
            all.subdivision.clone_from(&next.subdivision);
        }
        if next.country.is_none() || all.country == next.country {
            all.location = all.location.or(next.location);
        }
        all.asn = all.asn.or(next.asn);
        all
    }

    /// With what follows from the country.
    pub fn completed(&self) -> Self {
        let mut all = self.clone();
        let code = self.country.as_ref().and_then(|code| std::str::from_utf8(code).ok());
        if let Some(country) = code.and_then(country) {
            let Location { latitude, longitude } = country.location;
            all.continent = all.continent.or(Some(country.continent));
            all.location = all.location.or_else(|| point(Some(latitude), Some(longitude)));
        }
        all
    }

    /// As the rest of the program knows it.
    pub fn to_class(&self) -> Class {
        Class {
            continent: self.continent,
            country: self.country,
            subdivision: self.subdivision.clone(),
            asn: self.asn,
            location: self.location.map(|point| Location {
                latitude: f64::from(point.latitude_e4) / 1e4,
                longitude: f64::from(point.longitude_e4) / 1e4,
            }),
        }
    }
}

fn first<T>(paths: &[&[&str]], read: impl FnMut(&[&str]) -> Option<T>) -> Option<T> {
    paths.iter().copied().find_map(read)
}

fn country_code(text: &str) -> Option<[u8; 2]> {
    let code: [u8; 2] = text.to_ascii_uppercase().as_bytes().try_into().ok()?;
    country(std::str::from_utf8(&code).ok()?).map(|_| code)
}

/// The part of an ISO 3166-2 code after the country, with or without the country before it.
fn subdivision_code(text: &str) -> Option<Box<str>> {
    let code = text.rsplit('-').next()?;
    let well_formed =
        (1..=3).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric());
    well_formed.then(|| code.to_ascii_uppercase().into())
}

/// A number, or `AS` and a number. Zero is reserved (RFC 7607), and no network's.
fn asn(record: &Node<'_>, path: &[&str]) -> Option<u32> {
    let number = match record.text(path) {
        Some(text) => u32::from_str(text.strip_prefix("AS").unwrap_or(text)).ok()?,
        None => match record.number(path)? {
            number if (0.0..=f64::from(u32::MAX)).contains(&number) => number as u32,
            _ => return None,
        },
    };
    (number != 0).then_some(number)
}

/// Where degrees make sense; 0, 0 is what some databases write for an unknown place.
fn point(latitude: Option<f64>, longitude: Option<f64>) -> Option<Point> {
    let (latitude, longitude) = (latitude?, longitude?);
    let on_earth = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
    (on_earth && (latitude, longitude) != (0.0, 0.0)).then_some(Point {
        latitude_e4: (latitude * 1e4).round() as i32,
        longitude_e4: (longitude * 1e4).round() as i32,
    })
}
