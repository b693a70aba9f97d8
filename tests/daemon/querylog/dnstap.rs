//! dnstap.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use hickory_proto::rr::RecordType;
use serde_json::Value;

use super::collector::{Collector, are_installed, messages};
use super::wait_for_metric;
use crate::encrypted::clients::{Doh, Doq, Dot, Pair};
use crate::encrypted::{at, question, secured};
use crate::support::daemon::Daemon;
use crate::support::dns;
use crate::support::setup::Setup;
use crate::support::wait::until_eq;
use crate::upgrade::successor;

const SENT: &str = "steersman_dnstap_samples_total";
const DROPPED: &str = "steersman_dnstap_dropped_samples_total";
const CONNECTED: &str = "steersman_dnstap_connected";

/// A daemon that tells all to a socket `tap` in its folder.
fn tapped(more: &str) -> Setup {
    let mut setup = Setup::new();
    setup.dns += &format!("nsid = \"ns1\"\n[dnstap]\nsocket = \"tap\"\n{more}\n");
    setup
}

fn wait_until_connected(daemon: &Daemon) {
    until_eq(1.0, || daemon.metrics().sum(CONNECTED, &[]));
}

/// The time on the clock of files.
fn now(folder: &Path) -> SystemTime {
    let file = folder.join("clock");
    fs::write(&file, "").unwrap();
    file.metadata().unwrap().modified().unwrap()
}

fn time(of: &Value) -> SystemTime {
    of.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().into()
}

/// Over each transport: the very bytes, who and where, when, and by which way.
#[test]
fn others_read_what_was_asked_and_answered() {
    if !are_installed() {
        return;
    }
    let pair = Pair::new();
    let setup = secured(tapped("identity = \"here\""), &pair, "");
    let folder = setup.path().to_owned();
    let (socket, file) = (folder.join("tap"), folder.join("frames"));
    let collector = Collector::start(&socket, &file);
    let mut daemon = setup.ready();
    wait_until_connected(&daemon);
    let before = now(&folder);
    let asked = question();
    let udp = dns::exchange(daemon.dns[0], &asked, false);
    let tcp = dns::exchange(daemon.dns[0], &asked, true);
    let dot = Dot::open(at(&daemon, "dot"), &pair).unwrap().ask(&asked).unwrap();
    let doh = Doh::open(at(&daemon, "doh"), &pair).unwrap().post(&asked).unwrap().body;
    let doq = Doq::open(at(&daemon, "doq"), &pair).unwrap().ask(&asked).unwrap();
    wait_for_metric(&daemon, SENT, &[], 5.0);
    let after = now(&folder);
    assert_eq!(daemon.metrics().sum(DROPPED, &[]), 0.0);
    // A response gets no reply, and is told of all the same.
    let mut response = asked.clone();
    response[2] |= 0x80;
    dns::udp_to(daemon.dns[0]).send(&response).unwrap();
    wait_for_metric(&daemon, SENT, &[], 6.0);
    daemon.signal("TERM");
    assert!(daemon.end().success());
    collector.end();

    let bytes = fs::read(&file).unwrap();
    for reply in [&udp, &tcp, &dot, &doh.to_vec(), &doq] {
        assert!(bytes.windows(reply.len()).any(|part| part == &reply[..]), "{reply:?}");
    }
    let told = messages(&file);
    assert_eq!(told.len(), 11, "{told:?}");
    let servers = [
        ("UDP", daemon.dns[0]),
        ("TCP", daemon.dns[0]),
        ("DOT", at(&daemon, "dot")),
        ("DOH", at(&daemon, "doh")),
        ("", at(&daemon, "doq")),
    ];
    for (both, (protocol, server)) in told.chunks(2).zip(servers) {
        for (one, kind) in both.iter().zip(["AUTH_QUERY", "AUTH_RESPONSE"]) {
            assert_eq!(one["identity"], "here", "{one}");
            assert_eq!(one["version"], concat!("steersman ", env!("CARGO_PKG_VERSION")));
            let message = &one["message"];
            assert_eq!(message["type"], kind, "{one}");
            assert_eq!(message["socket_family"], "INET", "{one}");
            // The reader is older than the number of QUIC.
            if !protocol.is_empty() {
                assert_eq!(message["socket_protocol"], protocol, "{one}");
            }
            assert_eq!(message["query_address"], "127.0.0.1", "{one}");
            assert_eq!(message["response_address"], server.ip().to_string(), "{one}");
            assert_eq!(message["response_port"], server.port(), "{one}");
            assert!(message["query_port"].as_u64().unwrap() > 0, "{one}");
            let slack = Duration::from_secs(1);
            let asked_at = time(&message["query_time"]);
            assert!(before - slack <= asked_at && asked_at <= after + slack, "{one}");
            if kind == "AUTH_RESPONSE" {
                assert!(time(&message["response_time"]) >= asked_at, "{one}");
                let text = message["response_message"].as_str().unwrap();
                assert!(text.contains("fixed.example.com.\t300\tIN\tA\t192.0.2.99"), "{text}");
            } else {
                let text = message["query_message"].as_str().unwrap();
                assert!(text.contains(";fixed.example.com.\tIN\t A"), "{text}");
            }
        }
    }
    assert_eq!(told[10]["message"]["type"], "AUTH_QUERY");
}

