//! `maps` of geoip: places and networks to orders of datacenters.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;

use super::resources::Resources;
use super::vscf::{self, Kind, Value};
use crate::finding::words::quoted;
use crate::import::fields;
use crate::import::finish::geo_key;
use crate::import::source::Place;

/// One map.
#[derive(Debug)]
pub(super) struct Map {
    pub(super) place: Place,
    pub(super) datacenters: Vec<String>,
    /// What everybody gets whom no key matches.
    pub(super) default: Order,
    /// Keys of our `geo`, each once, with where they come from.
    pub(super) keys: Vec<(String, Order, Place)>,
    /// Latitude and longitude of datacenters.
    pub(super) coordinates: HashMap<String, (f64, f64)>,
    /// How many of the nearest are tried; none: all.
    pub(super) limit: Option<usize>,
}

/// In which order datacenters are tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Order {
    List(Vec<String>),
    /// By distance.
    Nearest,
}

/// `AF` and the like, to which gdnsd's hierarchy goes down from the world.
const CONTINENTS: [&str; 7] = ["AF", "AN", "AS", "EU", "NA", "OC", "SA"];
/// How many of the nearest gdnsd tries by default.
const NEAREST: usize = 3;

impl Map {
    /// The map of a name, read once.
    pub(super) fn named(resources: &mut Resources<'_, '_>, name: &str) -> Option<Rc<Self>> {
        if let Some(known) = resources.maps.get(name) {
            return known.clone();
        }
        let maps = resources.plugin("geoip").and_then(|geoip| geoip.get("maps"));
        let map = maps.and_then(|maps| maps.get(name));
        let map = map.map(|value| Rc::new(Reader::new(resources, name, value).read()));
        resources.maps.insert(name.to_owned(), map.clone());
        map
    }

    /// Whether a key lies within another one, so that it says something even if it says what
    /// `default` does.
    pub(super) fn has_between(&self, key: &str) -> bool {
        let is_network = key.contains('/');
        let mut others = self.keys.iter().map(|(other, ..)| other);
        others.any(|other| other != key && (is_network || key.starts_with(&format!("{other}-"))))
    }
}

struct Reader<'r, 'a, 'i> {
    resources: &'r mut Resources<'a, 'i>,
    name: &'r str,
    value: &'a Value,
    coordinates: HashMap<String, (f64, f64)>,
    keys: Vec<(String, Order, Place)>,
    seen: HashSet<String>,
}

impl<'r, 'a, 'i> Reader<'r, 'a, 'i> {
    fn new(resources: &'r mut Resources<'a, 'i>, name: &'r str, value: &'a Value) -> Self {
        let (coordinates, keys, seen) = (HashMap::new(), Vec::new(), HashSet::new());
        Self { resources, name, value, coordinates, keys, seen }
    }

    fn read(mut self) -> Map {
        let items = self.value.get("datacenters").map(Value::items).unwrap_or_default();
        let datacenters: Vec<String> =
            items.iter().filter_map(|item| item.text().map(str::to_owned)).collect();
        self.coordinates();
        self.database();
        if let Some((key, _)) = self.value.entry("ignore_ecs").filter(|(_, v)| is_true(v)) {
            let why = "the client subnet is always heeded";
            self.note(&key.place, "ignore_ecs", why, "nothing");
        }
        let everywhere = match self.coordinates.is_empty() {
            true => Order::List(datacenters.clone()),
            false => Order::Nearest,
        };
        self.networks();
        let world = self.value.get("map");
        let default = world.and_then(|world| world.get("default")).map(|value| self.order(value));
        if let Some(world) = world {
            self.continents(world);
        }
        let limit = self.value.get("auto_dc_limit").and_then(Value::text);
        let limit = limit.and_then(|text| text.parse().ok()).unwrap_or(NEAREST);
        Map {
            place: self.value.place.clone(),
            datacenters,
            default: default.flatten().unwrap_or(everywhere),
            keys: self.keys,
            coordinates: self.coordinates,
            limit: (limit > 0).then_some(limit),
        }
    }

    fn database(&mut self) {
        let Some(value) = self.value.get("geoip2_db") else { return };
        let why = "databases are named in steersman.toml";
        let instead =
            format!("geoip = [{}] there, with its path", quoted(value.text().unwrap_or("")));
        self.note(&value.place, "geoip2_db", why, &instead);
    }

    fn coordinates(&mut self) {
        let entries = self.value.get("auto_dc_coords").map(Value::entries).unwrap_or_default();
        for (key, value) in entries {
            let numbers: Vec<f64> =
                value.items().iter().filter_map(|item| item.text()?.parse().ok()).collect();
            let at = match numbers.as_slice() {
                [latitude, longitude] => Some((*latitude, *longitude)),
                _ => None,
            };
            let in_range = |(latitude, longitude): &(f64, f64)| {
                (-90.0..=90.0).contains(latitude) && (-180.0..=180.0).contains(longitude)
            };
            match at.filter(in_range) {
                Some(at) => {
                    self.coordinates.insert(key.text.clone(), at);
                }
                None => {
                    let found = format!("the coordinates of {}", key.text);
                    let why = "they are latitude and longitude in degrees";
                    self.note(&value.place, &found, why, "it is not among the nearest");
                }
            }
        }
    }

