//! How long a reply may be, and what happens to one that would be longer.

use super::support::{Packet, Setup, ask, ask_wire, name, reply_to};
use crate::dns::Transport;
use crate::steering::AllDown;
use crate::view::View;
use crate::wire::Rcode;

/// `n.example.` has n addresses, each of which takes 16 bytes.
fn addresses(counts: &[usize]) -> View {
    let rows: String = counts
        .iter()
        .flat_map(|n| (0..*n).map(move |i| format!("n{n} A 10.{}.{}.1\n", i / 256, i % 256)))
        .collect();
    Setup::default().zone("example.", &rows).view()
}

/// The length of the question part of these replies.
fn before(n: usize) -> usize {
    12 + name(&format!("n{n}.example.")).as_wire().len() + 4
}

fn n(count: usize) -> Packet {
    ask(&format!("n{count}.example. A"))
}

#[test]
fn udp_without_edns_has_512_bytes() {
    let view = addresses(&[29, 30]);
    assert_eq!(before(29), 29);
    for (count, length) in [(29, Some(29 + 29 * 16)), (30, Some(509))] {
        let reply = n(count).of(&view);
        assert_eq!(Some(reply.bytes.len()), length);
    }
    let view = addresses(&[31]);
    let reply = n(31).of(&view);
    assert_eq!(reply.text(), "NOERROR aa tc");
    assert_eq!(reply.bytes.len(), before(31));
    assert_eq!(n(31).tcp().of(&view).message().answers.len(), 31);
}

#[test]
fn udp_with_edns_has_what_the_asker_takes_and_1232_bytes_at_most() {
    let view = addresses(&[29, 30, 50, 74, 75]);
    for (count, size, whole) in [
        (29, 0, true),
        (29, 512, true),
        // 29 + 480 + 11 for OPT.
        (30, 519, false),
        (30, 520, true),
        (50, 839, false),
        (50, 840, true),
        (74, 1223, false),
        (74, 1224, true),
        (74, 65_535, true),
        (75, 65_535, false),
    ] {
        let reply = n(count).edns(size, &[]).of(&view);
        assert_eq!(reply.opt(), Some((1232, false, vec![])));
        let message = reply.message();
        assert_eq!(message.metadata.truncation, !whole, "{count} {size}");
        assert_eq!(message.answers.len(), if whole { count } else { 0 });
        assert!(reply.bytes.len() <= usize::from(size).clamp(512, 1232));
    }
    // Options of the reply need room as well.
    let subnet: (u16, &[u8]) = (8, &[0, 1, 24, 0, 10, 1, 2]);
    assert!(n(30).edns(530, &[subnet]).of(&view).message().metadata.truncation);
    let reply = n(30).edns(531, &[subnet]).of(&view);
    assert_eq!((reply.bytes.len(), reply.scope()), (531, Some(0)));
}

#[test]
fn tcp_has_64_kib() {
    // 65,023 bytes is the most that one set may have.
    let count = 65_023 / 16;
    let view = addresses(&[count]);
    let reply = n(count).edns(512, &[]).tcp().of(&view);
    assert_eq!(reply.message().answers.len(), count);
    assert!(reply.opt().is_some());
    assert!(!reply.message().metadata.truncation);
    assert_eq!(n(count).edns(4096, &[]).of(&view).text(), "NOERROR aa tc");
}

/// A reply that not even TCP can hold is a failure, not half a set.
#[test]
fn what_does_not_fit_into_tcp_fails() {
    let strings = |n: usize| {
        (0..n).map(|i| format!("big TXT {}{i:03}\n", "y".repeat(238))).collect::<String>()
    };
    let long = "l".repeat(60);
    let links: String =
        (0..14).map(|i| format!("c{i}.{long}.{long} CNAME c{}.{long}.{long}\n", i + 1)).collect();
    let text = format!("{}{links}c14.{long}.{long} CNAME big\n", strings(255));
    let view = Setup::default().zone("example.", &text).view();
    assert_eq!(ask("big.example. TXT").tcp().of(&view).message().answers.len(), 255);
    let reply = ask(&format!("c0.{long}.{long}.example. TXT")).edns(512, &[]).tcp().of(&view);
    assert_eq!(reply.text(), "SERVFAIL");
    assert_eq!(reply.extended_error().unwrap(), "0 answer over 64 KiB");
}

