//! Drills: what is taken away on purpose comes back, and the report says when the last client was elsewhere.

mod ended;
mod measured;

use std::fs;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::{Value, json};

use crate::support::daemon::{Daemon, PROGRAM};
use crate::support::http::request;
use crate::support::mmdb::{Mmdb, Value as Field, map};
use crate::support::setup::Setup;
use crate::support::wait::{until, until_eq};

const EAST: &str = "192.0.2.1";
const WEST: &str = "198.51.100.1";
const NAMES: &str = "\
www.failover = [\"us-east\", \"eu-west\"]
shop.geo = { EU-FR = [\"us-east\", \"eu-west\"], default = [\"eu-west\", \"us-east\"] }
api = { weighted = { us-east = 1, eu-west = 1 }, ttl = 7 }
west.failover = [\"eu-west\"]
";

fn setup(names: &str) -> Setup {
    let pools = [("us-east", EAST), ("eu-west", WEST)].map(|(name, address)| {
        format!(
            "[regions.{name}]\n[pools.{name}]\nregion = \"{name}\"\nendpoints = [\"{address}\"]\n"
        )
    });
    let mut setup = Setup::steering(&pools.concat(), names);
    let france = map([("country_code", Field::from("FR"))]);
    setup.write("geoip/fr.mmdb", Mmdb::new(6, 24).network("12.0.0.0/8", france).bytes());
    setup.geoip = r#"["geoip/fr.mmdb"]"#.into();
    setup.write_config();
    setup
}

fn begin(daemon: &Daemon, target: &str, lifetime: &str) -> crate::support::http::Response {
    let body = json!({"target": target, "for": lifetime, "reason": "a test"});
    daemon.api("POST", "/api/v1/drills", &body.to_string())
}

/// The number of one that has begun.
#[track_caller]
fn begun(daemon: &Daemon, target: &str, lifetime: &str) -> String {
    let begun = begin(daemon, target, lifetime);
    assert_eq!(begun.status, 201, "{begun:?}");
    begun.json()["id"].as_str().unwrap().to_owned()
}

#[track_caller]
fn report_of(daemon: &Daemon, id: &str) -> Value {
    daemon.api("GET", &format!("/api/v1/drills/{id}"), "").json()
}

#[track_caller]
fn state_of(daemon: &Daemon, id: &str) -> Value {
    report_of(daemon, id)["state"].clone()
}

#[test]
fn a_drill_measures_and_puts_everything_back() {
    let mut daemon = setup(NAMES).ready();
    let report = daemon.path("report");
    let said = thread::scope(|scope| {
        let drill = scope.spawn(|| {
            let check =
                "test \"$STEERSMAN_DRILL_TARGET\" = region:us-east && echo the backup is well";
            let report = report.to_str().unwrap();
            let arguments =
                ["drill", "region:us-east", "--for", "3s", "--check", check, "--report", report];
            daemon.cli(&arguments)
        });
        daemon.wait_for_answer("www", WEST);
        assert_eq!(daemon.status()["overrides"][0]["reason"], "drill: a drill");
        drill.join().unwrap()
    });
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(daemon.answer("www"), [EAST]);
    assert_eq!(daemon.status()["overrides"], json!([]));

    let json: Value =
        serde_json::from_slice(&fs::read(report.join("report.json")).unwrap()).unwrap();
    let figures = &json["figures"];
    assert_eq!(
        (
            &json["state"],
            &figures["moved"],
            &figures["not_moved"],
            &figures["strays"],
            &figures["unanswered"]
        ),
        (&"done".into(), &3.into(), &0.into(), &0.into(), &0.into())
    );
    let seconds = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{json:#}"));
    let (moved, recovery) = (seconds(&figures["last_moved_s"]), seconds(&figures["recovery_s"]));
    let wanted =
        format!("3 clients moved, the last after {moved:.3} s; recovery time {recovery:.3} s;");
    assert!(said.stdout.starts_with(&wanted), "{wanted:?} is not in {said:?}");
    // Resolvers hold the last answer of www for 30 s.
    let held = |client: &Value| {
        seconds(&client["last_old_s"]) + client["last_old_ttl_s"].as_f64().unwrap()
    };
    let held = json["clients"].as_array().unwrap().iter().map(held).reduce(f64::max).unwrap();
    assert_eq!(recovery, held, "{json:#}");
    assert!(moved < recovery && recovery >= 30.0, "{figures}");
    assert!(seconds(&figures["last_returned_s"]) >= 0.0);
    assert_eq!(json["check"]["good"], true, "{json:#}");
    let client = |name: &str| {
        let clients = json["clients"].as_array().unwrap().iter();
        clients.clone().find(|client| client["name"] == name).unwrap().clone()
    };
    let shop = client("shop.example.com.");
    assert_eq!(
        (&shop["network"], &shop["before"], &shop["after"]),
        (&"12.0.0.0/24".into(), &json!([EAST]), &json!([WEST]))
    );
    assert_eq!(client("api.example.com.")["last_old_ttl_s"], 7);
    let page = fs::read_to_string(report.join("report.md")).unwrap();
    let took = format!(
        "# Drill of region:us-east\n\n**All clients moved, and recovery took {recovery:.1} s.**"
    );
    for wanted in [
        took.as_str(),
        "![When clients moved and came back](plot.svg)",
        "passed (exit status: 0)\n\n    the backup is well\n",
    ] {
        assert!(page.contains(wanted), "{wanted:?} is not in\n{page}");
    }
    assert!(fs::read_to_string(report.join("plot.svg")).unwrap().starts_with("<svg "));

    // The daemon keeps it, also over a restart.
    daemon.signal("TERM");
    daemon.end();
    let daemon = daemon.start_again();
    let kept = daemon.api("GET", "/api/v1/drills", "").json()["drills"][0].clone();
    assert_eq!((&kept["id"], &kept["figures"]), (&json["id"], figures));
    let id = kept["id"].as_str().unwrap();
    let page = daemon.api("GET", &format!("/api/v1/drills/{id}.md"), "");
    assert!(page.body.starts_with("# Drill of region:us-east"), "{page:?}");
    assert!(daemon.api("GET", &format!("/api/v1/drills/{id}.svg"), "").body.starts_with("<svg "));
    assert_eq!(daemon.api("GET", "/api/v1/drills/nosuch", "").status, 404);
    assert_eq!(daemon.api("GET", "/api/v1/drills/..%2F..%2Fadmin.token", "").status, 404);
}

#[test]
fn a_drill_does_not_begin_where_it_could_do_harm() {
    let setup = setup("www.failover = [\"us-east\", \"eu-west\"]\nonly.failover = [\"us-east\"]\n");
    setup.write("zones/rules.toml", "[rules.west-stays]\nregion = \"eu-west\"\nonly_while = \"us-east\"\n[rules.both]\nmin_regions = 2\n");
    let daemon = setup.ready();
    let refused = begin(&daemon, "region:us-east", "1m");
    assert_eq!((refused.status, &refused.json()["forcible"]), (409, &json!(true)));
    assert!(
        refused
            .detail()
            .contains("without region:us-east every candidate would be down for clients of 1 name"),
        "{refused:?}"
    );
    daemon.write("zones/example.com.toml", "www.failover = [\"us-east\", \"eu-west\"]\n");
    assert_eq!(daemon.reload().status, 200);
    let refused = begin(&daemon, "region:us-east", "1m");
    assert!(
        refused.detail().contains("it would break rule both: 1 region would be up"),
        "{refused:?}"
    );
    let refused = begin(&daemon, "region:eu-west", "1m");
    assert!(
        refused.detail().contains("no client of any name is sent to region:eu-west now"),
        "{refused:?}"
    );
    assert_eq!(refused.json()["forcible"], Value::Null, "nobody can force that");
    for (target, lifetime, status) in [
        ("region:us-eats", "1m", 404),
        ("us-east", "1m", 422),
        ("region:us-east", "0s", 422),
        ("region:us-east", "2d", 422),
        ("region:us-east", "soon", 422),
    ] {
        assert_eq!(begin(&daemon, target, lifetime).status, status, "{target} {lifetime}");
    }
    let viewer = daemon.cli_ok(&["token", "add", "wall", "--role", "viewer"]);
    let body = json!({"target": "region:us-east", "for": "1m", "reason": "a test"}).to_string();
    let response =
        request(daemon.admin, "POST", "/api/v1/drills", Some(viewer.trim()), &body).unwrap();
    assert_eq!(response.status, 403);
    assert_eq!(daemon.answer("www"), [EAST]);
    assert_eq!(daemon.status()["overrides"], json!([]));
}

#[test]
fn one_drill_at_a_time_and_it_can_be_ended() {
    let daemon = setup(NAMES).ready();
    assert_eq!(daemon.set("pool:us-east", "drain").status, 201);
    let refused = begin(&daemon, "pool:us-east", "1m");
    assert!(
        refused.detail().contains("there is an override on pool:us-east; clear it first"),
        "{refused:?}"
    );
    assert_eq!(daemon.clear("pool:us-east").status, 204);
    let begun = begin(&daemon, "pool:us-east", "10m");
    assert_eq!(begun.status, 201, "{begun:?}");
    let refused = begin(&daemon, "pool:eu-west", "10m");
    assert!(refused.detail().contains("another drill is under way"), "{refused:?}");
    let id = begun.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/drills/{id}");
    let state = || daemon.api("GET", &path, "").json()["state"].clone();
    until_eq(json!("away"), state);
    assert_eq!(daemon.api("DELETE", &path, "").status, 202);
    until_eq(json!("ended"), state);
    assert_eq!(daemon.answer("www"), [EAST]);
    assert_eq!(daemon.api("DELETE", &path, "").status, 404);
    assert_eq!(daemon.status()["overrides"], json!([]));
}

#[test]
fn a_check_that_fails_is_a_failure() {
    let daemon = setup("only.failover = [\"us-east\"]\n").ready();
    let report = daemon.path("report");
    let arguments =
        ["drill", "region:us-east", "--for", "2s", "--force", "--report", report.to_str().unwrap()];
    let said = daemon.cli(&arguments);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.stderr.contains("no client of any name is sent to"),
        "a last resort stays: {said:?}"
    );
    let both = "only = { weighted = { us-east = 1, eu-west = 1 }, all_down = \"serve\" }\n";
    daemon.write("zones/example.com.toml", both);
    until("the reload", || {
        let said = daemon.api(
            "POST",
            "/api/v1/preview",
            "{\"target\":\"region:us-east\",\"state\":\"drain\"}",
        );
        (said.json()["names"] == 1).then_some(()).ok_or(said.body)
    });
    // The check fails, and so does the drill, though all have moved.
    let check = [
        "drill",
        "region:us-east",
        "--for",
        "2s",
        "--check",
        "exit 3",
        "--report",
        report.to_str().unwrap(),
    ];
    let said = daemon.cli(&check);
    assert_eq!(said.code, Some(1), "{said:?}");
    let page = fs::read_to_string(report.join("report.md")).unwrap();
    assert!(page.contains("`exit 3` FAILED (exit status: 3)"), "{page}");
}

/// Whoever sees that the backup is not well puts it back at once, though the check still runs.
#[test]
fn an_interrupt_during_the_check_puts_it_back() {
    let daemon = setup(NAMES).ready();
    let mut drill = Command::new(PROGRAM);
    drill.args(["--config", "running.toml"]);
    drill.args(["drill", "region:us-east", "--for", "10m", "--reason", "x", "--report", "report"]);
    drill.args(["--check", "touch checking; exec sleep 600"]).current_dir(daemon.path("."));
    let mut drill = drill.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("the check", || {
        daemon.path("checking").exists().then_some(()).ok_or_else(|| daemon.log.text())
    });
    assert_eq!(daemon.answer("www"), [WEST]);
    let id = drill.id().to_string();
    let sent = Command::new("sh").args(["-c", "kill -s INT \"$0\"", &id]).status();
    assert!(sent.unwrap().success());
    daemon.wait_for_answer("www", EAST);
    let status = until("its end", || drill.try_wait().unwrap().ok_or_else(|| "it goes on".into()));
    assert_eq!(status.code(), Some(1));
    let page = fs::read_to_string(daemon.path("report/report.md")).unwrap();
    assert!(
        page.contains("The check at the backup FAILED") && page.contains("interrupted"),
        "{page}"
    );
}
