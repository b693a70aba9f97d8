//! A wall clock that jumps: what is promised for a time goes by it, and nothing else does.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::backend::Backend;
use crate::support::daemon::{Daemon, Start};
use crate::support::packages::miss;
use crate::support::setup::{Setup, pool, steady, web};
use crate::support::wait::{until, until_eq};
use crate::webhooks::receiver::Receiver;

const MAIN: &str = "192.0.2.1";
const SPARE: &str = "198.51.100.1";

/// Gives the daemon a clock of its own, which follows a file. The monotonic one stays as it is.
const OWN_CLOCK: &str = "export LD_PRELOAD=$(ls /usr/lib/*/faketime/libfaketimeMT.so.1) \
     FAKETIME_TIMESTAMP_FILE=clock FAKETIME_NO_CACHE=1 DONT_FAKE_MONOTONIC=1";

fn is_there() -> bool {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let is_in = |folder: &Path| folder.join("faketime/libfaketimeMT.so.1").exists();
    folders.into_iter().any(|entry| is_in(&entry.path()))
}

fn overrides(daemon: &Daemon) -> Vec<Value> {
    let list = daemon.api("GET", "/api/v1/overrides", "").json();
    list["overrides"].as_array().unwrap().clone()
}

#[test]
fn a_clock_that_jumps_ends_what_was_for_a_time_and_harms_nothing_else() {
    if !is_there() {
        return miss("tried with a clock that jumps", "faketime");
    }
    let mut server = Backend::http();
    let pools = web() + &pool("main", "web", MAIN, server.address) + &steady("spare", SPARE);
    let setup = Setup::steering(&pools, "[www]\nfailover = [\"main\", \"spare\"]\n");
    setup.write("clock", "+0");
    let daemon = setup.start_by(&Start { before: Some(OWN_CLOCK), handed: None });
    daemon.wait_until_ready();
    let jump = |to: &str| daemon.write("clock", to);

    daemon.cli_ok(&["drain", "pool:main", "--for", "1h", "--reason", "kernel"]);
    assert_eq!(daemon.answer("www"), [SPARE]);
    // Two hours forward: its time is over.
    jump("+2h");
    daemon.wait_for_answer("www", MAIN);
    until("the end of the override", || {
        let left = overrides(&daemon);
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    });
    // A day back: probes go on, and verdicts move as ever.
    jump("-1d");
    server.kill();
    daemon.wait_for_answer("www", SPARE);
    server.revive();
    daemon.wait_for_answer("www", MAIN);
    // What is set now ends by the clock of now.
    daemon.cli_ok(&["drain", "pool:main", "--for", "1s", "--reason", "brief"]);
    assert_eq!(daemon.answer("www"), [SPARE]);
    daemon.wait_for_answer("www", MAIN);
    // The log of changes is as it was written, whatever the times in it; and no report has more time than there was.
    let audit = daemon.cli(&["audit"]);
    assert_eq!(audit.code, Some(0), "{audit:?}");
    jump("+3h");
    for since in ["1h", "3d"] {
        let report: Value =
            serde_json::from_str(&daemon.cli_ok(&["report", "--since", since, "--json"])).unwrap();
        let pools = report["pools"].as_array().unwrap();
        assert_eq!(pools.len(), 2, "{report}");
        // Of the last hour of a clock that is three hours ahead only this moment is known.
        assert_eq!(report["observed_s"].as_f64().unwrap() > 1.0, since == "3d", "{report}");
        for pool in pools {
            let sum: f64 =
                ["up_s", "down_s", "away_s"].map(|key| pool[key].as_f64().unwrap()).iter().sum();
            assert!(sum <= report["observed_s"].as_f64().unwrap() + 1e-6, "{report}");
        }
    }
    assert!(!daemon.log.text().contains("panic"), "{}", daemon.log.text());
}

/// Seconds from now to a time, for the file that the clock follows.
fn ahead(time: &str) -> String {
    let time: jiff::Timestamp = time.parse().unwrap();
    let now = jiff::Timestamp::try_from(steersman::clock::wall_now()).unwrap();
    format!("{:+}", time.as_second() - now.as_second())
}

