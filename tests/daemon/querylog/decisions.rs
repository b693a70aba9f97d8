//! The decision log.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use hickory_proto::rr::RecordType;
use serde_json::{Value, json};

use super::wait_for_metric;
use crate::support::daemon::Daemon;
use crate::support::dns;
use crate::support::setup::{Setup, steady};
use crate::support::wait::until_eq;
use crate::upgrade::successor;

const LINES: &str = "steersman_decision_log_lines_total";
const DROPPED: &str = "steersman_decision_log_dropped_lines_total";

/// A daemon that writes down every decision to `log` in its folder.
fn logged(more: &str) -> Setup {
    let pools = [
        "[regions.east]\nlocation = [0, 0]\n",
        "[pools.east]\nregion = \"east\"\nendpoints = [\"192.0.2.1\"]\n",
        &steady("west", "198.51.100.1"),
    ];
    let names = "www.failover = [\"east\", \"west\"]\nrobin.round_robin = [\"east\", \"west\"]\n\
                 half.weighted = { east = 1, west = 1 }\n\
                 [geo.geo]\n\"203.0.113.0/24\" = \"west\"\ndefault = \"east\"\n";
    let mut setup = Setup::steering(&pools.concat(), names);
    setup.dns += &format!("[decision_log]\nfile = \"log\"\nsample = 1.0\n{more}\n");
    setup
}

