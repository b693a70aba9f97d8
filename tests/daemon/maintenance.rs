//! Planned maintenance: it leaves before it begins, is away, and comes back, if no rule is in the way.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use steersman::{clock, timestamp};

use crate::support::daemon::Daemon;
use crate::support::setup::Setup;
use crate::support::wait::{until, until_eq};

const EAST: &str = "192.0.2.1";
const WEST: &str = "198.51.100.1";

fn setup() -> Setup {
    let pools = [("us-east", EAST), ("eu-west", WEST)].map(|(name, address)| {
        format!(
            "[regions.{name}]\n[pools.{name}]\nregion = \"{name}\"\nendpoints = [\"{address}\"]\n"
        )
    });
    let names = "www = { failover = [\"us-east\", \"eu-west\"], ttl = 1 }\n";
    Setup::steering(&pools.concat(), names)
}

/// A time by the clock of UTC.
fn clock_time(at: SystemTime) -> String {
    timestamp::to_rfc3339_seconds(at).trim_end_matches('Z').to_owned()
}

fn window(start: SystemTime, lasts: Duration, more: &str) -> String {
    let (start, end) = (clock_time(start), clock_time(start + lasts));
    format!(
        "[maintenance.patches]\ntarget = \"region:us-east\"\nstart = \"{start}\"\nend = \"{end}\"\n\
         lead = \"2s\"\nreason = \"kernel update\"\n{more}"
    )
}

fn stage(daemon: &Daemon) -> Value {
    daemon.status()["maintenance"][0]["stage"].clone()
}

#[test]
fn it_leaves_before_it_begins_and_comes_back_afterwards() {
    let setup = setup();
    let start = clock::wall_now() + Duration::from_secs(8);
    setup.write("zones/maintenance.toml", window(start, Duration::from_secs(4), ""));
    let daemon = setup.ready();
    let status = daemon.status()["maintenance"][0].clone();
    let reason = &status["reason"];
    assert_eq!((&status["target"], reason), (&"region:us-east".into(), &"kernel update".into()));
    assert!(
        daemon.cli_ok(&["status"]).contains("maintenance patches of region:us-east: planned, ")
    );
    assert_eq!(daemon.answer("www"), [EAST]);
    let metric = "steersman_maintenance_clients_ratio";
    let sum = |name| {
        daemon.metrics().sum(name, &["maintenance=\"patches\"", "target=\"region:us-east\""])
    };
    assert_eq!(sum(metric), 1.0);
    until("it to leave", || match daemon.status()["maintenance"][0].clone() {
        window if window["stage"] == "leaving" => Ok(window),
        window => Err(window.to_string()),
    });
    daemon.wait_for_answer("www", WEST);
    until_eq(json!("away"), || stage(&daemon));
    assert_eq!(sum(metric), 0.0);
    let log = daemon.log.text();
    let away = log.lines().find(|line| line.contains("\"stage\":\"away\"")).unwrap();
    let away: Value = serde_json::from_str(away).unwrap();
    let (away, start) = (away["timestamp"].as_str().unwrap(), timestamp::to_rfc3339(start));
    assert!(away < start.as_str(), "caches run out before it begins: {away}, {start}");
    assert_eq!(daemon.endpoint("us-east")["standing"], "drained");
    assert_eq!(daemon.metrics().sum("steersman_endpoint_answerable", &["pool=\"us-east\""]), 0.0);
    // A person knows better.
    assert_eq!(daemon.set("region:us-east", "up").status, 201);
    assert_eq!(daemon.answer("www"), [EAST]);
    assert_eq!(daemon.clear("region:us-east").status, 204);
    assert_eq!(daemon.answer("www"), [WEST]);
    until_eq(Value::Null, || stage(&daemon));
    assert_eq!(daemon.answer("www"), [EAST]);
    let log = daemon.log.text();
    for stage in ["announced", "leaving", "away", "returning"] {
        assert!(log.contains(&format!("\"stage\":\"{stage}\"")), "{stage}\n{log}");
    }
}

/// What is away stays so over a restart and a load, and goes with its window.
#[test]
fn it_is_away_from_the_first_answer_on_and_goes_with_its_window() {
    let setup = setup();
    let start = clock::wall_now() - Duration::from_secs(60);
    let window = window(start, Duration::from_secs(3600), "");
    setup.write("zones/maintenance.toml", &window);
    let mut daemon = setup.ready();
    assert_eq!(daemon.answer("www"), [WEST]);
    daemon.kill();
    let daemon = daemon.start_again();
    daemon.wait_until_ready();
    assert_eq!((daemon.answer("www"), stage(&daemon)), (vec![WEST.to_owned()], json!("away")));
    daemon.write("zones/maintenance.toml", window.replace("region:us-east", "region:eu-west"));
    assert_eq!(daemon.reload().status, 200);
    daemon.wait_for_answer("www", EAST);
    daemon.write("zones/maintenance.toml", window.replace("us-east", "us-eats"));
    let refused = daemon.reload();
    assert_eq!(refused.status, 422, "{refused:?}");
    std::fs::remove_file(daemon.path("zones/maintenance.toml")).unwrap();
    assert_eq!(daemon.reload().status, 200);
    until_eq(Value::Null, || stage(&daemon));
}

