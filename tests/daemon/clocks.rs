//! A wall clock that jumps: what is promised for a time goes by it, and nothing else does.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::backend::Backend;
use crate::support::daemon::{Daemon, Start};
use crate::support::packages::miss;
use crate::support::setup::{Setup, pool, steady, web};
use crate::support::wait::until;

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
