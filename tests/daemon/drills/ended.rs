//! How drills end: before their time, by somebody else's word, or with the daemon.

use std::fs;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::{EAST, NAMES, WEST, begin, begun, report_of, setup, state_of};
use crate::support::daemon::{Daemon, PROGRAM};
use crate::support::http::request;
use crate::support::wait::{until, until_eq};

fn end(daemon: &Daemon, id: &str) -> crate::support::http::Response {
    daemon.api("DELETE", &format!("/api/v1/drills/{id}"), "")
}

/// What is said twice about one drill says nothing about the next.
#[test]
fn an_end_is_of_the_drill_that_was_meant() {
    let daemon = setup(NAMES).ready();
    let first = begun(&daemon, "pool:us-east", "10m");
    until_eq(json!("away"), || state_of(&daemon, &first));
    // It does not return for that, though it is ended.
    assert_eq!(daemon.set("region:us-east", "drain").status, 201);
    assert_eq!(end(&daemon, &first).status, 202);
    until_eq(json!("returning"), || state_of(&daemon, &first));
    let refused = end(&daemon, &first);
    assert_eq!(refused.status, 409, "{refused:?}");
    assert!(refused.detail().contains("is being put back already"), "{refused:?}");
    assert_eq!(daemon.clear("region:us-east").status, 204);
    until_eq(json!("ended"), || state_of(&daemon, &first));
    assert_eq!(end(&daemon, &first).status, 404);

    let second = begun(&daemon, "pool:us-east", "2s");
    until_eq(true, || report_of(&daemon, &second)["state"] != "moving");
    until_eq(json!("done"), || state_of(&daemon, &second));
}

#[test]
fn whoever_ends_a_drill_is_in_the_audit_log() {
    let daemon = setup(NAMES).ready();
    let token = daemon.cli_ok(&["token", "add", "night-shift", "--role", "operator"]);
    let id = begun(&daemon, "region:us-east", "10m");
    let path = format!("/api/v1/drills/{id}");
    let ended = request(daemon.admin, "DELETE", &path, Some(token.trim()), "").unwrap();
    assert_eq!(ended.status, 202, "{ended:?}");
    daemon.wait_for_answer("www", EAST);
    let entries = daemon.api("GET", "/api/v1/audit", "").json()["entries"].clone();
    let done = |entry: &Value| [&entry["action"], &entry["by"]].map(Value::clone);
    let done: Vec<_> = entries.as_array().unwrap().iter().map(done).collect();
    assert_eq!(
        done,
        [
            [json!("grant"), json!("alice")],
            [json!("set"), json!("admin")],
            [json!("clear"), json!("night-shift")]
        ],
        "{entries:#}"
    );
}

/// A drill is not done whose end is somebody else's decision.
#[test]
fn somebody_elses_word_interrupts_a_drill() {
    let daemon = setup(NAMES).ready();
    let replaced = begun(&daemon, "region:us-east", "10m");
    until_eq(json!("away"), || state_of(&daemon, &replaced));
    assert_eq!(daemon.set("region:us-east", "down").status, 200);
    until_eq(json!("interrupted"), || state_of(&daemon, &replaced));
    assert_eq!(daemon.answer("www"), [WEST]);
    let page = daemon.api("GET", &format!("/api/v1/drills/{replaced}.md"), "").body;
    assert!(page.contains("\n\n**Interrupted: "), "{page}");
    assert_eq!(report_of(&daemon, &replaced)["figures"]["moved"], 3);
    // What stands now is no drill's, and stays.
    assert_eq!(end(&daemon, &replaced).status, 404);
    assert_eq!(daemon.status()["overrides"][0]["state"], "down");

    assert_eq!(daemon.clear("region:us-east").status, 204);
    let cleared = begun(&daemon, "region:us-east", "10m");
    until_eq(json!("away"), || state_of(&daemon, &cleared));
    assert_eq!(daemon.clear("region:us-east").status, 204);
    until_eq(json!("interrupted"), || state_of(&daemon, &cleared));
    assert!(report_of(&daemon, &cleared)["figures"]["last_returned_s"].is_number());
    assert_eq!(begin(&daemon, "region:us-east", "1s").status, 201, "and another one may begin");
}

