//! Messages that wait: tried again, in order, whatever becomes of the daemon and of the other end.

use super::*;
use crate::upgrade::{TALK, by_link, replace_program, successor};

#[test]
fn what_does_not_arrive_is_tried_again_and_arrives_once_in_order() {
    let (backend, receiver) = (Backend::http(), Receiver::start());
    let daemon = told(regions(&backend), &receiver, "").ready();
    receiver.answer(503);
    backend.be(DOWN);
    until_eq(true, || receiver.count() >= 2);
    // What comes later waits behind it.
    assert_eq!(daemon.set("pool:spare", "up").status, 201);
    until_eq(json!(2), || daemon.status()["webhooks"][0]["queued"].clone());
    let error = daemon.status()["webhooks"][0]["last_error"]["what"].clone();
    assert_eq!(error, "answered with 503: no");
    let failed = daemon.metrics().sum("steersman_webhook_failed_attempts_total", &["ops"]);
    assert!(failed >= 2.0, "{failed}");
    assert!(daemon.metrics().sum("steersman_webhook_oldest_message_age_seconds", &["ops"]) > 0.0);
    receiver.answer(200);
    receiver.wait_for("type", "override", 1);
    let taken: Vec<String> = receiver.taken().iter().map(|one| one.text("type")).collect();
    assert_eq!(taken, ["verdict", "override"]);
    // Each attempt had the same id.
    let ids: Vec<String> = receiver.all().iter().map(|one| one.header("webhook-id")).collect();
    assert!(ids[..ids.len() - 1].iter().all(|id| *id == ids[0]), "{ids:?}");
    until_eq(json!(0), || daemon.status()["webhooks"][0]["queued"].clone());
    // What is refused is given up at once.
    receiver.answer(404);
    assert_eq!(daemon.clear("pool:spare").status, 204);
    daemon.log.wait_for("NOT TOLD: given up", 1);
    until_eq(1.0, || daemon.metrics().sum(MESSAGES, &["result=\"refused\""]));
    assert_eq!(daemon.status()["webhooks"][0]["queued"], 0);
}

#[test]
fn what_waits_outlives_the_daemon_and_what_goes_on_is_not_told_twice() {
    let (backend, receiver) = (Backend::http(), Receiver::start());
    let mut daemon = told(regions(&backend), &receiver, "").ready();
    receiver.answer(503);
    backend.be(DOWN);
    until_eq(true, || receiver.count() >= 1);
    daemon.kill();
    receiver.answer(200);
    let daemon = daemon.start_again();
    let told = receiver.wait_taken(1);
    assert_eq!(told.text("title"), "region us-east: 4 of 4 endpoints down");
    assert_eq!(told.header("webhook-id"), receiver.all()[0].header("webhook-id"));
    // It is down still, which everybody knows, and is told of when it ends.
    until_eq("down", || if daemon.endpoint("east-a")["verdict"] == "down" { "down" } else { "up" });
    backend.be(Manner::Answer("200 OK", "all is ok\n"));
    let over = receiver.wait_taken(2);
    assert_eq!(over.text("title"), "region us-east: 4 of 4 endpoints up again");
    assert_eq!(receiver.taken().len(), 2);
}

/// What ends while nobody looks is told of all the same.
#[test]
fn what_ended_while_the_daemon_was_away_is_told_of() {
    let (backend, receiver) = (Backend::http(), Receiver::start());
    let mut daemon = told(regions(&backend), &receiver, "").ready();
    backend.be(DOWN);
    receiver.wait_taken(1);
    until_eq(json!(0), || daemon.status()["webhooks"][0]["queued"].clone());
    daemon.kill();
    backend.be(Manner::Answer("200 OK", "all is ok\n"));
    let daemon = daemon.start_again();
    let over = receiver.wait_taken(2);
    assert_eq!(over.json()["incident"]["state"], "resolved");
    // And one whose region is taken out of the files.
    backend.be(DOWN);
    receiver.wait_taken(3);
    daemon.write("zones/pools.toml", steady("spare", "198.51.100.1"));
    daemon.write("zones/example.com.toml", "www.failover = [\"spare\"]\n");
    assert_eq!(daemon.reload().status, 200);
    let over = receiver.wait_taken(4);
    assert_eq!(
        over.json()["incident"],
        json!({"key": "verdict/region:us-east", "state": "resolved"})
    );
}

