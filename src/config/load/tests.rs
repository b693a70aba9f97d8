mod includes;

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::place::{Class, Continent, Table};

const ZONE: &str = "@ 300 IN SOA ns1 hostmaster 1 3600 600 86400 300\n@ 300 IN NS ns1\n\
                    ns1 300 IN A 192.0.2.53\n";
const POOLS: &str = "[pools.a]\nendpoints = ['192.0.2.1']\n[pools.b]\nendpoints = ['::1']\n";

/// A zones folder with these files, and whether it loads.
struct Folder(TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        files.iter().for_each(|(name, text)| folder.write(name, text));
        folder
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("zones")
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn load(&self) -> Result<World, Vec<Finding>> {
        Ok(load(&self.path(), Arc::new(Places::unknown()), "geo", 7)?.world)
    }

    fn world(&self) -> World {
        self.load().unwrap_or_else(|findings| panic!("{findings:#?}"))
    }

    /// The findings, with `zones` for the folder.
    fn findings(&self) -> Vec<String> {
        let folder = self.path().display().to_string();
        let findings = self.load().err().unwrap_or_default();
        findings.iter().map(|finding| finding.to_string().replace(&folder, "zones")).collect()
    }
}

fn apexes(world: &World) -> Vec<String> {
    world.zones.all().iter().map(|zone| zone.apex.to_string()).collect()
}

#[test]
fn zones_of_all_kinds_are_found_with_their_steering() {
    let folder = Folder::new(&[
        ("Example.com.zone", ZONE),
        ("example.com.toml", "[www]\nround_robin = ['a', 'b']\n[api]\nfailover = 'a'"),
        ("sub.example.com.zone", ZONE),
        ("sub.example.com.toml", "[www]\nround_robin = ['b']"),
        ("2.0.192.in-addr.arpa.zone", ZONE),
        ("0%2F25.2.0.192.in-addr.arpa.zone", ZONE),
        ("root.zone", ZONE),
        ("pools.toml", POOLS),
    ]);
    let world = folder.world();
    let mut found = apexes(&world);
    found.sort();
    let mut expected = [
        ".",
        "example.com.",
        "sub.example.com.",
        "2.0.192.in-addr.arpa.",
        "0/25.2.0.192.in-addr.arpa.",
    ];
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(world.steered.len(), 5);
    for (apex, names) in apexes(&world).iter().zip(&world.steered) {
        let owners: Vec<String> = names.iter().map(|name| name.owner.to_string()).collect();
        let expected: &[&str] = match apex.as_str() {
            "example.com." => &["www.example.com.", "api.example.com."],
            "sub.example.com." => &["www.sub.example.com."],
            _ => &[],
        };
        assert_eq!(owners, expected);
    }
    assert_eq!((world.turns.len(), world.inventory.pools.len(), world.seed), (6, 2, 7));
}

#[test]
fn what_belongs_to_editors_or_is_no_zone_is_left_alone() {
    let folder = Folder::new(&[
        ("example.com.zone", ZONE),
        (".hidden.zone", "x"),
        (".#example.com.zone", "x"),
        ("#example.com.zone#", "x"),
        ("example.com.zone~", "x"),
        ("example.com.toml.swp", "x"),
        ("README.md", "x"),
        ("old/example.org.zone", "x"),
    ]);
    assert_eq!(apexes(&folder.world()), ["example.com."]);
}

#[test]
fn files_that_fit_nothing_are_said() {
    let none = "expected at least one zone, such as example.com.zone";
    let name = "expected the name of a zone, such as example.com";
    let zone = ("example.com.zone", ZONE);
    for (files, findings) in [
        (&[("README.md", "")][..], &[&*format!("zones:1:1: a folder without zones; {none}")][..]),
        (
            &[zone, ("exmaple.com.toml", "[www]\nfailover = 'x'")],
            &[
                "zones/exmaple.com.toml:1:1: no zone file \"exmaple.com.zone\" beside it (did you mean \"example.com\"?); expected one of example.com.toml, pools.toml, rules.toml, maintenance.toml",
            ],
        ),
        (
            &[zone, ("policies.toml", "")],
            &[
                "zones/policies.toml:1:1: no zone file \"policies.zone\" beside it; expected one of example.com.toml, pools.toml, rules.toml, maintenance.toml",
            ],
        ),
        // Cut off, most likely; a comment says that nothing is meant.
        (
            &[zone, ("example.com.toml", ""), ("pools.toml", " \n\t\n")],
            &[
                "zones/example.com.toml:1:1: an empty file; expected at least one table, or no such file",
                "zones/pools.toml:1:1: an empty file; expected at least one table, or no such file",
            ],
        ),
        (
            &[zone, ("EXAMPLE.com.zone", ZONE)],
            &[
                "zones/example.com.zone:1:1: a second file of the zone example.com. (see zones/EXAMPLE.com.zone); expected one file for each zone",
            ],
        ),
        (
            &[zone, ("example.com.toml", "# none"), ("Example.com.toml", "# none")],
            &[
                "zones/example.com.toml:1:1: a second steering file of the zone example.com. (see zones/Example.com.toml); expected one file for each zone",
            ],
        ),
        (
            &[zone, ("a..b.zone", ZONE), ("a b.zone", ZONE), ("b.zone.zone", ZONE)],
            &[
                &format!(
                    "zones/a b.zone:1:1: the zone name \"a b\": it has characters that no zone name has; {name}"
                ),
                &format!("zones/a..b.zone:1:1: the zone name \"a..b\": an empty label; {name}"),
            ],
        ),
    ] {
        assert_eq!(Folder::new(files).findings(), findings);
    }
}

