//! Safety rules: what would break one is refused by its name, unless an admin forces it.

use std::time::Duration;

use serde_json::{Value, json};
use steersman::{clock, timestamp};

use crate::support::backend::Backend;
use crate::support::daemon::Daemon;
use crate::support::http::request;
use crate::support::setup::{Setup, pool, web};

const NAMES: &str = "www.failover = [\"us\", \"eu\", \"ap\"]\n";
const RULES: &str = "\
[rules.two-regions]
min_regions = 2
[rules.us-needs-eu]
region = \"us\"
only_while = [\"eu\"]
";

fn region(name: &str, address: &str) -> String {
    format!("[regions.{name}]\n[pools.{name}]\nregion = \"{name}\"\nendpoints = [\"{address}\"]\n")
}

/// `us`, as its probes of a server find it.
fn probed_us(server: &Backend) -> String {
    let pool = pool("us", "web", "192.0.2.1", server.address);
    format!("[regions.us]\n{}{pool}region = \"us\"\n", web())
}

/// `us` fails its probes, and `eu`, which is answered in its place, has none.
fn with_us_down(others: &str, names: &str, rule: &str) -> Daemon {
    let mut server = Backend::http();
    let pools = probed_us(&server) + &region("eu", "198.51.100.1") + others;
    let setup = Setup::steering(&pools, names);
    setup.write("zones/rules.toml", rule);
    let daemon = setup.ready();
    server.kill();
    daemon.wait_for_answer("www", "198.51.100.1");
    daemon
}

fn pools() -> String {
    region("us", "192.0.2.1") + &region("eu", "198.51.100.1") + &region("ap", "203.0.113.1")
}

fn daemon(rules: &str) -> Daemon {
    let setup = Setup::steering(&pools(), NAMES);
    setup.write("zones/rules.toml", rules);
    setup.ready()
}

fn put(daemon: &Daemon, token: &str, target: &str, body: &Value) -> crate::support::http::Response {
    let path = format!("/api/v1/overrides/{}", target.replacen(':', "/", 1));
    request(daemon.admin, "PUT", &path, Some(token), &body.to_string()).unwrap()
}

#[test]
fn an_override_that_would_break_a_rule_is_refused_by_its_name() {
    let daemon = daemon(RULES);
    assert_eq!(daemon.set("region:us", "drain").status, 201);
    for target in ["region:eu", "pool:eu", "endpoint:eu/198.51.100.1"] {
        for state in ["drain", "down"] {
            let refused = daemon.set(target, state);
            assert_eq!((refused.status, &refused.json()["forcible"]), (409, &json!(true)));
            assert_eq!(
                refused.detail(),
                "nothing has changed, since it would break rule two-regions: 1 region would be up (ap); \
                 at least 2 must be; rule us-needs-eu: us would be out while none of eu is up; an admin can force it"
            );
        }
    }
    assert_eq!(daemon.answer("www"), ["198.51.100.1"], "nothing has changed");
    let said = daemon.cli(&["drain", "region:ap", "--reason", "a test"]);
    assert_eq!(said.code, Some(1));
    assert!(said.stderr.contains("rule two-regions: 1 region would be up (eu)"), "{said:?}");
    // Whatever takes nothing away can be done.
    assert_eq!(daemon.set("region:us", "down").status, 200);
    assert_eq!(daemon.set("region:eu", "up").status, 201);
    assert_eq!(daemon.clear("region:eu").status, 204);
    assert_eq!(daemon.clear("region:us").status, 204);
    assert_eq!(daemon.set("region:eu", "drain").status, 201);
    let entries = daemon.api("GET", "/api/v1/audit", "").json()["length"].clone();
    assert_eq!(entries, 6, "refusals are no changes");
}

#[test]
fn only_an_admin_forces_it_and_the_audit_log_says_so() {
    let daemon = daemon(RULES);
    let operator = daemon.cli_ok(&["token", "add", "night", "--role", "operator"]);
    let body = json!({"state": "drain", "reason": "a test", "force": true});
    assert_eq!(daemon.set("region:us", "drain").status, 201);
    let refused = put(&daemon, operator.trim(), "region:eu", &body);
    assert_eq!(refused.status, 403, "{refused:?}");
    assert!(refused.detail().contains("night is good for operator only"), "{refused:?}");
    daemon.cli_ok(&["drain", "region:eu", "--reason", "a test", "--force"]);
    assert_eq!(daemon.answer("www"), ["203.0.113.1"]);
    let log = daemon.cli_ok(&["audit"]);
    assert!(
        log.contains(
            "drain region:eu until it is cleared: a test; forced against two-regions, us-needs-eu\n"
        ),
        "{log}"
    );
    // A rule that is broken anyway keeps nobody from what makes it no worse, and forcing what breaks none is
    // no breach.
    daemon.cli_ok(&["clear", "region:us", "--force"]);
    assert!(!daemon.cli_ok(&["audit"]).contains("clear region:us, which was drain; forced"));
    let path = "/api/v1/overrides/region/us?force=perhaps";
    assert_eq!(daemon.api("DELETE", path, "").status, 400);
}

/// What is said to be up for a moment is not counted on for an hour.
#[test]
fn a_rule_is_not_passed_by_a_short_word() {
    let ap = region("ap", "203.0.113.1");
    let daemon = with_us_down(&ap, NAMES, "[rules.two]\nmin_regions = 2\n");
    assert_eq!(daemon.set("region:eu", "drain").status, 409);
    let up = ["up", "region:us", "--for", "1m", "--reason", "x"];
    daemon.cli_ok(&up);
    let drain = |lifetime| ["drain", "region:eu", "--for", lifetime, "--reason", "x"];
    assert_eq!(daemon.cli(&drain("1h")).code, Some(1));
    assert_eq!(daemon.cli(&drain("30s")).code, Some(0), "it holds for longer");
}

/// Nor is one passed by having the word end that was counted on, or by counting on another that ends.
#[test]
fn a_rule_is_not_passed_by_the_end_of_a_word() {
    let names = "www.failover = [\"us\", \"eu\"]\n";
    let daemon = with_us_down("", names, "[rules.one]\nmin_regions = 1\n");
    let code = |arguments: &[&str]| daemon.cli(&[arguments, &["--reason", "x"]].concat()).code;
    let plan = |daemon: &Daemon| {
        let now = clock::wall_now();
        let time =
            |hours: u64| timestamp::to_rfc3339_seconds(now + Duration::from_secs(hours * 3600));
        let (start, end) = (time(0), time(3));
        let window = json!({
            "target": "region:eu", "start": start.trim_end_matches('Z'), "end": end.trim_end_matches('Z'), "lead": "1m", "reason": "x",
        });
        daemon.api("PUT", "/api/v1/maintenance/eu", &window.to_string()).status
    };
    assert_eq!(code(&["up", "region:us", "--for", "2h"]), Some(0));
    assert_eq!(plan(&daemon), 409, "it lasts for longer");
    assert_eq!(code(&["drain", "region:eu", "--for", "1h"]), Some(0));
    assert_eq!(code(&["clear", "region:us"]), Some(1));
    assert_eq!(code(&["up", "region:us", "--for", "2m"]), Some(1), "the drain holds for longer");
    assert_eq!(code(&["up", "region:us", "--for", "90m"]), Some(0));
    assert_eq!(
        code(&["up", "pool:us", "--for", "1m"]),
        Some(0),
        "the region's word is there still"
    );
    assert_eq!(code(&["clear", "region:us"]), Some(1), "and counts for longer");
    assert_eq!(code(&["clear", "region:eu"]), Some(0));
    assert_eq!(code(&["clear", "region:us"]), Some(0), "nothing hangs on it any more");
}

#[test]
fn what_a_region_requires_is_not_taken_from_it() {
    let pools = format!(
        "[pools.db]\nendpoints = [\"192.0.2.9\"]\n{}requires = [\"db\"]\n{}",
        region("us", "192.0.2.1"),
        region("eu", "198.51.100.1"),
    );
    let setup = Setup::steering(&pools, "www.failover = [\"us\", \"eu\"]\n");
    let rule = "[rules.us-needs-eu]\nregion = \"us\"\nonly_while = [\"eu\"]\n";
    setup.write("zones/rules.toml", rule);
    let daemon = setup.ready();
    assert_eq!(daemon.set("pool:db", "drain").status, 201);
    assert_eq!(daemon.set("region:eu", "drain").status, 409);
    assert_eq!(daemon.clear("pool:db").status, 204);
    assert_eq!(daemon.set("region:eu", "drain").status, 201);
    assert_eq!(daemon.set("pool:db", "drain").status, 409);
}

#[test]
fn what_holds_a_failing_region_up_is_not_cleared() {
    let mut backend = Backend::http();
    let pools = probed_us(&backend) + &region("eu", "198.51.100.1");
    let setup = Setup::steering(&pools, "www.failover = [\"us\", \"eu\"]\n");
    setup.write("zones/rules.toml", "[rules.two]\nmin_regions = 2\n");
    let daemon = setup.ready();
    daemon.cli_ok(&["up", "region:us", "--reason", "the probe is wrong"]);
    backend.kill();
    daemon.wait_for_error("us", "connect refused");
    crate::support::wait::until_eq(json!("down"), || daemon.endpoint("us")["verdict"].clone());
    assert_eq!(daemon.clear("region:us").status, 409);
    let path = "/api/v1/overrides/region/us?force=true";
    assert_eq!(daemon.api("DELETE", path, "").status, 204);
}

#[test]
fn a_load_that_would_break_a_rule_changes_nothing() {
    let daemon = daemon(RULES);
    assert_eq!(daemon.set("region:ap", "drain").status, 201);
    // One of the two that are left has no pool any more.
    let pools = region("us", "192.0.2.9") + &region("ap", "203.0.113.1") + "[regions.eu]\n";
    daemon.write("zones/example.com.toml", "www.failover = [\"us\", \"ap\"]\n");
    daemon.write("zones/pools.toml", pools);
    let refused = daemon.reload();
    assert_eq!(refused.status, 422, "{refused:?}");
    let problem = refused.json();
    assert_eq!(
        (&problem["forcible"], &problem["errors"][0]["rule"]),
        (&json!(true), &json!("two-regions"))
    );
    let text = problem["errors"][0]["text"].to_string();
    assert!(text.contains("rules.toml:1:8: rule two-regions, which this load would break: 1 region would be up (us)"), "{text}");
    assert_eq!(daemon.answer("www"), ["192.0.2.1"]);
    // What cannot be read is no matter of rules.
    daemon.write("zones/other.toml", "nonsense");
    let refused = daemon.reload();
    assert_eq!((refused.status, &refused.json()["forcible"]), (422, &Value::Null), "{refused:?}");
    std::fs::remove_file(daemon.path("zones/other.toml")).unwrap();
    daemon.cli_ok(&["reload", "--force"]);
    assert_eq!(daemon.answer("www"), ["192.0.2.9"]);
    assert!(
        daemon.cli_ok(&["audit"]).contains("; forced against two-regions"),
        "{}",
        daemon.cli_ok(&["audit"])
    );
}

#[test]
fn capacity_of_names_is_kept() {
    let two =
        |name: &str, a: &str, b: &str| format!("[pools.{name}]\nendpoints = [\"{a}\", \"{b}\"]\n");
    let pools = two("us", "192.0.2.1", "192.0.2.2") + &two("eu", "198.51.100.1", "198.51.100.2");
    let setup =
        Setup::steering(&pools, "www.failover = [\"us\", \"eu\"]\napi.failover = [\"us\"]\n");
    setup.write(
        "zones/rules.toml",
        "[rules.half]\nmin_capacity = \"50%\"\nnames = \"www.example.com\"\n",
    );
    let daemon = setup.ready();
    assert_eq!(daemon.set("pool:us", "drain").status, 201, "half is enough, and api may go");
    let refused = daemon.set("endpoint:eu/198.51.100.1", "drain");
    assert!(
        refused.detail().contains(
            "rule half: 1 of 4 endpoints of www.example.com. would be up; at least 50% must be"
        ),
        "{refused:?}"
    );
}
