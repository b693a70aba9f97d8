//! The first answer: not before every endpoint has been probed once, or has had the time for it.

use std::net::SocketAddr;
use std::process::Command;

use hickory_proto::rr::RecordType;

use crate::support::backend::{Backend, Manner, WELL, fresh_ip};
use crate::support::daemon::Start;
use crate::support::dns::{self, Reply};
use crate::support::http;
use crate::support::setup::{Setup, pool, steady, web};
use crate::support::wait::{until, until_eq};

const MAIN: &str = "192.0.2.1";
const SPARE: &str = "198.51.100.1";
const NAMES: &str = "www.failover = [\"main\", \"spare\"]\n";

/// Two pools, of which the first hangs: a probe of it takes so long.
fn hanging(server: &Backend, timeout: &str, more: &str) -> Setup {
    server.be(Manner::Hang);
    let patient = web().replace("timeout = \"1s\"", &format!("timeout = \"{timeout}\"\n{more}"));
    let patient = patient.replace("interval = \"1s\"", "interval = \"1m\"");
    let pools = patient + &pool("main", "web", MAIN, server.address) + &steady("spare", SPARE);
    Setup::steering(&pools, NAMES)
}

/// Whoever asks from the first moment on never hears of a pool that is down.
#[test]
fn the_first_answer_knows_what_is_down() {
    let server = Backend::http();
    let mut setup = hanging(&server, "1s", "");
    let address = SocketAddr::from((fresh_ip(), 5300));
    setup.listen = format!("[\"{address}\"]");
    let question = dns::question("www", RecordType::A);
    let socket = dns::udp_to(address);
    let asking = std::thread::spawn(move || {
        let bytes = question.to_vec().unwrap();
        let mut buffer = [0; 512];
        let first = until("the first answer", || {
            // Refused as long as nobody listens there.
            socket.send(&bytes).and_then(|_| socket.recv(&mut buffer)).map_err(|e| e.to_string())
        });
        Reply::read(&buffer[..first], &question).data()
    });
    let daemon = setup.start();
    assert_eq!(asking.join().unwrap(), [SPARE]);
    assert_eq!(daemon.check("/readyz"), 200);
}

#[test]
fn answers_wait_no_longer_than_the_start_timeout() {
    for (initial, answer) in [
        ("", MAIN),
        ("initial = \"last\"", MAIN),
        ("initial = \"up\"", MAIN),
        ("initial = \"down\"", SPARE),
    ] {
        let server = Backend::http();
        let mut setup = hanging(&server, "1m", initial);
        setup.dns = "start_timeout = \"300ms\"".into();
        let daemon = setup.start();
        let reply = daemon.ask("www", RecordType::A);
        assert_eq!((reply.data(), reply.ttl()), (vec![answer.into()], 1), "{initial}");
        assert_eq!(daemon.check("/readyz"), 503, "{initial}");
        assert_eq!(
            daemon
                .log
                .of("not every endpoint has been probed, and answers wait no longer: start_timeout")
                .len(),
            1
        );
        server.be(WELL);
        // The first outcome decides.
        daemon.wait_for_answer("www", MAIN);
        daemon.wait_until_ready();
    }
}

/// A verdict that is remembered holds until there is a first probe, whatever is thought of what was
/// never probed.
#[test]
fn a_remembered_verdict_beats_the_initial_one() {
    let server = Backend::http();
    let mut setup = hanging(&server, "1m", "initial = \"down\"");
    setup.dns = "start_timeout = \"300ms\"".into();
    server.be(WELL);
    let mut daemon = setup.ready();
    assert_eq!(daemon.answer("www"), [MAIN]);
    until("the verdict to be remembered", || {
        let journal = std::fs::read_to_string(daemon.path("state/verdicts.jsonl")).unwrap();
        if journal.contains("\"up\"") { Ok(()) } else { Err(journal) }
    });
    server.be(Manner::Hang);
    daemon.kill();
    let daemon = daemon.start_again();
    assert_eq!(daemon.answer("www"), [MAIN]);
}

/// The admin endpoint is open meanwhile, and says that it is not ready; and the order to stop is
/// heeded.
#[test]
fn a_daemon_that_starts_can_be_looked_at_and_stopped() {
    let server = Backend::http();
    let mut setup = hanging(&server, "1m", "");
    setup.dns = "start_timeout = \"1m\"".into();
    setup.write_config();
    let (mut child, log) = Start::default().begin(setup.path());
    let line = log.wait_for("probing once before the first answer", 1);
    let admin: SocketAddr = line["admin"].as_str().unwrap().parse().unwrap();
    let check = |path| http::request(admin, "GET", path, None, "").unwrap().status;
    assert_eq!((check("/healthz"), check("/readyz")), (200, 503));
    let id = child.id().to_string();
    assert!(
        Command::new("sh").args(["-c", "kill -s TERM \"$0\"", &id]).status().unwrap().success()
    );
    let ended = until("it to end", || child.try_wait().unwrap().ok_or_else(|| log.text()));
    assert_eq!(ended.code(), Some(0), "{}", log.text());
    until_eq(true, || log.has_ended());
    assert!(log.of("serving").is_empty());
}
