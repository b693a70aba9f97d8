//! EDNS (RFC 6891), client subnets (RFC 7871) and NSID (RFC 5001).

use super::support::{Packet, Setup, ask, opt, options_wire};
use crate::view::View;
use crate::wire::Rcode;

fn view() -> View {
    Setup::default().zone("example.", "www A 192.0.2.1").nsid(b"ns1").view()
}

const ANSWER: &str = "NOERROR aa; Q 600 A 192.0.2.1";

fn www() -> Packet {
    ask("www.example. A")
}

#[test]
fn opt_is_answered_with_opt_only() {
    assert!(www().of(&view()).opt().is_none());
    for question in ["www.example. A", "www.example. MX", "nope.example. A"] {
        let reply = ask(question).edns(4096, &[]).of(&view());
        assert_eq!(reply.opt(), Some((1232, false, vec![])), "{question}");
        assert_eq!(reply.text(), ask(question).of(&view()).text());
    }
}

/// The lower bits of the flags and the asker's extended response code mean nothing.
#[test]
fn the_do_bit_is_copied_and_nothing_else() {
    for (ttl, dnssec_ok) in [
        ([0, 0, 0x80, 0], true),
        ([0, 0, 0, 0], false),
        ([0, 0, 0x7f, 0xff], false),
        ([9, 0, 0xff, 0xff], true),
    ] {
        let reply = www().record(2, opt(1232, ttl, &[])).of(&view());
        assert_eq!(reply.text(), ANSWER);
        assert_eq!(reply.opt(), Some((1232, dnssec_ok, vec![])));
        let flags = if dnssec_ok { 0x80 } else { 0 };
        assert_eq!(reply.bytes[reply.bytes.len() - 6..], [0, 0, flags, 0, 0, 0]);
    }
}

#[test]
fn other_versions_are_refused_by_number() {
    for (version, options) in [(1, &[][..]), (255, &[]), (1, &[(3, &b""[..])]), (1, &[(8, &[0])])] {
        let record = opt(1232, [0, version, 0x80, 0], &options_wire(options));
        let reply = www().record(2, record).of(&view());
        assert_eq!(reply.text(), "BADVERS");
        assert_eq!(reply.rcode(), Rcode::BADVERS);
        assert_eq!(reply.opt(), Some((1232, true, vec![])));
        assert_eq!(reply.answered.rcode, Rcode::BADVERS);
    }
}

#[test]
fn one_opt_record_at_most_and_only_where_it_belongs() {
    let plain = || opt(1232, [0; 4], &[]);
    let mut named = plain();
    named.splice(0..1, *b"\x01a\0");
    for (packet, has_opt) in [
        (www().record(2, plain()).record(2, plain()), true),
        (www().record(0, plain()), false),
        (www().record(1, plain()), false),
        (www().record(1, plain()).record(2, plain()), false),
        (www().record(2, named), false),
    ] {
        let reply = packet.of(&view());
        assert_eq!(reply.text(), "FORMERR");
        assert_eq!(reply.opt().is_some(), has_opt);
    }
}

#[test]
fn opt_may_stand_among_other_records() {
    let address = b"\xc0\x0c\0\x01\0\x01\0\0\0\0\0\x04\x01\x02\x03\x04".to_vec();
    let packet = www()
        .record(0, address.clone())
        .record(1, address.clone())
        .record(2, address.clone())
        .edns(1232, &[])
        .record(2, address);
    let reply = packet.of(&view());
    assert_eq!((reply.text(), reply.opt().is_some()), (ANSWER.into(), true));
}

#[test]
fn unknown_options_are_ignored() {
    let long = [7; 600];
    for options in [
        &[(65_001, &b"xyz"[..])][..],
        &[(9, b"")],
        &[(12, &long)],
        &[(65_001, b""), (65_001, b""), (0, b"")],
    ] {
        let reply = www().edns(1232, options).of(&view());
        assert_eq!(reply.text(), ANSWER);
        assert_eq!(reply.opt(), Some((1232, false, vec![])));
    }
}

#[test]
fn options_that_cannot_be_read_are_malformed() {
    for data in [&b"\0"[..], b"\0\x03\0", b"\0\x03\0\x01", b"\0\x03\0\0\0", b"\xff\xff\xff\xff"] {
        let reply = www().record(2, opt(1232, [0; 4], data)).of(&view());
        assert_eq!(reply.text(), "FORMERR", "{data:?}");
        assert_eq!(reply.extended_error().unwrap(), "0 options cut off");
        assert_eq!(reply.opt().unwrap().2.len(), 1);
    }
}