/// In Berlin clocks go from 02:00 to 03:00 on 28 March 2027, and from 03:00 to 02:00 on 31 October.
#[test]
fn maintenance_lasts_over_an_hour_that_there_is_not_and_comes_once_in_one_that_there_is_twice() {
    if !is_there() {
        return miss("tried with clocks that change", "faketime");
    }
    let pools = steady("main", MAIN) + &steady("spare", SPARE);
    let names = "www = { failover = [\"main\", \"spare\"], ttl = 1 }\n";
    let setup = Setup::steering(&pools, names);
    setup.write(
        "zones/maintenance.toml",
        "[maintenance.nightly]\ntarget = \"pool:main\"\nstart = \"2027-03-01T02:30\"\n\
         end = \"2027-03-01T02:45\"\ntimezone = \"Europe/Berlin\"\nrepeats = \"daily\"\n\
         lead = \"1s\"\nreason = \"backups\"\n",
    );
    setup.write("clock", ahead("2027-03-28T00:20:00Z"));
    let daemon = setup.start_by(&Start { before: Some(OWN_CLOCK), handed: None });
    daemon.wait_until_ready();
    assert_eq!(daemon.answer("www"), [MAIN]);
    for (time, stage, begins) in [
        // There is no half past two: it begins at three, and lasts as long as ever.
        ("2027-03-28T00:50:00Z", "planned", "2027-03-28T01:00:00Z"),
        ("2027-03-28T01:10:00Z", "away", "2027-03-28T01:00:00Z"),
        ("2027-03-28T01:25:00Z", "planned", "2027-03-29T00:30:00Z"),
        ("2027-03-29T00:35:00Z", "away", "2027-03-29T00:30:00Z"),
        // There are two: it is the first.
        ("2027-10-31T00:20:00Z", "planned", "2027-10-31T00:30:00Z"),
        ("2027-10-31T00:35:00Z", "away", "2027-10-31T00:30:00Z"),
        ("2027-10-31T00:50:00Z", "planned", "2027-11-01T01:30:00Z"),
        ("2027-10-31T01:35:00Z", "planned", "2027-11-01T01:30:00Z"),
        ("2027-11-01T01:35:00Z", "away", "2027-11-01T01:30:00Z"),
        // And back again, as if nothing had been.
        ("2027-10-31T00:35:00Z", "away", "2027-10-31T00:30:00Z"),
        ("2027-03-28T00:50:00Z", "planned", "2027-03-28T01:00:00Z"),
    ] {
        daemon.write("clock", ahead(time));
        until(&format!("{time}: {stage}"), || {
            let window = daemon.status()["maintenance"][0].clone();
            let is_so = (&window["stage"], &window["start"]) == (&stage.into(), &begins.into());
            if is_so { Ok(()) } else { Err(window.to_string()) }
        });
        let answer = if stage == "away" { SPARE } else { MAIN };
        assert_eq!(daemon.answer("www"), [answer], "{time}");
    }
    assert!(!daemon.log.text().contains("panic"), "{}", daemon.log.text());
}

/// A machine that has no time until the network gives it one: what waits is no day old by that.
#[test]
fn a_clock_that_jumps_gives_up_no_message() {
    if !is_there() {
        return miss("tried with a clock that jumps", "faketime");
    }
    let receiver = Receiver::start();
    let mut setup = Setup::steering(&steady("main", MAIN), "www.failover = [\"main\"]\n");
    setup.dns += &format!("\n[webhooks.ops]\nurl = \"{}\"\ngroup = \"0s\"\n", receiver.url());
    setup.write("clock", "-20000d");
    let daemon = setup.start_by(&Start { before: Some(OWN_CLOCK), handed: None });
    daemon.wait_until_ready();
    receiver.answer(503);
    assert_eq!(daemon.set("pool:main", "up").status, 201);
    until_eq(true, || receiver.count() >= 1);
    for to in ["+0", "-3d", "+400d"] {
        daemon.write("clock", to);
        let before = receiver.count();
        until_eq(true, || receiver.count() > before);
    }
    receiver.answer(200);
    receiver.wait_for("type", "override", 1);
    assert_eq!(daemon.log.of("NOT TOLD: given up").len(), 0, "{}", daemon.log.text());
}