/// The lines of a file, each of which is whole.
#[track_caller]
fn lines(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap();
    let mut lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // Those of several threads are not quite in order.
    lines.sort_by_key(|line| line["time"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap());
    lines
}

#[track_caller]
fn wait_for_lines(daemon: &Daemon, count: usize) -> Vec<Value> {
    wait_for_metric(daemon, LINES, &[], count as f64);
    lines(&daemon.path("log"))
}

#[test]
fn a_line_says_what_explain_says() {
    let daemon = logged("").ready();
    let asked = dns::question_from("geo", RecordType::A, "203.0.113.77/32");
    assert_eq!(dns::ask(daemon.dns[0], &asked).data(), ["198.51.100.1"]);
    assert_eq!(dns::ask_tcp(daemon.dns[0], &dns::question("nope", RecordType::A)).data(), [""; 0]);
    let told = wait_for_lines(&daemon, 2);
    let line = &told[0];
    let path = "/api/v1/explain?name=geo.example.com.&type=A&from=203.0.113.77";
    let explained = daemon.api("GET", path, "").json();
    for key in
        ["name", "rtype", "place", "steps", "rcode", "reason", "authoritative", "scope", "answer"]
    {
        assert_eq!(line[key], explained[key], "{key} of {line}");
    }
    assert_eq!(line["client"], "203.0.113.0/24");
    assert!(!line.to_string().contains("203.0.113.77"), "{line}");
    let wanted = json!({
        "transport": "udp", "subnet": true, "pool": "west", "region": null, "ttl": 30,
        "degraded": false, "exact": true,
        "matched": [{ "policy": "geo", "picked": "203.0.113.0/24" }],
        "pools": [{ "pool": "west", "up": true, "healthy": 1, "total": 1 }],
    });
    for (key, value) in wanted.as_object().unwrap() {
        assert_eq!(&line[key], value, "{key} of {line}");
    }
    assert!(line["time"].as_str().unwrap().ends_with('Z'), "{line}");
    let line = &told[1];
    assert_eq!((&line["transport"], &line["rcode"]), (&json!("tcp"), &json!("NXDOMAIN")));
    assert_eq!((&line["client"], &line["subnet"]), (&json!("127.0.0.0/24"), &json!(false)));
    assert_eq!((&line["pool"], &line["ttl"]), (&Value::Null, &Value::Null));
    assert_eq!(line["exact"], true);
}

/// However often that changes: it tells of what was answered, and by whichever draw and turn.
#[test]
fn a_decision_is_told_by_the_view_that_it_was_made_from() {
    let daemon = logged("per_second = 10000").ready();
    let mut said = Vec::new();
    for round in 0..60 {
        match round % 2 {
            0 => daemon.set("pool:east", "down"),
            _ => daemon.clear("pool:east"),
        };
        for name in ["www", "half", "robin", "robin"] {
            said.push(daemon.answer(name));
        }
        if round % 10 == 9 {
            // No more views are kept than may be.
            wait_for_lines(&daemon, said.len());
        }
    }
    let told = wait_for_lines(&daemon, said.len());
    for (line, said) in told.iter().zip(&said) {
        assert_eq!(line["exact"], true, "{line}");
        let address = if line["pool"] == "east" { "192.0.2.1" } else { "198.51.100.1" };
        assert_eq!(said, &[address], "{line}");
    }
    let pools = |name: &str| {
        let of = told.iter().filter(|line| line["name"] == format!("{name}.example.com."));
        of.map(|line| line["pool"] == "east").collect::<Vec<_>>()
    };
    assert!(pools("www").iter().enumerate().all(|(round, east)| *east == (round % 2 == 1)));
    assert!(pools("robin").contains(&true));
}

#[test]
fn there_are_no_more_lines_than_may_be() {
    let mut daemon = logged("per_second = 1").ready();
    for _ in 0..50 {
        daemon.answer("www");
    }
    wait_for_metric(&daemon, DROPPED, &["rate"], 40.0);
    daemon.signal("TERM");
    assert!(daemon.end().success());
    assert!((1..=10).contains(&lines(&daemon.path("log")).len()));
}

/// What was answered last is told before the end, and to the same file by whoever takes over.
#[test]
fn a_file_is_rotated_and_handed_on() {
    let daemon = logged("").ready();
    daemon.answer("www");
    wait_for_lines(&daemon, 1);
    fs::rename(daemon.path("log"), daemon.path("log.1")).unwrap();
    daemon.answer("half");
    wait_for_metric(&daemon, LINES, &[], 2.0);
    assert_eq!(lines(&daemon.path("log.1")).len(), 1);
    daemon.answer("robin");
    daemon.signal("USR2");
    let next = successor(&daemon, 1);
    daemon.answer("geo");
    next.signal("TERM");
    until_eq(1, || daemon.log.of("stopped").len());
    let told = lines(&daemon.path("log"));
    let names: Vec<&str> = told.iter().filter_map(|line| line["name"].as_str()).collect();
    assert_eq!(names, ["half.example.com.", "robin.example.com.", "geo.example.com."]);
}

#[test]
fn a_full_disk_costs_lines_and_no_answer() {
    let setup = logged("");
    let log = setup.path().join("log");
    symlink("/dev/full", &log).unwrap();
    let daemon = setup.ready();
    for _ in 0..3 {
        let before = daemon.metrics().sum(DROPPED, &["unwritten"]);
        assert_eq!(daemon.answer("www"), ["192.0.2.1"]);
        wait_for_metric(&daemon, DROPPED, &["unwritten"], before + 1.0);
    }
    const TROUBLE: &str =
        "cannot write the decision log: its lines are dropped until that works again";
    assert_eq!(daemon.log.of(TROUBLE).len(), 1);
    assert_eq!(daemon.metrics().sum("steersman_decision_log_works", &[]), 0.0);
    let status = daemon.cli_ok(&["status"]);
    assert!(status.contains("decision log log: NOT NOW (No space left on device"), "{status}");
    fs::remove_file(&log).unwrap();
    // Lines are dropped until it is tried again.
    until_eq(true, || {
        daemon.answer("www");
        daemon.metrics().sum(LINES, &[]) > 0.0
    });
    daemon.log.wait_for("the decision log is written again", 1);
    assert!(!lines(&log).is_empty());
    assert_eq!(daemon.log.of(TROUBLE).len(), 1);
}
