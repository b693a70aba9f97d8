//! What people say: over the API and the command line, in force in the very next answer.

use std::thread;

use serde_json::{Value, json};

use crate::support::backend::Backend;
use crate::support::daemon::Daemon;
use crate::support::http;
use crate::support::setup::{Setup, pool, web};
use crate::support::wait::until_eq;

const EAST: &str = "192.0.2.1";
const WEST: &str = "198.51.100.1";
const SOUTH: &str = "203.0.113.1";

/// Three regions without monitors, each with a pool of its name.
fn pools() -> String {
    [("us-east", EAST), ("eu-west", WEST), ("ap-south", SOUTH)]
        .map(|(name, address)| {
            format!(
                "[regions.{name}]\n[pools.{name}]\nregion = \"{name}\"\n\
                 endpoints = [\"{address}\"]\n"
            )
        })
        .concat()
}

fn three_regions() -> Daemon {
    let names = "www.failover = [\"us-east\", \"eu-west\", \"ap-south\"]\n";
    Setup::steering(&pools(), names).ready()
}

/// The three targets that cover the only endpoint of the first region.
const TARGETS: [&str; 3] = ["region:us-east", "pool:us-east", "endpoint:us-east/192.0.2.1"];

#[test]
fn an_override_is_in_force_in_the_answer_after_it_is_acknowledged() {
    let daemon = three_regions();
    for target in TARGETS {
        for state in ["drain", "down"] {
            let set = daemon.set(target, state);
            // The one question that follows, without waiting.
            assert_eq!(daemon.answer("www"), [WEST], "{state} {target}");
            assert_eq!(set.status, 201, "{set:?}");
            assert_eq!(
                (&set.json()["target"], &set.json()["state"]),
                (&target.into(), &state.into())
            );
            let replaced = daemon.set(target, "up");
            assert_eq!((replaced.status, daemon.answer("www")), (200, vec![EAST.into()]));
            assert_eq!(daemon.clear(target).status, 204);
            assert_eq!(daemon.answer("www"), [EAST], "{target} cleared");
        }
    }
    assert_eq!(daemon.clear("pool:us-east").detail(), "no override on pool:us-east");
    let unknown = daemon.clear("pool:us-eats");
    assert_eq!(unknown.status, 404);
    assert!(unknown.detail().starts_with("unknown target pool:us-eats"), "{unknown:?}");
}

#[test]
fn the_command_line_sets_and_clears_them_too() {
    let daemon = three_regions();
    for target in TARGETS {
        for state in ["drain", "down"] {
            let said = daemon.cli_ok(&[state, target, "--reason", "a test"]);
            assert_eq!(daemon.answer("www"), [WEST], "{state} {target}");
            assert_eq!(said, format!("{target}: {state} until it is cleared\n"));
        }
        assert_eq!(daemon.cli_ok(&["clear", target]), format!("{target}: cleared\n"));
        assert_eq!(daemon.answer("www"), [EAST]);
    }
    let said = daemon.cli(&["clear", "pool:us-east"]);
    assert_eq!((said.code, said.stderr.trim_end()), (Some(1), "no override on pool:us-east"));
    let said = daemon.cli(&["drain", "pool:us-eats", "--reason", "a test"]);
    assert_eq!(said.code, Some(1));
    assert!(said.stderr.contains("expected one of us-east, eu-west, ap-south"), "{said:?}");
    assert_eq!(daemon.cli(&["drain", "pool:us-east"]).code, Some(2), "a reason is wanted");
}

#[test]
fn what_is_dead_can_be_forced_up() {
    let mut server = Backend::http();
    server.kill();
    let pools = web() + &pools() + &pool("dead", "web", "192.0.2.66", server.address);
    let daemon = Setup::steering(&pools, "www.failover = [\"dead\", \"us-east\"]\n").ready();
    assert_eq!(daemon.answer("www"), [EAST]);
    daemon.cli_ok(&["up", "pool:dead", "--reason", "the probe is wrong"]);
    assert_eq!(daemon.answer("www"), ["192.0.2.66"]);
    let endpoint = daemon.endpoint("dead");
    assert_eq!((&endpoint["verdict"], &endpoint["standing"]), (&"down".into(), &"up".into()));
    daemon.cli_ok(&["clear", "pool:dead"]);
    assert_eq!(daemon.answer("www"), [EAST]);
}

/// With nothing up, those drained go before those that were said to be down.
#[test]
fn the_last_resort_is_what_was_drained_and_then_what_was_forced_down() {
    let daemon = three_regions();
    daemon.set("region:us-east", "down");
    daemon.set("region:eu-west", "down");
    daemon.set("region:ap-south", "drain");
    assert_eq!(daemon.answer("www"), [SOUTH]);
    daemon.set("region:ap-south", "down");
    assert_eq!(daemon.answer("www"), [EAST]);
    assert!(daemon.metrics().sum("steersman_answers_total", &["degraded"]) >= 2.0);
    // The nearer word counts.
    daemon.set("pool:eu-west", "up");
    assert_eq!(daemon.answer("www"), [WEST]);
}

