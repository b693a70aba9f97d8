//! The other end sends without end: that costs its own webhook only, for a time and so many bytes.

use std::thread;

use super::receiver::Flood;
use super::*;
use crate::memory::peak_memory_bytes;
use crate::support::wait::begin;

const MIB: u64 = 1 << 20;
/// What the system takes from the other end before anybody has read it is part of that.
const MOST_POURED_BYTES: u64 = 32 * MIB;
const MOST_MEMORY_BYTES: u64 = 48 * MIB;

/// One of each kind, beside one that is well.
#[test]
fn one_that_floods_holds_up_nobody() {
    let (backend, quick) = (Backend::http(), Receiver::start());
    let floods = [
        ("continues", Flood::Continue),
        ("head", Flood::Head),
        ("taken", Flood::Body(200)),
        ("busy", Flood::Body(503)),
    ];
    let floods = floods.map(|(name, flood)| (name, flood, Receiver::start()));
    let mut setup = told(regions(&backend), &quick, "");
    for (name, flood, receiver) in &floods {
        receiver.flood(*flood);
        let url = receiver.url();
        setup.dns += &format!(
            "\n[webhooks.{name}]\nurl = \"{url}\"\ngroup = \"0s\"\ntimeout = \"2s\"\n\
             events = [\"verdict\", \"override\"]\n"
        );
    }
    let mut daemon = setup.ready();
    let before = peak_memory_bytes(daemon.id());
    backend.be(DOWN);
    let [continues, head, taken, busy] = floods.each_ref().map(|(_, _, receiver)| receiver);
    until_eq(true, || continues.count() >= 1 && continues.poured_bytes() > MIB);
    // While it pours.
    quick.wait_for("type", "verdict", 1);
    assert_eq!(daemon.check("/healthz"), 200);
    daemon.wait_for_answer("www", "198.51.100.1");
    assert_eq!(daemon.set("pool:spare", "up").status, 201);
    quick.wait_for("type", "override", 1);
    assert_eq!(daemon.answer("www"), ["198.51.100.1"]);
    // Each attempt ends, and what is no answer is tried again.
    for receiver in [continues, head, busy] {
        until(&format!("more attempts, not {}", receiver.count()), || {
            if receiver.count() >= 2 { Ok(()) } else { Err(receiver.count().to_string()) }
        });
    }
    // By its status that one is told, whatever it says after it.
    taken.wait_for("type", "override", 1);
    let hook = |name: &str| {
        let status = daemon.status();
        let hooks = status["webhooks"].as_array().unwrap();
        hooks.iter().find(|hook| hook["name"] == name).unwrap().clone()
    };
    until_eq(json!(0), || hook("taken")["queued"].clone());
    let error =
        |name: &str| hook(name)["last_error"]["what"].as_str().unwrap_or_default().to_owned();
    until_eq("no answer in time".to_owned(), || error("continues"));
    assert!(error("busy").starts_with("answered with 503: xxx"), "{}", error("busy"));
    assert!(error("head").contains("too large"), "{}", error("head"));
    for (receiver, name) in [(head, "head"), (taken, "taken"), (busy, "busy")] {
        let each = receiver.poured_bytes() / receiver.count() as u64;
        assert!(each < MOST_POURED_BYTES, "{name}: {each} bytes");
    }
    let more = peak_memory_bytes(daemon.id()).saturating_sub(before);
    assert!(more < MOST_MEMORY_BYTES, "{more} bytes");
    // In the middle of one.
    let count = continues.count();
    until_eq(true, || continues.count() > count);
    let since = begin();
    daemon.signal("TERM");
    assert!(daemon.end().success());
    assert!(since.elapsed() < Duration::from_secs(8), "{:?}", since.elapsed());
}

/// Whoever tries such a webhook is told what is wrong with it, and holds up nobody meanwhile.
#[test]
fn to_try_one_that_floods_ends() {
    let receiver = Receiver::start();
    let setup = Setup::steering(&steady("main", "192.0.2.1"), "www.failover = [\"main\"]\n");
    let daemon = told(setup, &receiver, "timeout = \"2s\"\n").ready();
    receiver.flood(Flood::Continue);
    thread::scope(|scope| {
        let tried = scope.spawn(|| daemon.cli(&["webhook", "test", "ops"]));
        until_eq(true, || receiver.poured_bytes() > MIB);
        assert_eq!(
            (daemon.check("/healthz"), daemon.answer("www")),
            (200, vec!["192.0.2.1".into()])
        );
        let said = tried.join().unwrap();
        assert_eq!((said.code, &*said.stderr), (Some(1), "ops: no answer in time\n"));
    });
}
