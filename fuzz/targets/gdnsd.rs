//! A configuration of gdnsd and, behind a line `%%`, a zone file: findings that say where and what,
//! or files that load and names that answer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use steersman::import::{Gdnsd, GdnsdZone, gdnsd};
use steersman_fuzz::imported;

/// What can be included, beside the files themselves.
const INCLUDED: (&str, &[u8]) = ("a.inc", b"one => 192.0.2.1\n");
const BETWEEN: &[u8] = b"\n%%\n";
/// What every zone begins with, so that the rest of it can be good.
const APEX: &[u8] = b"@ SOA ns.net. host 1 7200 1800 259200 900\n@ NS ns.net.\n";

fuzz_target!(|text: &[u8]| {
    let at = text.windows(BETWEEN.len()).position(|window| window == BETWEEN);
    let (config, zone) = match at {
        Some(at) => (&text[..at], &text[at + BETWEEN.len()..]),
        None => {
            (text, &b"a DYNA multifo!a\nb DYNC metafo!a\nc DYNA geoip!a\nd DYNC weighted!a\n"[..])
        }
    };
    let zone = [APEX, zone].concat();
    let files = [("config", config), ("zones/example.com", zone.as_slice()), INCLUDED];
    let mut include = |written: &str, _: &str| match written {
        "a.inc" => Ok(vec![(written.into(), INCLUDED.1.to_vec())]),
        "config" => Ok(vec![(written.into(), config.to_vec())]),
        "zone" => Ok(vec![("zones/example.com".into(), zone.clone())]),
        _ => Err("no such file".into()),
    };
    let zones = vec![GdnsdZone { stem: "example.com", name: "zones/example.com", bytes: &zone }];
    let read = gdnsd(&Gdnsd { config: Some(("config", config)), zones }, &mut include);
    imported::check(read, &files);
});
