use std::fs;
use std::sync::mpsc::channel;

use super::*;
use crate::app::running::tests::running;
use crate::config::Daemon;
use crate::health::{Override, OverrideState, Target};
use crate::history::What;
use crate::notice::Silence;
use crate::reload::Seen;
use crate::state::{Action, Part};
use crate::steering::PoolState;

/// Whatever is to come comes within this.
const PATIENT: Duration = Duration::from_secs(30);

fn with_a_pool(folder: &tempfile::TempDir) -> Running {
    let daemon = Daemon { geoip: Vec::new(), ..Daemon::defaults(folder.path()) };
    fs::create_dir(&daemon.zones).unwrap();
    let pool = "[pools.main]\nendpoints = [\"192.0.2.1\"]\n";
    fs::write(daemon.zones.join("pools.toml"), pool).unwrap();
    let zone = "@ 60 SOA ns host 1 1h 15m 2w 30\n@ 60 NS ns.net.\n";
    fs::write(daemon.zones.join("example.com.zone"), zone).unwrap();
    let seen = Arc::new(Seen::now(&daemon));
    running(daemon, &seen)
}

fn is_up(running: &Running) -> bool {
    let view = running.live.load();
    let mut sets = view.pools.get(0).into_iter().flat_map(PoolState::sets);
    sets.next().unwrap().is_up()
}

/// One person waits for a disk that hangs, and all that has ended comes back meanwhile.
#[tokio::test]
async fn no_disk_keeps_the_end_of_an_override_from_being_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let running = with_a_pool(&folder);
    let (now, second) = (clock::wall_now(), Duration::from_secs(1));
    let target: Target = "pool:main".parse().unwrap();
    let drained = Override::new(OverrideState::Drain, "x", now - second, Some(second));
    let silenced = Silence { reason: "x".into(), by: "me".into(), since: now - second, until: now };
    running.beliefs.overrides().set(target, drained);
    running.webhooks.silences().set("pool:main".parse().unwrap(), silenced);
    running.refresh_pools();
    assert!(!is_up(&running));
    thread::scope(|scope| {
        let hung = running.store.hang();
        let decision = running.decision();
        let (done, is_done) = channel();
        let running = &running;
        scope.spawn(move || {
            running.pass_time(now);
            done.send(()).unwrap();
        });
        let passed = is_done.recv_timeout(PATIENT);
        let (up, silences) = (is_up(running), running.webhooks.silences().count());
        // Before anything that could fail, or the other thread would never end.
        drop((hung, decision));
        passed.expect("time passes");
        assert_eq!((up, silences), (true, 0));
    });
    assert!(running.is_something_to_write());
    running.write_down();
    assert!(!running.is_something_to_write());
    let trail = running.store.trail(Part::WHOLE).unwrap();
    let done: Vec<Action> = trail.entries.iter().map(|entry| entry.action).collect();
    assert_eq!(done, [Action::Expire, Action::Unsilence]);
    assert_eq!(trail.entries[0].at, crate::timestamp::to_rfc3339(now), "when it ended");
    let events = running.history.after(0, 10).events;
    let told = |what: &What| matches!(what, What::Override { action, .. } if action == "expire");
    assert!(told(&events[0].what), "{events:?}");
}

/// Nothing is summed anew while nothing ends.
#[tokio::test]
async fn time_that_passes_without_an_end_does_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let running = with_a_pool(&folder);
    running.refresh_pools();
    let before = running.live.load_full();
    running.pass_time(clock::wall_now());
    assert!(Arc::ptr_eq(&before, &running.live.load_full()));
    assert!(!running.is_something_to_write());
}
