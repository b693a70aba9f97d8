//! TCP keepalive (RFC 7828).

use super::support::{IDLE, Setup, ask};
use crate::dns::{Reason, Transport};
use crate::view::View;

fn view() -> View {
    Setup::default().zone("example.", "www A 192.0.2.1").nsid(b"ns1").view()
}

const ANSWER: &str = "NOERROR aa; Q 600 A 192.0.2.1";

/// The idle time of the connection, rounded down to what the option can say.
#[test]
fn the_idle_time_is_told_over_tcp_to_those_who_ask() {
    assert_eq!(IDLE.as_millis(), 12_345);
    let www = || ask("www.example. A").tcp();
    let told = Some(123u16.to_be_bytes().to_vec());
    for options in [&[(11, &b""[..])][..], &[(11, b""), (11, b"")], &[(65_001, b""), (11, b"")]] {
        let reply = www().edns(1232, options).of(&view());
        assert_eq!((reply.text(), reply.option(11)), (ANSWER.into(), told.clone()));
        assert_eq!(reply.opt().unwrap().2.len(), 1);
    }
    for options in [&[][..], &[(3, &b""[..])], &[(12, b"")]] {
        assert_eq!(www().edns(1232, options).of(&view()).option(11), None);
    }
    // With failures too: the connection stays.
    let refused = ask("elsewhere. A").tcp().edns(1232, &[(11, b"")]).of(&view());
    assert_eq!((refused.text(), refused.option(11)), ("REFUSED".into(), told));
}

/// RFC 7828 3.3.1: without a connection the option must not matter, whatever is in it.
#[test]
fn over_udp_it_is_as_if_it_were_not_there() {
    for data in [&b""[..], b"\0\x64", b"x", &[0; 300]] {
        let reply = ask("www.example. A").edns(1232, &[(11, data), (3, b"")]).of(&view());
        assert_eq!(reply.text(), ANSWER, "{data:?}");
        assert_eq!(reply.opt().unwrap().2, [(3, b"ns1".to_vec())]);
    }
}

/// RFC 9250 4.3.3: there it ends the connection, whatever is in it and whatever else is wrong.
#[test]
fn over_quic_it_gets_silence() {
    let www = || ask("www.example. A").over(Transport::Quic);
    for options in [
        &[(11, &b""[..])][..],
        &[(11, b"\0\x64")],
        &[(11, b""), (11, b"")],
        &[(3, b""), (11, b"x"), (65_001, b"")],
    ] {
        for packet in [www(), www().flags(2 << 11)] {
            let reply = packet.edns(1232, options).of(&view());
            assert_eq!(reply.text(), "silence", "{options:?}");
            assert_eq!(reply.answered.reason, Reason::Malformed);
        }
    }
    let other = www().edns(1232, &[(3, b""), (12, b"")]).of(&view());
    assert_eq!((other.text(), other.option(3)), (ANSWER.into(), Some(b"ns1".to_vec())));
}

/// HTTPS has its own ways to keep a connection, and no rule against the option.
#[test]
fn over_https_it_is_passed_over() {
    for data in [&b""[..], b"\0\x64"] {
        let reply = ask("www.example. A").over(Transport::Https).edns(1232, &[(11, data)]);
        assert_eq!(reply.of(&view()).opt(), Some((1232, false, vec![])), "{data:?}");
    }
}

/// RFC 7828 3.2.1: it is for the server to tell a time.
#[test]
fn over_tcp_it_must_be_empty() {
    for options in [
        &[(11, &b"\0\x64"[..])][..],
        &[(11, b"x")],
        &[(11, &[0; 300])],
        &[(11, b""), (11, b"\0\0")],
        &[(11, b"\0\0"), (11, b"")],
        &[(3, b""), (11, b"\0\0")],
    ] {
        let reply = ask("www.example. A").tcp().edns(1232, options).of(&view());
        assert_eq!(reply.text(), "FORMERR", "{options:?}");
        assert_eq!(reply.extended_error().unwrap(), "0 bad keepalive length");
        assert_eq!(reply.opt().unwrap().2.len(), 1);
    }
    // What is wrong beside it comes first.
    let other = ask("www.example. A").flags(2 << 11).tcp().edns(1232, &[(11, b"\0\0")]);
    assert_eq!(other.of(&view()).text(), "NOTIMP");
    // Also beside a cookie without a question.
    let view = Setup::default().zone("example.", "").cookies(&[[1; 16]]).view();
    let options: &[(u16, &[u8])] = &[(10, b"12345678"), (11, b"\0\0")];
    let mut packet = ask("example. SOA").edns(1232, options);
    packet.questions.clear();
    assert_eq!(packet.of(&view).text(), "NOERROR");
    assert_eq!(packet.tcp().of(&view).text(), "FORMERR");
}
