//! Tokens with names and roles, on the running daemon.

use std::fs;

use crate::support::http::request;
use crate::support::setup::{Setup, steady};
use crate::support::wait::until_eq;

const DRAIN: &str = r#"{"state":"drain","reason":"a test"}"#;
const PATH: &str = "/api/v1/overrides/pool/main";

#[test]
fn tokens_are_made_used_kept_over_kill_9_and_taken_back() {
    let pools = steady("main", "192.0.2.1") + &steady("spare", "198.51.100.1");
    let mut daemon = Setup::steering(&pools, "www.failover = [\"main\", \"spare\"]\n").ready();
    let make = |daemon: &crate::support::daemon::Daemon, name: &str, role: &str| {
        daemon.cli_ok(&["token", "add", name, "--role", role]).trim().to_owned()
    };
    let (wall, ci) = (make(&daemon, "wall", "viewer"), make(&daemon, "ci", "operator"));
    assert!(ci.len() == 64 && ci != wall, "{ci}");
    let status = |daemon: &crate::support::daemon::Daemon, token: &str, method, body| {
        let path = if method == "GET" { "/api/v1/status" } else { PATH };
        request(daemon.admin, method, path, Some(token), body).unwrap().status
    };
    for _ in 0..2 {
        assert_eq!(status(&daemon, &wall, "GET", ""), 200);
        assert_eq!(status(&daemon, &wall, "PUT", DRAIN), 403);
        assert!([200, 201].contains(&status(&daemon, &ci, "PUT", DRAIN)));
        assert_eq!(daemon.answer("www"), ["198.51.100.1"]);
        daemon.kill();
        daemon = daemon.start_again();
    }
    assert_eq!(daemon.cli_ok(&["token", "list"]), "ci    operator\nwall  viewer\n");
    let audit = daemon.cli_ok(&["audit"]);
    assert!(audit.contains(": token:ci with the role operator\n"), "{audit}");
    assert!(audit.contains("  ci at 127.0.0.1:"), "{audit}");

    daemon.cli_ok(&["token", "revoke", "ci"]);
    assert_eq!(status(&daemon, &ci, "GET", ""), 401);
    // One of the same name takes its place.
    let again = make(&daemon, "wall", "operator");
    assert_eq!(status(&daemon, &wall, "GET", ""), 401);
    assert_eq!(status(&daemon, &again, "DELETE", ""), 204);
    let unknown = daemon.cli(&["token", "revoke", "ci"]);
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.stderr.contains("there is no token"), "{unknown:?}");

    let brief = daemon.cli_ok(&["token", "add", "brief", "--role", "viewer", "--for", "2s"]);
    let brief = brief.trim();
    assert_eq!(status(&daemon, brief, "GET", ""), 200);
    assert!(daemon.cli_ok(&["token", "list"]).contains("brief  viewer  until 2"));
    until_eq(401, || status(&daemon, brief, "GET", ""));
    assert!(daemon.cli_ok(&["token", "list"]).contains("brief  viewer  ended at 2"));
    let refused = request(daemon.admin, "GET", "/api/v1/status", Some(brief), "").unwrap();
    assert!(refused.json()["detail"].as_str().unwrap().contains("was good until 2"), "{refused:?}");

    // Whatever was written down or logged, no token was.
    let journal = fs::read_to_string(daemon.path("state/audit.jsonl")).unwrap();
    for token in [&wall, &ci, &again] {
        assert!(!journal.contains(token.as_str()) && !daemon.log.text().contains(token.as_str()));
    }
}
