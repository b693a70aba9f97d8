mod bad;

use std::net::IpAddr;

use proptest::prelude::*;

use self::mmdb::{Mmdb, Value, map};
use super::*;
use crate::place::Continent;

#[path = "../../tests/support/mmdb.rs"]
mod mmdb;

/// Loads databases in this order from files of their own.
fn load_all(databases: &[Vec<u8>]) -> Result<Places, Vec<Finding>> {
    let folder = tempfile::tempdir().unwrap();
    let write = |(index, bytes): (usize, &Vec<u8>)| {
        let path = folder.path().join(format!("{index}.mmdb"));
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let files: Vec<PathBuf> = databases.iter().enumerate().map(write).collect();
    load(&files).map(|databases| databases.places)
}

/// The class as text, `-` for what is unknown, with its scope.
fn place(places: &Places, address: &str) -> String {
    let (class, scope) = places.class(address.parse::<IpAddr>().unwrap());
    let part = |text: Option<String>| text.unwrap_or_else(|| "-".into());
    format!(
        "{} {} {} {} {} /{scope}",
        part(class.continent.map(|continent| continent.code().into())),
        part(class.country.map(|code| String::from_utf8(code.to_vec()).unwrap())),
        part(class.subdivision.as_ref().map(|code| code.to_string())),
        part(class.asn.map(|asn| asn.to_string())),
        part(class.location.map(|at| format!("{},{}", at.latitude, at.longitude))),
    )
}

fn flat(code: &str) -> Value {
    map([("country_code", code.into())])
}

/// What a record alone, over 192.0.2.0/24, makes of its network.
fn place_of(record: Value) -> String {
    let database = Mmdb::new(4, 24).network("192.0.2.0/24", record).bytes();
    place(&load_all(&[database]).unwrap(), "192.0.2.1")
}

#[test]
fn records_of_all_publishers_are_understood() {
    let iso = |code: &str| map([("iso_code", code.into()), ("geoname_id", Value::U32(1))]);
    let names = |name: &str| map([("names", map([("de", "x".into()), ("en", name.into())]))]);
    let at = |latitude, longitude| {
        map([("latitude", Value::Double(latitude)), ("longitude", Value::Double(longitude))])
    };
    let rows = [
        // GeoIP2 and GeoLite2
        (
            map([("country", iso("FR")), ("registered_country", iso("US"))]),
            "EU FR - - 46.6,2.5 /24",
        ),
        (map([("registered_country", iso("JP"))]), "AS JP - - 36.7,138 /24"),
        (
            map([("continent", map([("code", "AS".into())])), ("country", iso("RU"))]),
            "AS RU - - 55.8,45 /24",
        ),
        (map([("continent", map([("code", "EU".into())]))]), "EU - - - - /24"),
        (
            map([
                ("city", names("Mountain View")),
                ("country", iso("US")),
                ("location", at(37.386, -122.0838)),
                ("subdivisions", Value::List(vec![iso("CA"), iso("085")])),
            ]),
            "NA US CA - 37.386,-122.0838 /24",
        ),
        (map([("autonomous_system_number", Value::U32(64500))]), "- - - 64500 - /24"),
        (
            map([
                ("country", iso("DE")),
                ("traits", map([("autonomous_system_number", Value::U32(64501))])),
            ]),
            "EU DE - 64501 51.1,10.4 /24",
        ),
        // DB-IP: names, but no codes
        (
            map([
                ("country", iso("CA")),
                ("subdivisions", Value::List(vec![names("Ontario")])),
                ("location", at(43.65, -79.38)),
            ]),
            "NA CA ON - 43.65,-79.38 /24",
        ),
        // IPinfo
        (
            map([
                ("asn", "AS64502".into()),
                ("continent", "Europe".into()),
                ("continent_code", "EU".into()),
                ("country", "Switzerland".into()),
                ("country_code", "CH".into()),
            ]),
            "EU CH - 64502 46.8,8.2 /24",
        ),
        (
            map([
                ("country", "US".into()),
                ("continent", "NA".into()),
                ("region", "Texas".into()),
                ("lat", "32.78".into()),
                ("lng", "-96.8".into()),
            ]),
            "NA US TX - 32.78,-96.8 /24",
        ),
        (
            map([("country", "US".into()), ("region_code", "US-NY".into())]),
            "NA US NY - 39.8,-98.6 /24",
        ),
        // ip-location-db
        (flat("br"), "SA BR - - -18,-47 /24"),
        (
            map([
                ("country_code", "US".into()),
                ("state1", "Oregon".into()),
                ("latitude", Value::Double(45.6)),
                ("longitude", Value::Double(-121.2)),
            ]),
            "NA US OR - 45.6,-121.2 /24",
        ),
    ];
    for (record, expected) in rows {
        assert_eq!(place_of(record), expected);
    }
}

#[test]
fn what_makes_no_sense_is_as_if_it_were_not_there() {
    let iso = |code: &str| map([("iso_code", code.into())]);
    let with = |fields: [(&'static str, Value); 1]| {
        let [field] = fields;
        map([("country_code", "FR".into()), field])
    };
    for (record, expected) in [
        (map([("country", iso("ZZ")), ("registered_country", iso("FR"))]), "46.6,2.5"),
        (with([("asn", Value::U32(0))]), "46.6,2.5"),
        (with([("asn", "AS".into())]), "46.6,2.5"),
        (with([("asn", Value::U64(1 << 40))]), "46.6,2.5"),
        (with([("continent_code", "XX".into())]), "46.6,2.5"),
        (with([("represented_country", iso("US"))]), "46.6,2.5"),
        (with([("subdivisions", Value::List(Vec::new()))]), "46.6,2.5"),
        (with([("region_code", "no code".into())]), "46.6,2.5"),
        (with([("location", "Paris".into())]), "46.6,2.5"),
        (with([("latitude", Value::Double(48.8))]), "46.6,2.5"),
    ] {
        assert_eq!(place_of(record), format!("EU FR - - {expected} /24"));
    }
    for (latitude, longitude) in [(0.0, 0.0), (91.0, 0.0), (0.0, -181.0), (f64::NAN, 1.0)] {
        let record = map([
            ("country_code", "FR".into()),
            ("latitude", Value::Double(latitude)),
            ("longitude", Value::Double(longitude)),
        ]);
        assert_eq!(place_of(record), "EU FR - - 46.6,2.5 /24");
    }
}

#[test]
fn all_trees_are_walked_with_exact_scopes() {
    for record_size in [24, 28, 32] {
        let v4 = Mmdb::new(4, record_size)
            .network("192.0.2.0/25", flat("FR"))
            .network("192.0.2.128/25", flat("FR"))
            .network("198.51.100.0/24", flat("DE"))
            .network("198.51.100.64/26", flat("US"));
        let both = Mmdb::new(6, record_size)
            .network("192.0.2.0/25", flat("FR"))
            .network("192.0.2.128/25", flat("FR"))
            .network("198.51.100.0/24", flat("DE"))
            .network("198.51.100.64/26", flat("US"))
            .network("2001:db8::/32", flat("JP"))
            .alias("::ffff:0:0/96")
            .alias("2002::/16");
        for (database, has_v6) in [(v4, false), (both, true)] {
            let places = load_all(&[database.bytes()]).unwrap();
            for (address, expected) in [
                ("192.0.2.1", "EU FR - - 46.6,2.5 /24"),
                ("192.0.2.255", "EU FR - - 46.6,2.5 /24"),
                ("192.0.3.0", "- - - - - /24"),
                ("::ffff:192.0.2.1", "EU FR - - 46.6,2.5 /120"),
                ("198.51.100.1", "EU DE - - 51.1,10.4 /26"),
                ("198.51.100.65", "NA US - - 39.8,-98.6 /26"),
                ("198.51.100.200", "EU DE - - 51.1,10.4 /25"),
            ] {
                assert_eq!(place(&places, address), expected, "{address}, {record_size} bits");
            }
            let (v6, alias) = match has_v6 {
                true => ("AS JP - - 36.7,138 /32", "- - - - - /15"),
                false => ("- - - - - /0", "- - - - - /0"),
            };
            assert_eq!(place(&places, "2001:db8::1"), v6);
            assert_eq!(place(&places, "2002:c000:201::"), alias);
        }
    }
}

#[test]
fn a_record_for_all_of_ipv6s_first_half_is_for_ipv4_too() {
    let database = Mmdb::new(6, 24).network("::/1", flat("FR")).bytes();
    let places = load_all(&[database]).unwrap();
    assert_eq!(place(&places, "192.0.2.1"), "EU FR - - 46.6,2.5 /0");
    assert_eq!(place(&places, "2001:db8::"), "EU FR - - 46.6,2.5 /1");
    assert_eq!(place(&places, "fe80::"), "- - - - - /1");
}

#[test]
fn each_database_fills_in_what_those_before_it_lack() {
    let country = Mmdb::new(4, 24)
        .network("10.0.0.0/16", flat("US"))
        .network("10.1.0.0/16", flat("FR"))
        .network("10.2.0.0/16", map([("continent_code", "EU".into())]));
    let asn = Mmdb::new(6, 28).network("10.0.0.0/15", map([("asn", "AS64500".into())]));
    let city = |code: &str, state: &str| {
        map([
            ("country_code", code.into()),
            ("continent_code", "OC".into()),
            ("region_code", state.into()),
            ("latitude", Value::Double(34.1)),
            ("longitude", Value::Double(-118.2)),
            ("asn", Value::U32(64501)),
        ])
    };
    let city = Mmdb::new(4, 32)
        .network("10.0.0.0/17", city("US", "CA"))
        .network("10.1.0.0/17", city("US", "CA"))
        .network("10.2.0.0/16", city("US", "CA"))
        .network("10.3.0.0/16", city("US", "CA"));
    let [country, asn, city] = [country, asn, city].map(|database| database.bytes());
    let places = load_all(&[country.clone(), asn, city.clone()]).unwrap();
    for (address, expected) in [
        ("10.0.0.1", "NA US CA 64500 34.1,-118.2 /17"),
        ("10.0.128.1", "NA US - 64500 39.8,-98.6 /17"),
        // Another country's subdivision and location are not this one's.
        ("10.1.0.1", "EU FR - 64500 46.6,2.5 /16"),
        // The continent comes with the country, even if one was known before.
        ("10.2.0.1", "OC US CA 64501 34.1,-118.2 /15"),
        ("10.3.0.1", "OC US CA 64501 34.1,-118.2 /15"),
        ("10.4.0.1", "- - - - - /14"),
    ] {
        assert_eq!(place(&places, address), expected, "{address}");
    }
    let turned = load_all(&[city, country]).unwrap();
    assert_eq!(place(&turned, "10.1.0.1"), "OC US CA 64501 34.1,-118.2 /17");
    assert_eq!(place(&turned, "10.1.128.1"), "EU FR - - 46.6,2.5 /17");
}

#[test]
fn the_revision_is_that_of_the_bytes_that_were_read() {
    let folder = tempfile::tempdir().unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("geoip/country.mmdb");
    let copy = folder.path().join("copy.mmdb");
    std::fs::copy(&shipped, &copy).unwrap();
    let revision = |files: &[PathBuf]| load(files).unwrap().revision;
    let first = revision(std::slice::from_ref(&copy));
    assert_eq!(first, revision(std::slice::from_ref(&shipped)), "wherever the file is");
    assert_ne!(first, revision(&[]));
    let mut bytes = std::fs::read(&shipped).unwrap();
    bytes.insert(0, 0);
    std::fs::write(&copy, &bytes).unwrap();
    assert_ne!(Some(first), load(&[copy]).ok().map(|databases| databases.revision));
}

#[test]
fn no_databases_know_nothing() {
    let places = load(&[]).unwrap().places;
    assert_eq!(place(&places, "192.0.2.1"), "- - - - - /0");
    assert_eq!(places.classes().len(), 1);
}

#[test]
fn the_shipped_database_knows_well_known_networks() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("geoip/country.mmdb");
    let places = load(&[file]).unwrap().places;
    for (address, continent, country) in [
        ("8.8.8.8", Continent::NorthAmerica, b"US"),
        ("193.0.6.139", Continent::Europe, b"NL"),
        ("133.11.0.1", Continent::Asia, b"JP"),
        ("200.160.2.3", Continent::SouthAmerica, b"BR"),
        ("139.130.4.5", Continent::Oceania, b"AU"),
        ("2001:67c:2e8:22::c100:68b", Continent::Europe, b"NL"),
        ("2001:200::1", Continent::Asia, b"JP"),
    ] {
        let (class, scope) = places.class(address.parse().unwrap());
        assert_eq!(
            (class.continent, class.country),
            (Some(continent), Some(*country)),
            "{address}"
        );
        assert!(class.location.is_some() && scope > 0, "{address}");
    }
    assert_eq!(place(&places, "10.0.0.1"), "- - - - - /8");
    let runs = places.table().v4_runs().count() + places.table().v6_runs().count();
    assert!(runs > 100_000, "{runs}");
}
