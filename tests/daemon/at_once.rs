//! Questions, wishes, reloads and crowds at the same time.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use hickory_proto::rr::RecordType;

use crate::support::backend::Backend;
use crate::support::daemon::Start;
use crate::support::dns::{self, Connection};
use crate::support::setup::{Setup, ZONE, pool, steady, web};
use crate::support::wait::{until, until_eq};

const MAIN: &str = "192.0.2.1";
const SPARE: &str = "198.51.100.1";
const NAMES: &str = "www.failover = [\"main\", \"spare\"]\n";

/// While files, overrides and verdicts change, every question gets one of the answers that were
/// right at some time, and all of it.
#[test]
fn no_question_is_lost_or_half_answered_while_everything_changes() {
    let server = Backend::http();
    let pools = web() + &pool("main", "web", MAIN, server.address) + &steady("spare", SPARE);
    let setup = Setup::steering(&pools, NAMES);
    let pair = |last: u8| format!("{ZONE}pair A 192.0.2.{last}\npair A 192.0.3.{last}\n");
    setup.write("zones/example.com.zone", pair(0));
    let daemon = setup.ready();
    let (done, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for address in &daemon.dns {
            let (done, asked) = (&done, &asked);
            scope.spawn(move || {
                while !done.load(Ordering::SeqCst) {
                    let data = dns::ask(*address, &dns::question("pair", RecordType::A)).data();
                    let last: Vec<_> = data.iter().map(|a| a.rsplit('.').next()).collect();
                    assert!(last.len() == 2 && last[0] == last[1], "{data:?}");
                    let data = dns::ask_tcp(*address, &dns::question("www", RecordType::A)).data();
                    assert!(data == [MAIN] || data == [SPARE], "{data:?}");
                    asked.fetch_add(2, Ordering::SeqCst);
                }
            });
        }
        for round in 1..=15 {
            daemon.write("zones/example.com.zone", pair(round));
            assert_eq!(daemon.reload().status, 200);
            daemon.set("pool:main", if round % 2 == 0 { "up" } else { "down" });
        }
        done.store(true, Ordering::SeqCst);
    });
    assert!(asked.load(Ordering::SeqCst) > 15, "{asked:?}");
    assert_eq!(daemon.answer("pair"), ["192.0.2.15", "192.0.3.15"]);
    // Each was loaded once: the watcher does not load again what was loaded on command.
    daemon.log.wait_for("reloaded", 15);
    assert_eq!(daemon.log.of("reloaded").len(), 15, "{}", daemon.log.text());
}

/// A large zone takes its time to load; a drain must not wait for that.
#[test]
fn an_override_does_not_wait_for_a_long_reload() {
    let setup = Setup::steering(&(steady("main", MAIN) + &steady("spare", SPARE)), NAMES);
    let daemon = setup.ready();
    let mut zone = ZONE.to_owned();
    for number in 0..100_000 {
        writeln!(zone, "h{number} A 192.0.2.1").unwrap();
    }
    daemon.write("zones/example.com.zone", zone);
    let over = AtomicBool::new(false);
    let wishes = thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!(daemon.reload().status, 200);
            over.store(true, Ordering::SeqCst);
        });
        let mut wishes = 0;
        while !over.load(Ordering::SeqCst) {
            daemon.set("pool:main", "down");
            assert_eq!(daemon.answer("www"), [SPARE]);
            daemon.clear("pool:main");
            assert_eq!(daemon.answer("www"), [MAIN]);
            wishes += 2;
        }
        wishes
    });
    assert!(wishes > 4, "only {wishes} were taken while it loaded");
    assert_eq!(daemon.answer("h99999"), ["192.0.2.1"]);
}

/// With no descriptors left, what is open goes on, UDP too; the rest comes back with them.
#[test]
fn running_out_of_descriptors_is_no_end() {
    let server = Backend::http();
    let pools = web() + &pool("main", "web", MAIN, server.address) + &steady("spare", SPARE);
    let start = Start { before: Some("ulimit -n 48"), ..Start::default() };
    let daemon = Setup::steering(&pools, NAMES).start_by(&start);
    daemon.wait_for_answer("www", MAIN);
    let question = dns::question("www", RecordType::A);
    let mut early = Connection::open(daemon.dns[0]);
    early.send(&question.to_vec().unwrap()).unwrap();
    early.receive().unwrap();
    let crowd: Vec<TcpStream> =
        (0..100).map(|_| TcpStream::connect(daemon.dns[0]).unwrap()).collect();
    daemon.log.wait_for("cannot accept TCP connections, will go on trying", 1);
    // Probes cannot be made either, which says nothing of the endpoint.
    assert_eq!(daemon.answer("www"), [MAIN]);
    early.send(&question.to_vec().unwrap()).unwrap();
    early.receive().unwrap();
    drop(crowd);
    assert_eq!(dns::ask_tcp(daemon.dns[0], &question).data(), [MAIN]);
    until_eq("up".into(), || daemon.endpoint("main")["verdict"].clone());
    assert_eq!(daemon.answer("www"), [MAIN]);
}

/// Somebody asks and asks, and never reads what comes back.
#[test]
fn a_client_that_never_reads_is_cut_off() {
    let setup = Setup::new();
    let text = format!("\"{}\" ", "x".repeat(250)).repeat(40);
    setup.write("zones/example.com.zone", format!("{ZONE}big TXT {text}\n"));
    let daemon = setup.ready();
    let packet = dns::question("big", RecordType::TXT).to_vec().unwrap();
    let frame = [&(packet.len() as u16).to_be_bytes()[..], &packet].concat().repeat(100);
    let mut stream = TcpStream::connect(daemon.dns[0]).unwrap();
    stream.set_write_timeout(Some(std::time::Duration::from_millis(100))).unwrap();
    until("the connection to be closed", || {
        use std::io::ErrorKind::{TimedOut, WouldBlock};
        match stream.write(&frame) {
            Ok(_) => Err("still taken"),
            Err(error) if matches!(error.kind(), WouldBlock | TimedOut) => Err("full"),
            Err(_) => Ok(()),
        }
        .map_err(str::to_owned)
    });
    until_eq(0.0, || daemon.metrics().sum("steersman_tcp_connections", &[]));
    assert_eq!(daemon.answer("fixed"), ["192.0.2.99"]);
}
