//! Whatever comes in, the daemon goes on answering, and its log tells of no panic.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;

use crate::support::daemon::{Daemon, Start};
use crate::support::dns::{self, Connection};
use crate::support::http;
use crate::support::setup::{Setup, steady};
use crate::support::wait::{until, until_eq};

fn daemon() -> Daemon {
    Setup::steering(
        &steady("main", "192.0.2.1"),
        "www.failover = [\"main\"]\n[\"*.any\"]\nfailover = [\"main\"]\n",
    )
    .ready()
}

/// The same numbers at each run (xorshift), so that what fails once fails again.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        let length = self.next() as usize % (most + 1);
        (0..length).map(|_| self.next() as u8).collect()
    }
}

#[track_caller]
fn expect_well(daemon: &Daemon) {
    for address in &daemon.dns {
        let question = dns::question("www", RecordType::A);
        assert_eq!(dns::ask(*address, &question).data(), ["192.0.2.1"]);
    }
    assert_eq!(daemon.metrics().sum("steersman_panics_total", &[]), 0.0);
    let log = daemon.log.text();
    assert!(!log.contains("panic"), "{log}");
}

/// Packets that are almost questions: each of them cut, and each with every byte changed.
fn spoilt() -> Vec<Vec<u8>> {
    let mut good = vec![
        dns::question("www", RecordType::A).to_vec().unwrap(),
        dns::question_from("a.b.any", RecordType::AAAA, "203.0.113.0/24").to_vec().unwrap(),
    ];
    let mut spoilt = Vec::new();
    for packet in &good {
        spoilt.extend((0..packet.len()).map(|length| packet[..length].to_vec()));
        for at in 0..packet.len() {
            for value in [0, 1, 0x3f, 0x40, 0x80, 0xc0, 0xff] {
                let mut packet = packet.clone();
                packet[at] = value;
                spoilt.push(packet);
            }
        }
    }
    // Names that point at themselves, at each other, forward, and into the header.
    let header = [0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for name in [
        &[0xc0, 12][..],
        &[0xc0, 14, 0xc0, 12],
        &[1, b'a', 0xc0, 12],
        &[0xc0, 0xff],
        &[0xff, 0xff],
        &[0xc0, 0],
        &[63; 300],
    ] {
        spoilt.push([&header[..], name, &[0, 1, 0, 1]].concat());
    }
    // Not questions: a response, many questions, an update.
    for (at, value) in [(2, 0x80), (5, 2), (2, 0x28), (7, 1), (9, 1), (11, 200)] {
        good[0][at] = value;
        spoilt.push(good[0].clone());
    }
    spoilt
}

#[test]
fn spoilt_packets_over_udp_harm_nobody() {
    let daemon = daemon();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let socket = dns::udp_to(daemon.dns[0]);
    let six = dns::udp_to(daemon.dns[1]);
    for (number, packet) in spoilt().iter().enumerate() {
        // ICMP may tell of an earlier packet.
        let _ = socket.send(packet);
        let _ = six.send(&numbers.bytes(1500));
        if number % 200 == 0 {
            expect_well(&daemon);
        }
    }
    let _ = socket.send(&[]);
    let _ = socket.send(&numbers.bytes(60_000));
    expect_well(&daemon);
    // Not one was taken for a question of another kind than it was.
    let metrics = daemon.metrics();
    assert!(metrics.sum("steersman_dropped_packets_total", &["reason=\"response\""]) >= 1.0);
    assert!(metrics.sum("steersman_answers_total", &["reason=\"malformed\""]) >= 1.0);
}

/// Responses are never answered: two servers would talk to each other for ever.
#[test]
fn a_response_gets_silence_and_a_question_behind_it_its_answer() {
    let daemon = daemon();
    let socket = dns::udp_to(daemon.dns[0]);
    let mut response = dns::question("www", RecordType::A);
    response.metadata.message_type = hickory_proto::op::MessageType::Response;
    let question = dns::question("www", RecordType::A);
    let first = until("a reply", || {
        socket.send(&response.to_vec().unwrap()).unwrap();
        socket.send(&question.to_vec().unwrap()).unwrap();
        let mut buffer = [0; 512];
        socket.recv(&mut buffer).map(|_| buffer).map_err(|error| error.to_string())
    });
    assert_eq!(first[..2], question.metadata.id.to_be_bytes());
}

#[test]
fn spoilt_frames_over_tcp_cost_their_own_connection_only() {
    let daemon = daemon();
    let at = daemon.dns[0];
    let mut good = Connection::open(at);
    let question = dns::question("www", RecordType::A);
    let mut numbers = Numbers(42);
    let spoilt = spoilt();
    for packets in spoilt.chunks(100) {
        let mut connection = Connection::open(at);
        for packet in packets {
            // It may be closed on us, and rightly so.
            let _ = connection.send(packet);
        }
        good.send(&question.to_vec().unwrap()).unwrap();
        good.receive().unwrap();
    }
    for _ in 0..20 {
        let mut stream = TcpStream::connect(at).unwrap();
        let _ = stream.write_all(&numbers.bytes(100_000));
    }
    expect_well(&daemon);
    let reply = dns::ask_tcp(at, &question);
    assert_eq!(reply.data(), ["192.0.2.1"]);
}

/// The longest frame there is: a question with 64 KiB of nonsense behind it, and the same as an
/// option that nobody knows.
#[test]
fn frames_of_64_kib_are_read_and_answered_in_bounds() {
    let daemon = daemon();
    let mut connection = Connection::open(daemon.dns[0]);
    let question = dns::question("www", RecordType::A);
    let mut frame = question.to_vec().unwrap();
    frame.resize(65_535, 7);
    connection.send(&frame).unwrap();
    let reply = dns::Reply::read(&connection.receive().unwrap(), &question);
    assert!(reply.bytes < 512, "{} bytes", reply.bytes);
    assert_eq!(reply.rcode(), ResponseCode::NoError);

    // OPT: root, 41, 1232 bytes, no flags, then all the room there is.
    let mut frame = question.to_vec().unwrap();
    frame[11] = 1;
    let room = 65_535 - frame.len() - 11;
    frame.extend([0, 0, 41, 4, 208, 0, 0, 0, 0]);
    frame.extend((room as u16).to_be_bytes());
    frame.extend([0xfd, 0xe9]);
    frame.extend(((room - 4) as u16).to_be_bytes());
    frame.resize(65_535, 7);
    for _ in 0..20 {
        connection.send(&frame).unwrap();
    }
    for _ in 0..20 {
        let reply = dns::Reply::read(&connection.receive().unwrap(), &question);
        assert_eq!(reply.data(), ["192.0.2.1"]);
    }
    expect_well(&daemon);
}

/// One client opens hundreds of connections and says nothing, or half of something.
#[test]
fn half_open_connections_are_bounded_and_let_go() {
    let mut setup = Setup::steering(&steady("main", "192.0.2.1"), "www.failover = [\"main\"]\n");
    setup.dns = "[dns.tcp]\nidle_timeout = \"3s\"\n".into();
    let daemon = setup.ready();
    let mut held: Vec<TcpStream> = Vec::new();
    // All are there when it comes to look, or on a busy machine the first would end by themselves.
    daemon.halt();
    for number in 0..400 {
        let mut stream = TcpStream::connect(daemon.dns[0]).unwrap();
        if number % 2 == 0 {
            let _ = stream.write_all(&[0, 30, 1]);
        }
        held.push(stream);
    }
    daemon.signal("CONT");
    let gauge = |name: &str, label: &[&str]| daemon.metrics().sum(name, label);
    // Each beyond its share took the place of one before.
    until_eq(true, || gauge("steersman_tcp_evicted_connections_total", &["client"]) >= 200.0);
    assert!(gauge("steersman_tcp_connections", &[]) <= 128.0);
    // Everybody else is served meanwhile.
    expect_well(&daemon);
    let mut other = Connection::open_from(Ipv4Addr::new(127, 0, 99, 1), daemon.dns[0]);
    let question = dns::question("www", RecordType::A);
    other.send(&question.to_vec().unwrap()).unwrap();
    other.receive().unwrap();
    // Their patience ends, though nobody closed anything.
    until_eq(0.0, || gauge("steersman_tcp_connections", &[]));
    drop(held);
    assert_eq!(dns::ask_tcp(daemon.dns[0], &question).data(), ["192.0.2.1"]);
}

#[test]
fn nonsense_to_the_admin_endpoint_is_refused() {
    let daemon = daemon();
    let mut numbers = Numbers(7);
    for _ in 0..20 {
        let _ = http::exchange(daemon.admin, &[numbers.bytes(2000), b"\r\n\r\n".to_vec()].concat());
    }
    let long = "a".repeat(1 << 20);
    for bytes in [
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        "GET\r\n\r\n".to_owned(),
        "\0\0\0\0\r\n\r\n".to_owned(),
        format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: x\r\nX: {long}\r\n\r\n"),
    ] {
        if let Ok(response) = http::exchange(daemon.admin, bytes.as_bytes()) {
            assert!((400..500).contains(&response.status), "{response:?}");
        }
    }
    for path in
        ["/../etc/passwd", "/api/v1/overrides/pool/%00", "/api/v1/overrides/%ff/x", "//", "*"]
    {
        let response = daemon.api("PUT", path, "{}");
        assert!((400..500).contains(&response.status), "{path}: {response:?}");
    }
    // Half a request each, on as many connections as a network may have: the oldest goes for one more.
    let mut held: Vec<TcpStream> =
        (0..448).map(|_| TcpStream::connect(daemon.admin).unwrap()).collect();
    for stream in &mut held {
        stream.write_all(b"GET /healthz HTT").unwrap();
    }
    assert_eq!(daemon.check("/healthz"), 200);
    assert!(matches!(held[0].read(&mut [0]), Ok(0) | Err(_)), "it is open still");
    assert_eq!(
        daemon.api("GET", "/api/v1/overrides", "").json()["overrides"],
        serde_json::json!([])
    );
    expect_well(&daemon);
}

/// Connections of DNS leave files for whatever else the daemon has to do.
#[test]
fn few_open_files_are_shared_out() {
    let setup = Setup::steering(&steady("main", "192.0.2.1"), "www.failover = [\"main\"]\n");
    let daemon = setup.start_by(&Start { before: Some("ulimit -n 96"), ..Start::default() });
    daemon.wait_until_ready();
    let crowd: Vec<_> = (0..200).map(|_| Connection::open(daemon.dns[0])).collect();
    let question = dns::question("www", RecordType::A);
    for _ in 0..5 {
        assert_eq!(dns::ask_tcp(daemon.dns[0], &question).data(), ["192.0.2.1"]);
        assert_eq!(daemon.check("/healthz"), 200);
        assert_eq!(daemon.reload().status, 200);
    }
    drop(crowd);
    let log = daemon.log.text();
    assert!(log.contains("dns.tcp.max_connections is more than half"), "{log}");
    expect_well(&daemon);
}
