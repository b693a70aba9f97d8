use std::os::unix::fs::{MetadataExt as _, symlink};
use std::time::Duration;

use tokio::time::timeout;

use super::look::Look;
use super::*;

const ZONE: &str = "@ 60 SOA ns host 1 1h 15m 2w 30\n@ 60 NS ns\nwww 60 A 192.0.2.256\n";
const BAD_ZONE: &str = "F/zones/example.com.zone:3:10: \"192.0.2.256\"; expected an IPv4 address";

/// What is wrong with a folder of `steersman.toml` and one zone with a mistake; `F` is the folder.
fn findings(text: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("steersman.toml");
    fs::write(&config, text).unwrap();
    fs::create_dir(folder.path().join("zones")).unwrap();
    fs::write(folder.path().join("zones/example.com.zone"), ZONE).unwrap();
    let name = folder.path().display().to_string();
    let findings = load_from(&config, 7).err().unwrap_or_default();
    findings.iter().map(|finding| finding.to_string().replace(&name, "F")).collect()
}

#[test]
fn a_mistake_in_steersman_toml_does_not_hide_those_of_zones() {
    for (text, own) in [
        (
            "geoip = []\n[dns]\nworkers = -1",
            "3:11: -1; expected a number of threads from 0 to 1024",
        ),
        ("geoip = []\n[log]\nlevel = ", "3:9: a key without a value; expected a value after the ="),
        ("geoip = [x]", "1:10: x without quotes; expected \"x\": a text is quoted"),
        ("geoip = 5", "1:9: 5; expected a list of MMDB files"),
        ("zones = 5\ngeoip = []", "1:9: 5; expected a path"),
    ] {
        assert_eq!(findings(text), [format!("F/steersman.toml:{own}"), BAD_ZONE.into()], "{text}");
    }
}

#[test]
fn what_is_not_there_is_said_where_it_is_named() {
    let mmdb = "expected an MMDB file; geoip = [] in steersman.toml means none";
    assert_eq!(
        findings("geoip = [\n'a.mmdb', 'b.mmdb']"),
        [
            format!("F/steersman.toml:2:1: F/a.mmdb, no such file; {mmdb}"),
            format!("F/steersman.toml:2:11: F/b.mmdb, no such file; {mmdb}"),
            BAD_ZONE.into(),
        ]
    );
    assert_eq!(
        findings(""),
        [format!("F/geoip/country.mmdb:1:1: no such file; {mmdb}"), BAD_ZONE.into()]
    );
    assert_eq!(
        findings("zones = 'zone'\ngeoip = []"),
        [
            "F/steersman.toml:1:9: F/zone, a folder that cannot be read: No such file or directory (os error 2); expected a folder with zones"
        ]
    );
    assert_eq!(findings("zones = 5\ngeoip = []").len(), 2);
    let secret = "F/steersman.toml:3:22: F/x, a file that cannot be read: No such file or directory (os error 2); \
                  expected a file of secrets";
    let findings = findings("geoip = []\n[dns]\ncookie_secret_file = 'x'");
    assert!(findings[0].starts_with(secret), "{findings:?}");
    assert_eq!(findings[1..], [BAD_ZONE]);
}

#[test]
fn cookie_secrets_are_loaded_with_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::defaults(folder.path());
    daemon.geoip.clear();
    fs::create_dir(&daemon.zones).unwrap();
    fs::write(daemon.zones.join("example.com.zone"), ZONE.replace("256", "25")).unwrap();
    assert!(load(&daemon, 7).unwrap().cookie_secrets.is_none());
    let (file, text) = (folder.path().join("cookie.secret"), "e5e973e5a6b2a43f48e7dc849e37bfcf\n");
    let position = FilePosition { file: "steersman.toml".into(), line: 1, column: 1 };
    daemon.dns.cookie_secret_file = Some((file.clone(), position));
    fs::write(&file, text).unwrap();
    let revision = |daemon: &Daemon| load(daemon, 7).unwrap().world.revision;
    let before = revision(&daemon);
    assert_eq!(load(&daemon, 7).unwrap().cookie_secrets.unwrap().all().len(), 1);
    // It has no part in what is served, and says nothing of itself.
    fs::write(&file, text.repeat(2)).unwrap();
    assert_eq!(revision(&daemon), before);
    assert_eq!(load(&daemon, 7).unwrap().cookie_secrets.unwrap().all().len(), 2);
}

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(300);

