use std::time::SystemTime;
use std::{fs, ptr};

use super::*;
use crate::app::running::tests::running;
use crate::config::Daemon;
use crate::health::Verdict;
use crate::reload::Seen;

const POOLS: usize = 200;

/// What is kept of many events has a bound, however many pools share a target.
#[test]
fn an_event_names_a_hundred_pools_at_most() {
    for (count, named, left) in [(3, 3, 0), (100, 100, 0), (5000, 100, 4900)] {
        let pools: Vec<String> = (0..count).map(|n| format!("p{n}")).collect();
        let what = verdict_event("target".into(), pools, "up".into(), None);
        let What::Verdict { pools, more, .. } = what else { panic!("{what:?}") };
        assert_eq!((pools.len(), more), (named, left));
    }
}

/// With one pool, and with all of them.
#[tokio::test]
async fn a_verdict_sums_only_those_pools_anew_that_hang_on_it() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = Daemon { geoip: Vec::new(), ..Daemon::defaults(folder.path()) };
    fs::create_dir(&daemon.zones).unwrap();
    let pool = |n| format!("[pools.p{n}]\nendpoints = [\"192.0.2.1\"]\n");
    fs::write(daemon.zones.join("pools.toml"), (0..POOLS).map(pool).collect::<String>()).unwrap();
    let zone = "@ 60 SOA ns host 1 1h 15m 2w 30\n@ 60 NS ns.net.\n";
    fs::write(daemon.zones.join("example.com.zone"), zone).unwrap();
    let seen = Arc::new(Seen::now(&daemon));
    let running = running(daemon, &seen);
    running.refresh_pools();
    for (moved, at_most) in [(vec![50], 16), ((0..POOLS as PoolId).collect(), POOLS)] {
        let report = |pools: &[PoolId], moved| Report {
            passed: None,
            key: "target".into(),
            event: Event::Slow,
            at: SystemTime::UNIX_EPOCH,
            verdict: Verdict::SETTLED_UP,
            changed: None,
            endpoints: Vec::new(),
            contact: None,
            moved,
            pools: pools.into(),
            generation: running.beliefs.probes.board().generation(),
        };
        let before = running.live.load_full();
        running.swap_moved(&[report(&moved, true), report(&[7], false)]);
        let after = running.live.load_full();
        assert!(ptr::eq(&*before.world, &*after.world));
        let is_new = |pool: &PoolId| {
            let state = |view: &View| ptr::from_ref(view.pools.get(*pool).unwrap());
            state(&before) != state(&after)
        };
        // Those beside one in memory may be copied with it.
        let new = (0..POOLS as PoolId).filter(is_new).count();
        assert!(moved.iter().all(is_new) && new <= at_most, "{new} pools are new");
    }
}
