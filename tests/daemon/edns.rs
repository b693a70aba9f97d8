//! EDNS and its options, in bytes, over UDP and TCP.

use hickory_proto::op::Message;

use crate::support::daemon::Daemon;
use crate::support::dns::exchange;
use crate::support::setup::{Setup, ZONE};

const SOA: u16 = 6;
const QUESTION: &[u8] = b"\x07example\x03com\0";

/// A question of these flags for a type of `example.com`, with the rest behind it.
fn packet(flags: u16, rtype: u16, rest: &[u8]) -> Vec<u8> {
    let [f1, f2] = flags.to_be_bytes();
    let additional = u8::from(!rest.is_empty());
    let header = [0x12, 0x34, f1, f2, 0, 1, 0, 0, 0, 0, 0, additional];
    [&header[..], QUESTION, &rtype.to_be_bytes(), &[0, 1], rest].concat()
}

/// An OPT record that takes so many bytes, of a version, with flags and options.
fn opt(bytes: u16, version: u8, flags: u8, options: &[(u8, &[u8])]) -> Vec<u8> {
    let mut data = Vec::new();
    for (code, value) in options {
        data.extend([0, *code, 0, value.len() as u8]);
        data.extend(*value);
    }
    let [s1, s2] = bytes.to_be_bytes();
    [&[0, 0, 41, s1, s2, 0, version, flags, 0, 0, data.len() as u8][..], &data].concat()
}

/// What a reply says: the lower bits of its response code, its flags but for QR, operation and
/// response code, whether there is an answer; and of EDNS, if it speaks that, the upper bits of the
/// response code, version, flags and option codes.
type Said = (u8, u16, bool, Option<(u8, u8, u16, Vec<u16>)>);

fn said(reply: &[u8]) -> Said {
    let message = Message::from_vec(reply).expect("a reply that hickory can read");
    let flags = u16::from_be_bytes([reply[2], reply[3]]);
    let edns = message.edns.as_ref().map(|edns| {
        let mut codes: Vec<u16> =
            edns.options().as_ref().iter().map(|(code, _)| u16::from(*code)).collect();
        codes.sort_unstable();
        (edns.rcode_high(), edns.version(), u16::from(*edns.flags()), codes)
    });
    (reply[3] & 0x0f, flags & 0x07f0, !message.answers.is_empty(), edns)
}

fn daemon() -> Daemon {
    let mut setup = Setup::new();
    setup.dns = "nsid = \"ns1\"\n[dns.tcp]\nidle_timeout = \"2500ms\"\n".into();
    let text = format!("\"{}\" ", "x".repeat(200)).repeat(4);
    setup.write("zones/example.com.zone", format!("{ZONE}@ TXT {text}\n"));
    setup.ready()
}

/// RFC 8906 section 8: how a server shows that it keeps to the protocol. What is answered is tested
/// row by row in `src/dns/tests/rfc8906.rs`; this is what the sockets and the configuration make of it.
#[test]
fn the_tests_of_rfc_8906() {
    let daemon = daemon();
    let plain = |version, flags, options| opt(1232, version, flags, options);
    let no_options: &[(u8, &[u8])] = &[];
    let unknown: &[(u8, &[u8])] = &[(100, b"")];
    let several: &[(u8, &[u8])] = &[(10, b"12345678"), (3, b""), (9, b""), (8, &[0, 1, 0, 0])];
    let good = || Some((0, 0, 0, vec![]));
    let bad_version = |flags| (0, 0, false, Some((1, 0, flags, vec![])));
    let mut header_only = packet(15 << 11, SOA, &[]);
    header_only.truncate(12);
    header_only[5] = 0;
    let rows: [(&str, Vec<u8>, Said); 17] = [
        ("8.1.1 zone", packet(0, SOA, &[]), (0, 0x400, true, None)),
        ("8.1.2 unknown type", packet(0, 1000, &[]), (0, 0x400, false, None)),
        ("8.1.3.1 CD", packet(0x10, SOA, &[]), (0, 0x410, true, None)),
        ("8.1.3.2 AD", packet(0x20, SOA, &[]), (0, 0x400, true, None)),
        ("8.1.3.3 Z", packet(0x40, SOA, &[]), (0, 0x400, true, None)),
        ("8.1.3.4 RD", packet(0x100, SOA, &[]), (0, 0x500, true, None)),
        ("8.1.4 opcode", header_only, (4, 0, false, None)),
        // Every row is sent over TCP too.
        ("8.1.5 TCP", packet(0, SOA, &[]), (0, 0x400, true, None)),
        ("8.2.1 EDNS", packet(0, SOA, &plain(0, 0, no_options)), (0, 0x400, true, good())),
        ("8.2.2 version", packet(0, SOA, &plain(1, 0, no_options)), bad_version(0)),
        ("8.2.3 option", packet(0, SOA, &plain(0, 0, unknown)), (0, 0x400, true, good())),
        ("8.2.4 flag", packet(0, SOA, &plain(0, 0x40, no_options)), (0, 0x400, true, good())),
        ("8.2.5 version, flag", packet(0, SOA, &plain(1, 0x40, no_options)), bad_version(0)),
        ("8.2.6 version, option", packet(0, SOA, &plain(1, 0, unknown)), bad_version(0)),
        (
            "8.2.8 DO",
            packet(0, SOA, &plain(0, 0x80, no_options)),
            (0, 0x400, true, Some((0, 0, 0x8000, vec![]))),
        ),
        ("8.2.9 version, DO", packet(0, SOA, &plain(1, 0x80, no_options)), bad_version(0x8000)),
        (
            "8.2.10 several options",
            packet(0, SOA, &plain(0, 0, several)),
            (0, 0x400, true, Some((0, 0, 0, vec![3, 8, 10]))),
        ),
    ];
    for server in &daemon.dns {
        for (section, packet, expected) in &rows {
            for tcp in [false, true] {
                let reply = exchange(*server, packet, tcp);
                assert_eq!(said(&reply), *expected, "{section}, TCP: {tcp}");
                assert_eq!(reply[..2], packet[..2], "{section}");
            }
        }
        let asked = packet(0, 16, &opt(512, 0, 0x80, no_options));
        let cut = exchange(*server, &asked, false);
        let edns = Some((0, 0, 0x8000, vec![]));
        assert_eq!(said(&cut), (0, 0x600, false, edns.clone()), "8.2.7 truncated");
        assert_eq!(said(&exchange(*server, &asked, true)), (0, 0x400, true, edns));
    }
}

