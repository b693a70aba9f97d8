//! Clients that are many, silent or slow: they are bounded and let go, and hold up nobody else.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use hickory_proto::rr::RecordType;
use http::{Request, StatusCode};

use super::clients::{Doh, Doq, Dot, Pair};
use super::{at, expect_well, question, secured};
use crate::support::daemon::Daemon;
use crate::support::dns::{self, framed};
use crate::support::setup::Setup;
use crate::support::wait::{begin, until_eq};

/// The sum of a metric over a transport.
fn gauge(daemon: &Daemon, name: &str, transport: &str) -> f64 {
    let name = format!("steersman_encrypted_{name}");
    daemon.metrics().sum(&name, &[&format!("transport=\"{transport}\"")])
}

fn open(daemon: &Daemon) -> f64 {
    ["dot", "doh", "doq"].map(|transport| gauge(daemon, "connections", transport)).iter().sum()
}

/// A relay to a server of QUIC that passes on the first packet of a client, and nothing else: the
/// server waits for a client that says no more.
struct Mute {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Mute {
    fn new(server: SocketAddr) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = socket.local_addr().unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut outward = Vec::new();
            let mut known = Vec::new();
            let mut packet = [0; 2000];
            while !stopped.load(Ordering::SeqCst) {
                let Ok((length, from)) = socket.recv_from(&mut packet) else { continue };
                if !known.contains(&from) {
                    let own = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
                    own.send_to(&packet[..length], server).unwrap();
                    known.push(from);
                    outward.push(own);
                }
            }
        });
        Self { address, stop, thread: Some(thread) }
    }
}

impl Drop for Mute {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        drop(self.thread.take().map(thread::JoinHandle::join));
    }
}

/// Begins so many handshakes of QUIC, none of which goes on.
fn begin_mute(address: SocketAddr, count: usize, pair: &Pair) -> impl Drop + use<> {
    struct Clients(Vec<thread::JoinHandle<()>>, Arc<AtomicBool>);
    impl Drop for Clients {
        fn drop(&mut self) {
            self.1.store(true, Ordering::SeqCst);
            self.0.drain(..).for_each(|client| client.join().unwrap());
        }
    }
    let stop = Arc::new(AtomicBool::new(false));
    let crypto = pair.client(b"doq");
    let crypto = quinn::crypto::rustls::QuicClientConfig::try_from(crypto).unwrap();
    let config = quinn::ClientConfig::new(Arc::new(crypto));
    let stopped = Arc::clone(&stop);
    let client = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut held = Vec::new();
            for _ in 0..count {
                let mut client = quinn::Endpoint::client((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
                client.set_default_client_config(config.clone());
                held.push((client.connect(address, "ns1.example.com").unwrap(), client));
            }
            while !stopped.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
    });
    Clients(vec![client], stop)
}

/// One client that says no more after its first packet, or many of them, hold up nobody: neither
/// those whose handshake comes next, nor those beyond what may be open unproven.
#[test]
fn silent_handshakes_of_quic_hold_up_nobody() {
    let pair = Pair::new();
    let daemon = secured(Setup::new(), &pair, "").ready();
    let mute = Mute::new(at(&daemon, "doq"));
    let _clients = begin_mute(mute.address, 200, &pair);
    let since = begin();
    for _ in 0..5 {
        let doq = Doq::open(at(&daemon, "doq"), &pair).unwrap();
        doq.ask(&question()).unwrap();
    }
    // One after the other they would take 5 s for each silent one before them.
    let took = since.elapsed();
    assert!(took < Duration::from_secs(25), "it took {took:?}");
    // They are given up, and take nobody's place meanwhile.
    until_eq(true, || gauge(&daemon, "failed_handshakes_total", "doq") >= 32.0);
    assert_eq!(gauge(&daemon, "evicted_connections_total", "doq"), 0.0);
    expect_well(&daemon, &pair);
}

