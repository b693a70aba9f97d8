//! Planned maintenance against safety rules: windows together, over a restart, by people and by files.

use std::time::{Duration, SystemTime};

use serde_json::json;
use steersman::{clock, timestamp};

use crate::support::daemon::Daemon;
use crate::support::http::Response;
use crate::support::setup::Setup;
use crate::support::wait::until_eq;

const REGIONS: [(&str, &str); 3] =
    [("us", "192.0.2.1"), ("eu", "198.51.100.1"), ("ap", "203.0.113.1")];
const TWO_REGIONS: &str = "[rules.two-regions]\nmin_regions = 2\n";
const NAMES: &str = "www = { failover = [\"us\", \"eu\", \"ap\"], ttl = 1 }\n";

fn region(name: &str, address: &str) -> String {
    format!("[regions.{name}]\n[pools.{name}]\nregion = \"{name}\"\nendpoints = [\"{address}\"]\n")
}

fn setup(windows: &str) -> Setup {
    let setup = Setup::steering(&REGIONS.map(|(name, ip)| region(name, ip)).concat(), NAMES);
    setup.write("zones/rules.toml", TWO_REGIONS);
    if !windows.is_empty() {
        setup.write("zones/maintenance.toml", windows);
    }
    setup
}

fn clock_time(at: SystemTime) -> String {
    timestamp::to_rfc3339_seconds(at).trim_end_matches('Z').to_owned()
}

fn seconds(from_now: i64) -> SystemTime {
    let time = Duration::from_secs(from_now.unsigned_abs());
    if from_now < 0 { clock::wall_now() - time } else { clock::wall_now() + time }
}

/// Windows that have begun together, are under way, and stay so.
fn windows(all: &[(&str, &str)]) -> String {
    let (start, end) = (clock_time(seconds(-60)), clock_time(seconds(3600)));
    let window = |(name, target): &(&str, &str)| {
        format!(
            "[maintenance.{name}]\ntarget = \"{target}\"\nstart = \"{start}\"\nend = \"{end}\"\nreason = \"x\"\n"
        )
    };
    all.iter().map(window).collect()
}

fn plan(daemon: &Daemon, name: &str, target: &str, (start, end): (i64, i64)) -> Response {
    let body = json!({
        "target": target, "start": clock_time(seconds(start)), "end": clock_time(seconds(end)), "lead": "1h",
        "reason": "x",
    });
    daemon.api("PUT", &format!("/api/v1/maintenance/{name}"), &body.to_string())
}

fn stages(daemon: &Daemon) -> Vec<String> {
    let list = daemon.api("GET", "/api/v1/maintenance", "").json();
    let all = list["maintenance"].as_array().unwrap().iter();
    let words = |one: &serde_json::Value| {
        format!("{} {}", one["name"].as_str().unwrap(), one["stage"].as_str().unwrap())
    };
    let mut all: Vec<String> = all.map(words).collect();
    all.sort();
    all
}

#[test]
fn one_of_two_windows_is_kept_from_beginning_and_the_same_one_after_a_restart() {
    let mut daemon = setup(&windows(&[("b", "region:us"), ("a", "region:eu")])).ready();
    for _ in 0..2 {
        assert_eq!(stages(&daemon), ["a away", "b refused"]);
        assert_eq!(daemon.answer("www"), ["192.0.2.1"]);
        daemon.kill();
        daemon = daemon.start_again();
        daemon.wait_until_ready();
    }
    let log = daemon.log.text();
    assert!(log.contains("\"rule\":\"two-regions\",\"why\":\"1 region would be up (ap)"), "{log}");
}

#[test]
fn what_people_plan_for_now_is_refused_at_once_by_the_rule_that_it_would_break() {
    let daemon = setup(&windows(&[("files", "region:us")])).ready();
    let refused = plan(&daemon, "mine", "region:eu", (-60, 3600));
    assert_eq!(refused.status, 409, "{refused:?}");
    assert_eq!(
        refused.detail(),
        "nothing has changed, since this window begins at once and would break rule two-regions: 1 region would be \
         up (ap); at least 2 must be; plan it for another time, or have an admin force a drain"
    );
    // It has begun to leave already, or is about to.
    assert_eq!(plan(&daemon, "mine", "region:eu", (600, 3600)).status, 409);
    assert_eq!(stages(&daemon), ["files away"]);
    assert!(!daemon.cli_ok(&["audit"]).contains("maintenance:mine"), "a refusal is no change");
    // What comes later is looked at when it comes.
    let planned = plan(&daemon, "mine", "region:eu", (90_000, 93_600));
    assert_eq!((planned.status, &planned.json()["stage"]), (201, &json!("planned")), "{planned:?}");
    let gone = plan(&daemon, "pool", "pool:us", (-60, 3600));
    assert_eq!((gone.status, &gone.json()["stage"]), (201, &json!("away")), "{gone:?}");
    let taken = plan(&daemon, "files", "region:us", (-60, 3600));
    assert!(taken.status == 409 && taken.detail().contains("zones/maintenance.toml"), "{taken:?}");
    // With another reason, or for another time, it is the same absence; with another target it is not.
    assert_eq!(plan(&daemon, "pool", "pool:us", (-60, 7200)).status, 201);
    assert_eq!(plan(&daemon, "pool", "pool:eu", (-60, 7200)).status, 409);
    assert_eq!(stages(&daemon), ["files away", "mine planned", "pool away"]);
}

