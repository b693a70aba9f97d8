//! What comes back: held back by failback until a time or a person, over `kill -9` too, and let in
//! step by step by a ramp.

use std::fs;

use serde_json::Value;

use crate::support::backend::Backend;
use crate::support::daemon::Daemon;
use crate::support::setup::{Setup, pool, steady, web};
use crate::support::wait::{until, until_eq};

const MAIN: &str = "192.0.2.1";
const SPARE: &str = "198.51.100.1";
const HELD: &str = "a pool that had failed is up again, and failback holds it back";

fn main_and_spare(server: &Backend, names: &str) -> Daemon {
    let pools = web() + &pool("main", "web", MAIN, server.address) + &steady("spare", SPARE);
    Setup::steering(&pools, names).ready()
}

/// Dies and comes back, as probes see it.
fn fall_and_rise(server: &mut Backend, daemon: &Daemon) {
    server.kill();
    until_eq("down".into(), || daemon.endpoint("main")["verdict"].clone());
    server.revive();
    until_eq("up".into(), || daemon.endpoint("main")["verdict"].clone());
}

fn comeback(daemon: &Daemon) -> Value {
    let status = daemon.status();
    let pools = status["pools"].as_array().unwrap();
    pools.iter().find(|pool| pool["name"] == "main").unwrap()["comebacks"][0].clone()
}

