//! Readiness, metrics and the log: what the daemon tells of itself.

use hickory_proto::rr::RecordType;
use serde_json::json;

use crate::support::backend::{Backend, Manner, WELL};
use crate::support::dns;
use crate::support::setup::{Setup, ZONE, pool, steady, web};
use crate::support::wait::{until, until_eq};

const MAIN: &str = "192.0.2.1";
const SPARE: &str = "198.51.100.1";
const NAMES: &str = "www.failover = [\"main\", \"spare\"]\n";

/// `main` is probed at a server, `spare` is always up.
fn probed_at(server: &Backend) -> Setup {
    let main = pool("main", "web", MAIN, server.address);
    Setup::steering(&(web() + &main + &steady("spare", SPARE)), NAMES)
}

#[test]
fn it_is_ready_once_every_endpoint_was_probed() {
    let server = Backend::http();
    server.be(Manner::Hang);
    let setup = probed_at(&server);
    let pools = std::fs::read_to_string(setup.path().join("zones/pools.toml")).unwrap();
    setup.write("zones/pools.toml", pools.replace("\"1s\"", "\"1h\""));
    let daemon = setup.start();
    until_eq(1, || server.requests());
    // It answers, and lives, but is not ready.
    assert_eq!(daemon.answer("www"), [MAIN]);
    assert_eq!((daemon.check("/healthz"), daemon.check("/readyz")), (200, 503));
    assert_eq!(daemon.status()["ready"], false);
    assert!(daemon.cli_ok(&["status"]).contains("NOT READY"));
    server.be(WELL);
    daemon.wait_until_ready();
    assert_eq!(daemon.status()["ready"], true);

    // What a reload brings is probed in its time; a server that was ready stays so.
    let hanging = Backend::http();
    hanging.be(Manner::Hang);
    let more = pool("more", "web", "192.0.2.7", hanging.address);
    daemon.write("zones/pools.toml", pools.replace("\"1s\"", "\"1h\"") + &more);
    assert_eq!(daemon.reload().status, 200);
    until_eq(1, || hanging.requests());
    assert_eq!((daemon.check("/readyz"), daemon.status()["ready"].clone()), (200, true.into()));
}

#[test]
fn answers_are_counted_by_transport_rcode_reason_name_and_pool() {
    let server = Backend::http();
    let daemon = probed_at(&server).ready();
    daemon.wait_for_answer("www", MAIN);
    let at = daemon.dns[0];
    let asked = [
        ("fixed", RecordType::A, "static"),
        ("fixed", RecordType::MX, "nodata"),
        ("nowhere", RecordType::A, "nxdomain"),
        ("example.org.", RecordType::A, "refused"),
        ("www", RecordType::A, "steered"),
        ("alias", RecordType::A, "steered"),
    ];
    for (name, rtype, _) in asked {
        let question = dns::question(name, rtype);
        dns::ask(at, &question);
        dns::ask_tcp(at, &question);
        dns::ask_tcp(daemon.dns[1], &question);
    }
    let metrics = daemon.metrics();
    let answers = |labels: &[&str]| metrics.sum("steersman_answers_total", labels);
    for (_, _, reason) in asked {
        let reason = format!("reason=\"{reason}\"");
        let times = asked.iter().filter(|(.., r)| reason.contains(r)).count() as f64;
        assert_eq!(answers(&[&reason, "transport=\"tcp\""]), 2.0 * times, "{reason}");
        // A lost packet is asked again.
        assert!(answers(&[&reason, "transport=\"udp\""]) >= times, "{reason}");
    }
    assert_eq!(answers(&["rcode=\"NXDOMAIN\"", "tcp"]), 2.0);
    assert_eq!(answers(&["rcode=\"REFUSED\"", "tcp"]), 2.0);
    let steered = |pool: &str| {
        let labels = ["name=\"www.example.com.\"", &format!("pool=\"{pool}\"")];
        daemon.metrics().sum("steersman_steered_answers_total", &labels)
    };
    assert!(steered("main") >= 6.0, "{metrics:?}");
    let spare = steered("spare");
    daemon.set("pool:main", "down");
    daemon.answer("www");
    assert!(steered("spare") >= spare + 1.0);
    assert_eq!(metrics.sum("steersman_panics_total", &[]), 0.0);
}