/// What is malformed costs the answer, and never the reply.
#[test]
fn malformed_options_are_told() {
    let daemon = daemon();
    let soa = |options: &[(u8, &[u8])]| packet(0, SOA, &opt(1232, 0, 0, options));
    let good = (0, 0x400, true);
    let bad = (1, 0, false);
    for (options, over_udp, over_tcp, text) in [
        (&[(10, &b"123456789"[..])][..], bad, bad, "bad cookie length"),
        (&[(8, &[0, 1, 24, 0, 192, 0])], bad, bad, "bad client subnet"),
        (&[(8, &[0, 1, 0, 0]), (8, &[0, 1, 0, 0])], bad, bad, "bad client subnet"),
        // Without a connection nothing about it matters (RFC 7828 3.3.1).
        (&[(11, b"\0\x64")], good, bad, "bad keepalive length"),
    ] {
        for (tcp, expected) in [(false, over_udp), (true, over_tcp)] {
            let reply = exchange(daemon.dns[0], &soa(options), tcp);
            let (rcode, flags, has_answer, edns) = said(&reply);
            assert_eq!((rcode, flags, has_answer), expected, "{text}, TCP: {tcp}");
            let codes = if rcode == 0 { vec![] } else { vec![15] };
            assert_eq!(edns, Some((0, 0, 0, codes)), "{text}");
            assert_eq!(reply.ends_with(text.as_bytes()), rcode != 0, "{text}");
        }
    }
    let mut twice = packet(0, SOA, &opt(1232, 0, 0, &[]).repeat(2));
    twice[11] = 2;
    assert_eq!(said(&exchange(daemon.dns[0], &twice, false)).0, 1);
}

/// RFC 7828: what is told is what the configuration says, and only over TCP.
#[test]
fn the_idle_time_is_told() {
    let daemon = daemon();
    let asked = packet(0, SOA, &opt(1232, 0, 0, &[(11, b"")]));
    assert!(exchange(daemon.dns[0], &asked, true).ends_with(&[0, 11, 0, 2, 0, 25]));
    assert_eq!(said(&exchange(daemon.dns[0], &asked, false)).3, Some((0, 0, 0, vec![])));
    let asked_by_hand = daemon.cli_ok(&[
        "ask",
        "fixed.example.com",
        "--tcp",
        "--server",
        &daemon.dns[0].to_string(),
    ]);
    assert!(asked_by_hand.contains("\n;; keepalive 2.5 s\n"), "{asked_by_hand}");
    assert!(asked_by_hand.contains("\n;; cookie "), "{asked_by_hand}");
    let refused = daemon.cli_ok(&["ask", "example.net", "--server", &daemon.dns[0].to_string()]);
    assert!(refused.contains("\n;; extended error 20 (Not Authoritative)\n"), "{refused}");
}
