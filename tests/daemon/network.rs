//! This machine loses its network: in one of its own, with addresses that come and go.

use std::env;
use std::fs;
use std::process::Command;

use hickory_proto::rr::RecordType;
use serde_json::Value;

use crate::support::backend::Backend;
use crate::support::packages::miss;
use crate::support::setup::Setup;
use crate::support::wait::until_eq;

/// Set where the test runs in a network of its own.
const INSIDE: &str = "STEERSMAN_TEST_NETWORK";
const EAST: [&str; 3] = ["192.0.2.1", "192.0.2.2", "192.0.2.3"];
const WEST: [&str; 3] = ["198.51.100.1", "198.51.100.2", "198.51.100.3"];
const LOST: &str = "NETWORK LOST: nobody is heard of any more, so this machine is cut off; verdicts stay as they are";
/// The address of this machine.
const OWN: &str = "203.0.113.1";
const MONITOR: &str = "interval = \"500ms\"\nretry = \"50ms\"\n";

#[test]
fn verdicts_stay_until_somebody_is_heard_of_again() {
    if env::var_os(INSIDE).is_some() {
        return inside();
    }
    if Command::new("ip").arg("-V").output().is_err() {
        return miss("tried without a network", "iproute2");
    }
    let name = "network::verdicts_stay_until_somebody_is_heard_of_again";
    let mut unshare = Command::new("unshare");
    unshare.args(["--user", "--map-root-user", "--net", "--"]).arg(env::current_exe().unwrap());
    let output = unshare.args([name, "--exact", "--nocapture"]).env(INSIDE, "1").output().unwrap();
    let (said, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if errors.contains("unshare failed") {
        return miss(
            "tried without a network",
            "a kernel that lets users have networks of their own",
        );
    }
    assert!(output.status.success() && said.contains("1 passed"), "{said}{errors}");
}

fn ip(arguments: &[&str]) {
    let status = Command::new("ip").args(arguments).status().unwrap();
    assert!(status.success(), "ip {arguments:?}");
}

/// Ways to addresses, from one that is not theirs: what is asked on its own address needs no network.
/// All by one process, at the same moment: what is gone 0.1 s before all others has gone down by right.
fn each(addresses: &[&str], verb: &str) {
    let way = |at: &&str| format!("route {verb} local {at} dev lo src {OWN}\n");
    let batch: String = addresses.iter().map(way).collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), batch).unwrap();
    ip(&["-batch", file.path().to_str().unwrap()]);
}

fn inside() {
    ip(&["link", "set", "lo", "up"]);
    ip(&["address", "add", OWN, "dev", "lo"]);
    let all = [EAST, WEST].concat();
    each(&all, "add");
    let backend = Backend::http_everywhere();
    let port = backend.address.port();
    let pool = |name: &str, addresses: [&str; 3]| {
        format!("[pools.{name}]\nmonitor = \"web\"\nendpoints = {addresses:?}\n")
    };
    let pools = format!(
        "[monitors.web]\nhttp = {{ port = {port} }}\n{MONITOR}{}{}",
        pool("east", EAST),
        pool("west", WEST)
    );
    let daemon = Setup::steering(&pools, "www.failover = [\"east\", \"west\"]\n").ready();
    assert_eq!(daemon.answer("www"), EAST);

    each(&all, "del");
    daemon.log.wait_for(LOST, 1);
    assert_eq!(daemon.status()["network_lost"], true);
    assert_eq!(daemon.metrics().sum("steersman_network_lost", &[]), 1.0);
    // For many probes of each, all of which fail.
    let failed = || daemon.metrics().sum("steersman_probes_total", &["result=\"network\""]);
    let before = failed();
    until_eq(true, || failed() > before + 60.0);
    assert_eq!(daemon.answer("www"), EAST);
    assert_eq!(
        daemon.log.of("verdict changed").iter().filter(|l| l["verdict"] == "down").count(),
        0
    );
    assert_eq!(daemon.ask("www", RecordType::A).ttl(), 1, "the network may be back at any moment");

    // The network is back, and one region is not.
    each(&WEST, "add");
    daemon.log.wait_for("somebody is heard of again: verdicts follow the probes", 1);
    until_eq(WEST.map(String::from).to_vec(), || daemon.answer("www"));
    assert_eq!(daemon.status()["network_lost"], Value::Null);
    each(&EAST, "add");
    until_eq(EAST.map(String::from).to_vec(), || daemon.answer("www"));

    // A region that cannot be reached goes down, and the network is not lost.
    each(&EAST, "del");
    until_eq(WEST.map(String::from).to_vec(), || daemon.answer("www"));
    assert_eq!(daemon.log.of(LOST).len(), 1);
}