/// The override ends by itself, what was measured is kept, and another drill may begin.
#[test]
fn it_comes_back_even_when_the_daemon_is_killed_meanwhile() {
    let mut daemon = setup(NAMES).ready();
    let id = begun(&daemon, "region:us-east", "6s");
    until_eq(true, || kept(&daemon, &id).contains("\"away\""));
    daemon.kill();
    // What cannot be read hides no other, and is not passed over in silence.
    daemon.write("state/drills/0-torn.json", "{\"id\":");
    daemon.write("state/drills/0-odd.json", b"\xff");
    let pipe = daemon.path("state/drills/0-pipe.json");
    assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
    let daemon = daemon.start_again();
    for (said, file) in [
        ("this is no report of a drill: it is left out", "0-torn.json"),
        ("cannot read this of the reports of drills: it is left out", "0-odd.json"),
        ("cannot read this of the reports of drills: it is left out", "0-pipe.json"),
    ] {
        let is_it = |line: &Value| {
            line["file"].as_str().is_some_and(|name| name.ends_with(file))
                && line["error"].is_string()
        };
        until_eq(true, || daemon.log.of(said).iter().any(is_it));
    }
    let report = report_of(&daemon, &id);
    assert_eq!((&report["state"], &report["figures"]["moved"]), (&json!("interrupted"), &json!(3)));
    assert!(report["figures"]["recovery_s"].is_number(), "{report:#}");
    assert!(kept(&daemon, &id).contains("\"interrupted\""), "{report:#}");
    let event = daemon.api("GET", "/api/v1/drills", "").json()["drills"][0]["id"].clone();
    assert_eq!(event, id.as_str());
    daemon.wait_for_answer("www", EAST);
    assert_eq!(begin(&daemon, "region:us-east", "1s").status, 201);
}

/// Killed in the first moment, it is a drill that has begun all the same.
#[test]
fn a_drill_is_kept_before_its_beginning_is_acknowledged() {
    let daemon = setup(NAMES).ready();
    let id = begun(&daemon, "region:us-east", "10m");
    let kept: Value = serde_json::from_str(&kept(&daemon, &id)).unwrap();
    assert_eq!(kept["target"], "region:us-east");
}

/// The command outlives a daemon that is killed and started again, and its report is written.
#[test]
fn the_command_writes_what_is_known_after_a_restart() {
    let mut daemon = setup(NAMES).ready();
    let mut drill = command(&daemon);
    let id = until("the drill", || one_under_way(&daemon));
    until_eq(true, || kept(&daemon, &id).contains("\"away\""));
    daemon.kill();
    // At the same port, where the command looks for it.
    let config = fs::read(daemon.path("running.toml")).unwrap();
    daemon.write("steersman.toml", config);
    let daemon = daemon.start_again();
    let status = until("its end", || drill.try_wait().unwrap().ok_or_else(|| "it goes on".into()));
    assert_eq!(status.code(), Some(1));
    let page = fs::read_to_string(daemon.path("report/report.md")).unwrap();
    assert!(page.contains("\n\n**Interrupted: "), "{page}");
    let json: Value =
        serde_json::from_slice(&fs::read(daemon.path("report/report.json")).unwrap()).unwrap();
    assert_eq!((&json["state"], &json["figures"]["moved"]), (&json!("interrupted"), &json!(3)));
    // What it took away is still away, and can be put back by the same word.
    assert_eq!(daemon.answer("www"), [WEST]);
    daemon.cli_ok(&["drill", "end", &id]);
    assert_eq!(daemon.answer("www"), [EAST]);
    let report = report_of(&daemon, &id);
    assert_eq!(report["state"], "interrupted");
    let now = steersman::timestamp::to_rfc3339(steersman::clock::wall_now());
    assert!(report["ends"].as_str().unwrap() <= now.as_str(), "{report:#}");
    let page = daemon.api("GET", &format!("/api/v1/drills/{id}.md"), "").body;
    assert!(page.contains("| end of its override | "), "{page}");
}

