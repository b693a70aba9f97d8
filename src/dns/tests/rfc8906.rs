//! The behaviours that RFC 8906 section 8 tests for, each by its subsection, over UDP and TCP.

use super::support::{Packet, Reply, Setup, ask, opt, options_wire};
use crate::dns::Transport;
use crate::view::View;

fn view() -> View {
    let text: String = (0..8).map(|n| format!("@ TXT {}{n}\n", "x".repeat(200))).collect();
    Setup::default().zone("example.", &text).nsid(b"ns1").cookies(&[[1; 16]]).view()
}

const SOA: &str = "NOERROR aa; Q 3600 SOA";
const RD: u16 = 0x0100;
const Z: u16 = 0x0040;
const AD: u16 = 0x0020;
const CD: u16 = 0x0010;
/// A flag of EDNS that has no meaning, as `dig +ednsflags=0x40` sets it.
const UNKNOWN_FLAG: u8 = 0x40;
const DO: u8 = 0x80;

fn soa() -> Packet {
    ask("example. SOA")
}

/// With an OPT record of this version, these flags and options.
fn with_opt(version: u8, flags: [u8; 2], options: &[(u16, &[u8])]) -> Packet {
    soa().record(2, opt(1232, [0, version, flags[0], flags[1]], &options_wire(options)))
}

/// The header of a packet and nothing else.
fn header_only(mut packet: Packet) -> Packet {
    packet.questions.clear();
    packet
}

/// The flags of a reply, but for QR, operation and response code.
fn flags(reply: &Reply) -> u16 {
    u16::from_be_bytes([reply.bytes[2], reply.bytes[3]]) & 0x07f0
}

/// What is expected of a row: the text of the reply, the flags beside AA, and of its OPT record,
/// if any, flags and option codes.
type Expected = (&'static str, u16, Option<(u16, &'static [u16])>);

#[test]
fn basic_dns() {
    let rows: [(&str, Packet, Expected); 7] = [
        ("8.1.1 is the server configured for the zone", soa(), (SOA, 0, None)),
        ("8.1.2 unknown types", ask("example. TYPE1000"), ("NOERROR aa; ! Q 300 SOA", 0, None)),
        ("8.1.3.1 CD=1", soa().flags(CD), (SOA, CD, None)),
        ("8.1.3.2 AD=1", soa().flags(AD), (SOA, 0, None)),
        ("8.1.3.3 the reserved bit", soa().flags(Z), (SOA, 0, None)),
        ("8.1.3.4 recursive", soa().flags(RD), (SOA, RD, None)),
        ("8.1.4 unknown opcodes", header_only(soa()).flags(15 << 11), ("NOTIMP", 0, None)),
    ];
    expect(&rows);
}

#[test]
fn extended_dns() {
    let plain = Some((0, &[][..]));
    let both_options: &[(u16, &[u8])] = &[(100, b""), (3, b"")];
    let rows: [(&str, Packet, Expected); 9] = [
        ("8.2.1 minimal EDNS", with_opt(0, [0, 0], &[]), (SOA, 0, plain)),
        ("8.2.2 version negotiation", with_opt(1, [0, 0], &[]), ("BADVERS", 0, plain)),
        ("8.2.3 unknown options", with_opt(0, [0, 0], &[(100, b"")]), (SOA, 0, plain)),
        ("8.2.3 beside a known one", with_opt(0, [0, 0], both_options), (SOA, 0, Some((0, &[3])))),
        ("8.2.4 unknown flags", with_opt(0, [0, UNKNOWN_FLAG], &[]), (SOA, 0, plain)),
        (
            "8.2.5 version negotiation with unknown flags",
            with_opt(1, [0, UNKNOWN_FLAG], &[]),
            ("BADVERS", 0, plain),
        ),
        (
            "8.2.6 version negotiation with unknown options",
            with_opt(1, [0, 0], both_options),
            ("BADVERS", 0, plain),
        ),
        ("8.2.8 DO=1", with_opt(0, [DO, 0], &[]), (SOA, 0, Some((0x8000, &[])))),
        (
            "8.2.9 version negotiation with DO=1",
            with_opt(1, [DO, 0], &[]),
            ("BADVERS", 0, Some((0x8000, &[]))),
        ),
    ];
    expect(&rows);
}

#[track_caller]
fn expect(rows: &[(&str, Packet, Expected)]) {
    for (section, packet, (text, wanted_flags, wanted_opt)) in rows {
        for transport in [Transport::Udp, Transport::Tcp] {
            let packet = Packet { transport, ..packet.clone() };
            let reply = packet.of(&view());
            assert_eq!(&reply.text(), text, "{section} over {transport:?}");
            let aa = if text.contains(" aa") { 0x0400 } else { 0 };
            assert_eq!(flags(&reply), aa | wanted_flags, "{section}");
            // The operation comes back, and so does the question.
            assert_eq!(reply.bytes[2] & 0x78, packet.wire()[2] & 0x78, "{section}");
            assert_eq!(reply.bytes[4..6], packet.wire()[4..6], "{section}");
            assert_eq!(
                opt_of(&reply).as_ref().map(|(flags, codes)| (*flags, &codes[..])),
                *wanted_opt
            );
        }
    }
}

/// Flags and option codes of the OPT record; its version is 0.
fn opt_of(reply: &Reply) -> Option<(u16, Vec<u16>)> {
    let (_, _, options) = reply.opt()?;
    let opt = reply.opt_bytes()?;
    let flags = u16::from_be_bytes([opt[7], opt[8]]);
    Some((flags, options.into_iter().map(|(code, _)| code).collect()))
}

/// 8.2.7: a reply that does not fit into 512 bytes is cut, says so, and still speaks EDNS.
#[test]
fn truncated_responses() {
    let asked = ask("example. TXT").record(2, opt(512, [0, 0, DO, 0], &[]));
    let reply = asked.of(&view());
    assert_eq!(reply.text(), "NOERROR aa tc");
    assert!(reply.bytes.len() <= 512);
    assert_eq!(opt_of(&reply), Some((0x8000, vec![])));
    let whole = asked.tcp().of(&view());
    assert_eq!((whole.message().answers.len(), whole.text().contains("tc")), (8, false));
}

/// 8.2.10: cookie, NSID, EXPIRE and client subnet together.
#[test]
fn multiple_defined_options() {
    let options: &[(u16, &[u8])] = &[(10, b"12345678"), (3, b""), (9, b""), (8, &[0, 1, 0, 0])];
    for packet in [with_opt(0, [0, 0], options), with_opt(0, [0, 0], options).tcp()] {
        let reply = packet.of(&view());
        assert_eq!(reply.text(), SOA);
        // Whoever serves no zone as a secondary has no expiry to tell (RFC 7314 3.2).
        assert_eq!(opt_of(&reply), Some((0, vec![8, 3, 10])));
        assert_eq!(reply.subnet(), Some(vec![0, 1, 0, 0]));
        assert_eq!(reply.option(3), Some(b"ns1".to_vec()));
        assert_eq!(reply.option(10).map(|cookie| cookie[..8].to_vec()), Some(b"12345678".to_vec()));
    }
}