#[test]
fn files_that_are_nearly_called_right_are_said() {
    let expected = "expected a name that ends in .zone or .toml, or in .bak to be passed over";
    let folder = Folder::new(&[
        ("example.com.zone", &format!("{ZONE}$INCLUDE example.com.inc\n")),
        ("example.com.inc", "a 300 IN A 192.0.2.1\n"),
        ("README.md", ""),
        ("notes", ""),
        ("other.db", ""),
        ("example.com.zone.old", ""),
        ("example.com.zone.2026", ""),
        ("example.com.bak", ""),
        ("example.com.zone~", ""),
        (".example.com.tmol", ""),
        ("example.com.d/x", ""),
        ("EXAMPLE.NET.ZONE", ZONE),
        ("example.com.db", ""),
        ("example.com.tmol", ""),
        ("example.org.zon", ZONE),
        ("pools.TOML", ""),
    ]);
    let names =
        ["EXAMPLE.NET.ZONE", "example.com.db", "example.com.tmol", "example.org.zon", "pools.TOML"];
    let line = |name: &str| {
        format!(
            "zones/{name}:1:1: \"{name}\", which is neither a zone nor its steering; {expected}"
        )
    };
    assert_eq!(folder.findings(), names.map(line));
    // What the unread line includes may well be that file.
    folder.write("example.com.zone", &format!("{ZONE}$INCLUDE example.com.in\n"));
    let findings = folder.findings();
    assert!(
        !findings.iter().any(|line| line.contains(".inc") || line.contains(".db")),
        "{findings:?}"
    );
}

#[test]
fn a_broken_line_does_not_hide_what_else_is_wrong() {
    let folder = Folder::new(&[
        ("example.com.zone", &format!("{ZONE}a IN A\nwww 60 CNAME x\nwww 60 A 192.0.2.1\n")),
        ("example.com.toml", "[a]\nfailover = 'a'\n[www]\nfailover = \n[c.geo]\nFR = 'a'\n"),
        ("pools.toml", "[pools.a]\nendpoints = [192.0.2.1]\n[pools.b]\nendpoints = []"),
    ]);
    assert_eq!(
        folder.findings(),
        [
            "zones/example.com.toml:4:12: a key without a value; expected a value after the =",
            "zones/example.com.toml:5:4: geo without default; expected default = \"us-east\", for everyone else",
            "zones/example.com.toml:6:1: \"FR\"; expected EU-FR",
            "zones/example.com.zone:4:7: the end of the record; expected an IPv4 address",
            "zones/example.com.zone:5:1: CNAME at the steered name www.example.com.; expected no A, AAAA or CNAME beside what is steered by zones/example.com.toml:3:2",
            "zones/example.com.zone:5:1: CNAME at www.example.com. beside A (zones/example.com.zone:6); expected no other data beside a CNAME",
            "zones/example.com.zone:6:1: A at the steered name www.example.com.; expected no A, AAAA or CNAME beside what is steered by zones/example.com.toml:3:2",
            "zones/pools.toml:2:14: 192.0.2.1 without quotes; expected \"192.0.2.1\": an address is quoted",
            "zones/pools.toml:4:13: an empty list; expected a list of endpoints, such as [\"192.0.2.10\"]",
        ]
    );
}

#[test]
fn a_folder_where_a_file_is_meant_is_said() {
    let folder = Folder::new(&[("example.com.zone", ZONE), ("old/pools.toml", "")]);
    assert_eq!(folder.world().zones.all().len(), 1);
    for name in ["other.example.zone", "other.example.toml", "pools.toml"] {
        let folder = Folder::new(&[("example.com.zone", ZONE)]);
        fs::create_dir(folder.path().join(name)).unwrap();
        let wanted =
            format!("zones/{name}:1:1: a folder; expected a file; a folder needs another name");
        assert_eq!(folder.findings(), [wanted]);
    }
}

#[test]
fn a_folder_that_is_not_there_is_said() {
    let folder = Folder(tempfile::tempdir().unwrap());
    let findings = folder.findings();
    assert_eq!(findings.len(), 1);
    assert!(findings[0].starts_with("zones:1:1: a folder that cannot be read: "), "{findings:?}");
    fs::write(folder.path(), "").unwrap();
    assert_eq!(folder.findings().len(), 1);
}