#[test]
fn endpoints_probes_and_what_is_served_are_told() {
    let server = Backend::http();
    let daemon = probed_at(&server).ready();
    let gauge = |name: &str| daemon.metrics().sum(name, &["\"main\"", "\"192.0.2.1\""]);
    let pool_up = || daemon.metrics().sum("steersman_pool_up", &["\"main\"", "family=\"a\""]);
    let seen =
        || (gauge("steersman_endpoint_up"), gauge("steersman_endpoint_answerable"), pool_up());
    until_eq((1.0, 1.0, 1.0), seen);
    daemon.set("pool:main", "drain");
    assert_eq!(seen(), (1.0, 0.0, 0.0));
    assert_eq!(daemon.metrics().sum("steersman_overrides", &[]), 1.0);
    daemon.clear("pool:main");
    server.be(Manner::Answer("500 No", ""));
    until_eq((0.0, 0.0, 0.0), seen);
    let metrics = daemon.metrics();
    let probes =
        |result: &str| metrics.sum("steersman_probes_total", &[&format!("result=\"{result}\"")]);
    assert!(probes("ok") >= 1.0 && probes("status") >= 3.0, "{metrics:?}");
    let count = metrics.sum("steersman_probe_duration_seconds_count", &[]);
    assert_eq!(count, metrics.sum("steersman_probes_total", &[]));
    assert!(metrics.sum("steersman_probe_duration_seconds_sum", &[]) > 0.0);
    // Each that ended has begun, however late, and one more may have.
    let begun = metrics.sum("steersman_probe_lateness_seconds_count", &[]);
    assert!((count..=count + 1.0).contains(&begun), "{begun} begun, {count} ended");
    let revision = daemon.status()["revision"].as_str().unwrap().to_owned();
    assert_eq!(metrics.sum("steersman_info", &[&format!("revision=\"{revision}\"")]), 1.0);
}

#[test]
fn counters_never_fall_over_reloads() {
    let server = Backend::http();
    let daemon = probed_at(&server).ready();
    for _ in 0..10 {
        daemon.answer("www");
    }
    let before = daemon.metrics();
    daemon.write("zones/example.com.zone", ZONE.replace("192.0.2.99", "192.0.2.100"));
    // One good reload; the folder's watcher may make another of it.
    assert_eq!(daemon.reload().status, 200);
    daemon.write("zones/pools.toml", "no pools");
    assert_eq!(daemon.reload().status, 422);
    let after = daemon.metrics();
    for (name, value) in before.0.iter().filter(|(name, _)| name.contains("_total")) {
        assert!(after.0.get(name).is_some_and(|now| now >= value), "{name} fell from {value}");
    }
    let reloads = |result: &str| after.sum("steersman_reloads_total", &[result]);
    assert!(reloads("\"ok\"") >= 1.0 && reloads("\"error\"") >= 1.0, "{after:?}");
    let last = "steersman_last_reload_successful";
    assert_eq!((before.sum(last, &[]), after.sum(last, &[])), (1.0, 0.0));
    daemon.answer("www");
    let name = "steersman_steered_answers_total";
    assert!(daemon.metrics().sum(name, &["main"]) >= before.sum(name, &["main"]) + 1.0);
}

