//! Tests of the builder.

mod bytes;
mod nodes;
mod storage;
mod wrong;

use super::{Steered, SteeredTypes, build};
use crate::finding::Finding;
use crate::wire::Name;
use crate::zone::{Zone, read};

fn name(text: &str) -> Name {
    Name::parse(text, &Name::root()).unwrap()
}

/// A steered name whose owner stands at 1:2 of t.toml.
fn steered(owner: &str, types: SteeredTypes) -> Steered {
    Steered { owner: name(owner), types, file: "t.toml".into(), position: (1, 2) }
}

/// Builds the zone of an apex from text and steered names.
fn zone_of(apex: &str, text: &str, steered: &[Steered]) -> Result<Zone, Vec<Finding>> {
    let apex = name(apex);
    let (records, mut findings) = read("z", text.as_bytes(), &apex, &mut |_, _| Err("none".into()));
    let zone = build(&apex, &records, steered, 7);
    if findings.is_empty() {
        return zone;
    }
    findings.extend(zone.err().unwrap_or_default());
    Err(findings)
}

/// What every zone needs, in the first two lines.
const HEAD: &str = "@ 60 SOA ns host 9 1h 15m 2w 30\n@ 60 NS ns.example.net.\n$TTL 60\n";

/// A good zone with these records below its SOA and NS.
fn zone(text: &str) -> Zone {
    zone_of("example.com.", &format!("{HEAD}{text}"), &[]).unwrap()
}
