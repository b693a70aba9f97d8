use std::fs;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::super::drills::Drills;
use super::super::maintenance::Maintenance;
use super::super::shares::Counted;
use super::*;
use crate::health::Overrides;
use crate::notice::Silences;
use crate::probe::{Kit, Probes};
use crate::reload::Watch;
use crate::state::{Queues, Tokens};
use crate::steering::Returns;
use crate::view::CookieSecrets;

/// Many times as long as the files are left alone.
const LONG: Duration = Duration::from_secs(60);

fn zone(last: u8) -> String {
    format!("@ 60 SOA ns host 1 1h 15m 2w 30\n@ 60 NS ns.net.\nwww 60 A 192.0.2.{last}\n")
}

pub(in crate::app) fn running(daemon: Daemon, seen: &Arc<Seen>) -> Running {
    let world = Arc::new(reload::load(&daemon, 7).unwrap().world);
    let (reports, _) = mpsc::channel(1);
    let kit = Kit::new(&[]).unwrap();
    let probes = Probes::start(Plan::new(&world.inventory), kit, &|_| None, reports).unwrap();
    let (store, _) = Store::open(&daemon.state, SystemTime::UNIX_EPOCH).unwrap();
    let webhooks = Webhooks::new(&daemon, Silences::default(), Queues::default());
    Running {
        daemon,
        seed: 7,
        started: SystemTime::UNIX_EPOCH,
        live: Arc::new(Live::new(View {
            world,
            pools: Pools::default(),
            nsid: None,
            cookie_secrets: CookieSecrets::default(),
        })),
        identity: None,
        admin_identity: None,
        beliefs: Beliefs::new(Overrides::default(), Returns::default(), probes),
        store,
        access: Access::new(Err("none here".into()), Tokens::default()),
        history: Arc::new(History::new(SystemTime::UNIX_EPOCH)),
        metrics: Metrics::new(),
        querylogs: QueryLogs::default(),
        alarm: Alarm::default(),
        seen: Arc::clone(seen),
        ongoing: Ongoing::default(),
        counted: Counted::default(),
        drills: Drills::default(),
        maintenance: Maintenance::default(),
        records: Records::new(false),
        manager: Manager::default(),
        git: None,
        webhooks,
    }
}

/// In time that passes as soon as everybody waits.
#[tokio::test(start_paused = true)]
async fn a_change_is_loaded_once_whatever_comes_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = Daemon { geoip: Vec::new(), ..Daemon::defaults(folder.path()) };
    let path = daemon.zones.join("example.com.zone");
    fs::create_dir(&daemon.zones).unwrap();
    fs::write(&path, zone(1)).unwrap();
    let seen = Arc::new(Seen::now(&daemon));
    let mut watch = Watch::new(&daemon, Arc::clone(&seen));
    let running = running(daemon, &seen);
    for (contents, is_good) in [(zone(22), true), ("nonsense".into(), false), (zone(3), true)] {
        fs::write(&path, &contents).unwrap();
        timeout(LONG, watch.changed()).await.expect("a change is news");
        assert_eq!(running.load(&Author::daemon()).is_ok(), is_good, "{contents}");
        assert!(timeout(LONG, watch.changed()).await.is_err(), "news once, {contents}");
    }
}
