//! Idle connections to what is probed: what their end lets be seen at once, and that it costs nobody
//! anything.

use crate::support::backend::{Backend, Habit};
use crate::support::daemon::Daemon;
use crate::support::setup::{Setup, pool, steady};
use crate::support::wait::{until, until_eq};

const MAIN: &str = "192.0.2.1";
const SPARE: &str = "198.51.100.1";

/// Without a hint the next probe would come long after the test.
const SELDOM: &str = "interval = \"1h\"\ntimeout = \"5s\"\n";
/// The first failure counts.
const HASTY: &str = "interval = \"1s\"\ntimeout = \"1s\"\nfall = 1\n";

fn www(server: &Backend, settings: &str) -> Daemon {
    let monitors = format!("[monitors.web]\nhttp = {{}}\n{settings}");
    let pools = format!(
        "{monitors}{}{}",
        pool("main", "web", MAIN, server.address),
        steady("spare", SPARE)
    );
    Setup::steering(&pools, "www.failover = [\"main\", \"spare\"]\n").ready()
}

fn probes(daemon: &Daemon) -> usize {
    daemon.metrics().sum("steersman_probes_total", &[]) as usize
}

#[test]
fn a_process_that_dies_and_comes_back_is_seen_without_waiting_for_the_next_probe() {
    let mut server = Backend::http();
    let daemon = www(&server, SELDOM);
    daemon.wait_for_answer("www", MAIN);
    until_eq(1, || server.open());
    server.kill();
    daemon.wait_for_answer("www", SPARE);
    assert_eq!(daemon.endpoint("main")["last_error"], "connect refused");
    server.revive();
    daemon.wait_for_answer("www", MAIN);
    until_eq(1, || server.open());
    server.kill();
    daemon.wait_for_answer("www", SPARE);
}

#[test]
fn without_a_watch_there_is_no_connection() {
    let server = Backend::http();
    let daemon = www(&server, &format!("{HASTY}watch = false\n"));
    until_eq(true, || server.requests() >= 4);
    assert_eq!((server.idle_ended(), server.open()), (0, 0));
    daemon.wait_for_answer("www", MAIN);
}

/// The end of a connection is no verdict, and a server that ends all of them is not probed for it.
#[test]
fn a_server_that_ends_idle_connections_stays_up_and_is_left_in_peace() {
    let server = Backend::http();
    server.treat_idle(Habit::EndsIdle);
    let daemon = www(&server, &format!("{SELDOM}fall = 1\n"));
    until("some connections to have ended", || match server.idle_ended() {
        0..4 => Err(format!("{}", server.idle_ended())),
        _ => Ok(()),
    });
    // The first, and no more hints than may come at once.
    let probes = probes(&daemon);
    assert!((2..=4).contains(&probes), "{probes} probes");
    assert_eq!(daemon.endpoint("main")["verdict"], "up");
    assert!(daemon.endpoint("main")["last_error"].is_null());
    assert_eq!(daemon.log.of("verdict changed").len(), 1);
}

/// An idle connection would keep such a server from everybody else.
#[test]
fn a_server_that_serves_one_connection_at_a_time_stays_up_and_is_soon_left_alone() {
    let server = Backend::http();
    server.treat_idle(Habit::OneAtATime);
    let daemon = www(&server, HASTY);
    until_eq(1, || server.idle_ended());
    let before = probes(&daemon);
    until_eq(true, || probes(&daemon) >= before + 4);
    assert_eq!(server.idle_ended(), 1, "no other connection");
    assert!(daemon.endpoint("main")["last_error"].is_null(), "{}", daemon.endpoint("main"));
    assert_eq!(daemon.answer("www"), [MAIN]);
}

#[test]
fn an_endpoint_that_a_reload_removes_loses_its_connection() {
    let server = Backend::http();
    let daemon = www(&server, SELDOM);
    until_eq(1, || server.open());
    daemon.write("zones/pools.toml", steady("main", MAIN) + &steady("spare", SPARE));
    assert_eq!(daemon.reload().status, 200);
    until_eq(0, || server.open());
}