#[test]
fn an_override_ends_by_itself() {
    let daemon = three_regions();
    daemon.cli_ok(&["drain", "region:us-east", "--for", "1h", "--reason", "long"]);
    let said = daemon.cli_ok(&["down", "pool:us-east", "--for", "3s", "--reason", "short"]);
    assert!(said.starts_with("pool:us-east: down until 20"), "{said}");
    let list = daemon.api("GET", "/api/v1/overrides", "").json();
    let reasons: Vec<&Value> =
        list["overrides"].as_array().unwrap().iter().map(|o| &o["reason"]).collect();
    assert_eq!(reasons, ["long", "short"]);
    let ended = daemon.log.wait_for("override ended", 1);
    assert_eq!(ended["target_name"], "pool:us-east");
    // The longer one still holds; it was beneath the shorter.
    assert_eq!(daemon.answer("www"), [WEST]);
    assert_eq!(daemon.endpoint("us-east")["standing"], "drained");
    assert_eq!(daemon.metrics().sum("steersman_overrides", &[]), 1.0);
    daemon.set("pool:us-east", "up");
    assert_eq!(daemon.answer("www"), [EAST]);
}

#[test]
fn nobody_without_the_token_gets_in() {
    let daemon = three_regions();
    let routes = [
        ("GET", "/metrics"),
        ("GET", "/api/v1/status"),
        ("GET", "/api/v1/explain?name=www.example.com"),
        ("GET", "/api/v1/overrides"),
        ("PUT", "/api/v1/overrides/region/us-east"),
        ("DELETE", "/api/v1/overrides/region/us-east"),
        ("POST", "/api/v1/reload"),
        ("GET", "/nowhere"),
    ];
    let body = json!({ "state": "down", "reason": "none" }).to_string();
    let almost = format!("{}0", daemon.token());
    for (method, path) in routes {
        for token in [None, Some(""), Some("wrong"), Some(&*almost)] {
            let response = http::request(daemon.admin, method, path, token, &body).unwrap();
            assert_eq!(response.status, 401, "{method} {path} {token:?}");
            assert!(response.head.contains("www-authenticate: bearer"), "{response:?}");
            response.detail();
        }
    }
    assert_eq!(daemon.answer("www"), [EAST]);
    assert!(daemon.log.of("override set").is_empty());
    for path in ["/healthz", "/readyz"] {
        assert_eq!(daemon.check(path), 200, "{path}");
    }
    daemon.write(
        "running.toml",
        "[admin]\nlisten = \"ADMIN\"\ntoken_file = \"other\"\n"
            .replace("ADMIN", &daemon.admin.to_string()),
    );
    daemon.write("other", "0123456789abcdef");
    let said = daemon.cli(&["status"]);
    assert_eq!(said.code, Some(1));
    assert!(said.stderr.contains("does not accept the token in"), "{said:?}");
}

#[test]
fn wishes_that_make_no_sense_change_nothing() {
    let daemon = three_regions();
    let put =
        |path: &str, body: &str| daemon.api("PUT", &format!("/api/v1/overrides/{path}"), body);
    for (path, body, status, wanted) in [
        ("pool/us-east", "{", 400, "the body"),
        ("pool/us-east", "{}", 422, "missing field `state`"),
        ("pool/us-east", r#"{"state":"down"}"#, 422, "missing field `reason`"),
        ("pool/us-east", r#"{"state":"down","reason":" "}"#, 422, "reason: found nothing"),
        ("pool/us-east", r#"{"state":"off","reason":"x"}"#, 422, "unknown variant `off`"),
        ("pool/us-east", r#"{"state":"up","reason":"x","for":"0s"}"#, 422, "more than nothing"),
        ("pool/us-east", r#"{"state":"up","reason":"x","for":"2"}"#, 422, "and a unit"),
        ("pool/us-east", r#"{"state":"up","reason":"x","till":"2h"}"#, 422, "unknown field `till`"),
        ("pool/us-eats", r#"{"state":"up","reason":"x"}"#, 404, "expected one of us-east"),
        ("region/", r#"{"state":"up","reason":"x"}"#, 404, "nothing at"),
        ("endpoint/us-east", r#"{"state":"up","reason":"x"}"#, 404, "endpoint:POOL/ADDRESS"),
        ("endpoint/us-east/192.0.2.9", r#"{"state":"up","reason":"x"}"#, 404, "us-east/192.0.2.1"),
        ("zone/us-east", r#"{"state":"up","reason":"x"}"#, 404, "expected /region/"),
    ] {
        let response = put(path, body);
        assert_eq!(response.status, status, "{path} {body}: {response:?}");
        assert!(response.detail().contains(wanted), "{path} {body}: {response:?}");
    }
    assert_eq!(daemon.api("GET", "/api/v1/overrides", "").json(), json!({ "overrides": [] }));
    assert_eq!(daemon.api("POST", "/api/v1/status", "").status, 405);
}

/// Many hands at once: every acknowledged wish is in force, and all of them are remembered.
#[test]
fn wishes_that_come_at_once_are_all_taken() {
    let mut daemon = three_regions();
    thread::scope(|scope| {
        for (target, state) in
            [("pool:us-east", "down"), ("pool:eu-west", "drain"), ("region:ap-south", "up")]
        {
            let daemon = &daemon;
            scope.spawn(move || {
                for _ in 0..5 {
                    assert!(daemon.set(target, state).status < 300);
                }
            });
        }
    });
    assert_eq!(daemon.answer("www"), [SOUTH]);
    let before = daemon.api("GET", "/api/v1/overrides", "").json();
    assert_eq!(before["overrides"].as_array().unwrap().len(), 3);
    daemon.kill();
    let daemon = daemon.start_again();
    assert_eq!(daemon.api("GET", "/api/v1/overrides", "").json(), before);
    until_eq(vec![SOUTH.to_owned()], || daemon.answer("www"));
}
