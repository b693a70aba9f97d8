//! What outlives a `kill -9`, and what does not stand in the way of a start.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::support::backend::{Backend, Manner, WELL};
use crate::support::daemon::{Daemon, Start};
use crate::support::http;
use crate::support::setup::{Setup, pool, steady, web};
use crate::support::wait::until_eq;

const MAIN: &str = "192.0.2.1";
const SPARE: &str = "198.51.100.1";
const NAMES: &str = "www.failover = [\"main\", \"spare\"]\n";

fn steady_pools() -> Setup {
    Setup::steering(&(steady("main", MAIN) + &steady("spare", SPARE)), NAMES)
}

#[test]
fn overrides_survive_kill_9() {
    let mut daemon = steady_pools().ready();
    daemon.cli_ok(&["drain", "pool:main", "--reason", "kernel update"]);
    daemon.cli_ok(&["down", "pool:spare", "--for", "1h", "--reason", "later"]);
    daemon.cli_ok(&["down", "endpoint:main/192.0.2.1", "--reason", "cleared again"]);
    daemon.cli_ok(&["clear", "endpoint:main/192.0.2.1"]);
    let before = daemon.api("GET", "/api/v1/overrides", "").json();
    for _ in 0..2 {
        daemon.kill();
        daemon = daemon.start_again();
        assert_eq!(daemon.answer("www"), [MAIN], "drained goes before forced down");
        assert_eq!(daemon.api("GET", "/api/v1/overrides", "").json(), before);
    }
    let journal = fs::read_to_string(daemon.path("state/audit.jsonl")).unwrap();
    assert_eq!(journal.lines().count(), 4, "the audit log has each of them:\n{journal}");
    assert!(
        journal.contains("\"by\":\"alice\",\"token\":\"admin\",\"from\":\"127.0.0.1:"),
        "{journal}"
    );
}

#[test]
fn an_override_that_ended_meanwhile_does_not_come_back() {
    let mut daemon = steady_pools().ready();
    daemon.cli_ok(&["down", "pool:main", "--for", "3s", "--reason", "short"]);
    daemon.kill();
    let until = daemon_override_end(&fs::read_to_string(daemon.path("state/audit.jsonl")).unwrap());
    until_eq(true, || now() > until);
    let daemon = daemon.start_again();
    assert_eq!(daemon.answer("www"), [MAIN]);
    assert_eq!(daemon.log.of("an override ended meanwhile").len(), 1);
    assert_eq!(daemon.api("GET", "/api/v1/overrides", "").json(), json!({ "overrides": [] }));
}

fn daemon_override_end(journal: &str) -> jiff::Timestamp {
    let (_, json) = journal.trim_end().split_once(" {").unwrap();
    let line: serde_json::Value = serde_json::from_str(&format!("{{{json}")).unwrap();
    line["after"]["until"].as_str().unwrap().parse().unwrap()
}

#[expect(clippy::disallowed_methods, reason = "tests of the real daemon wait in real time")]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// After a restart nothing is known of an endpoint that hangs until its probe times out; what was
/// believed before holds.
#[test]
fn the_last_verdicts_survive_kill_9() {
    let server = Backend::http();
    let patient = web().replace("\"1s\"", "\"1m\"");
    let pools = patient + &pool("main", "web", MAIN, server.address) + &steady("spare", SPARE);
    server.be(Manner::Answer("500 No", ""));
    let mut daemon = Setup::steering(&pools, NAMES).ready();
    daemon.wait_for_answer("www", SPARE);
    let since = daemon.endpoint("main")["since"].clone();
    server.be(Manner::Hang);
    wait_for_journal(&daemon, "down");
    daemon.kill();
    let mut daemon = daemon.start_again();
    assert_eq!(daemon.answer("www"), [SPARE]);
    let endpoint = daemon.endpoint("main");
    assert_eq!((&endpoint["verdict"], &endpoint["since"]), (&"down".into(), &since));
    assert_eq!(daemon.check("/readyz"), 503);

    // Up again, and remembered as that, though nobody is there.
    server.be(WELL);
    daemon.wait_for_answer("www", MAIN);
    server.be(Manner::Hang);
    wait_for_journal(&daemon, "up");
    daemon.kill();
    let daemon = daemon.start_again();
    assert_eq!(daemon.answer("www"), [MAIN]);
    assert_eq!(daemon.endpoint("main")["verdict"], "up");
}