#[test]
fn one_that_never_answers_holds_up_nobody() {
    let (backend, slow, quick) = (Backend::http(), Receiver::start(), Receiver::start());
    let mut setup = told(regions(&backend), &quick, "");
    setup.dns += &format!("[webhooks.slow]\nurl = \"{}\"\ngroup = \"0s\"\n", slow.url());
    slow.hang();
    let mut daemon = setup.ready();
    backend.be(DOWN);
    quick.wait_for("type", "verdict", 1);
    until_eq(true, || slow.count() >= 1);
    daemon.wait_for_answer("www", "198.51.100.1");
    daemon.set("pool:spare", "up");
    quick.wait_for("type", "override", 1);
    assert_eq!(daemon.answer("www"), ["198.51.100.1"]);
    until_eq(true, || daemon.status()["webhooks"][1]["queued"].as_u64() >= Some(1));
    let begin = crate::support::wait::begin();
    daemon.signal("TERM");
    assert!(daemon.end().success());
    assert!(begin.elapsed() < Duration::from_secs(8), "{:?}", begin.elapsed());
}

/// One is told at once, whatever becomes of the other; and that one gets everything in order once it is back.
#[test]
fn one_that_is_down_is_told_later_and_the_other_at_once() {
    let (backend, dead, quick) = (Backend::http(), Receiver::start(), Receiver::start());
    let mut setup = told(regions(&backend), &quick, "");
    // It hangs for longer than anybody here waits.
    setup.dns += &format!(
        "\n[webhooks.late]\nurl = \"{}\"\ngroup = \"500ms\"\ntimeout = \"60s\"\n",
        dead.url()
    );
    dead.hang();
    let daemon = setup.ready();
    let (late, ops) = (["webhook=\"late\""], ["webhook=\"ops\""]);
    let attempts =
        |hook: &[&str]| daemon.metrics().sum("steersman_webhook_failed_attempts_total", hook);
    backend.be(DOWN);
    quick.wait_for("type", "verdict", 1);
    until_eq(1, || dead.count());
    assert_eq!(daemon.set("pool:spare", "up").status, 201);
    quick.wait_for("type", "override", 1);
    assert_eq!((dead.count(), attempts(&late)), (1, 0.0), "its first attempt is still under way");
    // And then it is gone.
    dead.hang_up();
    backend.be(Manner::Answer("200 OK", "all is ok\n"));
    quick.wait_for("type", "verdict", 2);
    assert_eq!(daemon.clear("pool:spare").status, 204);
    quick.wait_for("type", "override", 2);
    until_eq(true, || attempts(&late) >= 1.0);
    assert_eq!(attempts(&ops), 0.0);
    let queued = |at: usize| daemon.status()["webhooks"][at]["queued"].clone();
    until_eq(json!(0), || queued(0));
    assert_eq!((queued(1), dead.taken().len()), (json!(4), 0));
    dead.answer(200);
    dead.wait_taken(4);
    let titles = |receiver: &Receiver| -> Vec<String> {
        receiver.taken().iter().map(|one| one.text("title")).collect()
    };
    assert_eq!(titles(&dead), titles(&quick), "the same in the same order, and nothing twice");
    assert!(titles(&quick)[2].ends_with(": 4 of 4 endpoints up again"), "{:?}", titles(&quick));
    until_eq(json!(0), || queued(1));
    // From then on it is as quick as the other one.
    assert_eq!(daemon.set("pool:spare", "up").status, 201);
    dead.wait_for("type", "override", 3);
}

/// Exactly one of two processes tells, and nothing is told twice or forgotten.
#[test]
fn a_process_that_takes_over_tells_what_waits() {
    let (backend, receiver) = (Backend::http(), Receiver::start());
    let mut daemon = told(regions(&backend), &receiver, "").ready();
    receiver.answer(503);
    backend.be(DOWN);
    until_eq(true, || receiver.count() >= 1);
    daemon.signal("USR2");
    let process = successor(&daemon, 1);
    assert!(daemon.end().success());
    receiver.answer(200);
    receiver.wait_taken(1);
    backend.be(Manner::Answer("200 OK", "all is ok\n"));
    let over = receiver.wait_taken(2);
    assert_eq!(over.text("title"), "region us-east: 4 of 4 endpoints up again");
    assert_eq!(receiver.taken().len(), 2);
    let ids: Vec<String> = receiver.all().iter().map(|one| one.header("webhook-id")).collect();
    let different = ids.iter().collect::<std::collections::BTreeSet<_>>().len();
    assert_eq!(different, 2, "{ids:?}");
    drop(process);
}

