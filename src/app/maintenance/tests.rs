//! Windows that come together, held against safety rules, in a time that the tests make.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use super::*;
use crate::app::running::tests::running;
use crate::config::Daemon;
use crate::reload::Seen;
use crate::state::Author;

const POOLS: [(&str, &str); 3] = [("a", "192.0.2.1"), ("b", "198.51.100.1"), ("c", "203.0.113.1")];
const TWO_REGIONS: &str = "[rules.two]\nmin_regions = 2\n";

/// So many minutes after the beginning of a day.
fn at(minutes: u64) -> SystemTime {
    let day: Timestamp = "2086-12-05T00:00:00Z".parse().unwrap();
    SystemTime::from(day) + Duration::from_secs(60 * minutes)
}

/// A window that takes ten minutes to leave and to come back; the TTL is one more.
fn window((name, target, start, end): (&str, &str, u64, u64)) -> String {
    let time = |minutes| timestamp::to_rfc3339_seconds(at(minutes)).replace('Z', "");
    let (start, end) = (time(start), time(end));
    format!(
        "[maintenance.{name}]\ntarget = \"{target}\"\nstart = \"{start}\"\nend = \"{end}\"\nreason = \"x\"\n"
    )
}

/// Files with a region for each pool.
fn write(folder: &Path, rules: &str, windows: &[(&str, &str, u64, u64)]) -> Daemon {
    let daemon = Daemon { geoip: Vec::new(), ..Daemon::defaults(folder) };
    let pools = POOLS.map(|(name, address)| {
        format!(
            "[regions.{name}]\n[pools.{name}]\nregion = \"{name}\"\nendpoints = [\"{address}\"]\n"
        )
    });
    fs::create_dir_all(&daemon.zones).unwrap();
    let zone = "@ 60 SOA ns host 1 1h 15m 2w 30\n@ 60 NS ns.net.\n";
    for (name, text) in [
        ("pools.toml", pools.concat()),
        ("example.com.zone", zone.to_owned()),
        ("example.com.toml", "www = { failover = [\"a\", \"b\", \"c\"], ttl = 60 }\n".to_owned()),
        ("rules.toml", rules.to_owned()),
        ("maintenance.toml", windows.iter().copied().map(window).collect()),
    ] {
        fs::write(daemon.zones.join(name), text).unwrap();
    }
    daemon
}

fn start(daemon: &Daemon) -> Running {
    running(daemon.clone(), &Arc::new(Seen::now(daemon)))
}

/// How those windows stand that have begun to leave, by name.
fn stages(running: &Running) -> Vec<String> {
    let world = &running.live.load().world;
    let all = running.maintenance_statuses(world).into_iter();
    let under_way = all.filter(|status| status.stage != "planned");
    let mut all: Vec<String> = under_way.map(|s| format!("{} {}", s.name, s.stage)).collect();
    all.sort();
    all
}