/// Where nobody answers any more, an interrupt ends the command, which writes what it last saw.
#[test]
fn the_command_writes_what_it_saw_where_the_daemon_is_gone() {
    let mut daemon = setup(NAMES).ready();
    let mut drill = command(&daemon);
    let id = until("the drill", || one_under_way(&daemon));
    until_eq(json!("away"), || state_of(&daemon, &id));
    daemon.kill();
    let pid = drill.id().to_string();
    let status = until("its end", || {
        let sent = Command::new("sh").args(["-c", "kill -s INT \"$0\"", &pid]).status();
        assert!(sent.unwrap().success());
        drill.try_wait().unwrap().ok_or_else(|| "it goes on".into())
    });
    assert_eq!(status.code(), Some(1));
    let page = fs::read_to_string(daemon.path("report/report.md")).unwrap();
    assert!(page.contains("\n\n**Interrupted: "), "{page}");
}

/// The words of the API and the page, by command.
#[test]
fn drills_are_begun_listed_shown_and_ended_by_command() {
    let daemon = setup(NAMES).ready();
    assert_eq!(daemon.cli_ok(&["drill", "list"]), "there was no drill yet\n");
    let arguments = ["drill", "region:us-east", "--for", "10m", "--reason", "x y", "--no-wait"];
    let said = daemon.cli_ok(&arguments);
    let id = said.trim();
    until_eq(json!("away"), || state_of(&daemon, id));
    let list = daemon.cli_ok(&["drill", "list"]);
    assert!(
        list.starts_with(&format!("{id}  region:us-east  away, since 2"))
            && list.ends_with(" by alice: x y\n"),
        "{list}"
    );
    let list: Value = serde_json::from_str(&daemon.cli_ok(&["drill", "list", "--json"])).unwrap();
    assert_eq!(list["drills"][0]["id"], id);
    daemon.cli_ok(&["drill", "end", id]);
    until_eq(json!("ended"), || state_of(&daemon, id));
    let page = daemon.cli_ok(&["drill", "show", id]);
    assert_eq!(page, daemon.api("GET", &format!("/api/v1/drills/{id}.md"), "").body);
    assert!(page.starts_with("# Drill of region:us-east\n\n**All clients moved"), "{page}");
    let shown: Value =
        serde_json::from_str(&daemon.cli_ok(&["drill", "show", id, "--json"])).unwrap();
    assert_eq!(shown, report_of(&daemon, id));
    daemon.cli_ok(&["drill", "show", id, "--report", "report"]);
    for file in ["report.md", "report.json", "plot.svg"] {
        assert!(daemon.path("report").join(file).exists(), "{file}");
    }
    let said = daemon.cli(&["drill", "show", id, "--report", "report"]);
    assert!(said.stderr.contains("has the report of another drill"), "{said:?}");
    for command in ["end", "show"] {
        let said = daemon.cli(&["drill", command, "nosuch"]);
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.stderr.starts_with("no drill nosuch "), "{said:?}");
    }
    let said = daemon.cli(&["drill", "region:us-east"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.stderr.contains("--for"), "{said:?}");
    let said = daemon.cli(&["drill", "--for", "1s", "list"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert_eq!(daemon.answer("www"), [EAST]);
}

/// The report as it is on disk; empty before there is one.
fn kept(daemon: &Daemon, id: &str) -> String {
    fs::read_to_string(daemon.path(&format!("state/drills/{id}.json"))).unwrap_or_default()
}

/// `steersman drill`, on its own.
fn command(daemon: &Daemon) -> Child {
    let mut drill = Command::new(PROGRAM);
    drill.args(["--config", "running.toml", "drill", "region:us-east", "--for", "10m"]);
    drill.args(["--report", "report"]).current_dir(daemon.path("."));
    drill.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn one_under_way(daemon: &Daemon) -> Result<String, String> {
    let drills = daemon.api("GET", "/api/v1/drills", "").json()["drills"].clone();
    drills[0]["id"].as_str().map(str::to_owned).ok_or_else(|| drills.to_string())
}
