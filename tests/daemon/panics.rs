//! A pool of which few endpoints are left: all are answered, and somebody is told.

use crate::support::backend::Backend;
use crate::support::setup::{Setup, steady, web};
use crate::support::wait::until_eq;

const BEGINS: &str = "a pool panics: so few of its endpoints are up that those that probes call \
                      down are answered too";
const ENDS: &str = "a pool no longer panics";

#[test]
fn a_panic_is_said_once_when_it_begins_and_once_when_it_ends() {
    let mut servers = [(); 3].map(|()| Backend::http());
    let mut pools = web() + &steady("spare", "198.51.100.1");
    pools += "[pools.main]\nmonitor = \"web\"\npanic_below = 0.5\nendpoints = [\n";
    for (index, server) in servers.iter().enumerate() {
        pools += &format!("{{ address = \"192.0.2.{index}\", probe = \"{}\" }},\n", server.address);
    }
    pools += "]\n";
    let daemon = Setup::steering(&pools, "www.failover = [\"main\", \"spare\"]\n").ready();
    let all = ["192.0.2.0", "192.0.2.1", "192.0.2.2"].map(str::to_owned).to_vec();
    let panics = || daemon.metrics().sum("steersman_pool_panics", &["\"main\"", "family=\"a\""]);
    let of_main = |field: &str| {
        let status = daemon.status();
        let pools = status["pools"].as_array().unwrap();
        pools.iter().find(|pool| pool["name"] == "main").unwrap()[field].clone()
    };
    until_eq(all.clone(), || daemon.answer("www"));
    servers[0].kill();
    until_eq(all[1..].to_vec(), || daemon.answer("www"));
    assert_eq!((panics(), of_main("panics")["a"].as_bool()), (0.0, Some(false)));
    assert_eq!(of_main("panic_below"), "50%");

    servers[1].kill();
    until_eq(all, || daemon.answer("www"));
    let line = daemon.log.wait_for(BEGINS, 1);
    assert_eq!((&line["pool"], &line["family"]), (&"main".into(), &"a".into()));
    assert_eq!((&line["healthy"], &line["total"]), (&1.into(), &3.into()));
    assert_eq!((panics(), of_main("panics")["a"].as_bool()), (1.0, Some(true)));
    let explained = daemon.cli_ok(&["explain", "www.example.com", "--live"]);
    assert!(explained.contains("pool main: up, 1 of 3 endpoints up, in panic"), "{explained}");
    let status = daemon.cli_ok(&["status"]);
    assert!(status.contains("A up, IN PANIC"), "{status}");
    // A reload of the same files is no other panic.
    assert_eq!(daemon.reload().status, 200);

    servers[0].revive();
    servers[1].revive();
    daemon.log.wait_for(ENDS, 1);
    until_eq(0.0, panics);
    assert_eq!((daemon.log.of(BEGINS).len(), daemon.log.of(ENDS).len()), (1, 1));
}
