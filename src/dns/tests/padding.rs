//! Padding (RFC 7830), by the policy of RFC 8467.

use super::support::{Packet, Setup, ask, reply_to};
use crate::dns::Transport;
use crate::view::View;

const BLOCK_BYTES: usize = 468;
const PADDING: u16 = 12;
const ENCRYPTED: [Transport; 3] = [Transport::Tls, Transport::Https, Transport::Quic];

/// `tN.example.` has a text of N bytes.
fn view() -> View {
    let texts: String = (0..=250).map(|n| format!("t{n} TXT \"{}\"\n", "x".repeat(n))).collect();
    Setup::default().zone("example.", &format!("www A 192.0.2.1\n{texts}")).nsid(b"ns1").view()
}

/// Asks with an option of padding, as clients send it: empty, or of zeros.
fn padded(question: &str, transport: Transport, zeros: usize) -> Packet {
    ask(question).over(transport).edns(1232, &[(PADDING, &vec![0; zeros])])
}

#[test]
fn a_padded_question_gets_a_padded_reply() {
    let view = view();
    for transport in ENCRYPTED {
        for question in ["www.example. A", "www.example. MX", "nope.example. A", "elsewhere. A"] {
            let plain = ask(question).over(transport).edns(1232, &[]).of(&view);
            for zeros in [0, 1, 87] {
                let reply = padded(question, transport, zeros).of(&view);
                assert_eq!(reply.bytes.len(), BLOCK_BYTES, "{question} over {transport:?}");
                assert_eq!(reply.text(), plain.text());
                // The rest is as it would be without, and the padding is of zeros.
                let (mut options, plain) = (reply.opt().unwrap().2, plain.opt().unwrap().2);
                let (code, data) = options.pop().unwrap();
                assert_eq!((code, options), (PADDING, plain));
                assert_eq!(data, vec![0; data.len()]);
            }
        }
    }
}

#[test]
fn whatever_it_says_its_length_is_that_of_many_others() {
    let view = view();
    let mut lengths: Vec<usize> = (0..=250)
        .flat_map(|n| {
            let question = format!("t{n}.example. TXT");
            let long: &[(u16, &[u8])] = &[(PADDING, b""), (3, b""), (8, &[0, 1, 24, 0, 10, 1, 2])];
            let both = [padded(&question, Transport::Tls, 0), ask(&question).edns(1232, long)];
            both.map(|packet| packet.over(Transport::Tls).of(&view).bytes.len())
        })
        .collect();
    // A question of a long name, with a long answer.
    let long = format!("{}.t250.example. TXT", "l".repeat(63));
    lengths.push(padded(&long, Transport::Quic, 0).of(&view).bytes.len());
    lengths.dedup();
    assert_eq!(lengths, [BLOCK_BYTES]);
}

/// RFC 7830 6: not where everybody can read it anyway, and not to forged addresses.
#[test]
fn in_the_clear_nothing_is_padded() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let reply = padded("www.example. A", transport, 30).of(&view());
        assert_eq!(reply.opt(), Some((1232, false, vec![])), "{transport:?}");
        assert!(reply.bytes.len() < 100);
    }
}

#[test]
fn whoever_does_not_pad_gets_no_padding() {
    for transport in ENCRYPTED {
        for options in [&[][..], &[(3, &b""[..])], &[(13, b"")]] {
            let reply = ask("www.example. A").over(transport).edns(1232, options).of(&view());
            assert_eq!(reply.option(PADDING), None, "{options:?}");
        }
        assert_eq!(ask("www.example. A").over(transport).of(&view()).opt(), None);
    }
}

/// Long replies have several blocks, of which the last ends with the longest message there is.
#[test]
fn a_long_reply_is_padded_as_far_as_there_is_room() {
    // Each has 16 bytes; header and question have 30, OPT has 11 and the option 4 at least.
    let address = |n: usize| format!("many A 10.0.{}.{}\n", n / 256, n % 256);
    let of_count = |count: usize| {
        let rows: String = (0..count).map(address).collect();
        let view = Setup::default().zone("example.", &rows).view();
        let reply = padded("many.example. A", Transport::Tls, 0).of(&view);
        assert_eq!(reply.message().answers.len(), count);
        reply.bytes.len()
    };
    assert_eq!([1, 26, 27, 55, 56].map(of_count), [468, 468, 936, 936, 1404]);
    // So long that even an empty option reaches beyond the last whole block.
    let texts: String = (0..255).map(|n| format!("big TXT {}{n:03}\n", "y".repeat(238))).collect();
    let long = |letter: &str, last: usize| {
        [63, 63, 63, last].map(|length| letter.repeat(length)).join(".")
    };
    let (a, b, c) = (long("a", 1), long("b", 35), long("c", 36));
    let text = format!("{texts}{a} CNAME {b}\n{b} CNAME {c}\n{c} CNAME big\n");
    let view = Setup::default().zone("example.", &text).view();
    let question = format!("{a}.example. TXT");
    let plain = ask(&question).over(Transport::Tls).edns(1232, &[]).of(&view);
    assert!((65_517..=65_531).contains(&plain.bytes.len()), "{}", plain.bytes.len());
    let reply = padded(&question, Transport::Tls, 0).of(&view);
    assert_eq!(reply.message().answers, plain.message().answers);
    assert_eq!(reply.bytes.len(), 65_535);
}

/// Never more than the caller has room for, and never at the cost of what is asked.
#[test]
fn a_small_buffer_is_never_overrun() {
    let view = view();
    let wire = padded("t100.example. TXT", Transport::Tls, 0).wire();
    let plain = ask("t100.example. TXT").over(Transport::Tls).edns(1232, &[]).of(&view);
    for room in 0..1000 {
        let reply = reply_to(&view, &wire, Transport::Tls, [10, 0, 0, 1].into(), room);
        assert!(reply.bytes.len() <= room);
        if room >= plain.bytes.len() {
            let expected = if room < plain.bytes.len() + 4 { plain.bytes.len() } else { room };
            assert_eq!(reply.bytes.len(), expected.min(BLOCK_BYTES), "{room}");
            assert_eq!(reply.message().answers, plain.message().answers);
        }
    }
}