/// The same windows are kept from leaving by a daemon that saw every minute, and by one that begins in the
/// midst of them.
#[tokio::test]
async fn windows_see_each_other_at_once_and_over_a_restart() {
    let (a, b, c) = ("region:a", "region:b", "region:c");
    type Row<'r> = (&'r str, &'r [(&'r str, &'r str, u64, u64)], u64, &'r [&'r str]);
    let rows: [Row<'_>; 9] = [
        ("one", &[("x", a, 60, 120)], 70, &["x away"]),
        (
            "two at once, by name",
            &[("y", b, 60, 120), ("x", a, 60, 120)],
            70,
            &["x away", "y refused"],
        ),
        (
            "who leaves first goes",
            &[("x", a, 62, 120), ("y", b, 60, 120)],
            70,
            &["x refused", "y away"],
        ),
        (
            "what is leaving is as good as away",
            &[("x", a, 60, 120), ("y", b, 65, 120)],
            56,
            &["x leaving", "y refused"],
        ),
        (
            "refused once, though what kept it is over",
            &[("x", a, 60, 120), ("y", b, 90, 180)],
            150,
            &["y refused"],
        ),
        (
            "what comes back is as good as back",
            &[("x", a, 60, 120), ("y", b, 135, 180)],
            126,
            &["x returning", "y leaving"],
        ),
        (
            "what is refused is not away",
            &[("x", a, 60, 120), ("y", b, 90, 300), ("z", c, 135, 200)],
            140,
            &["y refused", "z away"],
        ),
        (
            "one may come twice",
            &[("x", a, 60, 120), ("y", "pool:a", 60, 120)],
            70,
            &["x away", "y away"],
        ),
        (
            "only one of three",
            &[("x", a, 60, 120), ("y", b, 60, 120), ("z", c, 60, 120)],
            110,
            &["x away", "y refused", "z refused"],
        ),
    ];
    for (case, windows, minutes, wanted) in rows {
        let folder = tempfile::tempdir().unwrap();
        let daemon = write(folder.path(), TWO_REGIONS, windows);
        let one = start(&daemon);
        (0..=minutes).for_each(|minute| one.pass_maintenance(|| at(minute)));
        assert_eq!(stages(&one), wanted, "{case}");
        drop(one);
        let another = start(&daemon);
        another.pass_maintenance(|| at(minutes));
        assert_eq!(stages(&another), wanted, "{case}, over a restart");
    }
}

/// Another target is another matter, whatever the window is called.
#[tokio::test]
async fn a_rule_is_asked_of_another_target() {
    let folder = tempfile::tempdir().unwrap();
    let rule = "[rules.b-stays]\nmin_regions = 1\nregions = [\"b\"]\n";
    let daemon = write(folder.path(), rule, &[("x", "region:a", 60, 120)]);
    let running = start(&daemon);
    (0..=70).for_each(|minute| running.pass_maintenance(|| at(minute)));
    assert_eq!(stages(&running), ["x away"]);
    write(folder.path(), rule, &[("x", "region:b", 60, 120)]);
    running.load(&Author::daemon()).unwrap();
    assert!(running.is_maintenance_due(at(70)), "at the next look");
    running.pass_maintenance(|| at(70));
    assert_eq!(stages(&running), ["x refused"]);
    assert_eq!(running.beliefs.planned(), Planned::new());
    let told = running.history.after(0, 100).events;
    let told = told.iter().filter_map(|event| match &event.what {
        What::Maintenance { target, stage, .. } => Some(format!("{target} {stage}")),
        _ => None,
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            "region:a announced",
            "region:a leaving",
            "region:a away",
            "region:a called_off",
            "region:b refused"
        ]
    );
}

/// Many may look at the time at the same moment.
#[tokio::test]
async fn whatever_happens_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let rule = "[rules.one]\nmin_regions = 1\n";
    let windows = [("x", "region:a", 60, 120), ("y", "region:b", 60, 120)];
    let daemon = write(folder.path(), rule, &windows);
    // So many that judging takes a while, in which others come.
    let more = (0..500).map(|n| format!("[pools.p{n}]\nendpoints = [\"192.0.2.9\"]\n"));
    let path = daemon.zones.join("pools.toml");
    let pools = fs::read_to_string(&path).unwrap() + &more.collect::<String>();
    fs::write(path, pools).unwrap();
    let running = start(&daemon);
    for minute in 48..=130 {
        let barrier = Barrier::new(4);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    barrier.wait();
                    running.pass_maintenance(|| at(minute));
                });
            }
        });
    }
    let mut told = told(&running);
    let all = told.len();
    told.sort();
    told.dedup();
    assert_eq!((told.len(), all), (8, 8), "{told:?}");
}

/// What was told of windows, in order.
fn told(running: &Running) -> Vec<String> {
    let events = running.history.after(0, 1000).events;
    let told = events.iter().filter_map(|event| match &event.what {
        What::Maintenance { name, stage, .. } => Some(format!("{name} {stage}")),
        _ => None,
    });
    told.collect()
}

/// Whoever looks at the time, plans, and calls off may do so at the same moment. People plan by the clock of the
/// machine, and so it is looked at here.
#[tokio::test]
async fn what_is_planned_while_others_look_is_told_once() {
    const ROUNDS: usize = 20;
    let folder = tempfile::tempdir().unwrap();
    let rule = "[rules.one]\nmin_regions = 1\n";
    let running = start(&write(folder.path(), rule, &[("later", "region:c", 60, 120)]));
    let minutes = |minutes: u64| clock::wall_now() + Duration::from_secs(60 * minutes);
    let time = |at| timestamp::to_rfc3339_seconds(at).replace('Z', "");
    // It leaves at once.
    let text = |region: &str| WindowText {
        target: format!("region:{region}"),
        start: time(minutes(5)),
        end: time(minutes(60)),
        timezone: None,
        repeats: None,
        lead: None,
        announce: None,
        reason: "x".into(),
    };
    let by = &Author::daemon();
    for round in 0..ROUNDS {
        let barrier = Barrier::new(4);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    barrier.wait();
                    (0..10).for_each(|_| running.pass_maintenance(clock::wall_now));
                });
            }
            for region in ["a", "b"] {
                let (text, name) = (text(region), format!("{region}{round}"));
                let (barrier, running) = (&barrier, &running);
                scope.spawn(move || {
                    barrier.wait();
                    running.plan_maintenance(&name, text, by).unwrap();
                    running.call_off_maintenance(&name, by).unwrap();
                });
            }
        });
    }
    let told = told(&running);
    for name in ["a", "b"].iter().flat_map(|of| (0..ROUNDS).map(move |n| format!("{of}{n} "))) {
        let of_it: Vec<&str> = told.iter().filter_map(|told| told.strip_prefix(&name)).collect();
        assert_eq!(of_it, ["leaving", "called_off"], "{name}");
    }
}
