//! `import`: what is written, what is said, and what the daemon makes of it.

use std::fs;

use hickory_proto::rr::RecordType;
use serde_json::Value;

use crate::support::daemon::{Said, run};
use crate::support::dns::{ask, question_from};
use crate::support::mmdb::{Mmdb, Value as Field, map};
use crate::support::setup::Setup;

const YAML: &str = "\
'': {type: NS, values: [ns1.example.net.]}
shop:
  dynamic:
    pools:
      dead:
        fallback: spare
        values: [{value: 192.0.2.1, status: down}]
      france:
        values:
        - {value: 192.0.2.2, status: up, weight: 3}
        - {value: 192.0.2.3, status: up}
        - {value: 192.0.2.4, status: down, weight: 90}
      lost:
        values: [{value: 192.0.2.5, status: down}]
      spare:
        values: [{value: 192.0.2.6, status: up}]
      world:
        values: [{value: 192.0.2.7, status: up}]
    rules:
    - {subnets: [203.0.113.0/24], pool: dead}
    - {geos: [EU-FR], pool: france}
    - {geos: [EU], pool: lost}
    - {pool: world}
  ttl: 77
  type: A
  values: [192.0.2.8, 192.0.2.9]
www: {type: CNAME, ttl: 5, value: shop.example.com.}
";

/// A folder without zones, in which files are imported into `zones`.
fn folder() -> Setup {
    let setup = Setup::new();
    fs::remove_dir_all(setup.path().join("zones")).unwrap();
    setup.write_config();
    setup
}

fn import(setup: &Setup, arguments: &[&str]) -> Said {
    run(setup.path(), &[&["import"], arguments].concat())
}

#[track_caller]
fn check(setup: &Setup) {
    let said = run(setup.path(), &["check"]);
    assert_eq!(said.code, Some(0), "{said:?}");
}

