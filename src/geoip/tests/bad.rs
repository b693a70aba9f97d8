//! Files that are broken, or made to break the reader.

use super::*;

#[test]
fn every_bad_file_is_reported_with_what_was_expected() {
    let folder = tempfile::tempdir().unwrap();
    let good = Mmdb::new(4, 24).network("192.0.2.0/24", flat("FR")).bytes();
    let useless = Mmdb::new(4, 24).network("192.0.2.0/24", map([("isp", "Example".into())]));
    let looped = {
        let mut bytes = good.clone();
        bytes[..6].fill(0);
        bytes
    };
    const MMDB: &str =
        "expected an MMDB file, as MaxMind, DB-IP, IPinfo and ip-location-db publish them";
    let rows = [
        ("cut.mmdb", Some(good[..good.len() / 2].to_vec()), "invalid database", MMDB),
        ("empty.mmdb", Some(Vec::new()), "an empty file", MMDB),
        ("looped.mmdb", Some(looped), "invalid database", MMDB),
        ("missing.mmdb", None, "no such file", MMDB),
        ("text.mmdb", Some(b"1.0.0.0,FR\n".repeat(100)), "invalid database", MMDB),
        (
            "useless.mmdb",
            Some(useless.bytes()),
            "a database of type \"Test-City\" that says of no network where it is",
            "expected records with one of the fields country.iso_code, registered_country.iso_code",
        ),
        ("", None, "not a regular file", MMDB),
    ];
    let files: Vec<PathBuf> = rows.iter().map(|row| folder.path().join(row.0)).collect();
    for (file, row) in files.iter().zip(&rows) {
        if let Some(bytes) = &row.1 {
            std::fs::write(file, bytes).unwrap();
        }
    }
    std::fs::write(folder.path().join("good.mmdb"), &good).unwrap();
    let findings =
        load(&[vec![folder.path().join("good.mmdb")], files.clone()].concat()).unwrap_err();
    assert_eq!(findings.len(), rows.len());
    for ((finding, file), (_, _, found, expected)) in findings.iter().zip(&files).zip(&rows) {
        let line = finding.to_string();
        assert!(line.starts_with(&format!("{}:1:1: {found}", file.display())), "{line}");
        assert!(line.contains(expected), "{line}");
    }
}

#[test]
fn a_tree_with_more_paths_than_could_be_walked_is_refused() {
    // 96 nodes whose both branches lead to the next one, and then the root of IPv4: 2^96 ways to
    // an alias, which a reader would skip one by one.
    let mut bytes = Mmdb::new(6, 24).network("192.0.2.0/24", flat("FR")).bytes();
    for node in 0..96_usize {
        let next = ((node + 1) as u32).to_be_bytes();
        bytes[node * 6..node * 6 + 6].copy_from_slice(&[&next[1..], &next[1..]].concat());
    }
    let findings = load_all(&[bytes]).unwrap_err();
    assert!(findings[0].found.contains("the search tree has too many paths"), "{findings:?}");
}

#[test]
fn a_record_that_nests_without_end_is_harmless() {
    let nested = (0..200).fold(Value::from("FR"), |inner, _| map([("country", inner)]));
    assert!(load_all(&[Mmdb::new(4, 24).network("192.0.2.0/24", nested).bytes()]).is_err());
}

fn hostile_base() -> Vec<u8> {
    let city = map([
        ("country", map([("iso_code", "US".into())])),
        ("location", map([("latitude", Value::Double(1.0)), ("longitude", Value::Double(2.0))])),
        ("subdivisions", Value::List(vec![map([("iso_code", "CA".into())])])),
        ("autonomous_system_number", Value::U32(64500)),
    ]);
    let database = Mmdb::new(6, 28)
        .network("192.0.2.0/24", city)
        .network("198.51.100.0/30", flat("DE"))
        .network("2001:db8::/32", flat("FR"))
        .alias("::ffff:0:0/96");
    database.bytes()
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let whole = hostile_base();
    for length in 0..whole.len() {
        let mut facts = Interner::default();
        let read = Reader::from_source(&whole[..length])
            .and_then(|reader| networks::read(&reader, &whole[..length], &mut facts));
        assert!(read.is_err(), "{length} of {} bytes", whole.len());
    }
}

proptest! {
    /// Whether it is refused or read, it is without a panic and without end.
    #[test]
    fn damage_is_never_worse_than_a_refusal(
        flips in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = hostile_base();
        for (at, byte) in flips {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let mut known = Known::default();
        if let Ok(reader) = Reader::from_source(bytes.as_slice())
            && let Ok(networks) = networks::read(&reader, &bytes, &mut known.facts)
        {
            known.add(networks);
            known.into_places().class("192.0.2.1".parse().unwrap());
        }
    }
}
