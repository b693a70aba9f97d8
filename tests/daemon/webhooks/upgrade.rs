//! A new process takes over under load, with all that there can be to be told.

use super::*;
use crate::support::daemon::Daemon;
use crate::upgrade::{Clients, Process, successor};

/// Names and pools that [`Clients`] ask for: `main` is in maintenance, and `bad` and `quiet` go down.
fn setup(bad: &Backend, quiet: &Backend) -> Setup {
    let pools = web()
        + &pool("bad", "web", "203.0.113.1", bad.address)
        + &pool("quiet", "web", "203.0.113.2", quiet.address)
        + "[regions.us-east]\n"
        + &steady("main", "192.0.2.1")
        + "region = \"us-east\"\n"
        + &steady("spare", "198.51.100.1");
    let names = "www.failover = [\"main\", \"spare\"]\nprobed.failover = [\"bad\", \"spare\"]\n\
                 other.failover = [\"quiet\", \"spare\"]\n";
    Setup::steering(&pools, names)
}

fn plan_maintenance(daemon: &Daemon) {
    let time = |at| timestamp::to_rfc3339_seconds(at).trim_end_matches('Z').to_owned();
    let start = time(clock::wall_now() - Duration::from_secs(60));
    let end = time(clock::wall_now() + Duration::from_secs(3600));
    daemon.cli_ok(&[
        "maintenance",
        "plan",
        "switches",
        "region:us-east",
        "--start",
        &start,
        "--end",
        &end,
        "--lead",
        "1s",
        "--reason",
        "new switches",
    ]);
}

/// A title and what it says of an incident, of each message that was taken.
fn told_so_far(receiver: &Receiver) -> Vec<(String, Value)> {
    let all = receiver.taken();
    all.iter().map(|one| (one.text("title"), one.json()["incident"]["state"].clone())).collect()
}

#[test]
fn nothing_is_lost_or_told_twice_when_processes_take_over_under_load() {
    let (bad, quiet, receiver) = (Backend::http(), Backend::http(), Receiver::start());
    let mut daemon = told(setup(&bad, &quiet), &receiver, "").ready();
    plan_maintenance(&daemon);
    receiver.wait_for("type", "maintenance", 1);
    assert_eq!(daemon.answer("www"), ["198.51.100.1"]);
    // Told of to its end: what the plan has brought about, before anything has to wait.
    until_eq(json!(0), || daemon.status()["webhooks"][0]["queued"].clone());
    let of_plan = |all: &[(String, Value)]| {
        all.iter().filter(|(title, _)| title.starts_with("maintenance switches ")).count()
    };
    let before = of_plan(&told_so_far(&receiver));
    daemon.cli_ok(&["silence", "add", "pool:quiet", "--for", "1h", "--reason", "we know"]);
    let silenced = || daemon.metrics().sum("steersman_webhook_silenced_events_total", &["ops"]);
    quiet.be(DOWN);
    until_eq(true, || silenced() >= 1.0);
    receiver.answer(503);
    bad.be(DOWN);
    daemon.wait_for_answer("probed", "198.51.100.1");
    until_eq(json!(1), || daemon.status()["webhooks"][0]["queued"].clone());
    until_eq(true, || receiver.all().iter().any(|one| one.text("title").contains("pool bad")));

    let clients = Clients::start(&daemon.dns);
    clients.go_on();
    let mut serving: Option<Process> = None;
    for count in 1..=3 {
        match &serving {
            None => daemon.signal("USR2"),
            Some(process) => process.signal("USR2"),
        }
        let next = successor(&daemon, count);
        match &serving {
            None => assert!(daemon.end().success()),
            Some(before) => until_eq(true, || before.has_ended()),
        }
        serving = Some(next);
        clients.go_on();
        let status = daemon.status();
        assert_eq!(status["webhooks"][0]["queued"], 1, "{status}");
        assert_eq!(status["maintenance"][0]["stage"], "away", "{status}");
        assert_eq!(status["silences"][0]["target"], "pool:quiet", "{status}");
    }
    clients.stop();

    // The other end is back: it hears of what waited, and of nothing else.
    receiver.answer(200);
    let told = receiver.wait_for("type", "verdict", 1);
    assert_eq!(told.text("title"), "pool bad: 1 of 1 endpoint down");
    daemon.cli_ok(&["silence", "remove", "pool:quiet"]);
    let told = receiver.wait_for("type", "verdict", 2);
    assert_eq!(told.text("title"), "pool quiet: 1 of 1 endpoint down");
    daemon.cli_ok(&["maintenance", "call-off", "switches"]);
    until_eq(before + 1, || of_plan(&told_so_far(&receiver)));
    daemon.wait_for_answer("www", "192.0.2.1");
    bad.be(Manner::Answer("200 OK", "all is ok\n"));
    receiver.wait_for("type", "verdict", 3);
    quiet.be(Manner::Answer("200 OK", "all is ok\n"));
    receiver.wait_for("type", "verdict", 4);
    let mut all = told_so_far(&receiver);
    all.retain(|(title, _)| title.starts_with("pool "));
    let wanted = [("bad", "down"), ("quiet", "down"), ("bad", "up again"), ("quiet", "up again")];
    let wanted = wanted.map(|(pool, how)| {
        let state = if how == "down" { "open" } else { "resolved" };
        (format!("pool {pool}: 1 of 1 endpoint {how}"), json!(state))
    });
    assert_eq!(all, wanted);
    assert_eq!(of_plan(&told_so_far(&receiver)), before + 1);
    // What was tried several times is one message.
    let mut ids: Vec<String> = receiver.all().iter().map(|one| one.header("webhook-id")).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), receiver.taken().len());
    // One chain, written by four processes.
    let audit = daemon.cli_ok(&["audit"]);
    assert!(audit.contains("\nas it was written: 4 in a chain"), "{audit}");
    let last = serving.unwrap();
    last.signal("TERM");
    until_eq(true, || last.has_ended());
}
