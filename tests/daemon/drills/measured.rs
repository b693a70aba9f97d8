//! What is measured is what clients are told: not what is refused, cut, empty or held back by the rate limit.

use serde_json::json;

use super::{begun, report_of, setup, state_of};
use crate::support::wait::{until, until_eq};

/// An error is nowhere to move to, and neither is nothing.
#[test]
fn whoever_is_told_nothing_has_not_moved() {
    let daemon = setup(
        "failed = { failover = [\"us-east\"], all_down = \"servfail\" }\n\
         empty = { failover = [\"us-east\"], all_down = \"nodata\" }\n",
    )
    .ready();
    let body = json!({"target": "region:us-east", "for": "10m", "reason": "a test", "force": true});
    let begun = daemon.api("POST", "/api/v1/drills", &body.to_string());
    assert_eq!(begun.status, 201, "{begun:?}");
    let id = begun.json()["id"].as_str().unwrap().to_owned();
    let report = until("questions without an answer", || {
        let report = report_of(&daemon, &id);
        let unanswered = report["figures"]["unanswered"].as_u64().unwrap();
        if unanswered >= 2 || report["state"] != "moving" {
            Ok(report)
        } else {
            Err(report.to_string())
        }
    });
    let figures = &report["figures"];
    assert_eq!(
        (&report["state"], &figures["moved"], &figures["not_moved"], &figures["recovery_s"]),
        (&json!("moving"), &json!(0), &json!(2), &json!(null)),
        "{report:#}"
    );
    assert_eq!(daemon.api("DELETE", &format!("/api/v1/drills/{id}"), "").status, 202);
    until_eq(json!("ended"), || state_of(&daemon, &id));
    let page = daemon.api("GET", &format!("/api/v1/drills/{id}.md"), "").body;
    assert!(page.contains("**Not all clients moved: 2 did not"), "{page}");
}

/// Where the daemon answers at another address than loopback its own questions are limited as any others.
#[test]
fn the_rate_limit_does_not_count_against_a_drill() {
    // More than one network has buckets for.
    let name = |n| format!("n{n}.failover = [\"us-east\", \"eu-west\"]\n");
    let mut setup = setup(&(0..64).map(name).collect::<String>());
    // What is beyond it is not even cut.
    setup.dns = "[dns.rate_limit]\nexempt = []\nresponses_per_second = 1\nslip = 0\n".into();
    let daemon = setup.ready();
    let id = begun(&daemon, "region:us-east", "2s");
    until_eq(json!("done"), || state_of(&daemon, &id));
    let report = report_of(&daemon, &id);
    let figures = &report["figures"];
    let counts = ["moved", "not_moved", "strays", "unanswered"].map(|what| &figures[what]);
    assert_eq!(counts, [&json!(64), &json!(0), &json!(0), &json!(0)], "{report:#}");
    assert!(figures["last_returned_s"].is_number(), "{report:#}");
}
