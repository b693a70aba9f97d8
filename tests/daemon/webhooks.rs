//! Who is told elsewhere of what happens: grouped, signed, once, in order, and whatever becomes of the daemon.

mod floods;
mod queue;
pub mod receiver;
mod refused;
mod upgrade;

use std::time::Duration;

use serde_json::{Value, json};
use steersman::{clock, timestamp};

use self::receiver::{Received, Receiver};
use crate::git::{OFTEN, Remote, git};
use crate::support::backend::{Backend, Manner};
use crate::support::certificates;
use crate::support::setup::{Setup, pool, steady, web};
use crate::support::wait::{until, until_eq};

const DOWN: Manner = Manner::Answer("500 Internal Server Error", "ill");
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A region of two pools with two endpoints each, and one to fail over to.
fn regions(backend: &Backend) -> Setup {
    let probe = backend.address;
    let pools = |name: &str, last: u8| {
        format!(
            "[pools.{name}]\nregion = \"us-east\"\nmonitor = \"web\"\nendpoints = [\n\
             {{ address = \"192.0.2.{last}\", probe = \"{probe}\" }},\n\
             {{ address = \"192.0.2.{}\", probe = \"{probe}\" }},\n]\n",
            last + 1
        )
    };
    let all = format!(
        "[regions.us-east]\n{}{}{}{}",
        web(),
        pools("east-a", 1),
        pools("east-b", 3),
        steady("spare", "198.51.100.1"),
    );
    Setup::steering(&all, "www = { failover = [\"east-a\", \"spare\"], ttl = 1 }\n")
}

/// Adds a webhook `ops`.
fn told(mut setup: Setup, receiver: &Receiver, more: &str) -> Setup {
    setup.dns +=
        &format!("\n[webhooks.ops]\nurl = \"{}\"\ngroup = \"500ms\"\n{more}", receiver.url());
    setup
}

fn ill_then_well(backend: &Backend, receiver: &Receiver) -> (Received, Received) {
    backend.be(DOWN);
    let down = receiver.wait_for("type", "verdict", 1);
    backend.be(Manner::Answer("200 OK", "all is ok\n"));
    (down, receiver.wait_for("type", "verdict", 2))
}

