//! A zone file of octoDNS: findings that say where and what, or files that load and names that answer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use steersman::import::{OctoDns, OctoDnsFile, octodns};
use steersman_fuzz::imported;

/// What can be included, beside the file itself.
const INCLUDED: (&str, &[u8]) =
    ("a.inc", b"- {type: NS, value: ns.net.}\n- {type: TXT, value: x}\n");

fuzz_target!(|text: &[u8]| {
    let file = OctoDnsFile { zone: "example.com", name: "example.com.yaml", bytes: text };
    let options = OctoDns { default_ttl_seconds: 60, name_servers: vec!["ns.net.".into()] };
    let mut include = |written: &str, _: &str| match written {
        "a.inc" => Ok(vec![(written.into(), INCLUDED.1.to_vec())]),
        "example.com.yaml" => Ok(vec![(written.into(), text.to_vec())]),
        _ => Err("no such file".into()),
    };
    let read = octodns(&[file], &options, &mut include);
    imported::check(read, &[("example.com.yaml", text), INCLUDED]);
});