/// One client opens hundreds of connections and says nothing, or half of something.
#[test]
fn silent_connections_are_bounded_and_let_go() {
    let pair = Pair::new();
    let daemon = secured(Setup::new(), &pair, "idle_timeout = \"2s\"").ready();
    let (dot, doh) = (at(&daemon, "dot"), at(&daemon, "doh"));
    let mut tcp = Vec::new();
    // All are there when it comes to look, or on a busy machine the first would end by themselves.
    daemon.halt();
    for number in 0..300 {
        let mut stream = TcpStream::connect(if number % 2 == 0 { dot } else { doh }).unwrap();
        if number % 3 == 0 {
            // The beginning of a handshake.
            let _ = stream.write_all(&[22, 3, 1, 2, 0, 1]);
        }
        tcp.push(stream);
    }
    daemon.signal("CONT");
    let evicted = || {
        ["dot", "doh"].map(|t| gauge(&daemon, "evicted_connections_total", t)).iter().sum::<f64>()
    };
    // Each beyond its share took the place of one before.
    until_eq(true, || evicted() >= 172.0);
    assert!(open(&daemon) <= 128.0);
    expect_well(&daemon, &pair);
    drop(tcp);
    // Silent ones that are as far as they can be without a question: over HTTPS without its
    // preface, with it, and with the head of a request.
    let mut tls = Dot::open_with(doh, pair.client(b"h2")).unwrap();
    let mut half = Dot::open(dot, &pair).unwrap();
    half.0.write_all(&framed(&question())[..20]).unwrap();
    let idle = Doh::open(doh, &pair).unwrap();
    let mut headed = Doh::open(doh, &pair).unwrap();
    let head = Request::post("https://x/dns-query");
    let head = head.header("content-type", "application/dns-message").body(()).unwrap();
    let _request = headed.requests.send_request(head, false).unwrap();
    let doq = Doq::open(at(&daemon, "doq"), &pair).unwrap();
    let _stream = doq.runtime.block_on(async {
        let (mut send, receive) = doq.connection.open_bi().await.unwrap();
        send.write_all(&framed(&question())[..20]).await.unwrap();
        (send, receive)
    });
    assert!(open(&daemon) >= 5.0);
    // Their patience ends, though nobody closed anything.
    until_eq(0.0, || open(&daemon));
    assert!(
        matches!(half.receive(), Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof)
    );
    let mut rest = Vec::new();
    let _ = tls.0.read_to_end(&mut rest);
    drop((idle, headed, doq));
    expect_well(&daemon, &pair);
}

/// Few connections for all: whoever comes gets the place of the one that asked longest ago, and
/// the connections of plain TCP are others.
#[test]
fn places_go_to_whoever_asks() {
    let pair = Pair::new();
    let daemon = secured(Setup::new(), &pair, "max_connections = 4").ready();
    let mut plain = dns::Connection::open(daemon.dns[0]);
    let mut first = Dot::open(at(&daemon, "dot"), &pair).unwrap();
    let second = Doq::open(at(&daemon, "doq"), &pair).unwrap();
    let mut third = Doh::open(at(&daemon, "doh"), &pair).unwrap();
    let mut fourth = Dot::open(at(&daemon, "dot"), &pair).unwrap();
    until_eq(4.0, || open(&daemon));
    first.ask(&question()).unwrap();
    // Where each question has a stream of its own, the one before has been noted by then.
    for _ in 0..2 {
        second.ask(&question()).unwrap();
        third.post(&question()).unwrap();
    }
    // The fourth has never asked.
    let mut fifth = Dot::open(at(&daemon, "dot"), &pair).unwrap();
    fifth.ask(&question()).unwrap();
    assert!(fourth.ask(&question()).is_err());
    // Of the others, the first has asked longest ago.
    let sixth = Doq::open(at(&daemon, "doq"), &pair).unwrap();
    sixth.ask(&question()).unwrap();
    assert!(first.ask(&question()).is_err());
    second.ask(&question()).unwrap();
    third.post(&question()).unwrap();
    assert!(open(&daemon) <= 4.0);
    plain.ask(&question()).unwrap();
}

/// With a record set of 40 KB.
fn with_long_set() -> Setup {
    let setup = Setup::new();
    let long: String =
        (0..300).map(|n| format!("many TXT \"{n} {}\"\n", "x".repeat(120))).collect();
    setup.write("zones/example.com.zone", crate::support::setup::ZONE.to_owned() + &long);
    setup
}

