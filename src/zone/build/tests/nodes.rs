//! Where lookups end, by RFC 1034 4.3.2, 4592 and 6672.

use std::sync::Arc;

use super::super::SteeredTypes;
use super::{HEAD, name, steered, zone, zone_of};
use crate::wire::{QName, RrSets, rtype};
use crate::zone::read::type_name;
use crate::zone::{Found, Zone, Zones};

/// What is found for a name, in a few words.
fn find(zone: &Zone, asked: &str, rtype: u16) -> String {
    let mut qname = QName::new(7);
    qname.set(name(asked).as_wire());
    let types = |sets: RrSets<'_>| {
        sets.map(|s| format!("{}x{}", type_name(s.rtype()), s.count())).collect::<Vec<_>>()
    };
    match zone.find(&qname, rtype) {
        Found::Node(node, _) => {
            let steered = node.steered().map(|index| format!("steered {index}"));
            let said = types(node.sets()).into_iter().chain(steered).collect::<Vec<_>>().join(" ");
            if said.is_empty() { "nothing".into() } else { said }
        }
        Found::Cut(referral, _) => format!(
            "cut NSx{} glue {} extra {}",
            referral.name_servers().count(),
            types(referral.glue()).join(" "),
            types(referral.extra()).join(" ")
        ),
        Found::Dname(set, depth) => format!("DNAME x{} at {depth}", set.count()),
        Found::Missing => "missing".into(),
    }
}

/// As `HEAD`, with no name that could be too long below its apex.
const HEAD_AT_ROOT: &str = "@ 60 SOA . . 9 1h 15m 2w 30\n@ 60 NS .\n";

#[track_caller]
fn table(zone: &Zone, rows: &[(&str, &str)]) {
    for (asked, expected) in rows {
        assert_eq!(find(zone, asked, rtype::A), *expected, "{asked}");
    }
}

#[test]
fn names_exist_or_not() {
    let zone = zone("www A 192.0.2.1\nWWW A 192.0.2.2\nwww MX 1 a\na.b.c TXT x");
    table(
        &zone,
        &[
            ("example.com.", "NSx1 SOAx1"),
            ("Www.Example.COM.", "Ax2 MXx1"),
            ("b.c.example.com.", "nothing"),
            ("c.example.com.", "nothing"),
            ("a.b.c.example.com.", "TXTx1"),
            ("x.a.b.c.example.com.", "missing"),
            ("x.c.example.com.", "missing"),
            ("ww.example.com.", "missing"),
            ("com.", "missing"),
        ],
    );
    assert_eq!(zone.records, 6);
    assert_eq!(zone.store.nodes().next().and_then(|(_, apex)| apex.name()), Some(&[][..]));
}

#[test]
fn wildcards_stand_for_what_does_not_exist() {
    // The example of RFC 4592 2.2.1, and asterisks in the middle and below each other.
    let zone = zone(
        "* TXT x\n* MX 10 host1\nsub.* TXT x\nhost1 A 192.0.2.1\n_ssh._tcp.host1 SRV 1 2 3 a
subdel NS ns\n*.a.*.b TXT y\n*.*.w A 192.0.2.1",
    );
    table(
        &zone,
        &[
            ("host3.example.com.", "MXx1 TXTx1"),
            ("foo.bar.example.com.", "MXx1 TXTx1"),
            ("*.example.com.", "MXx1 TXTx1"),
            ("host1.example.com.", "Ax1"),
            ("_telnet._tcp.host1.example.com.", "missing"),
            ("_tcp.host1.example.com.", "nothing"),
            ("sub.*.example.com.", "TXTx1"),
            ("other.*.example.com.", "missing"),
            ("host.subdel.example.com.", "cut NSx1 glue  extra "),
            ("ghost.b.example.com.", "nothing"),
            ("*.b.example.com.", "nothing"),
            ("q.a.*.b.example.com.", "TXTx1"),
            ("q.r.a.*.b.example.com.", "TXTx1"),
            ("a.q.b.example.com.", "nothing"),
            ("q.w.example.com.", "nothing"),
            ("q.*.w.example.com.", "Ax1"),
            ("q.q.w.example.com.", "nothing"),
        ],
    );
}

#[test]
fn delegations_cut_the_zone() {
    let zone = zone(
        "sub NS ns.sub\nsub NS NS2\nsub NS ns.other\nsub NS ns.example.net.\nsub DS 1 13 2 00
sub TXT hidden\nns.sub A 192.0.2.1\nns.sub AAAA ::1\nns2 A 192.0.2.2\nsub.sub NS deep
*.sub A 192.0.2.9\nother NS ns.other\nns.other A 192.0.2.3\nself NS self\nself A 192.0.2.4
bare NS nowhere.bare",
    );
    let sub = "cut NSx4 glue Ax1 AAAAx1 extra Ax1 Ax1";
    table(
        &zone,
        &[
            ("sub.example.com.", sub),
            ("ns.sub.example.com.", sub),
            ("x.y.sub.example.com.", sub),
            ("sub.sub.example.com.", sub),
            ("self.example.com.", "cut NSx1 glue Ax1 extra "),
            ("x.other.example.com.", "cut NSx1 glue Ax1 extra "),
            ("bare.example.com.", "cut NSx1 glue  extra "),
            ("ns2.example.com.", "Ax1"),
        ],
    );
    for (asked, expected) in [
        ("sub.example.com.", "DSx1"),
        ("x.sub.example.com.", sub),
        ("sub.sub.example.com.", sub),
        ("bare.example.com.", "nothing"),
    ] {
        assert_eq!(find(&zone, asked, rtype::DS), expected, "{asked}");
    }
}