/// They ask the same, only at other times: by a reload, and while no daemon runs.
#[test]
fn verdicts_survive_other_settings() {
    let server = Backend::http();
    let pools = |retry| {
        let patient = web().replace("\"1s\"", "\"1m\"").replace("\"50ms\"", retry);
        patient + &pool("main", "web", MAIN, server.address) + &steady("spare", SPARE)
    };
    server.be(Manner::Answer("500 No", ""));
    let mut daemon = Setup::steering(&pools("\"50ms\""), NAMES).ready();
    daemon.wait_for_answer("www", SPARE);
    wait_for_journal(&daemon, "down");
    server.be(Manner::Hang);
    daemon.write("zones/pools.toml", pools("\"60ms\""));
    assert_eq!(daemon.reload().status, 200);
    daemon.kill();
    let mut daemon = daemon.start_again();
    assert_eq!(daemon.answer("www"), [SPARE]);
    for retry in ["\"70ms\"", "\"80ms\""] {
        daemon.kill();
        daemon.write("zones/pools.toml", pools(retry));
        daemon = daemon.start_again();
        assert_eq!(daemon.answer("www"), [SPARE]);
    }
}

/// A verdict is written down a moment after answers follow it, since no disk may delay them.
#[track_caller]
fn wait_for_journal(daemon: &Daemon, state: &str) {
    let last = format!("\"state\":\"{state}\"");
    until_eq(true, || {
        let journal = fs::read_to_string(daemon.path("state/verdicts.jsonl")).unwrap_or_default();
        journal.ends_with('\n') && journal.lines().last().is_some_and(|line| line.contains(&last))
    });
}

#[test]
fn the_state_folder_and_all_in_it_is_the_daemons_alone() {
    let mut daemon = steady_pools().ready();
    daemon.set("pool:main", "down");
    let mode = |name: &str| fs::metadata(daemon.path(name)).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode("state"), 0o700);
    for name in ["admin.token", "audit.jsonl", "verdicts.jsonl", "comebacks.jsonl", "lock"] {
        assert_eq!(mode(&format!("state/{name}")), 0o600, "{name}");
    }
    let token = daemon.token();
    assert!(token.len() == 64 && token.bytes().all(|b| b.is_ascii_hexdigit()), "{token}");
    assert!(!daemon.log.text().contains(&token));
    daemon.kill();
    assert_eq!(daemon.start_again().token(), token);
}

/// A crash in the middle of a line, and a byte that a disk has bitten.
#[test]
fn a_damaged_journal_costs_its_damaged_lines_only() {
    let mut daemon = steady_pools().ready();
    daemon.set("pool:spare", "drain");
    daemon.set("pool:main", "down");
    daemon.kill();
    let path = daemon.path("state/audit.jsonl");
    let mut bytes = fs::read(&path).unwrap();
    bytes[20] ^= 1;
    let whole = bytes.len();
    bytes.extend(b"0badcafe 99 {\"at\":\"2026");
    fs::write(&path, bytes).unwrap();
    let daemon = daemon.start_again();
    assert_eq!(daemon.answer("www"), [SPARE]);
    assert_eq!(
        daemon.api("GET", "/api/v1/overrides", "").json()["overrides"][0]["target"],
        "pool:main"
    );
    assert_eq!(fs::metadata(&path).unwrap().len(), whole as u64);
    let first =
        daemon.log.lines().iter().find_map(|line| line["first"].as_str().map(str::to_owned));
    assert!(first.unwrap().starts_with("state/audit.jsonl:1:1: "));
}