#[test]
fn a_rule_keeps_it_from_beginning() {
    let setup = setup();
    let start = clock::wall_now() - Duration::from_secs(60);
    setup.write("zones/maintenance.toml", window(start, Duration::from_secs(3600), ""));
    setup.write("zones/rules.toml", "[rules.both]\nmin_regions = 2\n");
    let daemon = setup.ready();
    assert_eq!((daemon.answer("www"), stage(&daemon)), (vec![EAST.to_owned()], json!("refused")));
    let refused =
        daemon.metrics().sum("steersman_maintenance_refused", &["maintenance=\"patches\""]);
    assert_eq!(refused, 1.0);
    let log = daemon.log.text();
    assert!(log.contains("\"rule\":\"both\",\"why\":\"1 region would be up (eu-west)"), "{log}");
}

/// Planned by people, it is as durable as an override, and is called off by them.
#[test]
fn people_plan_it_and_call_it_off() {
    let mut daemon = setup().ready();
    let start = clock_time(clock::wall_now() - Duration::from_secs(60));
    let end = clock_time(clock::wall_now() + Duration::from_secs(3600));
    let plan = |daemon: &Daemon, target: &str, end: &str| {
        daemon.cli(&[
            "maintenance",
            "plan",
            "switches",
            target,
            "--start",
            &start,
            "--end",
            end,
            "--lead",
            "1s",
            "--reason",
            "new switches",
        ])
    };
    let said = plan(&daemon, "region:us-east", &end);
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), "switches: away\n"), "{said:?}");
    assert_eq!(daemon.answer("www"), [WEST], "in force in the very next answer");
    daemon.kill();
    daemon = daemon.start_again();
    daemon.wait_until_ready();
    assert_eq!(daemon.answer("www"), [WEST]);
    let list = daemon.cli_ok(&["maintenance", "list"]);
    assert!(list.starts_with("maintenance switches of region:us-east: away, "), "{list}");
    for (target, end, wanted) in [
        (
            "region:us-eats",
            end.as_str(),
            "unknown target region:us-eats (did you mean region:us-east?)",
        ),
        (
            "endpoint:us-east/192.0.2.1",
            &end,
            "target: found \"endpoint:us-east/192.0.2.1\"; expected region:NAME or pool:NAME",
        ),
        (
            "region:us-east",
            "soon",
            "end: found \"soon\"; expected a date and time by the clock of its timezone",
        ),
        ("region:us-east", &start, "; expected a time after start"),
    ] {
        let said = plan(&daemon, target, end);
        assert!(said.code == Some(1) && said.stderr.contains(wanted), "{said:?}");
    }
    // What is over never comes.
    let over = daemon.cli(&[
        "maintenance",
        "plan",
        "over",
        "region:us-east",
        "--start",
        "2025-01-01T00:00",
        "--end",
        "2025-01-01T01:00",
        "--reason",
        "x",
    ]);
    assert!(over.code == Some(1) && over.stderr.contains("this window is over"), "{over:?}");
    daemon.cli_ok(&["maintenance", "call-off", "switches"]);
    until_eq(true, || daemon.log.text().contains("\"stage\":\"called_off\""));
    assert_eq!(daemon.answer("www"), [EAST]);
    assert_eq!(daemon.cli_ok(&["maintenance", "list"]), "no maintenance is planned\n");
    let said = daemon.cli(&["maintenance", "call-off", "switches"]);
    assert_eq!(
        (said.code, said.stderr.as_str()),
        (Some(1), "no maintenance switches is planned\n")
    );
    let log = daemon.cli_ok(&["audit"]);
    assert!(
        log.contains(": maintenance:switches of region:us-east, ")
            && log.contains(": maintenance:switches of region:us-east called off\n"),
        "{log}"
    );
}

/// By file, by command and over the API: whoever names a time that clocks go over is told so.
#[test]
fn a_time_that_there_is_not_is_refused() {
    let daemon = setup().ready();
    let (start, end) = ("2027-03-28T02:30", "2027-03-28T04:00");
    let expected = "expected a time that there is: clocks go forward over this one";
    daemon.write(
        "zones/maintenance.toml",
        format!(
            "[maintenance.spring]\ntarget = \"region:us-east\"\nstart = \"{start}\"\n\
             end = \"{end}\"\ntimezone = \"Europe/Berlin\"\nreason = \"x\"\n"
        ),
    );
    let refused = daemon.reload();
    assert_eq!(refused.status, 422, "{refused:?}");
    let text = refused.json()["errors"][0]["text"].as_str().unwrap().to_owned();
    assert!(text.contains(&format!("maintenance.toml:3:9: \"{start}\"; {expected}")), "{text}");
    let plan = ["maintenance", "plan", "spring", "region:us-east", "--reason", "x"];
    for times in [[start, end], ["2027-03-28T01:00", start]] {
        let times = ["--start", times[0], "--end", times[1], "--timezone", "Europe/Berlin"];
        let said = daemon.cli(&[&plan[..], &times].concat());
        assert_eq!(said.code, Some(1), "{said:?}");
        let wanted = format!("found \"{start}\"; {expected}");
        assert!(said.stderr.contains(&wanted), "{said:?}");
    }
    let body = json!({
        "target": "region:us-east", "start": start, "end": end, "timezone": "Europe/Berlin", "reason": "x",
    });
    let refused = daemon.api("PUT", "/api/v1/maintenance/spring", &body.to_string());
    assert_eq!(refused.status, 422, "{refused:?}");
    assert!(refused.detail().contains(expected), "{refused:?}");
    assert_eq!((daemon.answer("www"), stage(&daemon)), (vec![EAST.to_owned()], Value::Null));
}
