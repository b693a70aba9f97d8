//! The bytes of record sets, read by hickory-proto from the answers that they are made for.

use std::iter;

use hickory_proto::op::{Message, OpCode, Query};
use hickory_proto::rr::{Name as HickoryName, RecordType};
use hickory_proto::serialize::binary::BinEncodable;
use proptest::prelude::*;

use super::{name, zone};
use crate::wire::{QName, RrSet, rtype};
use crate::zone::{Found, Zone, build, read};

/// Writes sets into the answer section of a reply to a question, as the answer path does.
/// (hickory-proto shows DNAME data in base64.)
fn reply(asked: &str, sets: &[RrSet<'_>]) -> Vec<String> {
    let mut message = Message::query();
    message.metadata.op_code = OpCode::Query;
    message.add_query(Query::query(HickoryName::from_ascii(asked).unwrap(), RecordType::A));
    let mut packet = message.to_bytes().unwrap();
    let end = 12 + name(asked).as_wire().len();
    let mut count = 0;
    for set in sets {
        let base = packet.len();
        packet.extend_from_slice(set.wire().unwrap());
        for patch in set.patches() {
            let target = end - usize::from(patch.back);
            let at = base + usize::from(patch.at);
            packet[at..at + 2].copy_from_slice(&(0xc000 | target as u16).to_be_bytes());
        }
        count += set.count();
    }
    packet[6..8].copy_from_slice(&count.to_be_bytes());
    let message = Message::from_vec(&packet).unwrap();
    message
        .answers
        .iter()
        .map(|r| format!("{} {} {} {}", r.name, r.ttl, r.record_type(), r.data))
        .collect()
}

fn node_sets(zone: &Zone, asked: &str) -> Vec<String> {
    let mut qname = QName::new(7);
    qname.set(name(asked).as_wire());
    let Found::Node(node, _) = zone.find(&qname, rtype::A) else { panic!("no node for {asked}") };
    reply(asked, &node.sets().collect::<Vec<_>>())
}

#[test]
fn sets_read_as_what_was_written() {
    let zone = zone(
        "www 9 A 192.0.2.1\nwww 5 A 192.0.2.2\nwww MX 10 Mail.www\nwww MX 20 mail.Example.com.
*.w MX 10 a.w\n*.w CAA 0 issue \"x\"\nd DNAME a\nd A 192.0.2.1",
    );
    assert_eq!(
        node_sets(&zone, "WWW.example.com."),
        [
            "WWW.example.com. 5 A 192.0.2.1",
            "WWW.example.com. 5 A 192.0.2.2",
            "WWW.example.com. 60 MX 10 Mail.WWW.example.com.",
            "WWW.example.com. 60 MX 20 mail.example.com.",
        ]
    );
    assert_eq!(
        node_sets(&zone, "q.r.w.example.com."),
        ["q.r.w.example.com. 60 MX 10 a.w.example.com.", "q.r.w.example.com. 60 CAA 0 issue \"x\""]
    );
    assert_eq!(
        node_sets(&zone, "d.example.com."),
        ["d.example.com. 60 A 192.0.2.1", "d.example.com. 60 DNAME AWEHZXhhbXBsZQNjb20A"]
    );
    assert_eq!(
        node_sets(&zone, "example.com."),
        [
            "example.com. 60 NS ns.example.net.",
            "example.com. 60 SOA ns.example.com. host.example.com. 9 3600 900 1209600 30",
        ]
    );
}

#[test]
fn negative_answers_and_referrals_point_into_longer_names() {
    let zone = zone("sub NS ns.sub\nsub NS ns\nns.SUB A 192.0.2.1\nns A 192.0.2.2\nd DNAME a");
    assert_eq!(
        reply("no.such.example.com.", &[zone.negative()]),
        ["example.com. 30 SOA ns.example.com. host.example.com. 9 3600 900 1209600 30"]
    );
    let mut qname = QName::new(7);
    qname.set(name("a.b.sub.example.com.").as_wire());
    let Found::Cut(referral, _) = zone.find(&qname, rtype::A) else { panic!("no cut") };
    assert_eq!(
        reply(
            "a.b.sub.example.com.",
            &iter::once(referral.name_servers())
                .chain(referral.glue())
                .chain(referral.extra())
                .collect::<Vec<_>>()
        ),
        [
            "sub.example.com. 60 NS ns.sub.example.com.",
            "sub.example.com. 60 NS ns.example.com.",
            "ns.sub.example.com. 60 A 192.0.2.1",
            "ns.example.com. 60 A 192.0.2.2",
        ]
    );
    qname.set(name("a.b.d.example.com.").as_wire());
    let Found::Dname(dname, 2) = zone.find(&qname, rtype::A) else { panic!("no DNAME") };
    // Whoever answers says where its owner stands.
    assert_eq!(reply("d.example.com.", &[dname]), ["d.example.com. 60 DNAME AWEHZXhhbXBsZQNjb20A"]);
}

/// Pieces of which master files are made, so that chance gets far.
const PIECES: [&str; 40] = [
    "@",
    "www",
    "*",
    "a.b",
    "sub",
    "\\000",
    "..",
    "example.com.",
    " ",
    " ",
    " ",
    "\t",
    "\n",
    "\n",
    "\n",
    "\r\n",
    "(",
    ")",
    "\"",
    ";",
    "\\",
    "\\#",
    "60",
    "1h",
    "IN",
    "A",
    "NS",
    "CNAME",
    "SOA",
    "MX",
    "DNAME",
    "SVCB",
    "LOC",
    "192.0.2.1",
    "$ORIGIN",
    "$INCLUDE",
    "$TTL",
    "ö",
    "=",
    "\\255",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        load(&bytes);
    }

    #[test]
    fn no_pieces_make_the_reader_or_builder_panic(
        pieces in proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..80),
        spaced in any::<bool>(),
    ) {
        load(pieces.join(if spaced { " " } else { "" }).as_bytes());
    }

    #[test]
    fn no_record_makes_the_reader_or_builder_panic(
        rtype in 0u16..300,
        data in "[0-9a-z.\"\\\\# =,:-]{0,40}",
        hex in "([0-9a-f][0-9a-f]){0,12}",
    ) {
        let length = hex.len() / 2;
        let head = super::HEAD;
        load(format!("{head}a TYPE{rtype} {data}").as_bytes());
        load(format!("{head}a TYPE{rtype} \\# {length} {hex}").as_bytes());
        load(format!("{head}a TYPE{rtype} {length} 1 2 {hex}").as_bytes());
    }
}

fn load(bytes: &[u8]) {
    let apex = name("example.com.");
    let mut include = |_: &str, _: &str| Ok(("again".to_owned(), bytes.to_vec()));
    let (records, findings) = read("z", bytes, &apex, &mut include);
    let zone = build(&apex, &records, &[], 7);
    let is_whole = zone.is_ok_and(|zone| zone.store.nodes().next().is_some());
    assert!(is_whole || !records.is_empty() || !findings.is_empty());
    assert!(!records.incomplete || !findings.is_empty());
}