/// DNS goes on without memory; what cannot be remembered is refused.
#[test]
fn a_state_folder_that_cannot_be_used_costs_overrides_and_nothing_else() {
    let server = Backend::http();
    let pools = web() + &pool("main", "web", MAIN, server.address) + &steady("spare", SPARE);
    // Nobody, not even root, can make a folder there.
    for state in ["/proc/nowhere/state", "steersman.toml/state"] {
        let mut setup = Setup::steering(&pools, NAMES);
        setup.state = state.into();
        setup.write("token", "0123456789abcdef");
        setup.admin = "127.0.0.1:0\"\ntoken_file = \"token".into();
        server.be(WELL);
        let daemon = setup.start();
        daemon.wait_for_answer("www", MAIN);
        let call = |method: &str, path: &str, body: &str| {
            http::request(daemon.admin, method, path, Some("0123456789abcdef"), body).unwrap()
        };
        let body = r#"{"state":"down","reason":"x"}"#;
        let refused = call("PUT", "/api/v1/overrides/pool/main", body);
        assert_eq!(refused.status, 503);
        assert!(
            refused.detail().contains("could not be used when the daemon started"),
            "{refused:?}"
        );
        assert_eq!(daemon.answer("www"), [MAIN]);
        let status = call("GET", "/api/v1/status", "").json();
        assert!(status["state_unavailable"].as_str().unwrap().contains(state), "{status}");
        server.be(Manner::Answer("500 No", ""));
        daemon.wait_for_answer("www", SPARE);
    }
}

/// Without a token nobody is let in, but there is DNS.
#[test]
fn a_daemon_that_cannot_make_a_token_serves_dns() {
    let mut setup = steady_pools();
    setup.state = "/proc/nowhere/state".into();
    let daemon = setup.ready();
    assert_eq!(daemon.answer("www"), [MAIN]);
    for token in [None, Some(""), Some("0123456789abcdef")] {
        let response = http::request(daemon.admin, "GET", "/api/v1/status", token, "").unwrap();
        assert_eq!(response.status, 503);
        assert!(response.detail().contains("no admin token"), "{response:?}");
    }
}

/// The limit on the size of files stands for a disk that is full.
#[test]
fn a_full_disk_refuses_overrides_and_dns_goes_on() {
    let start = Start { before: Some("ulimit -S -f 4"), ..Start::default() };
    let daemon = steady_pools().start_by(&start);
    let mut taken = 0;
    let refused = loop {
        let response = daemon.set("pool:main", if taken % 2 == 0 { "down" } else { "up" });
        if response.status >= 300 {
            break response;
        }
        taken += 1;
        assert!(taken < 1000, "the disk is never full");
    };
    assert_eq!(refused.status, 503);
    assert!(refused.detail().contains("nothing has changed"), "{refused:?}");
    assert!(refused.detail().contains("audit.jsonl: File too large"), "{refused:?}");
    let stands = daemon.api("GET", "/api/v1/overrides", "").json()["overrides"][0]["state"].clone();
    let (state, answer) = if taken % 2 == 1 { ("down", SPARE) } else { ("up", MAIN) };
    assert_eq!((stands, daemon.answer("www")), (state.into(), vec![answer.to_owned()]));
    assert_eq!(daemon.clear("pool:main").status, 503);
    assert_eq!(daemon.answer("www"), [answer]);
    daemon.log.wait_for("override not set", 1);
    let said = daemon.cli(&["drain", "pool:main", "--reason", "x"]);
    assert_eq!(said.code, Some(1));
    assert!(said.stderr.contains("could not be made durable"), "{said:?}");

    // What was refused left no trace, and once there is room all is well again.
    let lines = || fs::read_to_string(daemon.path("state/audit.jsonl")).unwrap().lines().count();
    assert_eq!(lines(), taken);
    let room = ["--pid", &daemon.id().to_string(), "--fsize=unlimited:unlimited"];
    let given = std::process::Command::new("prlimit").args(room).status();
    // Of util-linux, which is everywhere.
    assert!(given.expect("prlimit").success());
    assert_eq!(daemon.clear("pool:main").status, 204);
    assert_eq!((lines(), daemon.answer("www")), (taken + 1, vec![MAIN.to_owned()]));
}