/// A folder with one zone, what was seen of it, and a watch on it.
fn watched() -> (tempfile::TempDir, Daemon, Arc<Seen>, Watch) {
    let folder = tempfile::tempdir().unwrap();
    let daemon = Daemon::defaults(folder.path());
    fs::create_dir(&daemon.zones).unwrap();
    fs::write(daemon.zones.join("a.zone"), "one").unwrap();
    let seen = Arc::new(Seen::now(&daemon));
    let watch = Watch::new(&daemon, Arc::clone(&seen));
    (folder, daemon, seen, watch)
}

/// In time that passes as soon as everybody waits.
#[tokio::test(start_paused = true)]
async fn only_what_nobody_has_loaded_is_news() {
    let (_folder, daemon, seen, mut watch) = watched();
    let zone = daemon.zones.join("a.zone");
    assert!(timeout(LONG, watch.changed()).await.is_err(), "nothing has changed");
    fs::write(&zone, "three").unwrap();
    timeout(LONG, watch.changed()).await.unwrap();
    // As long as nobody loads it, it stays news.
    timeout(LONG, watch.changed()).await.unwrap();
    seen.refresh(&daemon);
    assert!(timeout(LONG, watch.changed()).await.is_err(), "it was loaded");
}

/// Looks all the time, so that nothing hangs on when the system tells of a change.
#[tokio::test(start_paused = true)]
async fn files_that_are_being_written_are_waited_for_but_not_for_ever() {
    // From change to change, how many there are, and when that is news, all in milliseconds.
    for (in_place, pause_ms, changes, news_ms) in [
        (true, 0, 1, 1_000..1_200),
        (true, 50, 20, 1_950..2_200),
        (true, 900, 6, 5_500..5_700),
        (true, 50, 10_000, 300_000..300_200),
        (false, 0, 1, 100..200),
        (false, 50, 20, 1_050..1_200),
        (false, 50, 100, 2_000..2_200),
    ] {
        let (folder, daemon, _seen, mut watch) = watched();
        watch.poll = Duration::from_millis(1);
        let began = crate::clock::runtime_now();
        let (zone, other) = (daemon.zones.join("a.zone"), folder.path().join("a.zone"));
        let write = async {
            for change in 1..=changes {
                let text = "x".repeat(change);
                if in_place {
                    fs::write(&zone, text).unwrap();
                } else {
                    fs::write(&other, text).unwrap();
                    fs::rename(&other, &zone).unwrap();
                }
                tokio::time::sleep(Duration::from_millis(pause_ms)).await;
            }
            std::future::pending().await
        };
        tokio::select! {
            () = write => {}
            () = watch.changed() => {}
        }
        let took_ms = (crate::clock::runtime_now() - began).as_millis();
        assert!(news_ms.contains(&took_ms), "{changes} changes, in place {in_place}: {took_ms}");
    }
}

/// What somebody else has loaded while we waited for quiet is no news.
#[tokio::test(start_paused = true)]
async fn what_was_loaded_in_the_meantime_is_no_news() {
    let (_folder, daemon, seen, mut watch) = watched();
    watch.poll = Duration::from_millis(1);
    fs::write(daemon.zones.join("a.zone"), "three").unwrap();
    let load = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        seen.refresh(&daemon);
        tokio::time::sleep(LONG).await;
    };
    tokio::select! {
        () = watch.changed() => panic!("it was loaded"),
        () = load => {}
    }
}

#[test]
fn what_a_load_does_not_read_is_no_news() {
    let (_folder, daemon, ..) = watched();
    let look = || Look::at(Some(&daemon.zones), &daemon.geoip);
    let before = look();
    fs::create_dir(daemon.zones.join(".git")).unwrap();
    fs::write(daemon.zones.join(".git/index"), "").unwrap();
    fs::write(daemon.zones.join(".a.zone.swp"), "").unwrap();
    assert_eq!(look(), before);
    fs::write(daemon.zones.join("b.zone"), "").unwrap();
    assert_ne!(look(), before);
}

/// A link is swapped between two versions of the same size and the same moment.
#[test]
fn another_file_is_news_even_if_it_looks_the_same() {
    let (folder, daemon, ..) = watched();
    let at = |name: &str| folder.path().join(name);
    let looks = |name: &str| {
        let found = fs::metadata(at(name)).unwrap();
        let times = [found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec()];
        (found.len(), times)
    };
    // The system's clock of files stands still for some milliseconds at a time.
    let same = (0..10_000).any(|_| {
        for version in ["v1", "v2"] {
            fs::write(at(version), version).unwrap();
        }
        looks("v1") == looks("v2")
    });
    assert!(same, "files of the same moment are never made here");
    // Of a link, only what it leads to is looked at.
    let mut seen = Vec::new();
    for version in ["v1", "v2"] {
        let link = at("link");
        let _ = fs::remove_file(&link);
        symlink(at(version), &link).unwrap();
        seen.push(Look::at(Some(&daemon.zones), &[link]));
    }
    assert_ne!(seen[0], seen[1]);
}

