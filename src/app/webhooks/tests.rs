//! What is told of what happens, and by which words it is known.

use super::convert::{convert, scopes};
use crate::config;
use crate::drill::DrillState;
use crate::health::Inventory;
use crate::history::{Event as Happened, GitState, What};
use crate::notice::{Kind, Turn};
use crate::place::Places;

fn inventory() -> Inventory {
    let folder = tempfile::tempdir().unwrap();
    let pools = "[regions.us-east]\n[pools.main]\nregion = \"us-east\"\nendpoints = [\"192.0.2.1\"]\n\
                 [pools.spare]\nendpoints = [\"2001:db8::1\"]\n";
    std::fs::write(folder.path().join("pools.toml"), pools).unwrap();
    let zone = "@ 60 SOA ns host 1 1h 15m 2w 30\n@ 60 NS ns.net.\n";
    std::fs::write(folder.path().join("a.example.zone"), zone).unwrap();
    let world = config::load(folder.path(), Places::unknown().into(), "", 7).unwrap().world;
    Inventory::clone(&world.inventory)
}

#[test]
fn what_is_about_a_part_is_about_the_whole_too() {
    let inventory = inventory();
    for (target, wanted) in [
        ("region:us-east", &["region:us-east"][..]),
        ("pool:main", &["region:us-east", "pool:main"]),
        ("endpoint:main/192.0.2.1", &["region:us-east", "pool:main", "endpoint:main/192.0.2.1"]),
        ("pool:spare", &["pool:spare"]),
        ("endpoint:spare/2001:db8::1", &["pool:spare", "endpoint:spare/2001:db8::1"]),
        ("pool:gone", &["pool:gone"]),
    ] {
        assert_eq!(scopes(&inventory, target), wanted, "{target}");
    }
}

#[test]
fn each_event_is_told_of_as_what_it_is() {
    let text = |text: &str| text.to_owned();
    let (pool, family) = (text("main"), text("a"));
    for (what, follows, wanted) in [
        (
            What::Endpoint {
                endpoint: text("main/192.0.2.1"),
                verdict: text("down"),
                reason: Some(text("refused")),
                last_good: None,
            },
            false,
            Some((
                Kind::Verdict,
                "region:us-east",
                Turn::Begins,
                "main/192.0.2.1 is down: refused",
            )),
        ),
        (
            What::Endpoint {
                endpoint: text("spare/2001:db8::1"),
                verdict: text("up"),
                reason: None,
                last_good: None,
            },
            false,
            Some((Kind::Verdict, "pool:spare", Turn::Ends, "spare/2001:db8::1 is up")),
        ),
        (
            What::Panic { pool, family, panics: false },
            false,
            Some((Kind::Panic, "pool:main", Turn::Ends, "pool main no longer panics for a")),
        ),
        (
            What::Drill { drill: text("7"), target: text("pool:main"), state: DrillState::Away },
            false,
            Some((Kind::Drill, "drill:7", Turn::Note, "drill 7 of pool:main: away")),
        ),
        (
            What::Git {
                state: GitState::Refused,
                commit: Some(text("4f2a91c03be7aaaaaaaa")),
                why: vec![text("x:1:2: y"), text("z")],
            },
            true,
            Some((
                Kind::Git,
                "files",
                Turn::Begins,
                "commit 4f2a91c03be7 is refused, and the last good one stays: x:1:2: y; z",
            )),
        ),
        (
            What::Reload { revision: text("r1"), errors: Some(2), why: vec![text("a"), text("b")] },
            true,
            Some((
                Kind::Git,
                "files",
                Turn::Begins,
                "files are refused for 2 errors, revision r1 is still served: a; b",
            )),
        ),
        (
            What::Reload { revision: text("r2"), errors: None, why: vec![] },
            false,
            Some((Kind::Reload, "files", Turn::Ends, "the files are good: revision r2 is served")),
        ),
        (What::HeldBack { pool: text("main"), family: text("a"), held: true }, false, None),
    ] {
        let happened = Happened { id: "1-1".into(), at: "2026-01-01T00:00:00Z".into(), what };
        let told = convert(&happened, &inventory(), follows);
        let seen = told.first().map(|e| (e.kind, e.subject.as_str(), e.turn, e.words.as_str()));
        assert_eq!(seen, wanted);
    }
}

#[test]
fn each_name_is_an_event_of_its_own() {
    let names = vec!["a.example.".to_owned(), "b.example.".to_owned()];
    let what = What::Degraded { names, more: 3, degraded: true };
    let happened = Happened { id: "1-1".into(), at: "2026-01-01T00:00:00Z".into(), what };
    let told = convert(&happened, &inventory(), false);
    let scopes: Vec<&str> = told.iter().map(|event| event.scopes[0].as_str()).collect();
    assert_eq!(scopes, ["name:a.example.", "name:b.example.", "name:"]);
    assert!(told[2].words.contains("3 more"), "{told:?}");
}