#[test]
fn the_identity_is_told_to_whoever_asks() {
    let identity = (3, b"ns1".to_vec());
    for options in [&[(3, &b""[..])][..], &[(3, b"x")], &[(3, b""), (3, b"")]] {
        let reply = www().edns(1232, options).of(&view());
        assert_eq!(reply.opt(), Some((1232, false, vec![identity.clone()])));
    }
    let nobody = Setup::default().zone("example.", "www A 192.0.2.1").view();
    let reply = www().edns(1232, &[(3, b"")]).of(&nobody);
    assert_eq!(reply.opt(), Some((1232, false, vec![])));
    let both = www().edns(1232, &[(8, &[0, 1, 8, 0, 10]), (3, b"")]).of(&view());
    assert_eq!(both.opt(), Some((1232, false, vec![(8, vec![0, 1, 8, 0, 10]), identity])));
}

/// RFC 7871 6 and 7.1.2: every malformed form.
#[test]
fn malformed_subnets() {
    let v6 = |length: u8, bytes: usize| [&[0, 2, length, 0][..], &vec![0; bytes]].concat();
    for data in [
        &b""[..],
        &[0],
        &[0, 1, 24],
        // A scope in a question.
        &[0, 1, 24, 24, 192, 0, 2],
        &[0, 1, 0, 1],
        // Too few and too many bytes of address.
        &[0, 1, 24, 0, 192, 0],
        &[0, 1, 24, 0, 192, 0, 2, 0],
        &[0, 1, 24, 0],
        &[0, 1, 0, 0, 0],
        // Bits beyond the length.
        &[0, 1, 23, 0, 192, 0, 3],
        &[0, 1, 1, 0, 64],
        &[0, 2, 9, 0, 0x20, 0x40],
        // Longer than an address.
        &[0, 1, 33, 0, 192, 0, 2, 1, 0],
        &[0, 1, 255, 0],
        &v6(129, 17),
        &v6(255, 32),
        // No such family.
        &[0, 3, 8, 0, 10],
        &[1, 1, 8, 0, 10],
        &[0, 3, 0, 0],
        // A length without a family.
        &[0, 0, 8, 0, 10],
    ] {
        let reply = www().subnet(data).of(&view());
        assert_eq!(reply.text(), "FORMERR", "{data:?}");
        assert_eq!(reply.extended_error().unwrap(), "0 bad client subnet", "{data:?}");
        // Not a word of what was asked beside it.
        let beside = www().edns(1232, &[(3, b""), (8, data), (3, b"")]).of(&view());
        assert_eq!(beside.opt().unwrap().2.len(), 1, "{data:?}");
    }
    let twice: &[(u16, &[u8])] = &[(8, &[0, 1, 8, 0, 10]), (8, &[0, 1, 8, 0, 10])];
    let reply = www().edns(1232, twice).of(&view());
    assert_eq!((reply.text(), reply.subnet()), ("FORMERR".into(), None));
}

#[test]
fn good_subnets_come_back() {
    let v6 = [&[0, 2, 128, 0][..], &[0x20; 16]].concat();
    for data in [
        &[0, 1, 24, 0, 192, 0, 2][..],
        &[0, 1, 32, 0, 192, 0, 2, 255],
        &[0, 1, 1, 0, 128],
        &[0, 1, 23, 0, 192, 0, 2],
        &[0, 1, 0, 0],
        &[0, 2, 0, 0],
        &[0, 2, 56, 0, 0x20, 1, 0x0d, 0xb8, 0, 0, 1],
        &v6,
    ] {
        let reply = www().subnet(data).of(&view());
        assert_eq!(reply.text(), ANSWER, "{data:?}");
        assert_eq!(reply.subnet(), Some(data.to_vec()));
    }
    // hickory does not know the family 0, which says nothing but that no network is told.
    let bytes = www().subnet(&[0, 0, 0, 0]).of(&view()).bytes;
    assert_eq!((bytes[3], bytes[7]), (0, 1));
    assert_eq!(bytes[bytes.len() - 8..], [0, 8, 0, 4, 0, 0, 0, 0]);
}