/// A folder is put in place of `zones/`, or of the link to it, or of a link on the way there; and
/// then a file in it changes. Nobody looks without a sign.
#[tokio::test]
async fn a_folder_in_place_of_another_is_watched_from_then_on() {
    for way in ["zones", "link/zones", "link/deep/zones", "links"] {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        let inner = way.strip_prefix("link/").unwrap_or("zones");
        let make = |name: &str| {
            let zones = at(name).join(inner);
            fs::create_dir_all(&zones).unwrap();
            fs::write(zones.join("a.zone"), "one").unwrap();
        };
        let (zones, put): (PathBuf, &dyn Fn(&str)) = match way {
            "zones" => (at("zones"), &|name| {
                let _ = fs::rename(at("zones"), at(name).join("before"));
                fs::rename(at(name).join("zones"), at("zones")).unwrap();
            }),
            "link/zones" | "link/deep/zones" => (at(way), &|name| {
                symlink(name, at("new")).unwrap();
                fs::rename(at("new"), at("link")).unwrap();
            }),
            _ => (at("links"), &|name| {
                symlink(at(name).join("zones"), at("new")).unwrap();
                fs::rename(at("new"), at("links")).unwrap();
            }),
        };
        make("v1");
        put("v1");
        let daemon = Daemon { zones, ..Daemon::defaults(folder.path()) };
        let seen = Arc::new(Seen::now(&daemon));
        let mut watch = Watch::new(&daemon, Arc::clone(&seen));
        watch.poll = Duration::from_secs(3600);
        for version in ["v2", "v3"] {
            make(version);
            put(version);
            timeout(LONG, watch.changed()).await.expect(way);
            seen.refresh(&daemon);
            // Signs that are left over from this change are not for the next one.
            assert!(timeout(SHORT, watch.changed()).await.is_err(), "{way}");
            fs::write(daemon.zones.join("a.zone"), version).unwrap();
            timeout(LONG, watch.changed()).await.expect(way);
            seen.refresh(&daemon);
            assert!(timeout(SHORT, watch.changed()).await.is_err(), "{way}");
        }
    }
}

#[tokio::test]
async fn looking_at_the_files_is_no_sign_and_neither_is_what_lies_beside_them() {
    let (folder, daemon, _seen, mut watch) = watched();
    fs::write(folder.path().join("beside"), "").unwrap();
    fs::read_dir(&daemon.zones).unwrap().for_each(drop);
    fs::read(daemon.zones.join("a.zone")).unwrap();
    assert!(timeout(SHORT, watch.signs.recv()).await.is_err());
    fs::write(daemon.zones.join("a.zone"), "three").unwrap();
    timeout(LONG, watch.signs.recv()).await.unwrap();
}

#[tokio::test]
async fn a_database_may_lie_among_the_zones() {
    let (_folder, mut daemon, seen, _watch) = watched();
    daemon.geoip = vec![daemon.zones.join("geoip/country.mmdb")];
    let mut watch = Watch::new(&daemon, seen);
    fs::write(daemon.zones.join("a.zone"), "three").unwrap();
    timeout(LONG, watch.signs.recv()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn files_that_come_and_go_are_news() {
    let (folder, daemon, seen, mut watch) = watched();
    let away = folder.path().join("away");
    let steps: [&dyn Fn(); 6] = [
        &|| fs::write(daemon.zones.join("b.zone"), "").unwrap(),
        &|| fs::remove_file(daemon.zones.join("b.zone")).unwrap(),
        &|| fs::create_dir_all(daemon.geoip[0].parent().unwrap()).unwrap(),
        &|| fs::write(&daemon.geoip[0], "new").unwrap(),
        &|| fs::rename(&daemon.zones, &away).unwrap(),
        &|| fs::rename(&away, &daemon.zones).unwrap(),
    ];
    for (number, step) in steps.iter().enumerate() {
        step();
        let news = timeout(LONG, watch.changed()).await.is_ok();
        // A folder for databases is none yet.
        assert_eq!(news, number != 2, "step {number}");
        seen.refresh(&daemon);
    }
}