#[test]
fn only_what_is_wanted_is_told_and_by_chance() {
    if !are_installed() {
        return;
    }
    let setup = tapped("queries = false\nsample = 0.2");
    let (socket, file) = (setup.path().join("tap"), setup.path().join("frames"));
    let collector = Collector::start(&socket, &file);
    let mut daemon = setup.ready();
    wait_until_connected(&daemon);
    for _ in 0..1000 {
        daemon.ask("fixed", RecordType::A);
    }
    daemon.signal("TERM");
    assert!(daemon.end().success());
    collector.end();
    let told = messages(&file);
    assert!(told.iter().all(|one| one["message"]["type"] == "AUTH_RESPONSE"));
    assert!(told.iter().all(|one| one["identity"] == "ns1"));
    // Of 1000 by 0.2 each: what is further away happens once in 10^9 times.
    assert!((122..=278).contains(&told.len()), "{}", told.len());
}

/// It may go, come back, stop, and go on: only copies are lost, and counted.
#[test]
fn whatever_the_collector_does_questions_are_answered() {
    if !are_installed() {
        return;
    }
    let setup = tapped("");
    let long: String = (0..240).map(|n| format!("long TXT {}{n:03}\n", "y".repeat(238))).collect();
    setup.write("zones/example.com.zone", format!("{}{long}", crate::support::setup::ZONE));
    let folder = setup.path().to_owned();
    let (socket, file) = (folder.join("tap"), folder.join("frames"));
    let mut daemon = setup.ready();
    let answered = || assert_eq!(daemon.answer("fixed"), ["192.0.2.99"]);
    answered();
    wait_for_metric(&daemon, DROPPED, &["disconnected"], 1.0);
    assert_eq!(daemon.log.of("no dnstap collector, will go on trying").len(), 1);
    let status = daemon.cli_ok(&["status"]);
    assert!(status.contains("dnstap to tap: NOT NOW (No such file or directory"), "{status}");

    let collector = Collector::start(&socket, &file);
    wait_until_connected(&daemon);
    answered();
    wait_for_metric(&daemon, SENT, &[], 1.0);
    collector.signal("STOP");
    // Until the socket and the rings are full.
    let mut asked = 0;
    until_eq(true, || {
        for _ in 0..20 {
            dns::ask_tcp(daemon.dns[0], &dns::question("long", RecordType::TXT));
            answered();
            asked += 2;
        }
        daemon.metrics().sum(DROPPED, &["full"]) > 0.0
    });
    assert_eq!(daemon.metrics().sum(CONNECTED, &[]), 1.0);
    collector.signal("CONT");
    let all = |wanted: f64| {
        let metrics = daemon.metrics();
        let seen = metrics.sum(SENT, &[]) + metrics.sum(DROPPED, &[]);
        assert!(seen <= wanted, "{seen} {wanted}");
        seen == wanted
    };
    // That before there was a collector, and that to it.
    until_eq(true, || all(f64::from(asked + 2)));

    drop(collector);
    until_eq(0.0, || daemon.metrics().sum(CONNECTED, &[]));
    answered();
    fs::remove_file(&socket).unwrap();
    let again = folder.join("again");
    let collector = Collector::start(&socket, &again);
    wait_until_connected(&daemon);
    answered();
    until_eq(true, || all(f64::from(asked + 4)));
    let status = daemon.cli_ok(&["status"]);
    assert!(status.contains(" sent, ") && !status.contains("NOT NOW"), "{status}");
    daemon.signal("TERM");
    assert!(daemon.end().success());
    collector.end();
    assert!(!messages(&again).is_empty());
}