    /// `nets`: a hash, or a file with the inside of one.
    fn networks(&mut self) {
        let Some(value) = self.value.get("nets") else { return };
        let from_file = match value.text() {
            None => None,
            Some(path) => match self.networks_file(path, value) {
                Some(read) => Some(read),
                None => return,
            },
        };
        let entries = from_file.as_ref().unwrap_or(value).entries();
        for (key, value) in entries {
            let network = compatible(&key.text).unwrap_or_else(|| key.text.clone());
            match fields::network(&network) {
                Ok(network) => self.key(network, value, &key.place),
                Err(why) => {
                    let found = format!("the network {}", quoted(&key.text));
                    self.note(&key.place, &found, &why, "it is left out");
                }
            }
        }
    }

    fn networks_file(&mut self, path: &str, value: &Value) -> Option<Value> {
        // As gdnsd looks for it, beside the databases.
        let path = if path.starts_with('/') { path.to_owned() } else { format!("geoip/{path}") };
        let read = (self.resources.include)(&path, self.resources.config).and_then(|files| {
            let (name, bytes) = files.into_iter().next().ok_or("there is no such file")?;
            let read = vscf::Reader::new(self.resources.include).read(&name, &bytes);
            read.map_err(|finding| finding.to_string())
        });
        read.map_err(|why| {
            self.note(&value.place, &format!("nets = {}", quoted(&path)), &why, "it is left out");
        })
        .ok()
    }

    fn continents(&mut self, world: &Value) {
        for (key, value) in world.entries().iter().filter(|(key, _)| key.text != "default") {
            match CONTINENTS.contains(&key.text.as_str()) {
                true => self.below(&key.text, value, &key.place, 1),
                false => {
                    let found = format!("the continent {}", quoted(&key.text));
                    self.note(&key.place, &found, "there is none of that code", "it is left out");
                }
            }
        }
    }

    /// A place, and what stands below it: countries below a continent, subdivisions below a country,
    /// cities wherever gdnsd finds them.
    fn below(&mut self, place_key: &str, value: &Value, place: &Place, depth: usize) {
        if !matches!(value.kind, Kind::Hash(_)) {
            return self.place(place_key, value, place);
        }
        for (key, value) in value.entries() {
            let is_code = key.text.len() <= 3
                && key.text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
            match (key.text.as_str(), depth) {
                ("default", _) => self.place(place_key, value, &key.place),
                (code, 1) => self.below(&format!("{place_key}-{code}"), value, &key.place, 2),
                (code, _) if is_code => {
                    // Whatever subdivisions stand between, a subdivision belongs to its country.
                    let country: Vec<&str> = place_key.split('-').take(2).collect();
                    let subdivision = format!("{}-{code}", country.join("-"));
                    self.below(&subdivision, value, &key.place, depth + 1);
                }
                (city, _) => {
                    let found = format!("{} within {place_key}", quoted(city));
                    let why = "clients are told apart by subdivision, not by city";
                    self.note(&key.place, &found, why, "what its subdivision or country has");
                }
            }
        }
    }

    fn place(&mut self, key: &str, value: &Value, place: &Place) {
        match geo_key(key) {
            Ok(key) => self.key(key, value, place),
            Err(why) => self.note(place, key, &why, "it is left out"),
        }
    }

    fn key(&mut self, key: String, value: &Value, place: &Place) {
        let Some(order) = self.order(value) else { return };
        match self.seen.insert(key.clone()) {
            true => self.keys.push((key, order, place.clone())),
            false => self.note(place, &key, "it is there already", "the first one"),
        }
    }

    /// An order of datacenters, or `auto`.
    fn order(&mut self, value: &Value) -> Option<Order> {
        if value.text() == Some("auto") && !self.coordinates.is_empty() {
            return Some(Order::Nearest);
        }
        let names: Option<Vec<String>> =
            value.items().iter().map(|item| item.text().map(str::to_owned)).collect();
        if names.is_none() {
            let found = format!("{} where datacenters are listed", value.shown());
            self.note(&value.place, &found, "it is no list of names", "what is less specific");
        }
        names.map(Order::List)
    }

    fn note(&mut self, place: &Place, found: &str, why: &str, instead: &str) {
        let found = format!("{found} in the map {}", self.name);
        self.resources.plan.notes.push(place, found, why, instead);
    }
}

fn is_true(value: &Value) -> bool {
    value.text().is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

/// An IPv4 network that is written as an IPv4-compatible one of IPv6 (RFC 4291 2.5.5.1).
fn compatible(text: &str) -> Option<String> {
    let (address, length) = text.split_once('/')?;
    let length: u8 = length.parse().ok().filter(|length| (96..=128).contains(length))?;
    let IpAddr::V6(address) = address.parse().ok()? else { return None };
    let bits = u32::try_from(address.to_bits()).ok()?;
    Some(format!("{}/{}", Ipv4Addr::from_bits(bits), length - 96))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compatible_networks_are_those_of_ipv4() {
        assert_eq!(compatible("::C000:0200/120").as_deref(), Some("192.0.2.0/24"));
        assert_eq!(compatible("2001:db8::/96"), None);
        assert_eq!(compatible("::/0"), None);
        assert_eq!(compatible("192.0.2.0/24"), None);
    }
}
