//! What other programs' files come to, and what is said of the rest.

mod gdnsd;
mod hostile;
mod octodns;
mod property;

use std::sync::Arc;

use super::{Gdnsd, GdnsdZone, Imported, OctoDns, OctoDnsFile};
use crate::config;
use crate::finding::Finding;
use crate::place::Places;

/// No file includes another one.
fn alone(path: &str, _: &str) -> Result<Vec<(String, Vec<u8>)>, String> {
    Err(format!("no file {path}"))
}

fn options() -> OctoDns {
    OctoDns { default_ttl_seconds: 3600, name_servers: vec!["ns.net.".into()] }
}

/// The zone `example.com` of octoDNS.
fn from_octodns(yaml: &[u8]) -> Result<Imported, Vec<Finding>> {
    let file = OctoDnsFile { zone: "example.com", name: "example.com.yaml", bytes: yaml };
    super::octodns(&[file], &options(), &mut alone)
}

/// A configuration of gdnsd with the zone `example.com`, below its SOA and NS.
fn from_gdnsd(config: &str, records: &str) -> Result<Imported, Vec<Finding>> {
    let zone = format!("@ SOA ns.net. host 1 7200 1800 259200 900\n@ NS ns.net.\n{records}");
    let zone = GdnsdZone { stem: "example.com", name: "zones/example.com", bytes: zone.as_bytes() };
    let config = Some(("config", config.as_bytes()));
    super::gdnsd(&Gdnsd { config, zones: vec![zone] }, &mut alone)
}

/// The text of a file, without its first lines, which say where it is from.
#[track_caller]
fn text<'i>(imported: &'i Imported, name: &str) -> &'i str {
    let file = imported.files.iter().find(|(known, _)| known == name);
    &file.unwrap_or_else(|| panic!("no {name} in {imported:#?}")).1
}

/// Lines that must stand in a text, in this order and right below each other.
#[track_caller]
fn expect(text: &str, lines: &str) {
    assert!(text.contains(lines.trim_start()), "not there:\n{lines}\nin:\n{text}");
}

fn notes(imported: &Imported) -> Vec<String> {
    imported.notes.iter().map(ToString::to_string).collect()
}

/// The files load, with warnings at most.
#[track_caller]
fn loads(imported: &Imported) -> config::Loaded {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in &imported.files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    config::load(folder.path(), Arc::new(Places::unknown()), "", 0)
        .unwrap_or_else(|findings| panic!("{findings:#?}\n{imported:#?}"))
}