#[test]
fn octodns_records_answer_as_their_rules_say() {
    let mut setup = folder();
    setup.write("config/example.com.yaml", YAML);
    let said = import(&setup, &["octodns", "config/example.com.yaml", "--to", "zones"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{said:?}");
    assert_eq!(
        said.stdout,
        "wrote zones/pools.toml\nwrote zones/example.com.toml\nwrote zones/example.com.zone\n\
         all was carried over\n"
    );
    let country = |code: &str, continent: &str| {
        map([
            ("country", map([("iso_code", Field::from(code))])),
            ("continent", map([("code", Field::from(continent))])),
        ])
    };
    let database = Mmdb::new(6, 24)
        .network("198.18.1.0/24", country("FR", "EU"))
        .network("198.18.2.0/24", country("DE", "EU"));
    setup.write("geo.mmdb", database.bytes());
    setup.geoip = r#"["geo.mmdb"]"#.into();
    setup.write_config();
    check(&setup);
    let daemon = setup.ready();
    let answer = |client: &str| {
        let reply = ask(daemon.dns[0], &question_from("shop", RecordType::A, client));
        assert_eq!(reply.ttl(), 77);
        reply.data()
    };
    for (client, answers) in [
        // The only value of its pool is down, so that what that falls back to is answered.
        ("203.0.113.0/24", [&["192.0.2.6"][..]].as_slice()),
        // One by weight, and never the one that is down.
        ("198.18.1.0/24", &[&["192.0.2.2"], &["192.0.2.3"]]),
        // Nothing is left of the pool, and it falls back to nothing: the record's own values.
        ("198.18.2.0/24", &[&["192.0.2.8", "192.0.2.9"]]),
        ("198.51.100.0/24", &[&["192.0.2.7"]]),
    ] {
        // One of two is drawn by three to one: a hundred draws miss it less than once in 10¹² runs.
        let mut seen: Vec<Vec<String>> = (0..100).map(|_| answer(client)).collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen, answers, "{client}");
    }
}

#[test]
fn what_was_not_carried_over_is_told_and_the_rest_is_written() {
    let setup = folder();
    setup.write(
        "example.com.yaml",
        "a: {type: ALIAS, value: b.example.net.}\nb: {type: A, value: 192.0.2.1}\n",
    );
    let flags = ["--name-server", "ns1.example.net.", "--default-ttl", "60"];
    let said =
        import(&setup, &[&["octodns", "example.com.yaml", "--to", "zones"], &flags[..]].concat());
    assert_eq!((said.code, said.stderr.as_str()), (Some(1), ""), "{said:?}");
    assert_eq!(
        said.stdout,
        "example.com.yaml:1:25: the value \"b.example.net.\" of a.example.com. ALIAS: DNS has no such \
         type; where it leads to addresses, steer the name to them; instead: it is left out\n\
         wrote zones/example.com.zone\n\
         1 thing was not carried over as it was: see above\n"
    );
    check(&setup);
    let zone = fs::read_to_string(setup.path().join("zones/example.com.zone")).unwrap();
    assert!(zone.contains("b     60 A     192.0.2.1\n"), "{zone}");

    let json = import(
        &setup,
        &[&["octodns", "example.com.yaml", "--to", "new", "--json"], &flags[..]].concat(),
    );
    assert_eq!(json.code, Some(1));
    let told: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(told["files"], serde_json::json!(["new/example.com.zone"]));
    let note = &told["notes"][0];
    assert_eq!((&note["line"], &note["column"]), (&1.into(), &25.into()));
    let shown = ["file", "found", "why", "instead"].map(|key| note[key].as_str().unwrap());
    assert!(said.stdout.contains(&format!("{}: {}; instead: {}", shown[1], shown[2], shown[3])));
}

#[test]
fn nothing_is_overwritten_and_nothing_half_is_written() {
    let setup = folder();
    setup.write("config/example.com.yaml", YAML);
    setup.write("zones/pools.toml", "# mine\n");
    let into = ["octodns", "config/example.com.yaml", "--to", "zones"];
    let said = import(&setup, &into);
    assert_eq!((said.code, said.stdout.as_str()), (Some(1), ""));
    assert!(said.stderr.starts_with("already there: zones/pools.toml; "), "{said:?}");
    assert!(!setup.path().join("zones/example.com.zone").exists());
    assert_eq!(fs::read_to_string(setup.path().join("zones/pools.toml")).unwrap(), "# mine\n");

    setup.write("config/example.com.yaml", "a: {\n");
    setup.write("config/example.net.yaml", YAML);
    let both = ["octodns", "config/example.com.yaml", "config/example.net.yaml", "--to", "new"];
    let said = import(&setup, &both);
    assert_eq!((said.code, said.stdout.as_str()), (Some(1), ""));
    assert!(said.stderr.starts_with("config/example.com.yaml:"), "{said:?}");
    assert!(said.stderr.ends_with("nothing was written\n"), "{said:?}");
    assert!(!setup.path().join("new").exists());
}

#[test]
fn what_cannot_be_read_is_said() {
    let setup = folder();
    setup.write("zone.txt", YAML);
    fs::create_dir(setup.path().join("plain")).unwrap();
    for (arguments, said_of_it) in [
        (["octodns", "none.yaml"], "cannot read none.yaml: "),
        (["octodns", "zone.txt"], "zone.txt: a zone file of octoDNS is named for its zone"),
        (["octodns", "plain"], "plain is a folder, and no split zone"),
        (["gdnsd", "none"], "cannot read none: "),
        (["gdnsd", "plain"], "cannot read plain/config: "),
        (["gdnsd", "/dev/zero"], "cannot read /dev/zero: no regular file"),
    ] {
        let said = import(&setup, &[&arguments[..], &["--to", "new"]].concat());
        assert_eq!((said.code, said.stdout.as_str()), (Some(1), ""), "{said:?}");
        assert!(said.stderr.starts_with(said_of_it), "{said:?}");
    }
    for wrong in [&["octodns", "--to", "new"][..], &["gdnsd", "x"], &["bind", "x", "--to", "y"]] {
        assert_eq!(import(&setup, wrong).code, Some(2));
    }
    assert!(!setup.path().join("new").exists());
}

#[test]
fn split_zones_and_included_files_are_found() {
    let setup = folder();
    setup.write("config/example.com./$example.com.yaml", "'': !include ../apex.inc\n");
    setup.write("config/example.com./www.yaml", "www: {type: A, value: 192.0.2.1}\n");
    setup.write("config/apex.inc", "- {type: NS, value: ns1.example.net.}\n");
    let said = import(&setup, &["octodns", "config/example.com.", "--to", "zones"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{said:?}");
    check(&setup);

    let conf = "plugins => { $include{plugins.d} multifo => { $include{more/*} } }\n";
    setup.write("gdnsd/config", conf);
    setup.write("gdnsd/plugins.d/static", "static => { one => 192.0.2.1 }\n");
    setup.write("gdnsd/more/two", "two => [ 192.0.2.2, 192.0.2.3 ]\n");
    setup.write(
        "gdnsd/zones/example.org",
        "@ SOA ns1 host 1 7200 1800 259200 900\n@ NS ns1\n$INCLUDE ../inc\n",
    );
    setup.write("gdnsd/inc", "ns1 A 192.0.2.4\ntwo 60 DYNA multifo!two\none 60 DYNA static!one\n");
    let said = import(&setup, &["gdnsd", "gdnsd/config", "--to", "org"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{said:?}");
    let zone = fs::read_to_string(setup.path().join("org/example.org.zone")).unwrap();
    assert!(zone.contains("one     60 A     192.0.2.1\n"), "{zone}");
    let names = fs::read_to_string(setup.path().join("org/example.org.toml")).unwrap();
    assert!(names.contains("[two]\nttl = 60\nfailover = [\"two\"]\n"), "{names}");
}