/// RFC 9471: glue without which nobody could go on must fit, other addresses need not.
#[test]
fn referrals_are_truncated_only_for_glue_that_is_needed() {
    let rows = |host: &str, count: usize| {
        let addresses: String =
            (0..count).map(|i| format!("{host} A 10.0.{}.{}\n", i / 256, i % 256)).collect();
        format!("cut NS {host}\n{addresses}")
    };
    let ask_cut = || ask("x.cut.example. A");
    let needed = Setup::default().zone("example.", &rows("ns.cut", 40)).view();
    assert_eq!(ask_cut().of(&needed).text(), "NOERROR tc");
    assert_eq!(ask_cut().edns(1232, &[]).of(&needed).message().additionals.len(), 40);
    assert_eq!(ask_cut().tcp().of(&needed).message().additionals.len(), 40);
    let helpful = Setup::default().zone("example.", &rows("ns", 40)).view();
    assert_eq!(ask_cut().of(&helpful).text(), "NOERROR; ! cut.example. 600 NS ns.example.");
    assert_eq!(ask_cut().edns(1232, &[]).of(&helpful).message().additionals.len(), 40);
}

#[test]
fn steered_sets_are_truncated_too() {
    let many: Vec<String> = (0..100).map(|i| format!("192.0.2.{i}")).collect();
    let many: Vec<&str> = many.iter().map(|text| &**text).collect();
    let view = Setup::default()
        .pool(&many)
        .zone("example.", "")
        .steer("www.example.", super::support::pool(0), AllDown::Serve)
        .view();
    let cut = ask("www.example. A").edns(1232, &[]).of(&view);
    // What nobody was told is not counted as chosen.
    assert_eq!((&*cut.text(), cut.answered.slot), ("NOERROR aa tc", None));
    let whole = ask("www.example. A").tcp().of(&view);
    assert_eq!((whole.message().answers.len(), whole.answered.slot), (100, Some(0)));
}

/// Where only the SOA does not fit, the response code is known all the same.
#[test]
fn the_response_code_survives_truncation() {
    let long = "l".repeat(63);
    let links: String = (1000..1002)
        .map(|i| format!("c{i}.{long}.{long} CNAME c{}.{long}.{long}\n", i + 1))
        .collect();
    let view = Setup::default().zone("example.", &links).view();
    let packet = ask(&format!("c1000.{long}.{long}.example. A"));
    let whole = packet.clone().tcp().of(&view);
    assert_eq!(whole.bytes.len(), 513);
    assert_eq!(whole.message().answers.len(), 2);
    assert!(whole.text().starts_with("NXDOMAIN aa; "));
    assert_eq!(packet.of(&view).text(), "NXDOMAIN aa tc");
}

/// The longest question with the longest options leaves room for its own repetition.
#[test]
fn the_longest_question_always_fits() {
    let label = [&[63][..], &[b'a'; 63]].concat();
    let longest = [&label.repeat(3)[..], &[61], &[b'a'; 61], b"\0"].concat();
    assert_eq!(longest.len(), 255);
    let view = Setup::default().zone(".", "").nsid(&[b'n'; 128]).view();
    let v6 = [&[0, 2, 128, 0][..], &[7; 16]].concat();
    let packet = ask_wire(&longest, 1);
    let reply = packet.clone().edns(512, &[(3, b""), (8, &v6)]).of(&view);
    assert_eq!(reply.rcode(), Rcode::NXDOMAIN);
    assert_eq!(reply.opt().unwrap().2.len(), 2);
    assert!(reply.bytes.len() <= 512, "{}", reply.bytes.len());
    assert_eq!(packet.of(&view).text(), "NXDOMAIN aa; ! . 300 SOA");
}

/// Never more than the caller has room for.
#[test]
fn a_small_buffer_is_never_overrun() {
    let view = addresses(&[20]);
    let wire = n(20).edns(1232, &[]).wire();
    for room in 0..400 {
        for transport in [Transport::Udp, Transport::Tcp] {
            let reply = reply_to(&view, &wire, transport, [10, 0, 0, 1].into(), room);
            assert!(reply.bytes.len() <= room);
            if !reply.bytes.is_empty() {
                reply.message();
            }
        }
    }
}