#[test]
fn all_mistakes_of_all_files_are_said_at_once() {
    let folder = Folder::new(&[
        ("a.example.zone", "@ 300 IN NS ns1\n"),
        ("a.example.toml", "[www]\nfailover = 'x'\nttl = 0"),
        ("b.example.zone", &format!("{ZONE}www 300 IN A 192.0.2.9\n")),
        ("b.example.toml", "[www]\nfailover = 'a'\n"),
        ("c.example.zone", ZONE),
        ("c.example.toml", "[www"),
        ("pools.toml", "[pools.a]\nendpoints = ['192.0.2.1', '192.0.2.1']"),
        ("stray.toml", ""),
    ]);
    let findings = folder.findings();
    let files: Vec<&str> = findings.iter().map(|f| f.split(':').next().unwrap()).collect();
    assert_eq!(
        files,
        [
            "zones/a.example.toml",
            "zones/a.example.toml",
            "zones/a.example.zone",
            "zones/b.example.zone",
            "zones/c.example.toml",
            "zones/pools.toml",
            "zones/stray.toml",
        ],
        "{findings:#?}"
    );
}

#[test]
fn names_of_a_pools_file_with_mistakes_are_still_known() {
    let steering = ("example.com.toml", "[www]\nfailover = ['a', 'b']");
    for pools in ["[pools.a]\n[pools.b]\nendpoints = ['x y']", "[pools.a"] {
        let folder = Folder::new(&[("example.com.zone", ZONE), steering, ("pools.toml", pools)]);
        let findings = folder.findings();
        assert!(!findings.is_empty());
        let of_pools = findings.iter().all(|finding| finding.starts_with("zones/pools.toml:"));
        assert!(of_pools, "{findings:?}");
    }
    let folder = Folder::new(&[("example.com.zone", ZONE), steering]);
    let missing = "expected a pool of pools.toml, but there is no such file";
    assert_eq!(
        folder.findings(),
        [
            format!("zones/example.com.toml:2:13: unknown pool \"a\"; {missing}"),
            format!("zones/example.com.toml:2:18: unknown pool \"b\"; {missing}"),
        ]
    );
}

#[test]
fn the_revision_changes_with_every_file_and_the_databases() {
    let files = [
        ("example.com.zone", &*format!("{ZONE}$INCLUDE a.inc\n")),
        ("a.inc", "a 300 IN A 192.0.2.1\n"),
        ("pools.toml", POOLS),
        ("example.com.toml", "[www]\nfailover = 'a'"),
    ];
    let first = Folder::new(&files);
    let revision = first.world().revision;
    assert_eq!(revision, Folder::new(&files).world().revision, "wherever the folder is");
    assert_eq!(revision.len(), 12);
    let places = Arc::new(Places::unknown());
    assert_ne!(revision, load(&first.path(), places, "other", 7).unwrap().world.revision);
    let mut seen = vec![revision];
    for (name, text) in files {
        let comment = if name.ends_with(".toml") { "#" } else { ";" };
        first.write(name, &format!("{text}\n{comment}"));
        seen.push(first.world().revision);
    }
    first.write("example.org.zone", ZONE);
    seen.push(first.world().revision);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 6);
}

/// Only a country database is loaded, and it has clients in the United States alone.
#[test]
fn geo_keys_that_no_client_can_match_are_warned_of() {
    let america = Class {
        continent: Some(Continent::NorthAmerica),
        country: Some(*b"US"),
        ..Class::default()
    };
    let places = Places::new(
        vec![Class::default(), america],
        Table::new(&[(10 << 24, 1), (11 << 24, 0)], &[], 0),
    );
    let folder = Folder::new(&[
        ("example.com.zone", ZONE),
        (
            "example.com.toml",
            "[www.geo]\nNA = 'a'\nNA-US = 'a'\n'192.0.2.0/24' = 'a'\nAS64500 = 'b'\ndefault = 'a'\n\
             NA-US-CA = 'b'\nEU-FR = 'b'\nEU = 'b'\n",
        ),
        ("pools.toml", POOLS),
    ]);
    let Loaded { world, warnings, .. } = load(&folder.path(), Arc::new(places), "geo", 7).unwrap();
    assert_eq!(world.steered[0].len(), 1);
    let at = format!("{}/example.com.toml", folder.path().display());
    let which = "which no client matches: no loaded database has";
    let wanted = [
        format!(
            "5:1: warning: \"AS64500\", {which} AS numbers; expected a database with them in geoip \
             of steersman.toml"
        ),
        format!(
            "7:1: warning: \"NA-US-CA\", {which} subdivisions; expected a database with them in \
             geoip of steersman.toml"
        ),
        format!(
            "8:1: warning: \"EU-FR\", {which} this one; expected a place that they know, in their spelling"
        ),
        format!(
            "9:1: warning: \"EU\", {which} this one; expected a place that they know, in their spelling"
        ),
    ];
    let found: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(found, wanted.map(|text| format!("{at}:{text}")));
}
