//! An orderly end over encrypted transports: what has arrived is answered.

use std::fs;
use std::net::SocketAddr;

use bytes::Bytes;

use super::clients::{Doh, Doq, Dot, Pair, together};
use super::{at, question, secured};
use crate::support::dns::framed;
use crate::support::setup::Setup;
use crate::support::wait::{begin, until};

const QUESTIONS: usize = 20;

/// How many bytes have arrived at a port of 127.0.0.1 and are not read yet.
fn unread(server: SocketAddr) -> usize {
    let connections = fs::read_to_string("/proc/net/tcp").unwrap();
    let local = format!("0100007F:{:04X}", server.port());
    let of_server = connections.lines().filter_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let [address, _peer, state, queues] = std::array::from_fn(|_| fields.next());
        let is_open = address == Some(&local) && state == Some("01");
        let (_, unread) = queues.filter(|_| is_open)?.split_once(':')?;
        usize::from_str_radix(unread, 16).ok()
    });
    of_server.sum()
}

/// The daemon stands still while questions and the order to stop pile up before it.
#[test]
fn whatever_arrived_before_the_stop_is_answered() {
    let pair = Pair::new();
    let mut daemon = secured(Setup::new(), &pair, "").ready();
    let mut dot = Dot::open(at(&daemon, "dot"), &pair).unwrap();
    let mut doh = Doh::open(at(&daemon, "doh"), &pair).unwrap();
    let doq = Doq::open(at(&daemon, "doq"), &pair).unwrap();
    let expected = dot.ask(&question()).unwrap();
    assert_eq!(doh.post(&question()).unwrap().body, expected);
    assert_eq!(doq.ask(&question()).unwrap(), expected);

    daemon.halt();
    for _ in 0..QUESTIONS {
        dot.send(&question()).unwrap();
    }
    let sent_before = doq.connection.stats().frame_tx.stream;
    let streams = together(&doq.runtime, async {
        let mut streams = Vec::new();
        for _ in 0..QUESTIONS {
            let (mut send, receive) = doq.connection.open_bi().await.unwrap();
            send.write_all(&framed(&question())).await.unwrap();
            send.finish().unwrap();
            streams.push(receive);
        }
        streams
    });
    let encoded = data_encoding::BASE64URL_NOPAD.encode(&question());
    let responses = together(&doh.runtime, async {
        let mut responses = Vec::new();
        for _ in 0..QUESTIONS {
            let mut requests = doh.requests.clone().ready().await.unwrap();
            let head = http::Request::get(format!("https://x/dns-query?dns={encoded}"));
            let (response, _) = requests.send_request(head.body(()).unwrap(), true).unwrap();
            responses.push(response);
        }
        responses
    });
    // Both leave by tasks of their own: each request is of 13 bytes at least, and each question on a
    // stream a frame. What has been sent on loopback has arrived.
    until("the requests to arrive", || match unread(at(&daemon, "doh")) {
        bytes if bytes >= 13 * QUESTIONS => Ok(()),
        bytes => Err(format!("{bytes} bytes")),
    });
    until("the streams to be sent", || {
        match doq.connection.stats().frame_tx.stream - sent_before {
            frames if frames >= QUESTIONS as u64 => Ok(()),
            frames => Err(format!("{frames} frames")),
        }
    });
    daemon.signal("TERM");
    daemon.signal("CONT");

    for _ in 0..QUESTIONS {
        assert_eq!(dot.receive().unwrap(), expected);
    }
    assert!(dot.receive().is_err());
    for response in responses {
        let body = doh.runtime.block_on(async {
            let mut body = response.await.unwrap().into_body();
            let mut bytes: Vec<u8> = Vec::new();
            while let Some(piece) = body.data().await {
                let piece: Bytes = piece.unwrap();
                bytes.extend_from_slice(&piece);
            }
            bytes
        });
        assert_eq!(body, expected);
    }
    for mut receive in streams {
        let reply = doq.runtime.block_on(receive.read_to_end(65_537)).unwrap();
        assert_eq!(reply, framed(&expected));
    }
    assert_eq!(daemon.end().code(), Some(0));
    // The client was told, not left to find out.
    let why = doq.runtime.block_on(doq.connection.closed());
    assert!(matches!(why, quinn::ConnectionError::ApplicationClosed(_)), "{why:?}");
    assert!(Dot::open(at(&daemon, "dot"), &pair).is_err());
}

/// Those who only hold connections open do not hold up the end.
#[test]
fn nobody_holds_up_the_end() {
    let pair = Pair::new();
    let mut daemon = secured(Setup::new(), &pair, "").ready();
    let _mute = std::net::TcpStream::connect(at(&daemon, "dot")).unwrap();
    let _idle = Dot::open(at(&daemon, "dot"), &pair).unwrap();
    let _no_preface = Dot::open_with(at(&daemon, "doh"), pair.client(b"h2")).unwrap();
    let _doh = Doh::open(at(&daemon, "doh"), &pair).unwrap();
    let doq = Doq::open(at(&daemon, "doq"), &pair).unwrap();
    let _stream = doq.runtime.block_on(async {
        let (mut send, receive) = doq.connection.open_bi().await.unwrap();
        send.write_all(&framed(&question())[..20]).await.unwrap();
        (send, receive)
    });
    let since = begin();
    daemon.signal("TERM");
    assert!(daemon.end().success());
    let took = since.elapsed();
    assert!(took.as_secs() < 8, "it took {took:?}");
}