#[test]
fn dnames_stand_for_what_is_below_them() {
    let one = zone("d DNAME example.net.\nd A 192.0.2.1\n*.w DNAME example.org.");
    table(
        &one,
        &[
            ("d.example.com.", "Ax1 DNAMEx1"),
            ("x.d.example.com.", "DNAME x1 at 1"),
            ("x.y.z.d.example.com.", "DNAME x1 at 3"),
            ("q.w.example.com.", "DNAMEx1"),
            ("q.*.w.example.com.", "DNAME x1 at 1"),
        ],
    );
    let apex = zone("@ DNAME example.net.");
    table(&apex, &[("a.b.example.com.", "DNAME x1 at 2"), ("example.com.", "NSx1 SOAx1 DNAMEx1")]);
}

#[test]
fn steered_names_are_nodes() {
    let owners = ["*.apps.example.com.", "a.b.example.com.", "example.com.", "mx.example.com."];
    let names = owners.map(|owner| steered(owner, SteeredTypes::Addresses));
    let zone = zone_of("example.com.", &format!("{HEAD}mx MX 1 a"), &names).unwrap();
    table(
        &zone,
        &[
            ("x.apps.example.com.", "steered 0"),
            ("apps.example.com.", "nothing"),
            ("a.b.example.com.", "steered 1"),
            ("b.example.com.", "nothing"),
            ("example.com.", "NSx1 SOAx1 steered 2"),
            ("mx.example.com.", "MXx1 steered 3"),
        ],
    );
    let hosts = [steered("cdn.example.com.", SteeredTypes::Hosts)];
    let zone = zone_of("example.com.", HEAD, &hosts).unwrap();
    table(&zone, &[("cdn.example.com.", "steered 0")]);
}

#[test]
fn the_root_and_reverse_zones_are_zones() {
    let root = zone_of(
        ".",
        "@ 5 SOA . . 1 1 1 1 1\n@ 5 NS a.\na 5 A 192.0.2.1\ncom. 5 NS a.gtld.com.\n* 5 TXT x",
        &[],
    );
    table(
        &root.unwrap(),
        &[
            (".", "NSx1 SOAx1"),
            ("a.", "Ax1"),
            ("www.example.com.", "cut NSx1 glue  extra "),
            ("net.", "TXTx1"),
        ],
    );
    let reverse = zone_of("2.0.192.in-addr.arpa.", &format!("{HEAD}1 PTR a.b."), &[]).unwrap();
    table(
        &reverse,
        &[("1.2.0.192.in-addr.arpa.", "PTRx1"), ("2.2.0.192.in-addr.arpa.", "missing")],
    );
}

#[test]
fn the_order_of_records_does_not_matter() {
    let text =
        "www A 192.0.2.1\nsub NS ns.sub\nns.sub A 192.0.2.2\nd DNAME x.\na.b.c TXT x\n* MX 1 a\n";
    let backwards: Vec<&str> = text.lines().rev().collect();
    let (one, other) = (zone(text), zone(&backwards.join("\n")));
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
}

#[test]
fn the_zone_of_a_name_is_the_nearest_above_it() {
    let zones = [".", "com.", "example.com.", "sub.example.com.", "net."]
        .map(|apex| Arc::new(zone_of(apex, HEAD, &[]).unwrap()));
    let zones = Zones::new(zones.to_vec(), 7);
    for (asked, rtype, expected) in [
        (".", rtype::A, "."),
        (".", rtype::DS, "."),
        ("org.", rtype::A, "."),
        ("com.", rtype::A, "com."),
        ("com.", rtype::DS, "."),
        ("example.com.", rtype::A, "example.com."),
        ("Example.com.", rtype::DS, "com."),
        ("x.example.com.", rtype::DS, "example.com."),
        ("sub.example.com.", rtype::DS, "example.com."),
        ("a.b.sub.example.com.", rtype::A, "sub.example.com."),
        ("example.net.", rtype::A, "net."),
    ] {
        let mut qname = QName::new(7);
        qname.set(name(asked).as_wire());
        let found = zones.find(&qname, rtype).map(|(_, zone)| zone.apex.to_string());
        assert_eq!(found.as_deref(), Some(expected), "{asked} {rtype}");
    }
}

/// Apexes of so many labels that they are told apart no more before they are looked for.
#[test]
fn zones_have_apexes_of_any_number_of_labels() {
    let below = |labels: usize| "a.".repeat(labels);
    let lengths = [1, 3, 61, 62, 63, 64, 100, 126];
    let zones = lengths.map(|labels| Arc::new(zone_of(&below(labels), HEAD_AT_ROOT, &[]).unwrap()));
    let find = |zones: &Zones, asked: &str, rtype| {
        let mut qname = QName::new(7);
        qname.set(name(asked).as_wire());
        zones.find(&qname, rtype).map(|(_, zone)| zone.apex.labels().count())
    };
    for some in [&zones[..], &zones[..3], &zones[4..5]] {
        let all = Zones::new(some.to_vec(), 7);
        let longest = |most: usize| {
            let apexes = some.iter().map(|zone| zone.apex.labels().count());
            apexes.filter(|labels| *labels <= most).max()
        };
        for labels in 0..=126 {
            let asked = if labels == 0 { ".".into() } else { below(labels) };
            assert_eq!(find(&all, &asked, rtype::A), longest(labels), "{labels}");
            let above = labels.checked_sub(1).and_then(longest);
            assert_eq!(find(&all, &asked, rtype::DS), above.or(longest(labels)), "{labels}");
            assert_eq!(
                find(&all, &format!("b.{asked}").replace("..", "."), rtype::A),
                longest(labels)
            );
        }
    }
}
