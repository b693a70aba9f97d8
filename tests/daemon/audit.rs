//! Who changed what: by the command, over the API, in the file.

use std::fs;

use crate::events::Events;
use crate::support::backend::{Backend, Manner, WELL};
use crate::support::daemon::{Daemon, run};
use crate::support::setup::{Setup, ZONE, pool, steady, web};
use crate::support::wait::until_eq;

const MAIN: &str = "192.0.2.1";
const SPARE: &str = "198.51.100.1";
const NAMES: &str = "www.failover = [\"main\", \"spare\"]\n";

fn daemon() -> Daemon {
    let pools = steady("main", MAIN) + &steady("spare", SPARE);
    Setup::steering(&pools, NAMES).ready()
}

/// The last words of each line: what was done.
fn done(text: &str) -> Vec<String> {
    let entries = text.lines().filter(|line| line.starts_with(' '));
    entries.map(|line| line.splitn(4, ": ").skip(1).collect::<Vec<_>>().join(": ")).collect()
}

#[test]
fn every_change_is_shown_with_whoever_made_it() {
    let mut daemon = daemon();
    assert_eq!(daemon.cli_ok(&["audit"]), "nothing has been changed yet\n");
    daemon.cli_ok(&["drain", "pool:main", "--reason", "kernel: update"]);
    daemon.set("pool:main", "down");
    daemon.cli_ok(&["clear", "pool:main"]);
    let revision = daemon.status()["revision"].as_str().unwrap().to_owned();
    daemon.reload();
    daemon.write("zones/example.com.zone", format!("{ZONE}other A 192.0.2.7\n"));
    daemon.reload();
    let new = daemon.status()["revision"].as_str().unwrap().to_owned();
    let text = daemon.cli_ok(&["audit"]);
    let wanted = [
        "drain pool:main until it is cleared: kernel: update".to_owned(),
        "down pool:main until it is cleared: a test".into(),
        "clear pool:main, which was down".into(),
        format!("revision {new} in place of {revision}"),
    ];
    assert_eq!(done(&text), wanted, "{text}");
    let by: Vec<&str> = text.lines().filter_map(|line| line.split_whitespace().nth(2)).collect();
    assert_eq!(by[..3], ["alice", "admin", "alice"], "{text}");

    let shown: serde_json::Value =
        serde_json::from_str(&daemon.cli_ok(&["audit", "--json"])).unwrap();
    let page = daemon.api("GET", "/api/v1/audit", "").json();
    assert_eq!(page["entries"], shown["entries"]);
    assert_eq!((&page["head"], &page["length"]), (&shown["head"], &4.into()));
    assert!(text.ends_with(&format!("with {}\n", shown["head"].as_str().unwrap())), "{text}");
    // Whoever keeps the log elsewhere can tell whether the end was cut off.
    let url = format!("http://{}", daemon.admin);
    assert_eq!(daemon.cli_ok(&["audit", "--url", &url]), text, "the daemon says the same");
    let logged = daemon.log.of("audit log");
    assert_eq!(logged.last().map(|line| &line["hash"]), Some(&shown["head"]));

    // It goes on where it was, and can be read while nobody runs.
    daemon.kill();
    let daemon = daemon.start_again();
    daemon.set("pool:spare", "drain");
    let text = daemon.cli_ok(&["audit"]);
    assert!(text.contains("\nas it was written: 5 in a chain that ends with "), "{text}");
}

