//! What a story says of places: by hand to [`Places`], or to a database file for the real daemon.

use std::net::IpAddr;

use steersman::health::Location;
use steersman::place::{Address, Class, Continent, Places, Runs, Table, country, push_network};

use crate::mmdb::{Mmdb, Value, map};

/// What is known of a network.
#[derive(Clone)]
pub struct Place {
    network: String,
    address: IpAddr,
    length: u8,
    continent: Option<Continent>,
    country: Option<String>,
    subdivision: Option<String>,
    asn: Option<u32>,
    location: Option<Location>,
}

/// Reads `NETWORK [CONTINENT[-COUNTRY[-SUBDIVISION]]] [AS64500] [at LATITUDE LONGITUDE]`.
pub fn place(text: &str) -> Result<Place, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [network, facts @ ..] = &words[..] else { return Err("expected a network".into()) };
    let parsed: steersman::question::ClientNetwork = network.parse()?;
    let mut place = Place {
        network: (*network).into(),
        address: parsed.address,
        length: parsed.length,
        continent: None,
        country: None,
        subdivision: None,
        asn: None,
        location: None,
    };
    let mut rest = facts;
    while let [fact, after @ ..] = rest {
        rest = after;
        if *fact == "at" {
            let [latitude, longitude, after @ ..] = after else {
                return Err("expected at LATITUDE LONGITUDE".into());
            };
            rest = after;
            let degrees = |text: &str| text.parse().map_err(|_| format!("{text:?}: no degrees"));
            let location =
                Location { latitude: degrees(latitude)?, longitude: degrees(longitude)? };
            place.location = Some(location);
        } else if let Some(number) = fact.strip_prefix("AS").and_then(|n| n.parse().ok()) {
            place.asn = Some(number);
        } else {
            place.set_code(fact)?;
        }
    }
    Ok(place)
}

impl Place {
    fn set_code(&mut self, code: &str) -> Result<(), String> {
        let mut parts = code.splitn(3, '-');
        let continent = parts.next().and_then(Continent::from_code);
        self.continent = Some(continent.ok_or_else(|| format!("{code:?}: no continent"))?);
        self.country = parts.next().map(Into::into);
        self.subdivision = parts.next().map(Into::into);
        match self.country.as_deref().map(country) {
            Some(None) => Err(format!("{code:?}: no such country")),
            _ => Ok(()),
        }
    }

    /// With the middle of its country, as the reader of databases does it.
    fn class(&self) -> Class {
        let middle = || Some(country(self.country.as_deref()?)?.location);
        Class {
            continent: self.continent,
            country: self.country.as_ref().map(|code| code.as_bytes().try_into().unwrap()),
            subdivision: self.subdivision.as_deref().map(Into::into),
            asn: self.asn,
            location: self.location.or_else(middle),
        }
    }

    fn record(&self) -> Value {
        let mut fields = Vec::new();
        if let Some(continent) = self.continent {
            fields.push(("continent", map([("code", continent.code().into())])));
        }
        if let Some(country) = &self.country {
            fields.push(("country", map([("iso_code", country.as_str().into())])));
        }
        if let Some(subdivision) = &self.subdivision {
            let one = map([("iso_code", subdivision.as_str().into())]);
            fields.push(("subdivisions", Value::List(vec![one])));
        }
        if let Some(asn) = self.asn {
            fields.push(("autonomous_system_number", Value::U32(asn)));
        }
        if let Some(Location { latitude, longitude }) = self.location {
            let at = [("latitude", latitude), ("longitude", longitude)];
            fields.push(("location", map(at.map(|(key, degrees)| (key, Value::Double(degrees))))));
        }
        Value::Map(fields)
    }
}

/// The places without any file.
pub fn by_hand(places: &[Place]) -> Places {
    let mut classes = vec![Class::default()];
    let (mut v4, mut v6) = (Vec::new(), Vec::new());
    for place in places {
        let id = classes.len() as u32;
        classes.push(place.class());
        match place.address {
            IpAddr::V4(ip) => v4.push((ip.to_bits().network(place.length), id)),
            IpAddr::V6(ip) => v6.push((ip.to_bits().network(place.length), id)),
        }
    }
    Places::new(classes, Table::new(&runs(v4), &runs(v6), 0))
}

/// Networks of one story do not overlap.
fn runs<A: Address>(mut networks: Vec<((A, A), u32)>) -> Runs<A, u32> {
    networks.sort_by_key(|((first, _), _)| *first);
    let mut runs = Vec::new();
    networks.into_iter().for_each(|(network, id)| push_network(&mut runs, network, id));
    runs
}

/// The places as a database file.
pub fn database(places: &[Place]) -> Vec<u8> {
    let database = Mmdb::new(6, 28);
    let database = places
        .iter()
        .fold(database, |database, place| database.network(&place.network, place.record()));
    database.bytes()
}