/// One line for each thing that happens, none for a question; and each line stands in the
/// operations page.
#[test]
fn the_log_has_one_line_for_each_thing_that_happens_and_none_for_a_question() {
    let server = Backend::http();
    let mut daemon = probed_at(&server).ready();
    // The first verdict is told too.
    let verdicts = || daemon.log.of("verdict changed");
    until_eq(Some("up".into()), || verdicts().last().map(|line| line["verdict"].clone()));
    let verdicts = verdicts().len();
    let quiet = daemon.log.lines().len();
    for _ in 0..50 {
        for (name, rtype) in
            [("www", RecordType::A), ("nowhere", RecordType::A), ("a.example.org.", RecordType::MX)]
        {
            daemon.ask(name, rtype);
        }
        dns::ask_tcp(daemon.dns[0], &dns::question("fixed", RecordType::A));
    }
    assert_eq!(daemon.log.lines().len(), quiet, "{}", daemon.log.text());

    server.be(Manner::Answer("500 No", ""));
    let line = daemon.log.wait_for("verdict changed", verdicts + 1);
    assert_eq!((&line["level"], &line["verdict"]), (&"WARN".into(), &"down".into()));
    assert_eq!(
        (&line["pools"], &line["reason"]),
        (&"main".into(), &"status 500, wanted 200-299".into())
    );
    assert!(line["target_name"].as_str().unwrap().starts_with("http://127."), "{line}");
    server.be(WELL);
    let line = daemon.log.wait_for("verdict changed", verdicts + 2);
    assert_eq!((&line["level"], &line["verdict"]), (&"INFO".into(), &"up".into()));

    daemon.cli_ok(&["drain", "pool:main", "--reason", "kernel update"]);
    let line = daemon.log.wait_for("override set", 1);
    assert_eq!((&line["target_name"], &line["state"]), (&"pool:main".into(), &"drain".into()));
    assert_eq!(line["reason"], "kernel update");
    assert!(line["by"].as_str().unwrap().starts_with("alice at 127.0.0.1:"), "{line}");
    daemon.cli_ok(&["clear", "pool:main"]);
    daemon.log.wait_for("override cleared", 1);
    daemon.cli_ok(&["down", "pool:main", "--for", "300ms", "--reason", "short"]);
    daemon.log.wait_for("override ended", 1);
    daemon.cli_ok(&["reload"]);
    daemon.signal("TERM");
    assert!(daemon.end().success());
    until_eq(true, || daemon.log.has_ended());

    for (message, count) in [
        ("made a new admin token", 1),
        ("serving", 1),
        ("verdict changed", verdicts + 2),
        ("override set", 2),
        ("override cleared", 1),
        ("override ended", 1),
        ("reloaded", 1),
        ("stopping: answering what has arrived", 1),
        ("stopped", 1),
    ] {
        assert_eq!(daemon.log.of(message).len(), count, "{message}:\n{}", daemon.log.text());
    }
    let page = include_str!("../../docs/operations.md");
    for line in daemon.log.lines() {
        let message = line["message"].as_str().unwrap();
        assert!(page.contains(&format!("`{message}`")), "docs/operations.md lacks {message:?}");
    }
}

/// With numbers and words enough to know why, and what comes next.
#[test]
fn the_status_tells_what_each_monitor_knows() {
    let mut server = Backend::http();
    let pools = web() + &pool("main", "web", "192.0.2.1", server.address);
    let daemon = Setup::steering(&pools, "www.failover = [\"main\"]\n").ready();
    let probe = || daemon.endpoint("main")["probes"][0].clone();
    let first = probe();
    assert_eq!((&first["monitor"], &first["verdict"]), (&json!("web"), &json!("up")));
    assert_eq!(first["last_change"]["to"], "up");
    assert!(first["last_change"]["reason"].is_null(), "{first}");
    assert!(first["successes_in_a_row"].as_u64().unwrap() >= 1, "{first}");
    let round_trips = &first["round_trip_ms"];
    assert!(round_trips["count"].as_u64().unwrap() >= 1, "{first}");
    assert!(round_trips["p50"].as_f64().unwrap() <= round_trips["p99"].as_f64().unwrap());

    server.kill();
    let down = until("it to be down", || {
        let probe = probe();
        if probe["verdict"] == "down" { Ok(probe) } else { Err(probe.to_string()) }
    });
    assert_eq!(down["last_change"]["to"], "down");
    let reason = down["last_change"]["reason"].as_str().unwrap();
    assert!(
        ["connect refused", "connection reset", "connection closed"].contains(&reason),
        "{down}"
    );
    assert_eq!(down["successes_in_a_row"], 0);
    assert!(down["failures_in_a_row"].as_u64().unwrap() >= 3, "{down}");
    let next: jiff::Timestamp = until("the next probe to be known", || {
        let next = probe()["next_probe"].clone();
        next.as_str().map(|text| text.parse().unwrap()).ok_or_else(|| next.to_string())
    });
    let changed: jiff::Timestamp = down["last_change"]["at"].as_str().unwrap().parse().unwrap();
    assert!(next > changed, "{next} {changed}");
}
