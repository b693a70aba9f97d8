//! gdnsd: its configuration and its zone files.
//!
//! Zone files become zone files, DYNA and DYNC in them steered names. What these name is found in
//! the plugins' hashes: `multifo`, `weighted` and `simplefo` are pools, `metafo` is a failover of
//! datacenters, `geoip` one for each place.

mod maps;
mod meta;
mod multifo;
mod options;
mod records;
mod resources;
mod scope;
mod services;
mod simplefo;
mod vscf;
mod weighted;
mod zonefile;

use std::collections::BTreeMap;

use super::plan::Plan;
use super::source::Place;
use super::{Imported, Include, fields, finish};
use crate::finding::Finding;
use crate::finding::words::quoted;
use crate::wire::Name;
use options::Options;
use resources::Resources;
use services::Services;
use vscf::Value;

/// A configuration.
#[derive(Clone, Debug)]
pub struct Gdnsd<'a> {
    /// The file `config` as the operator named it, and what is in it; none where there is none.
    pub config: Option<(&'a str, &'a [u8])>,
    /// The zone files.
    pub zones: Vec<GdnsdZone<'a>>,
}

/// A zone file.
#[derive(Clone, Copy, Debug)]
pub struct GdnsdZone<'a> {
    /// The name of the file without its folder, which is that of the zone.
    pub stem: &'a str,
    /// The file as the operator named it.
    pub name: &'a str,
    /// What is in it.
    pub bytes: &'a [u8],
}

/// Imports a configuration.
///
/// # Errors
///
/// Everything that makes a file unreadable. Then there is nothing to write.
pub fn gdnsd(from: &Gdnsd<'_>, include: &mut Include<'_>) -> Result<Imported, Vec<Finding>> {
    let mut plan = Plan::default();
    plan.head.push("Made by steersman import gdnsd.".into());
    let nowhere = Place::new(&"config".into(), (1, 1));
    let config = match from.config {
        Some((name, bytes)) => {
            vscf::Reader::new(include).read(name, bytes).map_err(|finding| vec![finding])?
        }
        None => Value::empty(nowhere),
    };
    for (key, _) in config.entries() {
        if !["options", "service_types", "plugins"].contains(&key.text.as_str()) {
            let found = format!("the key {}", quoted(&key.text));
            let why = "gdnsd has options, service_types and plugins";
            plan.notes.push(&key.place, found, why, "it is left out");
        }
    }
    let options = Options::read(&mut plan, config.get("options"));
    let services = Services::read(&mut plan, config.get("service_types"));
    let plugins = (from.config.map_or("", |(name, _)| name), config.get("plugins"));
    let mut resources = Resources::new(&mut plan, services, plugins, include);
    let (mut wrong, mut zones) = (Vec::new(), BTreeMap::new());
    for file in &from.zones {
        let place = Place::new(&file.name.into(), (1, 1));
        let zone = match apex(file.stem) {
            Ok(apex) if zones.contains_key(&apex) => {
                let found = format!("a second file of the zone {apex}");
                Err(place.finding(found, "one file for each zone"))
            }
            Ok(apex) => zonefile::read(&mut resources, &options, file, &apex).map(|z| (apex, z)),
            Err(why) => {
                let found = format!("the zone name {}: {why}", quoted(file.stem));
                Err(place.finding(found, "a file that is named for its zone, such as example.com"))
            }
        };
        match zone {
            Ok((apex, zone)) => {
                zones.insert(apex, zone);
            }
            Err(finding) => wrong.push(finding),
        }
    }
    wrong.extend(resources.too_much.take());
    if !wrong.is_empty() {
        wrong.sort();
        return Err(wrong);
    }
    plan.zones = zones.into_values().collect();
    finish::finish(plan)
}

/// The zone that a file is named for: `ROOT_ZONE` is the root, and `@` stands for a slash.
fn apex(stem: &str) -> Result<Name, String> {
    let name = match stem {
        "ROOT_ZONE" => Name::root(),
        stem => fields::name(&stem.replace('@', "/"), &Name::root())?,
    };
    match finish::can_be_served(&name) {
        true => Ok(name),
        false => Err("it has characters that no zone name has".into()),
    }
}
