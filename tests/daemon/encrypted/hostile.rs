//! Whatever comes in over encrypted transports, the daemon goes on answering.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpStream, UdpSocket};

use hickory_proto::op::Edns;
use hickory_proto::rr::RecordType;
use hickory_proto::rr::rdata::opt::EdnsOption;
use http::{Request, StatusCode};

use super::clients::{Doh, Doq, Dot, Pair};
use super::{at, expect_well, question, secured};
use crate::support::daemon::Daemon;
use crate::support::dns::{self, framed};
use crate::support::setup::Setup;

fn daemon(pair: &Pair) -> Daemon {
    secured(Setup::new(), pair, "").ready()
}

/// The same numbers at each run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn bytes(&mut self, most: usize) -> Vec<u8> {
        let mut next = || {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0
        };
        let length = next() as usize % (most + 1);
        (0..length).map(|_| next() as u8).collect()
    }
}

/// Questions that are almost good: each cut, and each with every byte changed.
fn spoilt() -> Vec<Vec<u8>> {
    let good = question();
    let mut spoilt: Vec<_> = (12..good.len()).map(|length| good[..length].to_vec()).collect();
    for at in 2..good.len() {
        for value in [0, 0x3f, 0x80, 0xc0, 0xff] {
            let mut packet = good.clone();
            packet[at] = value;
            spoilt.push(packet);
        }
    }
    spoilt
}

/// Plain TCP is the measure: what it answers, the others answer, and what it does not, neither do
/// they.
#[test]
fn spoilt_questions_get_what_they_get_over_tcp() {
    let pair = Pair::new();
    let daemon = daemon(&pair);
    let (mut tcp, mut dot, mut doh, mut doq) = (None, None, None, None);
    for packet in spoilt() {
        let expected = {
            let connection = tcp.get_or_insert_with(|| dns::Connection::open(daemon.dns[0]));
            connection.ask(&packet).ok()
        };
        let connection = dot.get_or_insert_with(|| Dot::open(at(&daemon, "dot"), &pair).unwrap());
        assert_eq!(connection.ask(&packet).ok(), expected, "over TLS: {packet:?}");
        let connection = doq.get_or_insert_with(|| Doq::open(at(&daemon, "doq"), &pair).unwrap());
        assert_eq!(connection.ask(&packet).ok(), expected, "over QUIC: {packet:?}");
        let connection = doh.get_or_insert_with(|| Doh::open(at(&daemon, "doh"), &pair).unwrap());
        for response in [connection.post(&packet).unwrap(), connection.get(&packet).unwrap()] {
            let answer = (response.status == StatusCode::OK).then_some(response.body);
            assert_eq!(answer, expected, "over HTTPS: {packet:?}");
            if answer.is_none() {
                assert_eq!(response.status, StatusCode::BAD_REQUEST);
            }
        }
        if expected.is_none() {
            // Closed, and rightly so; HTTP tells its errors apart.
            (tcp, dot, doq) = (None, None, None);
        }
    }
    expect_well(&daemon, &pair);
}

#[test]
fn bytes_that_are_no_tls_and_no_quic_harm_nobody() {
    let pair = Pair::new();
    let daemon = daemon(&pair);
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let quic = UdpSocket::bind("127.0.0.1:0").unwrap();
    for round in 0..100 {
        for transport in ["dot", "doh"] {
            let mut stream = TcpStream::connect(at(&daemon, transport)).unwrap();
            // Some begin as TLS does.
            let beginning: &[u8] = if round % 2 == 0 { &[22, 3, 3] } else { &[] };
            let _ = stream.write_all(&[beginning, &numbers.bytes(2000)].concat());
        }
        for first in [0, 0x40, 0xc0, 0xc3, 0xff] {
            // Some with the version of QUIC that is spoken.
            let packet = [&[first, 0, 0, 0, 1][..], &numbers.bytes(1400)].concat();
            let _ = quic.send_to(&packet, at(&daemon, "doq"));
        }
    }
    // Questions in the clear where TLS is spoken, and HTTP/1.1 within it.
    let _ = TcpStream::connect(at(&daemon, "dot")).unwrap().write_all(&framed(&question()));
    let mut old = Dot::open_with(at(&daemon, "doh"), pair.client(b"h2")).unwrap();
    let _ = old.0.write_all(b"GET /dns-query?dns=AAAA HTTP/1.1\r\nHost: x\r\n\r\n");
    // It is told so by frames of HTTP/2, and then nothing more.
    let mut rest = Vec::new();
    let ended = old.0.read_to_end(&mut rest);
    assert!(!matches!(&ended, Err(error) if error.kind() == ErrorKind::WouldBlock), "{ended:?}");
    assert!(!rest.starts_with(b"HTTP/1.1"), "{rest:?}");
    expect_well(&daemon, &pair);
}