/// A collector that says something else, or nothing, or is none.
#[test]
fn what_does_not_speak_as_a_collector_is_left_alone() {
    use std::io::{Read as _, Write as _};
    use std::os::unix::net::UnixListener;
    let setup = tapped("");
    let listener = UnixListener::bind(setup.path().join("tap")).unwrap();
    let daemon = setup.ready();
    let accept =
        [&[0, 0, 0, 0, 0, 0, 0, 17, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 5][..], b"other"].concat();
    for (said, why) in [
        (b"HTTP/1.1 400\r\n".to_vec(), "the collector does not speak Frame Streams"),
        ([[0; 4], [0xff; 4]].concat(), "the collector does not speak Frame Streams"),
        (accept, "it does not take dnstap"),
        (Vec::new(), "it has closed the connection"),
    ] {
        let (mut stream, _) = listener.accept().unwrap();
        let mut ready = [0; 42];
        stream.read_exact(&mut ready).unwrap();
        assert!(ready.ends_with(b"protobuf:dnstap.Dnstap"));
        stream.write_all(&said).unwrap();
        drop(stream);
        until_eq(Some(why.to_owned()), || {
            daemon.status()["dnstap"]["trouble"].as_str().map(str::to_owned)
        });
        assert_eq!(daemon.answer("fixed"), ["192.0.2.99"]);
    }
    assert_eq!(daemon.log.of("no dnstap collector, will go on trying").len(), 1);
    // It accepts, and then says nothing: neither answers nor the end wait for it.
    let (_silent, _) = listener.accept().unwrap();
    assert_eq!(daemon.answer("fixed"), ["192.0.2.99"]);
    let mut daemon = daemon;
    daemon.signal("TERM");
    assert!(daemon.end().success());
}

#[test]
fn a_process_that_takes_over_has_a_connection_of_its_own() {
    if !are_installed() {
        return;
    }
    let setup = tapped("");
    let (socket, file) = (setup.path().join("tap"), setup.path().join("frames"));
    let collector = Collector::start(&socket, &file);
    let daemon = setup.ready();
    wait_until_connected(&daemon);
    assert_eq!(daemon.answer("fixed"), ["192.0.2.99"]);
    daemon.signal("USR2");
    let next = successor(&daemon, 1);
    wait_until_connected(&daemon);
    assert_eq!(daemon.answer("alias"), ["www.example.com."]);
    wait_for_metric(&daemon, SENT, &[], 1.0);
    next.signal("TERM");
    until_eq(1, || daemon.log.of("stopped").len());
    collector.end();
    let told = messages(&file);
    let names: Vec<bool> = told
        .iter()
        .filter_map(|one| one["message"]["query_message"].as_str())
        .map(|text| text.contains("alias.example.com."))
        .collect();
    assert_eq!(names, [false, true]);
}
