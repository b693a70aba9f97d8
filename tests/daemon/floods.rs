//! Floods, bounded in number: what the daemon gives to whoever may have forged its address, and
//! what it tells the operator.

use std::net::UdpSocket;
use std::time::Duration;

use hickory_proto::op::Message;
use hickory_proto::rr::RecordType;

use crate::support::daemon::Daemon;
use crate::support::dns::{self, Connection};
use crate::support::setup::{Setup, steady};
use crate::support::wait::{until, until_eq};

/// Loopback is as good as any other network here.
fn limited(dns: &str) -> Daemon {
    let mut setup = Setup::steering(
        &steady("main", "192.0.2.1"),
        "www.failover = [\"main\"]\n[\"*.any\"]\nfailover = [\"main\"]\n",
    );
    setup.dns = format!("[dns.rate_limit]\nexempt = []\n{dns}");
    setup.ready()
}

/// What came back of so many questions.
#[derive(Debug, Default)]
struct Harvest {
    asked: usize,
    whole: usize,
    truncated: usize,
    asked_bytes: usize,
    received_bytes: usize,
}

/// Asks from one socket, a few at a time so that no buffer overflows.
fn flood(daemon: &Daemon, count: usize, question: impl Fn(usize) -> Message) -> Harvest {
    let socket = dns::udp_to(daemon.dns[0]);
    let mut harvest = Harvest::default();
    let before = dropped(daemon);
    for batch in 0..count.div_ceil(50) {
        for n in batch * 50..count.min(batch * 50 + 50) {
            let packet = question(n).to_vec().unwrap();
            harvest.asked_bytes += packet.len();
            harvest.asked += 1;
            socket.send(&packet).unwrap();
        }
        until("each question to be answered or dropped", || {
            receive(&socket, &mut harvest);
            let done = harvest.whole + harvest.truncated + (dropped(daemon) - before) as usize;
            if done == harvest.asked { Ok(()) } else { Err(format!("{done} in {harvest:?}")) }
        });
    }
    harvest
}

fn receive(socket: &UdpSocket, harvest: &mut Harvest) {
    socket.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    let mut buffer = [0; 2048];
    while let Ok(length) = socket.recv(&mut buffer) {
        let reply = Message::from_vec(&buffer[..length]).unwrap();
        harvest.received_bytes += length;
        if reply.metadata.truncation {
            assert_eq!((reply.answers.len(), reply.authorities.len()), (0, 0));
            harvest.truncated += 1;
        } else {
            harvest.whole += 1;
        }
    }
}

fn dropped(daemon: &Daemon) -> f64 {
    daemon.metrics().sum("steersman_dropped_packets_total", &["reason=\"rate_limited\""])
}

#[test]
fn a_flood_is_limited_and_told_and_tcp_still_answers() {
    let daemon = limited("responses_per_second = 2\n");
    let names = |n: usize| dns::question(&format!("nope{n}"), RecordType::A);
    let Harvest { asked, whole, truncated, asked_bytes, received_bytes } =
        flood(&daemon, 1_000, names);
    // Most of it, for it did not take a minute.
    assert!(whole + truncated < asked * 3 / 4, "{whole} and {truncated}");
    assert!(truncated >= asked / 4, "{truncated}");
    assert!(received_bytes < 2 * asked_bytes, "{received_bytes} for {asked_bytes}");

    let metrics = daemon.metrics();
    let actions = |action: &str| metrics.sum("steersman_rate_limited_replies_total", &[action]);
    assert_eq!(actions("slipped"), truncated as f64);
    assert_eq!(actions("dropped"), (asked - whole - truncated) as f64);
    let told = daemon.log.wait_for(
        "replies are limited: these networks, or whoever forges their addresses, ask for more \
         than dns.rate_limit allows",
        1,
    );
    assert_eq!((&told["level"], &told["networks"]), (&"WARN".into(), &"127.0.0.0/24".into()));
    assert!(told["dropped"].as_u64() > Some(0), "{told}");

    // An asker that is told so comes by TCP.
    assert_eq!(
        dns::ask_tcp(daemon.dns[0], &dns::question("www", RecordType::A)).data(),
        ["192.0.2.1"]
    );
}

/// Nobody has to ask for a limit. Ten times the rate in questions for ten times as many names is
/// within it, the same for one name is not.
#[test]
fn the_default_rate_answers_many_names_and_limits_one() {
    let daemon = limited("");
    let harvest = flood(&daemon, 500, |n| dns::question(&format!("{n}.any"), RecordType::A));
    assert_eq!((harvest.whole, harvest.truncated), (500, 0));
    let harvest = flood(&daemon, 2_000, |_| dns::question("www", RecordType::A));
    assert!(harvest.truncated > 0, "{harvest:?}");
}

#[test]
fn no_limit_is_no_limit() {
    let daemon = limited("responses_per_second = 0\n");
    let harvest = flood(&daemon, 1_000, |_| dns::question("www", RecordType::A));
    assert_eq!((harvest.whole, harvest.truncated), (1_000, 0));
}

#[test]
fn loopback_is_exempt_by_default() {
    let daemon = Setup::new().ready();
    let harvest = flood(&daemon, 2_000, |_| dns::question("fixed", RecordType::A));
    assert_eq!((harvest.whole, harvest.truncated), (2_000, 0));
}

/// A resolver that never lets go of its connection has to make a new one now and then, and loses
/// no answer by that.
#[test]
fn connections_end_with_their_lifetime() {
    let mut setup = Setup::new();
    setup.dns = "[dns.tcp]\nmax_lifetime = \"1s\"\nmax_connections_per_network = 2\n".into();
    let daemon = setup.ready();
    let question = dns::question("fixed", RecordType::A);
    let mut connection = Connection::open(daemon.dns[0]);
    until("the connection to end", || {
        let asked = connection.send(&question.to_vec().unwrap());
        match asked.and_then(|()| connection.receive()) {
            Ok(reply) => Err(format!("{:?}", dns::Reply::read(&reply, &question).data())),
            Err(_) => Ok(()),
        }
    });
    assert_eq!(dns::ask_tcp(daemon.dns[0], &question).data(), ["192.0.2.99"]);
    // Two of one network at a time.
    let _crowd: Vec<_> = (0..5).map(|_| Connection::open(daemon.dns[0])).collect();
    until_eq(true, || {
        let metrics = daemon.metrics();
        let count =
            |how: &str| metrics.sum(&format!("steersman_tcp_{how}_connections_total"), &["client"]);
        count("evicted") + count("refused") >= 3.0
    });
}