/// The question for it.
fn many() -> Vec<u8> {
    let mut many = dns::question("many", RecordType::TXT);
    many.metadata.id = 0;
    many.to_vec().unwrap()
}

/// Whoever takes no answers is cut off, however long the connection may be idle.
#[test]
fn those_who_take_no_answers_are_cut_off() {
    let pair = Pair::new();
    let daemon = secured(with_long_set(), &pair, "idle_timeout = \"1h\"").ready();
    let many = many();
    // Over TLS: nobody reads, until the daemon's own buffers are full.
    let mut dot = Dot::open(at(&daemon, "dot"), &pair).unwrap();
    dot.0.sock.set_nonblocking(true).unwrap();
    let mut sent = 0;
    while dot.send(&many).is_ok() && sent < 20_000 {
        sent += 1;
    }
    until_eq(0.0, || gauge(&daemon, "connections", "dot"));
    // Over HTTPS and QUIC: a client without any window for the answer. Its other questions are
    // answered meanwhile, or after.
    let mut doh = Doh::open_with(at(&daemon, "doh"), &pair, 0).unwrap();
    let reset = doh.get(&many).unwrap_err();
    assert_eq!(reset.reason(), Some(h2::Reason::CANCEL), "{reset}");
    let doq = Doq::open_with(at(&daemon, "doq"), &pair, 100).unwrap();
    let reset = doq.runtime.block_on(async {
        let (mut send, mut receive) = doq.connection.open_bi().await.unwrap();
        send.write_all(&framed(&many)).await.unwrap();
        send.finish().unwrap();
        receive.received_reset().await.unwrap()
    });
    assert_eq!(reset, Some(5u32.into()), "DOQ_UNSPECIFIED_ERROR");
    doq.ask(&question()).unwrap();
    expect_well(&daemon, &pair);
}

/// While a long answer waits to be taken, requests come and are taken back: nothing is kept of
/// them, and none is answered later.
#[test]
fn requests_that_are_taken_back_are_forgotten() {
    let pair = Pair::new();
    let daemon = secured(with_long_set(), &pair, "idle_timeout = \"1h\"").ready();
    // The long answer does not wait for ever, and after it come those that wait behind it: whoever
    // is too slow to take them back is answered, and tries again.
    let taken_back_in_time = (0..20).any(|_| {
        let answered = || daemon.metrics().sum("steersman_answers_total", &["transport=\"doh\""]);
        let before = answered();
        let in_time = takes_back_behind_a_long_answer(&daemon, &pair);
        assert!(!in_time || answered() - before == 1.0, "what was taken back is answered");
        in_time
    });
    assert!(taken_back_in_time);
    expect_well(&daemon, &pair);
}

/// Sends a hundred requests behind an answer that is not taken, and takes them back. Returns whether
/// all of that happened before the server had enough of waiting.
fn takes_back_behind_a_long_answer(daemon: &Daemon, pair: &Pair) -> bool {
    let doh = Doh::open_with(at(daemon, "doh"), pair, 0).unwrap();
    let uri = |question: &[u8]| {
        let question = data_encoding::BASE64URL_NOPAD.encode(question);
        format!("https://ns1.example.com/dns-query?dns={question}")
    };
    let send = |uri: &str| {
        let head = Request::get(uri).body(()).unwrap();
        let requests = doh.requests.clone();
        doh.runtime.block_on(async { requests.ready().await?.send_request(head, true) }).unwrap().0
    };
    let (_, mut body) = doh.runtime.block_on(send(&uri(&many()))).unwrap().into_parts();
    for _ in 0..10 {
        let taken_back: Vec<_> = (0..10).map(|_| send(&uri(&question()))).collect();
        // When this one is refused, those before have been read.
        let refused = send("https://ns1.example.com/elsewhere");
        drop(taken_back);
        let refused = doh.runtime.block_on(refused).unwrap();
        assert_eq!(refused.status(), StatusCode::NOT_FOUND);
    }
    let waits = doh
        .runtime
        .block_on(async { tokio::time::timeout(Duration::ZERO, body.data()).await.is_err() });
    if waits {
        let reset = doh.runtime.block_on(body.data()).unwrap().unwrap_err();
        assert_eq!(reset.reason(), Some(h2::Reason::CANCEL), "{reset}");
    }
    waits
}