#[test]
fn a_region_that_dies_is_one_message_signed_and_in_words() {
    let (backend, receiver) = (Backend::http(), Receiver::start());
    let setup = told(regions(&backend), &receiver, "secret_file = \"hook.secret\"\n");
    setup.write("hook.secret", format!("# old and new\n{SECRET}\n{SECRET}\n"));
    let daemon = setup.ready();
    let (down, up) = ill_then_well(&backend, &receiver);
    let body = down.json();
    assert_eq!(body["title"], "region us-east: 4 of 4 endpoints down");
    assert_eq!((&body["severity"], &body["count"]), (&json!("critical"), &json!(4)));
    assert_eq!(body["incident"], json!({"key": "verdict/region:us-east", "state": "open"}));
    let details: Vec<&str> =
        body["details"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert_eq!(details[0], "why: status 500, wanted 200-299 (4)");
    assert!(details.contains(&"pool east-a: a down"), "{details:?}");
    assert!(details.contains(&"www.example.com. is answered with spare"), "{details:?}");
    let first = body["events"][0]["text"].as_str().unwrap();
    assert!(first.starts_with("east-") && first.contains(" is down: status 500"), "{first}");
    let body = up.json();
    assert_eq!(body["title"], "region us-east: 4 of 4 endpoints up again");
    assert_eq!(body["incident"]["state"], "resolved");
    // As anybody checks it who has the secret.
    for received in [&down, &up] {
        let id = received.header("webhook-id");
        assert_eq!(received.json()["id"], id);
        let at: u64 = received.header("webhook-timestamp").parse().unwrap();
        let wanted = receiver::signature(SECRET, &id, at, &received.body);
        assert_eq!(received.header("webhook-signature"), format!("{wanted} {wanted}"));
        assert_eq!(received.header("content-type"), "application/json");
    }
    assert_eq!(receiver.of("type", "verdict").len(), 2, "one message for all of the region");
    until_eq(2.0, || daemon.metrics().sum(MESSAGES, &["webhook=\"ops\"", "result=\"delivered\""]));
    let status = daemon.status()["webhooks"][0].clone();
    assert_eq!((&status["name"], &status["queued"]), (&json!("ops"), &json!(0)));
    assert!(status["last_delivery"].is_string(), "{status}");
    let text = daemon.cli_ok(&["status"]);
    assert!(text.contains("webhook ops (json to http://127.0.0.1:"), "{text}");
    let listed = daemon.cli_ok(&["webhook", "list"]);
    assert!(listed.contains("nothing waits, last delivery "), "{listed}");
    // Neither the secret nor the path, which may be one.
    let told = daemon.log.text() + &text + &status.to_string();
    assert!(!told.contains("MfKQ9") && !told.contains(receiver::PATH), "{told}");
}

const MESSAGES: &str = "steersman_webhook_messages_total";

#[test]
fn what_is_silenced_is_counted_and_told_when_the_silence_ends() {
    let (backend, receiver) = (Backend::http(), Receiver::start());
    let mut daemon = told(regions(&backend), &receiver, "events = [\"verdict\"]\n").ready();
    let add = ["silence", "add", "region:us-*", "--for", "1h", "--reason", "we know <it>"];
    let said = daemon.cli_ok(&add);
    assert!(
        said.starts_with("region:us-*: silenced until 2") && said.lines().count() == 1,
        "{said}"
    );
    // Whoever mistypes it must not believe that it is quiet.
    let slip = ["silence", "add", "region:us-esat", "--for", "1h", "--reason", "x"];
    let said = daemon.cli_ok(&slip);
    assert!(said.contains("\nwarning: nothing of the files is called so at present"), "{said}");
    daemon.cli_ok(&["silence", "remove", "region:us-esat"]);
    backend.be(DOWN);
    let silenced = || daemon.metrics().sum("steersman_webhook_silenced_events_total", &["ops"]);
    until("events to be silenced", || {
        if silenced() == 4.0 { Ok(()) } else { Err(silenced().to_string()) }
    });
    assert_eq!(daemon.metrics().sum("steersman_silences", &[]), 1.0);
    daemon.kill();
    daemon = daemon.start_again();
    daemon.wait_until_ready();
    let list = daemon.cli_ok(&["silence", "list"]);
    assert!(
        list.starts_with("region:us-* is silenced until 2")
            && list.ends_with("by alice: we know <it>\n"),
        "{list}"
    );
    assert_eq!(daemon.status()["silences"][0]["target"], "region:us-*");
    assert_eq!(receiver.count(), 0);
    daemon.cli_ok(&["silence", "remove", "region:us-*"]);
    let told = receiver.wait_taken(1);
    assert_eq!(told.text("title"), "region us-east: 4 of 4 endpoints down");
    let said = daemon.cli(&["silence", "remove", "region:us-*"]);
    assert_eq!(
        (said.code, said.stderr.as_str()),
        (Some(1), "there is no silence of region:us-*\n")
    );
    // What was told of is told of to its end, silenced or not.
    daemon.cli_ok(&["silence", "add", "pool:east-a", "--for", "1h", "--reason", "x"]);
    daemon.cli_ok(&["silence", "add", "*", "--for", "1h", "--reason", "x"]);
    backend.be(Manner::Answer("200 OK", "all is ok\n"));
    let told = receiver.wait_taken(2);
    assert_eq!(told.json()["incident"]["state"], "resolved");
    let log = daemon.cli_ok(&["audit"]);
    assert!(
        log.contains(": silence:region:us-* until 2")
            && log.contains(": the end of silence:region:us-*\n"),
        "{log}"
    );
    let body = r#"{"for":"1s","reason":"short"}"#;
    assert_eq!(daemon.api("PUT", "/api/v1/silences/name:www.example.com", body).status, 201);
    let targets = || daemon.api("GET", "/api/v1/silences", "").json()["silences"].to_string();
    assert!(targets().contains("name:www.example.com."), "{}", targets());
    until_eq(false, || targets().contains("name:www.example.com."));
    for (target, body, status) in [
        ("planet:earth", body, 422),
        ("*", r#"{"for":"0s","reason":"x"}"#, 422),
        ("*", r#"{"for":"1h","reason":" "}"#, 422),
        ("*", r#"{"reason":"x"}"#, 422),
    ] {
        let path = format!("/api/v1/silences/{target}");
        assert_eq!(daemon.api("PUT", &path, body).status, status, "{target} {body}");
    }
}

#[test]
fn bad_files_are_told_in_words() {
    let receiver = Receiver::start();
    let setup = Setup::steering(&steady("main", "192.0.2.1"), "www.failover = [\"main\"]\n");
    let daemon = told(setup, &receiver, "").ready();
    daemon.write("zones/example.com.toml", "www.failover = [\"mian\"]\n");
    assert_eq!(daemon.reload().status, 422);
    let bad = receiver.wait_taken(1);
    let title = bad.text("title");
    assert!(title.starts_with("files are refused for 1 error, revision "), "{title}");
    let wanted = "zones/example.com.toml:1:17: unknown pool \"mian\" (did you mean \"main\"?)";
    assert!(title.contains(wanted), "{title}");
    assert_eq!(bad.json()["incident"], json!({"key": "reload/files", "state": "open"}));
    daemon.write("zones/example.com.toml", "www.failover = [\"main\"]\n");
    let good = receiver.wait_taken(2);
    assert!(good.text("title").starts_with("the files are good: revision "), "{good:?}");
    assert_eq!(good.json()["incident"]["state"], "resolved");
}

/// What is wrong all the while is told once the silence is over.
#[test]
fn bad_files_are_told_of_after_a_silence() {
    let receiver = Receiver::start();
    let setup = Setup::steering(&steady("main", "192.0.2.1"), "www.failover = [\"main\"]\n");
    let daemon = told(setup, &receiver, "").ready();
    daemon.cli_ok(&["silence", "add", "*", "--for", "1h", "--reason", "a change"]);
    daemon.write("zones/example.com.toml", "www.failover = [\"mian\"]\n");
    assert_eq!(daemon.reload().status, 422);
    // The message that nobody gets is counted.
    until("the silenced message", || {
        match daemon.metrics().sum("steersman_webhook_silenced_events_total", &[]) {
            count if count > 0.0 => Ok(()),
            _ => Err("none yet".into()),
        }
    });
    assert_eq!(receiver.taken().len(), 0);
    daemon.cli_ok(&["silence", "remove", "*"]);
    let bad = receiver.wait_taken(1);
    assert!(bad.text("title").starts_with("files are refused"), "{bad:?}");
    assert_eq!(bad.json()["incident"], json!({"key": "reload/files", "state": "open"}));
    daemon.write("zones/example.com.toml", "www.failover = [\"main\"]\n");
    assert_eq!(receiver.wait_taken(2).json()["incident"]["state"], "resolved");
}

#[test]
fn maintenance_is_announced_ahead_and_overrides_are_told() {
    let receiver = Receiver::start();
    let setup = Setup::steering(&steady("main", "192.0.2.1"), "www.failover = [\"main\"]\n");
    let start = clock::wall_now() + Duration::from_secs(7200);
    let time = |at| timestamp::to_rfc3339_seconds(at).trim_end_matches('Z').to_owned();
    let (start, end) = (time(start), time(start + Duration::from_secs(3600)));
    let window = format!(
        "[maintenance.patches]\ntarget = \"pool:main\"\nstart = \"{start}\"\nend = \"{end}\"\n\
         announce = \"3h\"\nreason = \"kernel <update>\"\n"
    );
    let mut daemon = told(setup, &receiver, "").ready();
    daemon.write("zones/maintenance.toml", window);
    let told = receiver.wait_for("type", "maintenance", 1);
    let title = told.text("title");
    let wanted = format!(
        "maintenance patches of pool:main is announced, from {start}Z to {end}Z: kernel <update>"
    );
    assert_eq!(title, wanted);
    daemon.cli_ok(&["drain", "pool:main", "--for", "1h", "--reason", "a try"]);
    let told = receiver.wait_for("type", "override", 1);
    let title = told.text("title");
    assert!(title.starts_with("pool:main: drain until 2") && title.ends_with(": a try"), "{title}");
    assert!(title.contains("by alice at 127.0.0.1:"), "{title}");
    assert_eq!(told.json()["incident"], Value::Null);
    // Nothing of it is told again.
    daemon.kill();
    let daemon = daemon.start_again();
    daemon.wait_until_ready();
    assert_eq!(daemon.clear("pool:main").status, 204);
    receiver.wait_for("type", "override", 2);
    assert_eq!(receiver.of("type", "maintenance").len(), 1);
}

#[test]
fn names_with_nothing_up_are_told_of_once() {
    let (backend, receiver) = (Backend::http(), Receiver::start());
    let pools = web() + &pool("main", "web", "192.0.2.1", backend.address);
    let setup = Setup::steering(&pools, "www.failover = [\"main\"]\napi.failover = [\"main\"]\n");
    let daemon = told(setup, &receiver, "events = [\"degraded\"]\n").ready();
    backend.be(DOWN);
    let told = receiver.wait_taken(1);
    let title = told.text("title");
    assert!(title.starts_with("2 names have nothing up any more: "), "{title}");
    assert!(title.contains("www.example.com.") && title.contains("api.example.com."), "{title}");
    assert_eq!(told.text("severity"), "critical");
    for _ in 0..5 {
        assert_eq!(daemon.answer("www"), ["192.0.2.1"]);
    }
    backend.be(Manner::Answer("200 OK", "all is ok\n"));
    assert_eq!(receiver.wait_taken(2).text("title"), "every name has something up again");
    assert_eq!(receiver.count(), 2);
}

#[test]
fn pagerduty_and_slack_are_told_in_their_forms() {
    let (backend, pager, slack) = (Backend::http(), Receiver::start(), Receiver::start());
    let mut setup = regions(&backend);
    setup.dns += &format!(
        "\n[webhooks.pager]\nform = \"pagerduty\"\nurl = \"{}\"\nrouting_key_file = \"key\"\ngroup = \"500ms\"\n\
         [webhooks.chat]\nform = \"slack\"\nurl_file = \"chat.url\"\ngroup = \"500ms\"\n",
        pager.url()
    );
    setup.write("key", "0123456789abcdef0123456789abcdef\n");
    setup.write("chat.url", slack.url() + "\n");
    let daemon = setup.ready();
    backend.be(DOWN);
    let trigger = pager.wait_taken(1).json();
    assert_eq!(trigger["event_action"], "trigger");
    assert_eq!(trigger["routing_key"], "0123456789abcdef0123456789abcdef");
    assert_eq!(trigger["payload"]["summary"], "region us-east: 4 of 4 endpoints down");
    assert_eq!(trigger["payload"]["severity"], "critical");
    // What nobody has to get up for is not for PagerDuty.
    let reason = "<!channel> & co";
    daemon.cli_ok(&["drain", "pool:east-b", "--for", "1h", "--reason", reason]);
    backend.be(Manner::Answer("200 OK", "all is ok\n"));
    let resolve = pager.wait_taken(2).json();
    assert_eq!(resolve["event_action"], "resolve");
    assert_eq!(resolve["dedup_key"], trigger["dedup_key"]);
    let said = until("the override", || {
        let all: Vec<String> = slack.taken().iter().map(|one| one.json().to_string()).collect();
        let said = all.iter().find(|text| text.contains("pool:east-b: drain")).cloned();
        said.ok_or_else(|| all.join("\n"))
    });
    assert!(said.contains("&lt;!channel&gt; &amp; co") && !said.contains("<!channel>"), "{said}");
    // They can be tried at any time.
    let said = daemon.cli_ok(&["webhook", "test", "chat"]);
    assert!(said.starts_with("chat: msg_") && said.ends_with(" ms: ok\n"), "{said}");
    daemon.cli_ok(&["webhook", "test", "pager"]);
    let [open, over] = [2, 3].map(|n| pager.taken()[n].json());
    assert_eq!(
        (&open["event_action"], &over["event_action"]),
        (&json!("trigger"), &json!("resolve"))
    );
    slack.answer(403);
    let said = daemon.cli(&["webhook", "test", "chat"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(1), "chat: answered with 403: no\n"));
    let said = daemon.cli(&["webhook", "test", "nobody"]);
    assert_eq!(said.stderr, "no webhook nobody; expected one of pager, chat\n");
    // A new address is heeded at once.
    let other = Receiver::start();
    daemon.write("chat.url", other.url());
    daemon.cli_ok(&["webhook", "test", "chat"]);
    assert_eq!(other.taken()[0].json()["text"], "a test of this webhook: nothing has happened");
}

#[test]
fn mistakes_are_said_and_secrets_are_not() {
    let mut setup = Setup::new();
    setup.dns += "\n[webhooks.ops]\nurl = \"https://u:hunter2@example.com/hunter2\"\n\
                  [webhooks.chat]\nurl = \"http://127.0.0.1:9/x\"\nsecret_file = \"bad.secret\"\n";
    setup.write("bad.secret", "whsec_hunter2\n");
    let (code, said) = setup.start_in_vain();
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains(
            "an address with a user or password in it; expected an http or https address"
        ),
        "{said}"
    );
    assert!(!said.contains("hunter2"), "{said}");
    setup.dns =
        "\n[webhooks.chat]\nurl = \"http://127.0.0.1:9/x\"\nsecret_file = \"bad.secret\"\n".into();
    let (code, said) = setup.start_in_vain();
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("bad.secret:1:1: what is no base64; expected whsec_ and base64"),
        "{said}"
    );
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn a_bad_commit_is_told_in_words_and_so_is_a_remote_that_is_gone() {
    let (remote, receiver) = (Remote::new(), Receiver::start());
    let daemon = told(remote.setup(OFTEN), &receiver, "events = [\"git\"]\n").ready();
    remote.write("zones/example.com.toml", "www.failover = [\"main\", \"sparse\"]\n");
    let bad = remote.push(&[]);
    let told = receiver.wait_taken(1);
    let short = &bad[..12];
    let wanted = format!(
        "commit {short} is refused, and the last good one stays: {short}:zones/example.com.toml:1:25: \
         unknown pool \"sparse\" (did you mean \"spare\"?)"
    );
    assert!(told.text("title").starts_with(&wanted), "{told:?}");
    assert_eq!(told.json()["incident"], json!({"key": "git/files", "state": "open"}));
    assert_eq!(told.text("severity"), "error");
    // It is taken back, so that nothing new is loaded.
    git(&remote.work(), &["reset", "-q", "--hard", "HEAD~1"]);
    git(&remote.work(), &["push", "-q", "--force", "origin", "HEAD:main"]);
    let good = receiver.wait_taken(2);
    assert_eq!(good.json()["incident"], json!({"key": "git/files", "state": "resolved"}));
    assert!(good.text("title").ends_with(" is served"), "{good:?}");
    // What is good is to be known, and no incident.
    let next = remote.push_address(7);
    let served = receiver.wait_taken(3);
    assert_eq!(served.text("title"), format!("commit {} is served", &next[..12]));
    assert_eq!(served.json()["incident"], Value::Null);
    let away = remote.bare().with_extension("away");
    std::fs::rename(remote.bare(), &away).unwrap();
    let gone = receiver.wait_taken(4);
    assert_eq!(gone.json()["incident"], json!({"key": "git/remote", "state": "open"}));
    assert_eq!(daemon.metrics().sum("steersman_git_remote_unreachable", &[]), 1.0);
    std::fs::rename(&away, remote.bare()).unwrap();
    let back = receiver.wait_taken(5);
    assert_eq!(back.text("title"), "the remote of the zones can be fetched again");
    assert_eq!(back.json()["incident"]["state"], "resolved");
    assert_eq!(daemon.metrics().sum("steersman_git_remote_unreachable", &[]), 0.0);
}

#[test]
fn over_tls_the_other_end_must_be_who_it_says() {
    let (config, certificate) = certificates::self_signed_and_shown("127.0.0.1");
    let receiver = Receiver::over_tls(config);
    let setup = Setup::steering(&steady("main", "192.0.2.1"), "www.failover = [\"main\"]\n");
    let mut setup = told(setup, &receiver, "ca_file = \"ca.pem\"\n");
    setup.dns += &format!("[webhooks.wary]\nurl = \"{}\"\ngroup = \"0s\"\n", receiver.url());
    setup.write("ca.pem", certificate);
    let daemon = setup.ready();
    assert_eq!(daemon.set("pool:main", "up").status, 201);
    receiver.wait_for("type", "override", 1);
    let error = until("an error", || {
        let wary = daemon.status()["webhooks"][1].clone();
        wary["last_error"]["what"].as_str().map(str::to_owned).ok_or_else(|| wary.to_string())
    });
    assert!(error.contains("certificate"), "{error}");
    assert_eq!(receiver.count(), 1);
    // Another authority is trusted from the next message on.
    daemon.write("ca.pem", certificates::self_signed_and_shown("127.0.0.1").1);
    let said = daemon.cli(&["webhook", "test", "ops"]);
    assert!(said.code == Some(1) && said.stderr.contains("certificate"), "{said:?}");
}

/// What counts as down until it is probed has not gone down.
#[test]
fn only_what_was_heard_of_is_told() {
    let (backend, receiver) = (Backend::http(), Receiver::start());
    let patient = web()
        .replace("fall = 3", "initial = \"down\"\nfall = 3")
        .replace("interval = \"1s\"\ntimeout = \"1s\"", "interval = \"30s\"\ntimeout = \"25s\"");
    let pools = patient
        + &pool("main", "web", "192.0.2.1", backend.address)
        + &steady("spare", "198.51.100.1");
    let mut setup = Setup::steering(&pools, "www.failover = [\"main\", \"spare\"]\n");
    setup.dns += "start_timeout = \"0s\"\n";
    backend.be(Manner::Hang);
    let mut daemon = told(setup, &receiver, "events = [\"verdict\", \"override\"]\n").start();
    until_eq(true, || backend.requests() >= 1);
    assert_eq!(daemon.set("pool:spare", "up").status, 201);
    receiver.wait_for("type", "override", 1);
    backend.be(Manner::Answer("200 OK", "all is ok\n"));
    daemon.wait_for_answer("www", "192.0.2.1");
    assert_eq!(daemon.clear("pool:spare").status, 204);
    receiver.wait_for("type", "override", 2);
    assert_eq!(receiver.of("type", "verdict").len(), 0, "it was never known to be down");
    // What is down from its first probe on is told of.
    daemon.signal("TERM");
    assert!(daemon.end().success());
    std::fs::remove_file(daemon.path("state/verdicts.jsonl")).unwrap();
    backend.be(DOWN);
    let _daemon = daemon.start_again();
    let told = receiver.wait_for("type", "verdict", 1);
    assert_eq!(told.text("title"), "pool main: 1 of 1 endpoint down");
}
