//! What is not a question that can be answered.

use super::support::{Packet, Setup, ask, name, opt, reply_to};
use crate::dns::{Reason, Transport};
use crate::view::View;

fn view() -> View {
    Setup::default().zone("example.", "www A 192.0.2.1").view()
}

fn www() -> Packet {
    ask("www.example. A")
}

fn raw(packet: &[u8]) -> super::support::Reply {
    reply_to(&view(), packet, Transport::Udp, [198, 51, 100, 7].into(), 65_535)
}

/// Flags with an operation.
fn operation(number: u16) -> u16 {
    number << 11
}

#[test]
fn silence() {
    for length in 0..12 {
        let reply = raw(&www().wire()[..length]);
        assert_eq!((reply.text(), reply.answered.reason), ("silence".into(), Reason::Garbage));
    }
    for flags in [0x8000, 0x8180, 0x8000 | operation(2), 0xffff] {
        for packet in [www(), www().edns(1232, &[]), ask("elsewhere. ANY")] {
            let wire = packet.flags(flags).wire();
            for length in [12, 20, wire.len()] {
                let reply = raw(&wire[..length]);
                assert_eq!(reply.text(), "silence");
                assert_eq!(reply.answered.reason, Reason::Response);
            }
        }
    }
}

#[test]
fn flags_are_repeated_as_far_as_they_should_be() {
    for (asked, wanted) in [
        (0x0000, 0x8400),
        // RD and CD come back.
        (0x0100, 0x8500),
        (0x0010, 0x8410),
        // AA, TC, RA, Z, AD and the response code do not.
        (0x0400, 0x8400),
        (0x0200, 0x8400),
        (0x0080, 0x8400),
        (0x0040, 0x8400),
        (0x0020, 0x8400),
        (0x000f, 0x8400),
        (0x07ff, 0x8510),
    ] {
        let bytes = www().flags(asked).of(&view()).bytes;
        let flags = u16::from_be_bytes([bytes[2], bytes[3]]);
        assert_eq!(flags, wanted, "{asked:04x} got {flags:04x}");
        assert_eq!(bytes[..2], [0x12, 0x34]);
    }
}

#[test]
fn other_operations_are_not_implemented() {
    for number in 1..=15 {
        let reply = www().flags(operation(number) | 0x0100).of(&view());
        assert_eq!(reply.text(), "NOTIMP", "{number}");
        assert_eq!(reply.answered.reason, Reason::NotImplemented);
        let flags = u16::from_be_bytes([reply.bytes[2], reply.bytes[3]]);
        assert_eq!(flags, 0x8104 | operation(number));
        assert_eq!(reply.bytes[12..], www().wire()[12..]);
        let with_opt = www().flags(operation(number)).edns(1232, &[]).of(&view());
        assert_eq!((with_opt.text(), with_opt.opt().is_some()), ("NOTIMP".into(), true));
    }
    // An UPDATE has a zone where a question would stand, and records after it.
    let update = ask("example. SOA")
        .flags(operation(5))
        .record(1, b"\xc0\x0c\0\x01\0\xff\0\0\0\0\0\0".to_vec());
    assert_eq!(update.of(&view()).text(), "NOTIMP");
    // Whatever stands in it, the operation decides.
    let mut garbage = www().flags(operation(4)).wire();
    garbage.truncate(15);
    assert_eq!(raw(&garbage).text(), "NOTIMP");
    // But for what the operation means, the version of EDNS does.
    let version = www().flags(operation(2)).record(2, opt(1232, [0, 1, 0, 0], &[])).of(&view());
    assert_eq!(version.text(), "BADVERS");
}

