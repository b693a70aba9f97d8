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
}

const LONG: Duration = Duration::from_secs(60);

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

/// Where the system cannot watch, files are looked at now and then, and not without a pause.
#[tokio::test(start_paused = true)]
async fn without_signs_the_files_are_looked_at_now_and_then() {
    let (_folder, daemon, _seen, mut watch) = watched();
    let (_, no_signs) = mpsc::channel(1);
    (watch.signs, watch._watcher) = (no_signs, None);
    assert!(timeout(LONG, watch.changed()).await.is_err(), "nothing has changed");
    fs::write(daemon.zones.join("a.zone"), "three").unwrap();
    timeout(LONG, watch.changed()).await.unwrap();
}
