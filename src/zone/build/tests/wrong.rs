//! Everything that a zone may not be, with the exact lines that say so.

use super::super::{Steered, SteeredTypes};
use super::{HEAD, steered, zone, zone_of};

fn findings(apex: &str, text: &str, steered: &[Steered]) -> Vec<String> {
    let findings = zone_of(apex, text, steered).unwrap_err();
    findings.iter().map(ToString::to_string).collect()
}

#[test]
fn a_zone_has_one_soa_and_some_ns_at_its_apex() {
    let soa = "@ 5 SOA ns host 9 1 1 1 1\n";
    let ns = "@ 5 NS ns\n";
    let no_soa = "z:1:1: no SOA at the apex example.com.; expected exactly one SOA record";
    for (text, expected) in [
        (ns.into(), vec![no_soa]),
        (format!("www 5 A 192.0.2.1\n{ns}"), vec![no_soa]),
        (
            soa.into(),
            vec!["z:1:1: no NS at the apex example.com.; expected at least one NS record"],
        ),
        (
            format!("{soa}{ns}\n{soa}@ 5 SOA ns host 10 1 1 1 1"),
            vec![
                "z:4:1: a second SOA at example.com.; expected only the one at z:1",
                "z:5:1: a second SOA at example.com.; expected only the one at z:1",
            ],
        ),
        (
            format!("{soa}{ns}$ORIGIN sub\n{soa}"),
            vec!["z:4:1: SOA at sub.example.com.; expected SOA at the apex example.com. only"],
        ),
        (
            format!("$ORIGIN net.\n{soa}{ns}"),
            vec![
                no_soa,
                "z:2:1: net. outside the zone example.com.; expected names at or below example.com.",
                "z:3:1: net. outside the zone example.com.; expected names at or below example.com.",
            ],
        ),
    ] {
        assert_eq!(findings("example.com.", &text, &[]), expected, "{text}");
    }
}

#[test]
fn each_mistake_in_the_master_file_has_its_place_and_its_words() {
    for (text, expected) in [
        (
            "www CNAME a\nWWW TXT x",
            "4:1: CNAME at www.example.com. beside TXT (z:5); expected no other data beside a CNAME",
        ),
        (
            "@ CNAME a",
            "4:1: CNAME at example.com. beside NS (z:2); expected no other data beside a CNAME",
        ),
        (
            "*.w NS a",
            "4:1: NS at the wildcard *.w.example.com.; expected delegations by name, \
             for RFC 4592 4.2 leaves open what this means",
        ),
        (
            "www CNAME a\nwww CNAME b",
            "5:1: a second CNAME at www.example.com.; expected only the one at z:4",
        ),
        (
            "*.www CNAME a\n*.WWW CNAME b",
            "5:1: a second CNAME at *.www.example.com.; expected only the one at z:4",
        ),
        (
            "d DNAME a\nd DNAME b",
            "5:1: a second DNAME at d.example.com.; expected only the one at z:4",
        ),
        (
            "d DNAME a\nd CNAME b",
            "5:1: CNAME at d.example.com. beside DNAME (z:4); expected no other data beside a CNAME",
        ),
        (
            "a.b.D A 192.0.2.1\nd DNAME a",
            "4:1: a.b.d.example.com. below the DNAME at d.example.com.; expected no names below a DNAME (z:5)",
        ),
        (
            "@ DNAME a.\nd A 192.0.2.1",
            "5:1: d.example.com. below the DNAME at example.com.; expected no names below a DNAME (z:4)",
        ),
        (
            "d DNAME a\nd NS b",
            "4:1: DNAME at the delegation of d.example.com.; expected either NS or DNAME",
        ),
        (
            "www.example.net. A 192.0.2.1",
            "4:1: www.example.net. outside the zone example.com.; expected names at or below example.com.",
        ),
        (
            "badexample.com. A 192.0.2.1",
            "4:1: badexample.com. outside the zone example.com.; expected names at or below example.com.",
        ),
        (
            "com. A 192.0.2.1",
            "4:1: com. outside the zone example.com.; expected names at or below example.com.",
        ),
        ("@ DS 1 13 2 00", "4:1: DS at the apex example.com.; expected DS in the zone above"),
        (
            "sub DS 1 13 2 00",
            "4:1: DS at sub.example.com. without NS; expected NS records beside it, or no DS",
        ),
    ] {
        let found = findings("example.com.", &format!("{HEAD}{text}"), &[]);
        assert_eq!(found, [format!("z:{expected}")], "{text}");
    }
}