#[test]
fn an_upgrade_that_fails_leaves_the_telling_where_it_is() {
    let (backend, receiver) = (Backend::http(), Receiver::start());
    let daemon = told(regions(&backend), &receiver, "").start_by(&by_link());
    daemon.wait_until_ready();
    receiver.answer(503);
    backend.be(DOWN);
    until_eq(true, || receiver.count() >= 1);
    // From `loaded` on the state is the new one's own.
    for (count, program) in (1..).zip(["exit 3", "say '\"loaded\"'; hear; exit 4"]) {
        replace_program(&daemon, &format!("{TALK} {program}"));
        daemon.signal("USR2");
        daemon.log.wait_for("not upgraded: this process goes on serving", count);
    }
    assert_eq!(daemon.status()["webhooks"][0]["queued"], 1);
    receiver.answer(200);
    receiver.wait_taken(1);
    backend.be(Manner::Answer("200 OK", "all is ok\n"));
    let over = receiver.wait_taken(2);
    assert_eq!(over.json()["incident"]["state"], "resolved");
    let ids: Vec<String> = receiver.all().iter().map(|one| one.header("webhook-id")).collect();
    assert!(ids[..ids.len() - 1].iter().all(|id| *id == ids[0]), "{ids:?}");
}

/// A message that waits since before, as the journal has it.
fn waiting(id: &str, at: &str) -> String {
    let json = json!({"webhook": "ops", "waits": {
        "id": id, "type": "override", "at": at, "server": "ns1", "severity": "info",
        "subject": "pool:main", "title": id, "count": 1, "events": [],
    }});
    let json = json.to_string();
    format!("{:08x} {} {json}\n", crc32fast::hash(json.as_bytes()), json.len())
}

#[test]
fn what_was_tried_for_a_day_is_given_up() {
    let receiver = Receiver::start();
    let setup = told(
        Setup::steering(&steady("main", "192.0.2.1"), "www.failover = [\"main\"]\n"),
        &receiver,
        "",
    );
    let now = timestamp::to_rfc3339_seconds(clock::wall_now());
    setup.write(
        "state/webhooks.jsonl",
        waiting("old", "2020-01-01T00:00:00Z") + &waiting("new", &now),
    );
    receiver.answer(503);
    let daemon = setup.ready();
    let given_up = daemon.log.wait_for("NOT TOLD: given up", 1);
    assert_eq!(
        (&given_up["id"], &given_up["why"]),
        (&json!("old"), &json!("it was tried for a day"))
    );
    until_eq(1.0, || daemon.metrics().sum(MESSAGES, &["webhook=\"ops\"", "result=\"expired\""]));
    receiver.answer(200);
    assert_eq!(receiver.wait_taken(1).text("title"), "new");
    assert_eq!(daemon.log.of("NOT TOLD: given up").len(), 1);
}

#[test]
fn where_too_many_wait_the_oldest_is_dropped_and_that_is_told() {
    let receiver = Receiver::start();
    let setup = told(
        Setup::steering(&steady("main", "192.0.2.1"), "www.failover = [\"main\"]\n"),
        &receiver,
        "",
    );
    let now = timestamp::to_rfc3339_seconds(clock::wall_now());
    let lines: String = (0..1000).map(|n| waiting(&format!("m{n}"), &now)).collect();
    setup.write("state/webhooks.jsonl", lines);
    receiver.answer(503);
    let mut daemon = setup.ready();
    until_eq(true, || receiver.count() >= 1);
    assert_eq!(daemon.status()["webhooks"][0]["queued"], 1000);
    assert_eq!(daemon.set("pool:main", "up").status, 201);
    let dropped =
        daemon.log.wait_for("too many messages wait for a webhook: the oldest is dropped", 1);
    assert_eq!(dropped["id"], "m0");
    until_eq(1.0, || daemon.metrics().sum(MESSAGES, &["result=\"dropped\""]));
    daemon.kill();
    receiver.answer(200);
    let _daemon = daemon.start_again();
    receiver.wait_taken(1000);
    let taken: Vec<String> = receiver.taken().iter().map(|one| one.text("title")).collect();
    let wanted: Vec<String> = (1..1000).map(|n| format!("m{n}")).collect();
    assert_eq!(taken[..999], wanted);
    assert!(taken[999].starts_with("pool:main: up until it is cleared"), "{}", taken[999]);
}