/// Header only, since there is no question to repeat.
#[test]
fn packets_without_one_good_question() {
    let header = |questions: u8| [0x12, 0x34, 1, 0, 0, questions, 0, 0, 0, 0, 0, 0];
    let wire = www().wire();
    let question = &wire[12..];
    let label = [&[63][..], &[b'a'; 63]].concat();
    let long = [&label.repeat(3)[..], &[63], &[b'a'; 63], b"\0\0\x01\0\x01"].concat();
    for (questions, body) in [
        (0, &b""[..]),
        (1, b""),
        (1, &question[..question.len() - 1]),
        (1, &question[..5]),
        (1, b"\0"),
        // Two are too many (RFC 9619).
        (2, &question.repeat(2)),
        (2, question),
        (255, question),
        // A pointer in the first name of a packet points nowhere.
        (1, b"\xc0\x0c\0\x01\0\x01"),
        (1, b"\x03www\xc0\x0c\0\x01\0\x01"),
        (1, b"\x03www\xc0\0\0\x01\0\x01"),
        // Labels of other kinds (RFC 6891 5), and a name of 257 bytes.
        (1, b"\x41\x01\x00\0\x01\0\x01"),
        (1, b"\x80\x00\0\x01\0\x01"),
        (1, &long),
    ] {
        let reply = raw(&[&header(questions), body].concat());
        assert_eq!(reply.text(), "FORMERR", "{questions} {body:?}");
        assert_eq!(reply.bytes, [0x12, 0x34, 0x81, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(reply.answered.reason, Reason::Malformed);
    }
    let mut without = www().edns(1232, &[]);
    without.questions.clear();
    let reply = without.of(&view());
    assert_eq!((reply.text(), reply.opt()), ("FORMERR".into(), Some((1232, false, vec![]))));
}

#[test]
fn records_that_cannot_be_read() {
    let wire = www().edns(1232, &[]).wire();
    for cut in 1..11 {
        let reply = raw(&wire[..wire.len() - cut]);
        assert_eq!(reply.text(), "FORMERR", "{cut}");
        assert_eq!(reply.bytes[12..29], wire[12..29]);
    }
    // Counts that promise more than there is.
    for at in [7, 9, 11] {
        let mut promising = www().wire();
        promising[at] = 1;
        assert_eq!(raw(&promising).text(), "FORMERR");
    }
    let bad_owner = www().record(2, b"\x80\0\x01\0\x01\0\0\0\0\0\0".to_vec());
    assert_eq!(bad_owner.of(&view()).text(), "FORMERR");
    // What stands after all of them is ignored, as BIND and NSD do.
    let trailing = [&www().wire()[..], b"xx"].concat();
    let mut reply = raw(&trailing).bytes;
    reply.truncate(12);
    assert_eq!(reply, www().of(&view()).bytes[..12]);
}

#[test]
fn types_and_classes_that_are_not_served() {
    for (question, wanted) in [
        ("www.example. TYPE41", "FORMERR"),
        ("www.example. TYPE249", "FORMERR"),
        ("www.example. TYPE250", "FORMERR"),
        ("elsewhere. TYPE41", "FORMERR"),
        ("example. AXFR", "REFUSED"),
        ("example. TYPE251", "REFUSED"),
        ("elsewhere. AXFR", "NOTAUTH"),
        ("www.example. TYPE251", "NOTAUTH"),
        ("www.example. TYPE253", "NOTIMP"),
        ("www.example. TYPE254", "NOTIMP"),
    ] {
        for packet in [ask(question), ask(question).tcp(), ask(question).edns(1232, &[])] {
            let has_opt = packet.records[2].len() == 1;
            let reply = packet.of(&view());
            assert_eq!(reply.text(), wanted, "{question}");
            assert_eq!(reply.opt().is_some(), has_opt);
            // The question comes back.
            assert_eq!(reply.message().queries.len(), 1);
        }
    }
    for class in [0, 2, 3, 4, 254, 255, 65_535] {
        let mut packet = www();
        packet.questions[0].2 = class;
        assert_eq!(packet.of(&view()).text(), "REFUSED", "{class}");
    }
    let mut version = ask("version.bind. TXT");
    version.questions[0] = (name("version.bind.").as_wire().to_vec(), 16, 3);
    assert_eq!(version.of(&view()).text(), "REFUSED");
}
