//! Laws that hold for any packet.
//!
//! Those that are quickly tried. `fuzz/src/reply.rs` has the fuller set, and holds far more packets
//! to it; a law that changes here changes there.

use std::sync::OnceLock;

use proptest::prelude::*;

use super::support::{
    Packet, Reply, Setup, ask_wire, failover, name, opt, options_wire, pool, reply_to,
};
use crate::dns::{Reason, Transport, truncate};
use crate::health::Standing;
use crate::steering::AllDown;
use crate::view::View;
use crate::wire::Rcode;

/// What the options of a reply may have beyond those of its question: the identity, our part of a
/// cookie, how long a connection may be idle, and an extended error with its header.
const MOST_OPTIONS_BYTES: usize = 8 + 16 + 2 + 36;

/// A bit of everything.
fn view() -> &'static View {
    static VIEW: OnceLock<View> = OnceLock::new();
    VIEW.get_or_init(|| {
        let many: String = (0..90).map(|n| format!("many A 10.0.0.{n}\n")).collect();
        let text = format!(
            "{many}www A 192.0.2.1
             *.wild A 192.0.2.2
             c CNAME www.sub
             l CNAME l2
             l2 CNAME l
             d DNAME wild
             grow DNAME grow.grow
             cut NS ns.cut
             ns.cut A 192.0.2.3
             to CNAME alias
             mx MX 10 www"
        );
        Setup::default()
            .pool(&["192.0.2.11", "2001:db8::11"])
            .pool(&["cdn.example.net."])
            .pool(&["www.example."])
            .stand(0, 0, Standing::Down, Some(1_000))
            .zone("example.", &text)
            .steer("steered.example.", failover(&[0, 1]), AllDown::NoData)
            .steer("alias.example.", pool(2), AllDown::ServFail)
            .zone("sub.example.", "www CNAME nope")
            .nsid(b"identity")
            .cookies(&[[1; 16], [2; 16]])
            .view()
    })
}

fn names() -> impl Strategy<Value = Vec<u8>> {
    let label = prop_oneof![
        Just("www".to_owned()),
        Just("WWW".into()),
        Just("many".into()),
        Just("wild".into()),
        Just("c".into()),
        Just("l".into()),
        Just("d".into()),
        Just("grow".into()),
        Just("cut".into()),
        Just("to".into()),
        Just("alias".into()),
        Just("steered".into()),
        Just("sub".into()),
        Just("*".into()),
        Just("mx".into()),
        "[a-z]{1,63}",
    ];
    let zone = prop_oneof![Just("example."), Just("sub.example."), Just("com."), Just("")];
    (prop::collection::vec(label, 0..4), zone).prop_map(|(labels, zone)| {
        let text: String = labels.iter().map(|label| format!("{label}.")).collect();
        let text = format!("{text}{zone}");
        name(if text.is_empty() { "." } else { &text }).as_wire().to_vec()
    })
}

fn types() -> impl Strategy<Value = u16> {
    prop_oneof![Just(1), Just(28), Just(5), Just(2), Just(43), Just(255), Just(15), any::<u16>()]
}

fn option() -> impl Strategy<Value = (u16, Vec<u8>)> {
    let subnet = (0..4u8, 0..40u8, prop::collection::vec(any::<u8>(), 0..6))
        .prop_map(|(family, length, rest)| (8, [&[0, family, length, 0][..], &rest].concat()));
    prop_oneof![
        subnet,
        Just((8, vec![0, 1, 24, 0, 10, 0, 1])),
        Just((3, vec![])),
        (0..50usize).prop_map(|length| (10, vec![7; length])),
        any::<u32>().prop_map(|time| {
            let time = time.to_be_bytes();
            (10, [&b"12345678\x01\0\0\0"[..], &time, b"abcdefgh"].concat())
        }),
        (0..4usize).prop_map(|length| (11, vec![0; length])),
        (any::<u16>(), prop::collection::vec(any::<u8>(), 0..20)),
    ]
}

fn packets() -> impl Strategy<Value = Packet> {
    let edns = prop::option::of((any::<u16>(), prop::collection::vec(option(), 0..5)));
    let flags = prop_oneof![4 => Just(0x0100), 1 => any::<u16>()];
    let has_question = prop::bool::weighted(0.9);
    let transport = prop_oneof![Just(Transport::Udp), Just(Transport::Tcp)];
    (names(), types(), edns, flags, transport, any::<u16>(), has_question).prop_map(
        |(name, rtype, edns, flags, transport, id, has_question)| {
            let mut packet = ask_wire(&name, rtype).flags(flags);
            (packet.transport, packet.id) = (transport, id);
            packet.questions.truncate(usize::from(has_question));
            match edns {
                None => packet,
                Some((size, options)) => {
                    let options: Vec<_> =
                        options.iter().map(|(code, data)| (*code, &data[..])).collect();
                    packet.record(2, opt(size, [0; 4], &options_wire(&options)))
                }
            }
        },
    )
}