/// What people have planned does not end because a file comes to have something of its name.
#[test]
fn files_hide_nothing_that_is_planned_and_not_over() {
    let mut daemon = setup("").ready();
    assert_eq!(plan(&daemon, "dup", "region:us", (-60, 3600)).status, 201);
    daemon.write("zones/maintenance.toml", windows(&[("dup", "region:eu")]));
    let refused = daemon.reload();
    assert_eq!(refused.status, 422, "{refused:?}");
    assert_eq!(
        refused.json()["errors"][0]["text"],
        "zones/maintenance.toml:1:14: maintenance dup, one of which is planned beside the files, and not over; \
         expected another name, or first `steersman maintenance call-off dup`"
    );
    assert_eq!(stages(&daemon), ["dup away"]);
    assert_eq!(daemon.answer("www"), ["198.51.100.1"]);
    // Who starts with both serves the files, and says so.
    daemon.kill();
    let daemon = daemon.start_again();
    daemon.wait_until_ready();
    assert!(daemon.log.text().contains("which is hidden"), "{}", daemon.log.text());
    let stands_there = daemon.cli(&["maintenance", "call-off", "dup"]);
    assert_eq!(stands_there.code, Some(1), "{stands_there:?}");
    std::fs::remove_file(daemon.path("zones/maintenance.toml")).unwrap();
    assert_eq!(daemon.reload().status, 200);
    daemon.cli_ok(&["maintenance", "call-off", "dup"]);
    daemon.write("zones/maintenance.toml", windows(&[("dup", "region:eu")]));
    assert_eq!(daemon.reload().status, 200);
    assert_eq!(stages(&daemon), ["dup away"]);
    assert_eq!(daemon.answer("www"), ["192.0.2.1"]);
}

/// Names of windows are their own: the audit log has none of them for a person.
#[test]
fn a_window_may_be_called_like_the_token_of_the_file() {
    let daemon = setup("").ready();
    assert_eq!(plan(&daemon, "admin", "region:us", (90_000, 93_600)).status, 201);
    let unfit = plan(&daemon, "a%20b", "region:us", (90_000, 93_600));
    assert_eq!(unfit.status, 422);
    assert!(
        unfit.detail().starts_with("name: found \"a b\"; expected 1 to 64 letters"),
        "{unfit:?}"
    );
}

#[test]
fn an_override_counts_what_leaves_as_away() {
    // It takes an hour to leave, of which half is over.
    let (start, end) = (clock_time(seconds(1800)), clock_time(seconds(7200)));
    let leaving = format!(
        "[maintenance.a]\ntarget = \"region:us\"\nstart = \"{start}\"\nend = \"{end}\"\nlead = \"1h\"\nreason = \"x\"\n"
    );
    let daemon = setup(&leaving).ready();
    until_eq(vec!["a leaving".to_owned()], || stages(&daemon));
    let refused = daemon.set("region:eu", "drain");
    assert_eq!(refused.status, 409, "{refused:?}");
    assert_eq!(daemon.set("region:us", "drain").status, 201, "it goes anyway");
}

#[test]
fn a_load_knows_what_is_away_for_maintenance() {
    let daemon = setup(&windows(&[("a", "region:us")])).ready();
    assert_eq!(stages(&daemon), ["a away"]);
    // Of the two that are left one would go.
    let two = region("us", "192.0.2.1") + &region("eu", "198.51.100.1") + "[regions.ap]\n";
    let names = NAMES.replace(", \"ap\"", "");
    daemon.write("zones/example.com.toml", &names);
    daemon.write("zones/pools.toml", two);
    let refused = daemon.reload();
    assert_eq!(refused.status, 422, "{refused:?}");
    let text = refused.json()["errors"][0]["text"].to_string();
    assert!(
        text.contains("rule two-regions, which this load would break: 1 region would be up (eu)"),
        "{text}"
    );
    // Without the window all is well.
    std::fs::remove_file(daemon.path("zones/maintenance.toml")).unwrap();
    assert_eq!(daemon.reload().status, 200);
    assert_eq!(daemon.answer("www"), ["192.0.2.1"]);
}

#[test]
fn another_target_in_the_files_is_asked_for_anew() {
    let windows = windows(&[("a", "region:us"), ("b", "pool:us")]);
    let daemon = setup(&windows).ready();
    assert_eq!(stages(&daemon), ["a away", "b away"]);
    daemon.write("zones/maintenance.toml", windows.replace("pool:us", "pool:eu"));
    assert_eq!(daemon.reload().status, 200);
    until_eq(vec!["a away".to_owned(), "b refused".to_owned()], || stages(&daemon));
    assert_eq!(daemon.answer("www"), ["198.51.100.1"]);
}
