//! octoDNS: zone files in YAML, with dynamic records.
//!
//! What a dynamic record says holds here too: which pool a client is sent to, what is tried when
//! that is down, and at last the record's own values, which nobody probes. Its pools answer one
//! value each time, by weight.

mod dynamic;
mod health;
mod rdata;
mod rules;
mod yaml;
mod zone;

use std::collections::BTreeMap;

use super::plan::Plan;
use super::source::Place;
use super::{Imported, Include, fields, finish};
use crate::finding::Finding;
use crate::finding::words::quoted;
use crate::wire::Name;
use yaml::Reader;
use zone::ZoneReader;

/// A file, and the zone that it has records of.
#[derive(Clone, Copy, Debug)]
pub struct OctoDnsFile<'a> {
    /// The zone, e.g. `example.com`.
    pub zone: &'a str,
    /// The file as the operator named it.
    pub name: &'a str,
    /// What is in it.
    pub bytes: &'a [u8],
}

/// What the files do not say.
#[derive(Clone, Debug)]
pub struct OctoDns {
    /// The TTL of records without one: `default_ttl` of octoDNS's YamlProvider.
    pub default_ttl_seconds: u32,
    /// The name servers of zones without NS records, absolute or relative to the zone.
    pub name_servers: Vec<String>,
}

/// Imports zone files; several may have records of one zone.
///
/// # Errors
///
/// Everything that makes a file unreadable. Then there is nothing to write.
pub fn octodns(
    files: &[OctoDnsFile<'_>],
    options: &OctoDns,
    include: &mut Include<'_>,
) -> Result<Imported, Vec<Finding>> {
    let mut plan = Plan::default();
    plan.head.push("Made by steersman import octodns.".into());
    let (mut wrong, mut zones) = (Vec::new(), BTreeMap::<Name, Vec<_>>::new());
    let mut notes = std::mem::take(&mut plan.notes);
    let mut reader = Reader::new(&mut notes, include);
    for file in files {
        let apex = match apex(file) {
            Ok(apex) => apex,
            Err(finding) => {
                wrong.push(finding);
                continue;
            }
        };
        match reader.read(file.name, file.bytes) {
            Ok(root) => zones.entry(apex).or_default().push((file.name, root)),
            Err(finding) => wrong.push(finding),
        }
    }
    plan.notes = notes;
    for (apex, files) in zones {
        let mut zone = ZoneReader::new(&mut plan, apex, options);
        for (name, root) in &files {
            let Some(root) = root else { continue };
            if let Err(finding) = zone.file(name, root) {
                wrong.push(finding);
            }
        }
        match zone.finish() {
            Ok(zone) => plan.zones.push(zone),
            Err(finding) => wrong.push(finding),
        }
    }
    match wrong.is_empty() {
        true => finish::finish(plan),
        false => {
            wrong.sort();
            Err(wrong)
        }
    }
}

fn apex(file: &OctoDnsFile<'_>) -> Result<Name, Finding> {
    let place = Place::new(&file.name.into(), (1, 1));
    let name = fields::name(file.zone, &Name::root());
    match name {
        Ok(name) if finish::can_be_served(&name) => Ok(name),
        Ok(_) => Err("it has characters that no zone name has".to_owned()),
        Err(why) => Err(why),
    }
    .map_err(|why| {
        let found = format!("the zone name {}: {why}", quoted(file.zone));
        place.finding(found, "a file that is named for its zone, such as example.com.yaml")
    })
}