#[test]
fn a_set_must_fit_into_a_message() {
    let many: String = (0..4_100).map(|n| format!("a A 10.0.{}.{}\n", n / 256, n % 256)).collect();
    assert_eq!(
        findings("example.com.", &format!("{HEAD}{many}"), &[]),
        [
            "z:4:1: 4100 A records at a.example.com., too many for any message; expected at most 65023 bytes in one record set"
        ]
    );
}

/// A referral without its glue leads nowhere (RFC 9471), so that one too long could only fail.
#[test]
fn a_delegation_and_its_glue_must_fit_into_a_message() {
    let delegation = |hosts: usize, below: &str| -> String {
        let host =
            |n: usize| format!("cut NS n{n}{below}\nn{n}{below} A 10.0.{}.{}\n", n / 256, n % 256);
        (0..hosts).map(host).collect()
    };
    let text = format!("{HEAD}{}", delegation(2_000, ".cut"));
    assert_eq!(
        findings("example.com.", &text, &[]),
        [
            "z:4:1: 2000 NS records at cut.example.com., with their glue too much for any message; expected at most 65023 bytes in one delegation and its glue"
        ]
    );
    zone(&delegation(1_000, ".cut"));
    // What is not below the cut may be left out.
    zone(&delegation(2_000, ""));
}

#[test]
fn each_mistake_of_steering_has_its_place_and_its_words() {
    use SteeredTypes::{Addresses, Hosts};
    for (text, owner, types, expected) in [
        (
            "www A 192.0.2.1\nwww A 192.0.2.2\nwww MX 1 a",
            "www.example.com.",
            Addresses,
            "z:4:1: A at the steered name www.example.com.; expected no A, AAAA or CNAME beside what is steered by t.toml:1:2",
        ),
        (
            "WWW AAAA ::1",
            "www.example.com.",
            Addresses,
            "z:4:1: AAAA at the steered name www.example.com.; expected no A, AAAA or CNAME beside what is steered by t.toml:1:2",
        ),
        (
            "www CNAME a",
            "www.example.com.",
            Addresses,
            "z:4:1: CNAME at the steered name www.example.com.; expected no A, AAAA or CNAME beside what is steered by t.toml:1:2",
        ),
        (
            "www CNAME a",
            "www.example.com.",
            Hosts,
            "z:4:1: CNAME at the steered name www.example.com.; expected no A, AAAA or CNAME beside what is steered by t.toml:1:2",
        ),
        (
            "www MX 1 a",
            "www.example.com.",
            Hosts,
            "z:4:1: MX at the steered name www.example.com.; expected nothing beside what is steered to host names by t.toml:1:2",
        ),
        (
            "* TXT a",
            "*.example.com.",
            Hosts,
            "z:4:1: TXT at the steered name *.example.com.; expected nothing beside what is steered to host names by t.toml:1:2",
        ),
        (
            "",
            "example.com.",
            Hosts,
            "t.toml:1:2: the apex example.com. steered to host names; expected pools of addresses: a CNAME cannot stand beside SOA",
        ),
        (
            "",
            "www.example.net.",
            Addresses,
            "t.toml:1:2: steered name www.example.net. outside the zone example.com.; expected names at or below example.com.",
        ),
        (
            "sub NS a",
            "www.sub.example.com.",
            Addresses,
            "t.toml:1:2: steered name www.sub.example.com. below the delegation of sub.example.com.; expected names that this zone answers for",
        ),
        (
            "sub NS a",
            "sub.example.com.",
            Hosts,
            "t.toml:1:2: steered name sub.example.com., which is delegated; expected names that this zone answers for",
        ),
        (
            "d DNAME a",
            "b.d.example.com.",
            Addresses,
            "t.toml:1:2: steered name b.d.example.com. below the DNAME at d.example.com.; expected no names below a DNAME (z:4)",
        ),
    ] {
        let found = findings("example.com.", &format!("{HEAD}{text}"), &[steered(owner, types)]);
        assert_eq!(found, [expected], "{text} {owner}");
    }
    let twice = [steered("a.example.com.", Addresses), steered("A.example.com.", Hosts)];
    assert_eq!(
        findings("example.com.", HEAD, &twice),
        ["t.toml:1:2: a.example.com. steered a second time; expected each name once"]
    );
}

