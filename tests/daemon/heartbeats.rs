//! Endpoints that say of themselves that they are well, over the admin endpoint.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::support::setup::{Setup, steady};
use crate::support::wait::{until, until_eq};

const MAIN: &str = "192.0.2.1";
const SPARE: &str = "198.51.100.1";
const NAMES: &str = "www.failover = [\"main\", \"spare\"]\n";

fn setup(interval: &str) -> Setup {
    let pools = format!(
        "[monitors.alive]\nheartbeat = {{}}\ninterval = \"{interval}\"\nfall = 2\nrise = 2\n\
         [pools.main]\nmonitor = \"alive\"\nendpoints = [\"{MAIN}\", {{ address = \"2001:db8::1\" }}]\n\
         [pools.named]\nmonitor = \"alive\"\nendpoints = [{{ cname = \"Host.example.net.\" }}]\n"
    );
    Setup::steering(&(pools + &steady("spare", SPARE)), NAMES)
}

/// Answers do not wait for them; what is never heard of is down after an interval.
#[test]
fn an_endpoint_is_up_while_its_heartbeats_come() {
    let daemon = setup("1s").start();
    let beat = |endpoint: &str| daemon.api("POST", &format!("/api/v1/heartbeats/{endpoint}"), "");
    daemon.wait_for_answer("www", SPARE);
    assert_eq!(daemon.endpoint("main")["last_error"], "no heartbeat for 1s");
    assert_eq!(daemon.endpoint("named")["verdict"], "down");
    until_eq(vec![MAIN.to_owned()], || {
        assert_eq!(beat("main/192.0.2.1").status, 204);
        daemon.answer("www")
    });
    until_eq("up".into(), || {
        assert_eq!(beat("named/host.example.net.").status, 204);
        daemon.endpoint("named")["verdict"].clone()
    });
    daemon.wait_for_answer("www", SPARE);
}

#[test]
fn it_is_told_by_when_the_next_one_is_to_come() {
    let daemon = setup("1h").ready();
    let probe = || daemon.endpoint("named")["probes"][0].clone();
    assert_eq!(probe()["next_probe"], Value::Null);
    assert_eq!(daemon.api("POST", "/api/v1/heartbeats/named/host.example.net.", "").status, 204);
    let told = until("the heartbeat to be taken in", || {
        let probe = probe();
        if probe["next_probe"].is_string() { Ok(probe) } else { Err(probe.to_string()) }
    });
    let time = |field: &str| told[field].as_str().unwrap().parse::<Timestamp>().unwrap();
    assert_eq!(time("next_probe"), time("since") + SignedDuration::from_hours(1));
    assert_eq!(told["round_trip_ms"], Value::Null);
}

#[test]
fn a_heartbeat_of_nobody_is_refused() {
    let daemon = setup("1m").ready();
    let beat = |endpoint: &str| daemon.api("POST", &format!("/api/v1/heartbeats/{endpoint}"), "");
    let unknown = beat("main/192.0.2.7");
    assert_eq!(unknown.status, 404);
    assert!(unknown.detail().contains("main/192.0.2.1"), "{}", unknown.detail());
    assert_eq!(beat("main").status, 404);
    let deaf = beat(&format!("spare/{SPARE}"));
    let detail = "no monitor of endpoint:spare/198.51.100.1 is a heartbeat, so nobody listens";
    assert_eq!((deaf.status, deaf.detail()), (409, detail.into()));
    assert_eq!(daemon.api("GET", "/api/v1/heartbeats/main/192.0.2.1", "").status, 405);
    // Any spelling of an address will do.
    assert_eq!(beat("main/2001:DB8:0::1").status, 204);
}