/// Not only overrides: whatever people change, but for files, is in the audit log, or it is not changed.
#[test]
fn a_full_disk_refuses_every_kind_of_change_and_dns_goes_on() {
    let start = Start { before: Some("ulimit -S -f 4"), ..Start::default() };
    let daemon = steady_pools().start_by(&start);
    daemon.wait_until_ready();
    daemon.cli_ok(&["token", "add", "old", "--role", "viewer"]);
    daemon.cli_ok(&["silence", "add", "pool:main", "--for", "1h", "--reason", "old"]);
    let old = ["--start", "2099-01-01T00:00", "--end", "2099-01-01T01:00", "--reason", "old"];
    daemon.cli_ok(&[&["maintenance", "plan", "old", "pool:main"], &old[..]].concat());
    let fill = (0..1000).find(|_| daemon.set("pool:spare", "up").status == 503);
    assert!(fill.is_some(), "the disk is never full");
    let stands = || {
        let status = daemon.status();
        let lists = ["overrides", "silences", "maintenance"].map(|list| status[list].clone());
        (daemon.cli_ok(&["token", "list"]), daemon.cli_ok(&["maintenance", "list"]), lists)
    };
    let before = stands();
    let new = ["--start", "2099-02-01T00:00", "--end", "2099-02-01T01:00", "--reason", "new"];
    for change in [
        &["token", "add", "new", "--role", "admin"][..],
        &["token", "add", "old", "--role", "admin"],
        &["token", "revoke", "old"],
        &["silence", "add", "*", "--for", "1h", "--reason", "new"],
        &["silence", "remove", "pool:main"],
        &[&["maintenance", "plan", "new", "pool:main"], &new[..]].concat(),
        &["maintenance", "call-off", "old"],
        &["drain", "pool:main", "--reason", "new"],
        &["clear", "pool:spare"],
    ] {
        let said = daemon.cli(change);
        assert_eq!((said.code, said.stdout.as_str()), (Some(1), ""), "{change:?}: {said:?}");
        let words = ["nothing has changed", "audit.jsonl: File too large"];
        assert!(words.iter().all(|words| said.stderr.contains(words)), "{change:?}: {said:?}");
        assert_eq!(daemon.answer("www"), [MAIN]);
        assert_eq!((daemon.check("/healthz"), daemon.check("/readyz")), (200, 200));
    }
    assert_eq!(stands(), before);
    // Files need no audit log to be loaded.
    daemon.write("zones/example.com.toml", "www.failover = [\"spare\", \"main\"]\n");
    assert_eq!(daemon.reload().status, 200);
    assert_eq!(daemon.answer("www"), [SPARE]);
    assert_eq!(daemon.cli(&["audit"]).code, Some(0), "and the log is whole");
}

#[test]
fn a_second_daemon_says_what_stands_in_its_way() {
    let daemon = steady_pools().ready();
    let mut other = steady_pools();
    let in_vain = |other: &Setup, wanted: &str| {
        let (code, said) = other.start_in_vain();
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(wanted), "{wanted}: {said}");
    };
    let state = daemon.path("state").display().to_string();
    other.state.clone_from(&state);
    in_vain(
        &other,
        &format!("another daemon (process {}) uses the state folder {state}", daemon.id()),
    );
    other.state = "state".into();
    other.listen = format!("[\"{}\"]", daemon.dns[0]);
    in_vain(&other, &format!("cannot listen on {} (TCP)", daemon.dns[0]));
    other.listen = r#"["127.0.0.1:0"]"#.into();
    other.admin = daemon.admin.to_string();
    in_vain(&other, &format!("cannot listen on {} for the admin endpoint", daemon.admin));
    assert_eq!(daemon.answer("www"), [MAIN]);
}