/// What is taken back, or done again, may have a reason; the log has it, and so has the event.
#[test]
fn every_change_can_say_why() {
    let daemon = daemon();
    let why = ["--reason", "it is: over"];
    let with = |line: &[&str]| daemon.cli_ok(&[line, &why[..]].concat());
    let is_said = |line: &str| line.ends_with(": it is: over");
    let is_reload = |line: &str| line.starts_with("revision ");
    daemon.set("pool:main", "down");
    with(&["clear", "pool:main"]);
    let plan = "maintenance plan patches pool:main --start 2090-01-01T00:00 --end 2090-01-02T00:00";
    with(&plan.split(' ').collect::<Vec<_>>());
    with(&["maintenance", "call-off", "patches"]);
    with(&["silence", "add", "pool:main", "--for", "1h"]);
    with(&["silence", "remove", "pool:main"]);
    with(&["token", "add", "ci", "--role", "viewer"]);
    with(&["token", "revoke", "ci"]);
    // Each of the files may have been seen to change, and been loaded, before it is loaded by hand.
    let is_loaded_by_hand = |last: u8| {
        daemon.write("zones/example.com.zone", format!("{ZONE}other A 192.0.2.{last}\n"));
        with(&["reload"]);
        done(&daemon.cli_ok(&["audit"])).iter().any(|line| is_reload(line) && is_said(line))
    };
    assert!((1..100).any(is_loaded_by_hand), "{}", daemon.cli_ok(&["audit"]));
    daemon.cli_ok(&["token", "add", "ci", "--role", "viewer"]);
    let text = daemon.cli_ok(&["audit"]);
    let entries = done(&text);
    let said: Vec<bool> = entries.iter().map(|line| is_said(line)).collect();
    let wanted = [false, true, true, true, true, true, true, true];
    assert_eq!(said[..8], wanted, "{text}");
    assert!(entries.last().unwrap().ends_with("token:ci with the role viewer"), "{text}");
    assert_eq!(entries[1], "clear pool:main, which was down: it is: over");
    let page = daemon.api("GET", "/api/v1/audit?after=1&limit=1", "").json();
    assert_eq!(page["entries"][0]["reason"], "it is: over");
    let mut events = Events::open(&daemon, "?last=100", None);
    assert_eq!(events.next_of("override")["action"], "set");
    let cleared = events.next_of("override");
    assert_eq!([&cleared["action"], &cleared["reason"]], ["clear", "it is: over"]);
    let refused = daemon.cli(&["clear", "pool:main", "--reason", ""]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
}

#[test]
fn an_end_of_flap_damping_is_a_change() {
    let server = Backend::http();
    let monitor = web() + "damping = { falls = 1, hold = \"1h\", longest = \"1h\" }\n";
    let pools = monitor + &pool("main", "web", MAIN, server.address) + &steady("spare", SPARE);
    let daemon = Setup::steering(&pools, NAMES).ready();
    daemon.wait_for_answer("www", MAIN);
    server.be(Manner::Answer("503 Service Unavailable", ""));
    daemon.wait_for_answer("www", SPARE);
    server.be(WELL);
    until_eq(true, || daemon.endpoint("main")["held_until"].is_string());
    daemon.cli_ok(&["clear", "pool:main"]);
    daemon.wait_for_answer("www", MAIN);
    let wanted = ["clear pool:main, which flap damping held down"];
    assert_eq!(done(&daemon.cli_ok(&["audit"])), wanted);
    let refused = daemon.cli(&["clear", "pool:main"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert_eq!(done(&daemon.cli_ok(&["audit"])), wanted);
}

#[test]
fn whoever_changes_it_by_hand_is_found_out() {
    let daemon = daemon();
    daemon.set("pool:main", "down");
    daemon.set("pool:main", "drain");
    daemon.clear("pool:main");
    let path = daemon.path("state/audit.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    let copy = daemon.path("copy.jsonl");
    let without_the_second: Vec<&str> = whole
        .split_inclusive('\n')
        .enumerate()
        .filter(|(n, _)| *n != 1)
        .map(|(_, line)| line)
        .collect();
    fs::write(&copy, without_the_second.concat()).unwrap();
    let said = run(daemon.path("").as_path(), &["audit", "copy.jsonl"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.stdout.contains(
            "copy.jsonl:2:1: entry 3, which was not written after entry 1 as it stands here; expected "
        ),
        "{said:?}"
    );
    assert!(said.stdout.ends_with("NOT as it was written: see above\n"), "{said:?}");
    assert_eq!(daemon.cli(&["audit"]).code, Some(0));

    fs::write(&path, without_the_second.concat()).unwrap();
    let page = daemon.api("GET", "/api/v1/audit", "").json();
    assert_eq!(page["wrong"].as_array().unwrap().len(), 1, "{page}");
    let missing = run(daemon.path("").as_path(), &["audit", "nowhere.jsonl"]);
    assert_eq!(missing.code, Some(1));
    assert!(missing.stderr.starts_with("cannot read nowhere.jsonl: "), "{missing:?}");
}

#[test]
fn what_the_daemon_does_by_itself_is_there_too() {
    let daemon = daemon();
    daemon.cli_ok(&["drain", "pool:main", "--for", "200ms", "--reason", "short"]);
    daemon.wait_for_answer("www", "192.0.2.1");
    daemon.write("zones/example.com.zone", format!("{ZONE}other A 192.0.2.7\n"));
    until_eq(3, || done(&daemon.cli_ok(&["audit"])).len());
    let text = daemon.cli_ok(&["audit"]);
    assert_eq!(done(&text)[1], "the end of drain pool:main");
    let own = text.lines().filter(|line| line.contains("  steersman: ")).count();
    assert_eq!(own, 2, "{text}");
}
