//! How available everything was: written down as it happens, and reported over restarts.

use serde_json::Value;

use crate::support::backend::Backend;
use crate::support::daemon::Daemon;
use crate::support::setup::{Setup, pool, steady, web};
use crate::support::wait::until;
use crate::upgrade::successor;

fn report(daemon: &Daemon) -> Value {
    serde_json::from_str(&daemon.cli_ok(&["report", "--since", "1h", "--format", "json"])).unwrap()
}

/// Waits for a report of which something is so.
fn wait_for(daemon: &Daemon, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let mut found = Value::Null;
    until(what, || {
        found = report(daemon);
        if is_so(&found) { Ok(()) } else { Err(found.to_string()) }
    });
    found
}

fn of_main<'r>(report: &'r Value, list: &str) -> &'r Value {
    let all = report[list].as_array().unwrap();
    all.iter().find(|of| of["pool"] == "main").unwrap_or(&Value::Null)
}

#[test]
fn outages_and_drains_are_reported_over_restarts() {
    let mut server = Backend::http();
    let pools = web()
        + "[regions.east]\n"
        + &pool("main", "web", "192.0.2.1", server.address)
        + "region = \"east\"\n"
        + &steady("spare", "198.51.100.1");
    let names = "[www]\nfailover = [\"main\", \"spare\"]\n";
    let mut daemon = Setup::steering(&pools, names).ready();
    let answered = 7;
    for _ in 0..answered {
        assert_eq!(daemon.answer("www"), ["192.0.2.1"]);
    }
    server.kill();
    daemon.wait_for_answer("www", "198.51.100.1");
    server.revive();
    daemon.wait_for_answer("www", "192.0.2.1");
    daemon.cli_ok(&["drain", "region:east", "--for", "1h", "--reason", "new kernel"]);
    let drained = wait_for(&daemon, "the drain", |report| report["failovers_in_all"] == 2);
    let [taken_out, failed] = drained["failovers"].as_array().unwrap().as_slice() else {
        panic!("{drained}")
    };
    assert_eq!((&taken_out["planned"], &failed["planned"]), (&true.into(), &false.into()));
    let why = taken_out["why"].as_str().unwrap();
    assert!(why.starts_with("drain by ") && why.ends_with(": new kernel"), "{why}");
    assert!(failed["why"].as_str().unwrap().contains("refused"), "{failed}");
    let detected = failed["detected_s"].as_f64().unwrap();
    assert!(detected > 0.0 && detected < 30.0, "{failed}");
    assert!(failed["until"].is_string() && taken_out["until"].is_null(), "{drained}");
    // Those just given are part of it.
    let answers = drained["names"][0]["answers"].as_u64().unwrap();
    assert!(answers >= answered, "{drained}");
    let main = of_main(&drained, "pools");
    assert_eq!((&main["region"], &main["outages"]), (&"east".into(), &1.into()), "{drained}");
    let (up, down) = (main["up_s"].as_f64().unwrap(), main["down_s"].as_f64().unwrap());
    assert!(down > 0.0 && up > 0.0, "{main}");
    let availability = main["availability"].as_f64().unwrap();
    assert!((availability - up / (up + down)).abs() < 1e-9, "{main}");
    assert_eq!(
        (&drained["regions"][0]["region"], &drained["regions"][0]["outages"]),
        (&"east".into(), &1.into())
    );
    assert_eq!(drained["endpoints"][0]["outages"], 1, "{drained}");

    // What it was doing is not known while it is killed; the drain goes on over that.
    daemon.kill();
    let daemon = daemon.start_again();
    daemon.wait_until_ready();
    let again = wait_for(&daemon, "a second start", |report| {
        report["gaps"].as_array().is_some_and(|gaps| gaps.len() == 2)
    });
    assert_eq!(
        (&again["failovers_in_all"], &of_main(&again, "pools")["outages"]),
        (&2.into(), &1.into())
    );
    daemon.cli_ok(&["clear", "region:east"]);
    wait_for(&daemon, "the end of the drain", |report| report["failovers"][0]["until"].is_string());

    let text = daemon.cli_ok(&["report", "--since", "1h"]);
    assert!(text.starts_with("Availability from "), "{text}");
    assert!(text.contains("new kernel") && text.contains("nothing is known of 2 times"), "{text}");
    let page = daemon.cli_ok(&["report", "--since", "1h", "--format", "markdown"]);
    assert!(page.starts_with("# Availability from ") && page.contains("## Regions"), "{page}");
}

/// Answers that were given are in the report once the daemon has ended, at the latest.
#[test]
fn answers_are_counted_over_restarts() {
    let pools = steady("main", "192.0.2.1") + &steady("spare", "198.51.100.1");
    let names = "[www]\nweighted = { main = 3, spare = 1 }\n";
    let mut daemon = Setup::steering(&pools, names).ready();
    let answered = 40;
    for _ in 0..answered {
        daemon.answer("www");
    }
    daemon.signal("TERM");
    assert!(daemon.end().success());
    let daemon = daemon.start_again();
    daemon.wait_until_ready();
    let report = report(&daemon);
    let [www] = report["names"].as_array().unwrap().as_slice() else { panic!("{report}") };
    assert_eq!((&www["name"], &www["answers"]), (&"www.example.com.".into(), &answered.into()));
    let shares = www["pools"].as_array().unwrap();
    let of = |pool: &str| shares.iter().find(|of| of["pool"] == pool).unwrap();
    assert_eq!(
        (&of("main")["configured"], &of("spare")["configured"]),
        (&0.75.into(), &0.25.into())
    );
    let achieved: f64 = shares.iter().map(|of| of["achieved"].as_f64().unwrap()).sum();
    assert!((achieved - 1.0).abs() < 1e-9, "{report}");
    assert_eq!(
        report["gaps"].as_array().unwrap().len(),
        2,
        "before it began, and while it did not run"
    );
}

#[test]
fn times_that_are_none_are_refused() {
    let daemon =
        Setup::steering(&steady("main", "192.0.2.1"), "[www]\nfailover = [\"main\"]\n").ready();
    for (args, why) in [
        (
            &["report", "--since", "yesterday"][..],
            "since: found \"yesterday\"; expected how long ago",
        ),
        (&["report", "--since", "9999d"], "since: found more than 400d"),
        (&["report", "--since", "1d", "--until", "2d"], "since: found what is not before the end"),
    ] {
        let said = daemon.cli(args);
        assert!(said.code == Some(1) && said.stderr.contains(why), "{said:?}");
    }
}

/// One process hands on to the next what it has counted, and nobody sees a seam.
#[test]
fn an_upgrade_leaves_no_gap_and_loses_no_answer() {
    let pools = steady("main", "192.0.2.1") + &steady("spare", "198.51.100.1");
    let daemon = Setup::steering(&pools, "[www]\nfailover = [\"main\", \"spare\"]\n").ready();
    let answered = 9;
    for _ in 0..answered {
        daemon.answer("www");
    }
    wait_for(&daemon, "the first records", |report| report["names_in_all"] == 1);
    daemon.answer("www");
    daemon.signal("USR2");
    let next = successor(&daemon, 1);
    let after = wait_for(&daemon, "those of both", |report| {
        report["names"][0]["answers"].as_u64() == Some(answered + 1)
    });
    let gaps = after["gaps"].as_array().unwrap();
    assert_eq!(gaps.len(), 1, "but for the time before it began: {after}");
    drop(next);
}