#[test]
fn what_could_be_read_is_checked_and_nothing_is_said_to_be_missing() {
    for (text, expected) in [
        // The SOA, the only NS and the delegation are what could not be read.
        (
            "@ 60 SOA ns host x\n$TTL 5\nwww CNAME a\nwww TXT b\nsub DS 1 13 2 00\n",
            vec![
                "z:1:18: \"x\" (expected decimal number); expected primary server, mailbox, serial, refresh, retry, expire and negative TTL",
                "z:3:1: CNAME at www.example.com. beside TXT (z:4); expected no other data beside a CNAME",
            ],
        ),
        (
            "@ SOA ns host 9 1h 15m 2w 30\n@ NS\nnet. A 192.0.2.1\n",
            vec![
                "z:2:5: the end of the record; expected one name",
                "z:3:1: net. outside the zone example.com.; expected names at or below example.com.",
            ],
        ),
        // The owner of indented records and the origin of what follows are not known.
        (
            &format!("{HEAD}www CNAME a\na..b A 192.0.2.1\n TXT x\n CNAME b\n"),
            vec!["z:5:1: \"a..b\" with an empty label; expected single dots between labels"],
        ),
        (
            &format!("{HEAD}www CNAME a\n$ORIGIN a..b\nwww TXT x\n$ORIGIN net.\nb TXT x\n"),
            vec![
                "z:5:9: \"a..b\" with an empty label; expected single dots between labels",
                "z:8:1: b.net. outside the zone example.com.; expected names at or below example.com.",
            ],
        ),
        // One SOA line without its TTL, not each record below it.
        (
            "@ SOA ns host x\n@ NS ns\nwww A 192.0.2.1\n",
            vec![
                "z:1:15: \"x\" (expected decimal number); expected primary server, mailbox, serial, refresh, retry, expire and negative TTL",
            ],
        ),
    ] {
        assert_eq!(findings("example.com.", text, &[]), expected, "{text}");
    }
    let steered = [steered("www.example.com.", SteeredTypes::Addresses)];
    let text = format!("{HEAD}a A x\nwww A 192.0.2.1\n");
    assert_eq!(
        findings("example.com.", &text, &steered),
        [
            "z:4:5: \"x\"; expected an IPv4 address",
            "z:5:1: A at the steered name www.example.com.; expected no A, AAAA or CNAME beside what is steered by t.toml:1:2",
        ]
    );
}

#[test]
fn findings_name_the_file_that_a_record_stands_in() {
    let apex = super::name("example.com.");
    let text = format!("{HEAD}$INCLUDE other");
    let mut include = |_: &str, _: &str| Ok(("other".into(), b"b CNAME c\nb CNAME d".to_vec()));
    let (records, _) = crate::zone::read("z", text.as_bytes(), &apex, &mut include);
    let found = super::build(&apex, &records, &[], 7).unwrap_err();
    assert_eq!(
        found[0].to_string(),
        "other:2:1: a second CNAME at b.example.com.; expected only the one at other:1"
    );
}

#[test]
fn what_looks_odd_but_is_right_is_accepted() {
    for text in [
        "d DNAME a\nd TXT x\nd A 192.0.2.1",
        "@ DNAME a.\n",
        "www CNAME a\nwww CNAME a\nWWW CNAME A",
        "www CNAME a\nwww RRSIG CNAME 13 3 60 20300101000000 20200101000000 1 @ AAAA\nwww NSEC a CNAME",
        "sub NS a.sub",
        "sub NS a\na CNAME b",
        "sub NS a.sub\na.sub CNAME x\na.sub TXT y",
        "sub NS a\nsub DS 1 13 2 00\nsub TXT x",
        "sub NS a\nx.sub DS 1 13 2 00",
        "*.x DNAME a",
    ] {
        zone(text);
    }
    zone_of(".", "@ 5 SOA . . 1 1 1 1 1\n@ 5 NS a.\ncom. 5 NS a.", &[]).unwrap();
    zone_of("2.0.192.in-addr.arpa.", &format!("{HEAD}1 PTR www.example.com."), &[]).unwrap();
}
