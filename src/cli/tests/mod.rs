//! Definitions, and commands against an endpoint with a fake behind it.

mod status;

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use clap::{CommandFactory as _, Parser as _};
use tokio::net::TcpListener;

use super::*;
use crate::admin::tests::{Running, TOKEN};
use crate::config::Admin;
use crate::finding::Finding;
use crate::health::Target;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split(' '))
}

/// Runs a command line against an address, with a token file of the text given.
async fn run_at(line: &[&str], address: SocketAddr, token: &str) -> CommandResult {
    let folder = tempfile::tempdir().unwrap();
    let token_file = folder.path().join("admin.token");
    fs::write(&token_file, token).unwrap();
    run_with_file(line, address, &token_file).await
}

async fn run_with_file(line: &[&str], address: SocketAddr, token_file: &Path) -> CommandResult {
    let cli = Cli::try_parse_from([&["steersman"], line].concat()).unwrap();
    let admin = Admin { listen: address, token_file: token_file.into(), tls: None };
    run(&cli.command, cli.json, &Client::new(&admin, None)?).await
}

async fn ok(running: &Running, line: &[&str]) -> String {
    run_at(line, running.address, TOKEN).await.unwrap()
}

async fn err(running: &Running, line: &[&str]) -> String {
    run_at(line, running.address, TOKEN).await.unwrap_err()
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn what_the_contract_allows_is_understood() {
    for line in [
        "steersman serve",
        "steersman serve --config /etc/steersman.toml",
        "steersman --config /etc/steersman.toml serve",
        "steersman check --format json",
        "steersman explain www.example.com",
        "steersman explain www.example.com AAAA --from 192.0.2.0/24 --down eu-west --down web",
        "steersman explain www.example.com aaaa --from 2001:db8::1 --live",
        "steersman status",
        "steersman status --json",
        "steersman drain region:us-east --for 2h --reason kernel",
        "steersman up pool:web --reason x",
        "steersman down endpoint:web/2001:db8::1 --reason x --for 1d",
        "steersman clear endpoint:web/192.0.2.1",
        "steersman failback us-east",
        "steersman reload",
        "steersman ask www.example.com",
        "steersman ask www.example.com TYPE65 --server [::1]:53 --subnet 192.0.2.0/24 --tcp",
        "steersman demo",
    ] {
        parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
    let cli = parse("steersman serve").unwrap();
    assert_eq!(cli.config, Path::new("steersman.toml"));
    for (server, address) in [
        ("127.0.0.1", "127.0.0.1:53"),
        ("127.0.0.1:5300", "127.0.0.1:5300"),
        ("::1", "[::1]:53"),
        ("[::1]", "[::1]:53"),
        ("[::1]:5300", "[::1]:5300"),
    ] {
        let line = format!("steersman ask x --server {server}");
        let Command::Ask(ask) = parse(&line).unwrap().command else { panic!() };
        assert_eq!(ask.server, address.parse().unwrap(), "{server}");
    }
    for server in ["localhost", "[127.0.0.1]", "127.0.0.1:", "::1:99999", ""] {
        assert!(parse(&format!("steersman ask x --server {server}")).is_err(), "{server}");
    }
    let Command::Ask(ask) = parse("steersman ask x").unwrap().command else { panic!() };
    assert_eq!((ask.rtype, ask.server), (1, "127.0.0.1:5300".parse().unwrap()));
}

#[test]
fn wrong_usage_is_exit_code_2_and_says_what_was_expected() {
    for (line, expected) in [
        ("steersman", "Usage"),
        ("steersman sevre", "serve"),
        ("steersman drain web --reason x", "region:NAME, pool:NAME or endpoint:POOL/ADDRESS"),
        ("steersman drain endpoint:web --reason x", "endpoint:POOL/ADDRESS"),
        ("steersman drain pool:web", "--reason"),
        ("steersman drain pool:web --reason=", "reason"),
        ("steersman drain pool:web --reason x --for 2", "expected a whole number and a unit"),
        ("steersman drain pool:web --reason x --for 0s", "more than nothing"),
        ("steersman explain x AAAAA", "expected a record type"),
        ("steersman explain x --from here", "expected ADDRESS"),
        ("steersman explain x --live --down web", "cannot be used with"),
        ("steersman ask x --server localhost", "--server"),
        ("steersman failback", "<POOL>"),
        ("steersman check --format xml", "possible values: text, json"),
    ] {
        let error = parse(line).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{line}");
        assert!(error.to_string().contains(expected), "{line}: {error}");
    }
}

#[tokio::test]
async fn people_drain_and_clear() {
    let running = Running::start().await;
    let text = ok(&running, &["drain", "region:us-east", "--for", "90m", "--reason", "a b"]).await;
    assert!(text.starts_with("region:us-east: drain until 2"), "{text}");
    let overrides = running.fake.inside().overrides.clone();
    let what = overrides.get(&Target::Region("us-east".into())).unwrap();
    assert_eq!(what.reason, "a b");
    assert_eq!(what.until.unwrap().duration_since(what.since).unwrap().as_secs(), 5400);
    let text = ok(&running, &["up", "pool:a pool", "--reason", "x"]).await;
    assert_eq!(text, "pool:a pool: up until it is cleared");
    let text = ok(&running, &["down", "endpoint:web/2001:DB8:0::10", "--reason", "x"]).await;
    assert_eq!(text, "endpoint:web/2001:db8::10: down until it is cleared");
    assert_eq!(running.fake.inside().overrides.iter().count(), 3);
    let text = ok(&running, &["clear", "endpoint:web/2001:db8::10"]).await;
    assert_eq!(text, "endpoint:web/2001:db8::10: cleared");
    let text = err(&running, &["clear", "endpoint:web/2001:db8::10"]).await;
    assert_eq!(text, "no override on endpoint:web/2001:db8::10");
    let text = err(&running, &["drain", "pool:wbe", "--reason", "x"]).await;
    assert_eq!(
        text,
        "unknown target pool:wbe (did you mean pool:web?); expected one of web, a pool"
    );
    running.fake.inside().disk_full = true;
    let text = err(&running, &["drain", "pool:web", "--reason", "x"]).await;
    assert!(text.starts_with("nothing has changed"), "{text}");
}

#[tokio::test]
async fn people_return_to_a_pool() {
    let running = Running::start().await;
    for pool in ["web", "pool:web"] {
        assert_eq!(ok(&running, &["failback", pool]).await, "pool:web: returned to (A)");
    }
    let text = err(&running, &["failback", "a pool"]).await;
    assert!(text.starts_with("no failback holds pool:a pool back: it is down"), "{text}");
    let text = err(&running, &["failback", "wbe"]).await;
    assert!(text.starts_with("unknown target pool:wbe (did you mean pool:web?)"), "{text}");
}

#[tokio::test]
async fn reload_shows_the_revision_or_every_error() {
    let running = Running::start().await;
    assert_eq!(ok(&running, &["reload"]).await, "serving revision r2");
    let finding = |line| Finding::at("zones/pools.toml", (line, 7), "a", "b");
    running.fake.inside().findings = vec![finding(1), finding(2)];
    assert_eq!(
        err(&running, &["reload"]).await,
        "zones/pools.toml:1:7: a; expected b\nzones/pools.toml:2:7: a; expected b\n\
         nothing has changed: 2 errors in the files"
    );
}

#[tokio::test]
async fn status_is_a_table_or_json() {
    let running = Running::start().await;
    ok(&running, &["drain", "pool:web", "--reason", "kernel"]).await;
    let text = ok(&running, &["status"]).await;
    assert!(text.contains("region us-east\n"), "{text}");
    assert!(text.contains("override drain until cleared (kernel)"), "{text}");
    let json: serde_json::Value =
        serde_json::from_str(&ok(&running, &["status", "--json"]).await).unwrap();
    assert_eq!(json["revision"], "r1");
}

#[tokio::test]
async fn a_daemon_that_is_not_there_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // Bound but not listening any more: nobody else can take the port meanwhile.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    drop(listener);
    socket.bind(&address.into()).unwrap();
    assert_eq!(
        run_at(&["status"], address, TOKEN).await.unwrap_err(),
        format!(
            "cannot reach the daemon at {address}: connection refused; is `steersman serve` \
             running with this configuration?"
        )
    );
}

#[tokio::test]
async fn a_wrong_token_and_a_missing_one_are_told_apart() {
    let running = Running::start().await;
    let error = run_at(&["status"], running.address, "0123456789abcdefX").await.unwrap_err();
    assert!(error.contains("does not accept the token in "), "{error}");
    let error = run_at(&["status"], running.address, "\n").await.unwrap_err();
    assert!(error.contains("it is empty"), "{error}");
    let missing = Path::new("/nonexistent/admin.token");
    let error = run_with_file(&["status"], running.address, missing).await.unwrap_err();
    assert!(error.contains("has `steersman serve` run"), "{error}");
}

#[tokio::test]
async fn what_is_wrong_with_the_configuration_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("steersman.toml");
    fs::write(&config, "state = 1\nzone = 2\n").unwrap();
    let line = format!("steersman status --config {}", config.display());
    let cli = parse(&line).unwrap();
    let error = ask_daemon(&cli).await.unwrap_err();
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines.len(), 2, "{error}");
    assert!(lines[0].contains("steersman.toml:1:9: "), "{error}");
    assert!(lines[1].contains("steersman.toml:2:1: "), "{error}");
}

#[test]
fn a_listener_on_all_addresses_is_reached_on_loopback() {
    for (listen, address) in [
        ("0.0.0.0:8053", "127.0.0.1:8053"),
        ("[::]:8053", "[::1]:8053"),
        ("192.0.2.1:1", "192.0.2.1:1"),
    ] {
        assert_eq!(client::reachable(listen.parse().unwrap()), address.parse().unwrap());
    }
}
