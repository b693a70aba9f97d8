//! A pool that is well by its own probes, and down for what it requires is.

use crate::support::backend::Backend;
use crate::support::setup::{Setup, pool, steady, web};
use crate::support::wait::until_eq;

const ALL_DOWN: &str =
    "ALL DOWN: not one pool of these names is up; they are answered as their all_down says";

#[test]
fn what_hangs_on_a_pool_that_falls_is_told_of_too() {
    let mut database = Backend::http();
    let main = steady("main", "192.0.2.1") + "requires = [\"db\", \"disk\"]\n";
    let pools = web()
        + &main
        + &pool("db", "web", "192.0.2.2", database.address)
        + &steady("disk", "192.0.2.3")
        + &steady("spare", "198.51.100.1");
    let names = "www.failover = [\"main\", \"spare\"]\nalone.failover = [\"main\"]\n";
    let daemon = Setup::steering(&pools, names).ready();
    assert_eq!(daemon.answer("www"), ["192.0.2.1"]);
    database.kill();
    daemon.wait_for_answer("www", "198.51.100.1");
    let line = daemon.log.wait_for(ALL_DOWN, 1);
    assert_eq!(line["names"], "alone.example.com.");
    let status = daemon.status();
    let pools = status["pools"].as_array().unwrap();
    let main = pools.iter().find(|pool| pool["name"] == "main").unwrap();
    let requires = serde_json::json!([
        { "name": "db", "up": false }, { "name": "disk", "up": true },
    ]);
    assert_eq!((&main["requires"], &main["up"]["a"]), (&requires, &false.into()));
    assert_eq!(daemon.metrics().sum("steersman_pool_up", &["\"main\""]), 0.0);
    let status = daemon.cli_ok(&["status"]);
    assert!(status.contains("requires db, which is DOWN; requires disk\n"), "{status}");
    let explained = daemon.cli_ok(&["explain", "www.example.com", "--live"]);
    let why = "pool main: down, 1 of 1 endpoints up, requires db, which is down";
    assert!(explained.contains(why), "{explained}");
    // From the files alone it is the same.
    let explained = daemon.cli_ok(&["explain", "www.example.com", "--down", "db"]);
    assert!(explained.contains(why), "{explained}");

    database.revive();
    daemon.wait_for_answer("www", "192.0.2.1");
    until_eq(1, || daemon.log.of("these names have a pool that is up again").len());
    assert_eq!(daemon.log.of(ALL_DOWN).len(), 1);
}