#[test]
fn what_failed_waits_for_a_person_over_kill_9() {
    let mut server = Backend::http();
    let names = "[www]\nfailover = [\"main\", \"spare\"]\nfailback = \"manual\"\n\
                 [auto]\nfailover = [\"main\", \"spare\"]\n";
    let mut daemon = main_and_spare(&server, names);
    assert_eq!(daemon.answer("www"), [MAIN]);
    let refused = daemon.cli(&["failback", "main"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("no failback holds pool:main back"), "{refused:?}");

    fall_and_rise(&mut server, &daemon);
    daemon.wait_for_answer("auto", MAIN);
    assert_eq!(daemon.answer("www"), [SPARE]);
    let line = daemon.log.wait_for(HELD, 1);
    assert_eq!((&line["pool"], &line["family"]), (&"main".into(), &"a".into()));
    assert_eq!(comeback(&daemon)["failback"][0], "manual");
    assert_eq!(daemon.metrics().sum("steersman_pool_held_back", &["\"main\""]), 1.0);
    let status = daemon.cli_ok(&["status"]);
    assert!(status.contains("returned to by steersman failback main"), "{status}");
    let explained = daemon.cli_ok(&["explain", "www.example.com", "--live"]);
    let held = "is held back until steersman failback returns to it, while another is up";
    assert!(explained.contains(held) && explained.contains("up since 20"), "{explained}");

    let since = comeback(&daemon)["since"].clone();
    wait_for_journal(&daemon, "comebacks", "\"state\":\"back\",\"failed\":true");
    wait_for_journal(&daemon, "verdicts", "\"state\":\"up\"");
    daemon.kill();
    daemon = daemon.start_again();
    daemon.wait_for_answer("auto", MAIN);
    assert_eq!(daemon.answer("www"), [SPARE]);
    assert_eq!(comeback(&daemon)["since"], since);

    assert_eq!(daemon.cli_ok(&["failback", "main"]), "pool:main: returned to (A)\n");
    // The one question that follows, without waiting; and what is acknowledged is on disk.
    assert_eq!(daemon.answer("www"), [MAIN]);
    let audit = daemon.cli_ok(&["audit"]);
    assert!(
        audit.contains("alice at 127.0.0.1:") && audit.contains(": failback pool:main\n"),
        "{audit}"
    );
    daemon.kill();
    daemon = daemon.start_again();
    assert_eq!(daemon.answer("www"), [MAIN]);
    assert_eq!(comeback(&daemon), Value::Null);
    assert_eq!(daemon.metrics().sum("steersman_pool_held_back", &["\"main\""]), 0.0);
}

/// What the audit log has is done, and remembered as soon as there is where to.
#[test]
fn a_return_is_not_lost_with_the_journal_of_comebacks() {
    let mut server = Backend::http();
    let names = "[www]\nfailover = [\"main\", \"spare\"]\nfailback = \"manual\"\n";
    let mut daemon = main_and_spare(&server, names);
    fall_and_rise(&mut server, &daemon);
    daemon.log.wait_for(HELD, 1);
    assert_eq!(daemon.answer("www"), [SPARE]);
    wait_for_journal(&daemon, "comebacks", "\"state\":\"back\",\"failed\":true");
    fs::remove_file(daemon.path("state/comebacks.jsonl")).unwrap();
    daemon.cli_ok(&["failback", "main"]);
    assert_eq!(daemon.answer("www"), [MAIN]);
    assert!(daemon.cli_ok(&["audit"]).contains(": failback pool:main\n"));
    // Nothing is held back, so there is nothing to remember.
    until_eq(true, || daemon.path("state/comebacks.jsonl").exists());
    daemon.kill();
    daemon = daemon.start_again();
    assert_eq!(daemon.answer("www"), [MAIN]);
}

/// A comeback is written down a moment after answers follow it, since no disk may delay them.
#[track_caller]
fn wait_for_journal(daemon: &Daemon, journal: &str, what: &str) {
    let path = daemon.path(&format!("state/{journal}.jsonl"));
    until(&format!("{what} in {journal}"), || {
        let text = fs::read_to_string(&path).unwrap_or_default();
        let last = text.strip_suffix('\n').and_then(|text| text.lines().last());
        if last.is_some_and(|line| line.contains(what)) { Ok(()) } else { Err(text) }
    });
}

#[test]
fn what_failed_is_returned_to_when_its_time_has_passed() {
    let mut server = Backend::http();
    let names = "[www]\nfailover = [\"main\", \"spare\"]\nfailback = \"2s\"\n\
                 [long]\nfailover = [\"main\", \"spare\"]\nfailback = \"7d\"\n";
    let daemon = main_and_spare(&server, names);
    fall_and_rise(&mut server, &daemon);
    daemon.log.wait_for(HELD, 1);
    assert_eq!(daemon.answer("long"), [SPARE]);
    daemon.wait_for_answer("www", MAIN);
    assert_eq!(daemon.answer("long"), [SPARE]);
    let explained = daemon.cli_ok(&["explain", "long.example.com", "--live"]);
    assert!(explained.contains("is held back until it has been up for 7d"), "{explained}");
    until_eq("7d".into(), || comeback(&daemon)["failback"][0].clone());
    // It is no longer held back where the files say so.
    daemon.write("zones/example.com.toml", names.replace("7d", "1s"));
    assert_eq!(daemon.reload().status, 200);
    daemon.wait_for_answer("long", MAIN);
}

#[test]
fn a_ramp_goes_up_by_itself_and_says_how_far_it_is() {
    let mut server = Backend::http();
    let names = "[www]\nweighted = { main = 99, spare = 1 }\nramp = \"10s\"\n";
    let daemon = main_and_spare(&server, names);
    assert_eq!(comeback(&daemon), Value::Null);
    fall_and_rise(&mut server, &daemon);
    let mut seen = Vec::new();
    until("the ramp to end", || {
        let comeback = comeback(&daemon);
        if comeback == Value::Null && !seen.is_empty() {
            return Ok(());
        }
        let percent = comeback["ramp"][0]["percent"].as_u64();
        seen.extend(percent.filter(|percent| seen.last() != Some(percent)));
        Err(format!("{seen:?}"))
    });
    assert!(seen.is_sorted() && seen.len() > 1, "{seen:?}");
    assert!(seen.iter().all(|percent| percent % 10 == 0 && *percent < 100), "{seen:?}");
    let explained = daemon.cli_ok(&["explain", "www.example.com", "--live"]);
    assert!(!explained.contains("ramp over"), "{explained}");
}

/// What counts as down before its first probe has not failed: nobody has to return to it.
#[test]
fn what_was_never_probed_has_not_failed() {
    let server = Backend::http();
    let names = "[www]\nfailover = [\"main\", \"spare\"]\nfailback = \"manual\"\n";
    let pools = web() + "initial = \"down\"\n" + &pool("main", "web", MAIN, server.address);
    let daemon = Setup::steering(&(pools + &steady("spare", SPARE)), names).ready();
    assert_eq!(daemon.answer("www"), [MAIN]);
    assert!(comeback(&daemon).is_null(), "{}", comeback(&daemon));
}

/// It has failed by its own probes, whatever is known of what it requires.
#[test]
fn what_failed_itself_has_failed_though_nothing_was_heard_of_its_database() {
    let mut server = Backend::http();
    let names = "[www]\nfailover = [\"main\", \"spare\"]\nfailback = \"manual\"\n";
    let database = "[monitors.alive]\nheartbeat = {}\ninterval = \"1h\"\n\
                    [pools.db]\nmonitor = \"alive\"\nendpoints = [\"192.0.2.9\"]\n";
    let main = pool("main", "web", MAIN, server.address) + "requires = [\"db\"]\n";
    let pools = web() + &main + &steady("spare", SPARE) + database;
    let daemon = Setup::steering(&pools, names).ready();
    assert_eq!(daemon.answer("www"), [MAIN]);
    fall_and_rise(&mut server, &daemon);
    daemon.log.wait_for(HELD, 1);
    assert_eq!(daemon.answer("www"), [SPARE]);
}