/// Within TLS: frames of HTTP/2 that make no sense, and frames of DNS that do not either.
#[test]
fn nonsense_within_tls_harms_nobody() {
    let pair = Pair::new();
    let daemon = daemon(&pair);
    let mut numbers = Numbers(42);
    for _ in 0..50 {
        let mut http = Dot::open_with(at(&daemon, "doh"), pair.client(b"h2")).unwrap();
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
        let _ = http.0.write_all(&[&preface[..], &numbers.bytes(3000)].concat());
        let mut dot = Dot::open(at(&daemon, "dot"), &pair).unwrap();
        let _ = dot.0.write_all(&numbers.bytes(3000));
    }
    // The longest frame there is.
    let mut longest = question();
    longest.resize(65_535, 7);
    let expected = Dot::open(at(&daemon, "dot"), &pair).unwrap().ask(&longest).unwrap();
    let doq = Doq::open(at(&daemon, "doq"), &pair).unwrap();
    assert_eq!(doq.ask(&longest).unwrap(), expected);
    let mut doh = Doh::open(at(&daemon, "doh"), &pair).unwrap();
    assert_eq!(doh.post(&longest).unwrap().body, expected);
    longest.push(7);
    assert_eq!(doh.post(&longest).unwrap().status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(doh.post(&question()).unwrap().status, StatusCode::OK);
    expect_well(&daemon, &pair);
}

/// RFC 9250 4.3.3: these end the connection.
#[test]
fn what_quic_forbids_ends_the_connection() {
    let pair = Pair::new();
    let daemon = daemon(&pair);
    let mut numbered = question();
    numbered[1] = 1;
    let twice = [framed(&question()), framed(&question())].concat();
    let good = framed(&question());
    let keepalive = |data: &[u8]| {
        let mut message = dns::question("fixed", RecordType::A);
        message.metadata.id = 0;
        let mut edns = Edns::new();
        edns.options_mut().insert(EdnsOption::Unknown(11, data.to_vec()));
        message.set_edns(edns);
        framed(&message.to_vec().unwrap())
    };
    for (what, bytes) in [
        ("an id", framed(&numbered)),
        ("two questions", twice),
        ("half a question", good[..good.len() - 1].to_vec()),
        ("half a length", vec![0]),
        ("nothing", Vec::new()),
        ("less than a header", framed(&[0; 11])),
        ("a keepalive option", keepalive(&[])),
        ("a keepalive option with a time", keepalive(&[0, 100])),
        ("a response", framed(&[0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
    ] {
        let doq = Doq::open(at(&daemon, "doq"), &pair).unwrap();
        assert!(doq.exchange(&bytes).is_err(), "{what}");
        let why = doq.runtime.block_on(doq.connection.closed());
        let quinn::ConnectionError::ApplicationClosed(close) = why else {
            panic!("{what}: {why:?}");
        };
        // DOQ_PROTOCOL_ERROR
        assert_eq!(close.error_code, 2u32.into(), "{what}");
    }
    expect_well(&daemon, &pair);
}

#[test]
fn http_errors_are_told_by_their_status() {
    let pair = Pair::new();
    let daemon = daemon(&pair);
    let mut doh = Doh::open(at(&daemon, "doh"), &pair).unwrap();
    let path = "https://x/dns-query";
    let encoded = data_encoding::BASE64URL_NOPAD.encode(&question());
    let request = |method: &str, uri: &str, kind: &str| {
        let request = Request::builder().method(method).uri(uri);
        request.header("content-type", kind).body(()).unwrap()
    };
    let dns = "application/dns-message";
    for (method, uri, kind, body, status) in [
        ("GET", format!("{path}?dns={encoded}"), "", &[][..], 200),
        ("GET", format!("{path}?dns={encoded}="), "", &[], 400),
        ("GET", path.to_owned(), "", &[], 400),
        ("GET", format!("{path}?dns="), "", &[], 400),
        ("GET", "https://x/".to_owned(), "", &[], 404),
        ("POST", path.to_owned(), "text/plain", &question(), 415),
        ("POST", path.to_owned(), dns, &[], 400),
        ("POST", "https://x/dns".to_owned(), dns, &question(), 404),
        ("PUT", path.to_owned(), dns, &question(), 405),
        ("HEAD", format!("{path}?dns={encoded}"), "", &[], 405),
    ] {
        let response = doh.exchange(request(method, &uri, kind), body).unwrap();
        assert_eq!(response.status.as_u16(), status, "{method} {uri} {kind}");
        if status == 405 {
            assert_eq!(response.headers["allow"], "GET, POST");
        }
    }
    let long = format!("{path}?dns={}", "A".repeat(10_000));
    let refused = doh.exchange(request("GET", &long, ""), &[]);
    assert!(refused.as_ref().map_or(true, |r| r.status == 431), "{refused:?}");
    // A client may keep the answer for itself as long as its TTLs allow.
    let mut doh = Doh::open(at(&daemon, "doh"), &pair).unwrap();
    let response = doh.post(&question()).unwrap();
    assert_eq!(response.headers["content-type"], dns);
    assert_eq!(response.headers["cache-control"], "private, max-age=300");
    let mut nope = dns::question("nope", RecordType::A);
    nope.metadata.id = 0;
    let response = doh.get(&nope.to_vec().unwrap()).unwrap();
    assert_eq!(response.headers["cache-control"], "private, max-age=60");
}