/// What holds of the reply to any packet.
fn laws(packet: &[u8], transport: Transport) -> Reply {
    let reply = reply_to(view(), packet, transport, [10, 0, 0, 1].into(), 65_535);
    let bytes = &reply.bytes;
    assert_eq!(bytes.len(), reply.answered.length);
    if packet.len() < 12 || packet[2] & 0x80 != 0 {
        assert!(bytes.is_empty());
        return reply;
    }
    assert!(bytes.len() >= 12);
    assert_eq!(bytes[..2], packet[..2]);
    assert_eq!(bytes[2] & 0xf9, 0x80 | packet[2] & 0x79);
    if transport == Transport::Udp {
        let opt = reply.answered.opt_bytes > 0;
        assert!(bytes.len() <= if opt { 1232 } else { 512 }, "{}", bytes.len());
    }
    if bytes[6..10] == [0; 4] {
        // Nothing is given, so nothing is gained by having it sent elsewhere.
        assert!(bytes.len() <= packet.len() + MOST_OPTIONS_BYTES, "{}", bytes.len());
    }
    truncation_laws(packet, &reply);
    match bytes[4..6] {
        // FORMERR and NOTIMP; and NOERROR and BADCOOKIE for a cookie without a question.
        [0, 0] => match bytes[3] & 0x0f {
            1 | 4 => {}
            // BADVERS has 0 there, too.
            0 if reply.answered.rcode == Rcode::BADVERS => {}
            0 | 7 => assert_eq!(reply.answered.reason, Reason::Cookie),
            other => panic!("{other}"),
        },
        [0, 1] => {
            let name = crate::wire::QName::new(0).set(&packet[12..]).unwrap();
            assert_eq!(bytes[12..12 + name + 4], packet[12..12 + name + 4]);
        }
        _ => panic!("{bytes:?}"),
    }
    if !has_family_0(bytes) {
        reply.message();
    }
    reply
}

/// Options are told to those who ask for them, once each, and what nobody asks for is short.
fn told_is_asked(packet: &Packet, reply: &Reply) {
    let mut asked = Vec::new();
    let mut rest = packet.records[2].first().map_or(&[][..], |opt| &opt[11..]);
    while let [c1, c2, l1, l2, after @ ..] = rest {
        asked.push(u16::from_be_bytes([*c1, *c2]));
        rest = &after[usize::from(u16::from_be_bytes([*l1, *l2]))..];
    }
    let mut told: Vec<u16> = Vec::new();
    for (code, data) in reply.opt().map(|opt| opt.2).unwrap_or_default() {
        assert!(!told.contains(&code), "{told:?} {code}");
        match code {
            3 | 8 | 10 => assert!(asked.contains(&code), "{code}"),
            11 => assert!(asked.contains(&11) && packet.transport == Transport::Tcp),
            15 => assert!(data.len() <= 32, "{data:?}"),
            other => panic!("{other}"),
        }
        told.push(code);
    }
}

/// What holds of the reply when it is cut.
fn truncation_laws(packet: &[u8], reply: &Reply) {
    let mut cut = reply.bytes.clone();
    let left = truncate(&mut cut, &reply.answered);
    cut.truncate(left.length);
    assert!(cut.len() >= 12 && cut.len() <= reply.bytes.len());
    assert!(cut.len() <= packet.len() + MOST_OPTIONS_BYTES);
    let (question_end, opt_bytes) = (left.question_end, left.opt_bytes);
    assert_eq!(cut[..2], packet[..2]);
    assert_eq!(cut[2], reply.bytes[2] | 2);
    assert_eq!(cut[3..6], reply.bytes[3..6]);
    assert_eq!(cut[6..12], [0, 0, 0, 0, 0, u8::from(opt_bytes > 0)]);
    assert_eq!(cut[12..question_end], reply.bytes[12..question_end]);
    assert!(reply.bytes.ends_with(&cut[question_end..]));
    if !has_family_0(&cut) {
        let message = hickory_proto::op::Message::from_vec(&cut).unwrap();
        assert_eq!(message.edns.is_some(), opt_bytes > 0);
    }
}

/// Whether a client subnet of family 0 comes back, which hickory cannot read.
fn has_family_0(bytes: &[u8]) -> bool {
    bytes.windows(8).any(|option| option == [0, 8, 0, 4, 0, 0, 0, 0])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes(packet in prop::collection::vec(any::<u8>(), 0..600)) {
        laws(&packet, Transport::Udp);
        laws(&packet, Transport::Tcp);
    }

    #[test]
    fn any_bytes_after_a_plausible_header(
        counts in prop::array::uniform3(0..3u8),
        body in prop::collection::vec(prop_oneof![0..4u8, any::<u8>()], 0..100),
    ) {
        let [answers, authorities, additionals] = counts;
        let header = [1, 2, 0, 0, 0, 1, 0, answers, 0, authorities, 0, additionals];
        laws(&[&header[..], &body].concat(), Transport::Udp);
    }

    #[test]
    fn good_questions(packet in packets()) {
        let wire = packet.wire();
        let reply = laws(&wire, packet.transport);
        if !reply.bytes.is_empty() && packet.transport == Transport::Udp {
            let size = packet.records[2].first().map_or(0, |opt| u16::from_be_bytes([opt[3], opt[4]]));
            prop_assert!(reply.bytes.len() <= usize::from(size.clamp(512, 1232)));
        }
        if !reply.bytes.is_empty() && !has_family_0(&reply.bytes) {
            prop_assert_eq!(reply.opt().is_some(), packet.records[2].len() == 1);
            told_is_asked(&packet, &reply);
        }
    }

    #[test]
    fn questions_bitten_by_chance(
        packet in packets(),
        bites in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::weighted(0.3, any::<prop::sample::Index>()),
    ) {
        let mut wire = packet.wire();
        for (at, byte) in bites {
            let at = at.index(wire.len());
            wire[at] = byte;
        }
        if let Some(cut) = cut {
            wire.truncate(cut.index(wire.len()));
        }
        laws(&wire, packet.transport);
    }
}
