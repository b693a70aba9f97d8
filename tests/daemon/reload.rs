//! Files change, and what is served follows; or they are wrong, and it does not.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::backend::{Backend, Manner};
use crate::support::daemon::Daemon;
use crate::support::mmdb::{Mmdb, Value, map};
use crate::support::setup::{Setup, ZONE, pool, steady, web};
use crate::support::wait::{until, until_eq};

const MAIN: &str = "192.0.2.1";
const SPARE: &str = "198.51.100.1";
const NAMES: &str = "www.failover = [\"main\", \"spare\"]\n";

fn steady_pools() -> Setup {
    Setup::steering(&(steady("main", MAIN) + &steady("spare", SPARE)), NAMES)
}

/// The zone with another address for `fixed`.
fn zone(last: usize) -> String {
    ZONE.replace("192.0.2.99", &format!("192.0.2.{last}"))
}

/// A database that knows one network, to be in a country.
fn database(country: &str) -> Vec<u8> {
    let record = map([("country_code", Value::from(country))]);
    Mmdb::new(6, 24).network("203.0.113.0/24", record).bytes()
}

#[test]
fn every_way_to_reload_serves_the_new_files() {
    let daemon = steady_pools().ready();
    let path = daemon.path("zones/example.com.zone");
    let by_rename = |contents: &str| {
        daemon.write("zones/.new", contents);
        fs::rename(daemon.path("zones/.new"), &path).unwrap();
    };
    type Way<'a> = (&'a str, &'a dyn Fn(&str));
    let ways: [Way<'_>; 5] = [
        ("a write", &|contents| fs::write(&path, contents).unwrap()),
        ("a rename", &by_rename),
        ("SIGHUP", &|contents| {
            fs::write(&path, contents).unwrap();
            daemon.signal("HUP");
        }),
        ("the API", &|contents| {
            fs::write(&path, contents).unwrap();
            let reloaded = daemon.reload();
            assert_eq!(reloaded.status, 200, "{reloaded:?}");
            assert_eq!(reloaded.json()["revision"], daemon.status()["revision"]);
        }),
        ("the command line", &|contents| {
            fs::write(&path, contents).unwrap();
            let said = daemon.cli_ok(&["reload"]);
            let revision = daemon.status()["revision"].as_str().unwrap().to_owned();
            assert_eq!(said, format!("serving revision {revision}\n"));
        }),
    ];
    let mut revisions = vec![daemon.status()["revision"].clone()];
    for (number, (way, reload)) in ways.iter().enumerate() {
        let contents = zone(number);
        reload(&contents);
        if *way == "the API" || *way == "the command line" {
            // In force with the acknowledgement.
            assert_eq!(daemon.answer("fixed"), [format!("192.0.2.{number}")], "{way}");
        }
        daemon.wait_for_answer("fixed", &format!("192.0.2.{number}"));
        let revision = daemon.status()["revision"].clone();
        assert!(!revisions.contains(&revision), "{way}: {revision}");
        revisions.push(revision);
    }
}

/// SIGHUP with files that are as they were: read again, and the same.
#[test]
fn a_signal_reloads_even_if_nothing_changed() {
    let daemon = steady_pools().ready();
    let revision = daemon.status()["revision"].clone();
    daemon.signal("HUP");
    assert_eq!(daemon.log.wait_for("reloaded", 1)["revision"], revision);
    assert_eq!(daemon.log.of("reloading")[0]["why"], "SIGHUP");
}

/// As Kubernetes updates a ConfigMap: files are links through a link that is swapped.
#[test]
fn swapped_links_are_seen() {
    let setup = steady_pools();
    let zones = setup.path().join("zones");
    fs::rename(&zones, setup.path().join("first")).unwrap();
    fs::create_dir(&zones).unwrap();
    fs::rename(setup.path().join("first"), zones.join("..first")).unwrap();
    symlink("..first", zones.join("..data")).unwrap();
    for name in ["example.com.zone", "example.com.toml", "pools.toml"] {
        symlink(format!("..data/{name}"), zones.join(name)).unwrap();
    }
    let daemon = setup.ready();
    assert_eq!(daemon.answer("fixed"), ["192.0.2.99"]);
    daemon.write("zones/..second/example.com.zone", zone(7));
    for name in ["example.com.toml", "pools.toml"] {
        fs::copy(
            daemon.path(&format!("zones/{name}")),
            daemon.path(&format!("zones/..second/{name}")),
        )
        .unwrap();
    }
    symlink("..second", daemon.path("zones/..new")).unwrap();
    fs::rename(daemon.path("zones/..new"), daemon.path("zones/..data")).unwrap();
    daemon.wait_for_answer("fixed", "192.0.2.7");
    assert_eq!(daemon.answer("www"), [MAIN]);
}

/// As some deployments do it: the whole folder is a link that is swapped.
#[test]
fn a_swapped_folder_is_seen() {
    let setup = steady_pools();
    fs::rename(setup.path().join("zones"), setup.path().join("v1")).unwrap();
    symlink("v1", setup.path().join("zones")).unwrap();
    let daemon = setup.ready();
    for (version, last) in [("v2", 8), ("v3", 9)] {
        daemon.write(&format!("{version}/example.com.zone"), zone(last));
        for name in ["example.com.toml", "pools.toml"] {
            fs::copy(daemon.path(&format!("v1/{name}")), daemon.path(&format!("{version}/{name}")))
                .unwrap();
        }
        symlink(version, daemon.path("new")).unwrap();
        fs::rename(daemon.path("new"), daemon.path("zones")).unwrap();
        daemon.wait_for_answer("fixed", &format!("192.0.2.{last}"));
    }
}

fn geo() -> Setup {
    let mut setup = steady_pools();
    setup.write(
        "zones/example.com.toml",
        "[geo]\ngeo = { FR = \"main\", default = \"spare\" }\n".replace("FR", "EU-FR"),
    );
    setup.write("geoip/test.mmdb", database("FR"));
    setup.geoip = r#"["geoip/test.mmdb"]"#.into();
    setup
}

fn answer_from(daemon: &Daemon, network: &str) -> Vec<String> {
    use crate::support::dns;
    let question = dns::question_from("geo", hickory_proto::rr::RecordType::A, network);
    dns::ask(daemon.dns[0], &question).data()
}

#[test]
fn a_new_database_moves_clients() {
    let daemon = geo().ready();
    assert_eq!(answer_from(&daemon, "203.0.113.0/24"), [MAIN]);
    assert_eq!(answer_from(&daemon, "198.51.100.0/24"), [SPARE]);
    daemon.write("geoip/new", database("DE"));
    fs::rename(daemon.path("geoip/new"), daemon.path("geoip/test.mmdb")).unwrap();
    until_eq(vec![SPARE.to_owned()], || answer_from(&daemon, "203.0.113.0/24"));
}

/// Each file in turn is broken; what was served goes on being served, and everybody is told.
#[test]
fn a_broken_file_changes_nothing_and_every_error_is_told() {
    let daemon = geo().ready();
    let whole = database("FR");
    let before = daemon.status()["revision"].clone();
    let cases: [(&str, &[u8], &[&str]); 6] = [
        (
            "zones/example.com.zone",
            b"$ORIGIN example.com.\n@ 60 SOA ns1 h 1 2 3 4\n@ 60 NS\n",
            &["zones/example.com.zone:2:", "zones/example.com.zone:3:"],
        ),
        ("zones/example.com.zone", b"", &["zones/example.com.zone:1:1: "]),
        (
            "zones/example.com.toml",
            b"[geo]\nfailover = [\"mian\"]\n[www]\nfastest = []\n",
            &["zones/example.com.toml:2:13: unknown pool \"mian\"", "zones/example.com.toml:4:1: "],
        ),
        (
            "zones/pools.toml",
            b"[pools.main]\nendpoints = [\"192.0.2\"]\n",
            &["zones/pools.toml:2:14: "],
        ),
        ("zones/pools.toml", b"\xff\xfe", &["zones/pools.toml:1:1: "]),
        ("geoip/test.mmdb", &whole[..whole.len() / 2], &["geoip/test.mmdb:1:1: "]),
    ];
    for (file, broken, wanted) in cases {
        let good = fs::read(daemon.path(file)).unwrap();
        daemon.write(file, broken);
        let refused = daemon.reload();
        assert_eq!(refused.status, 422, "{file}");
        assert!(refused.detail().starts_with("nothing has changed: "), "{refused:?}");
        let said = daemon.cli(&["reload"]);
        assert_eq!(said.code, Some(1), "{file}");
        let check = daemon.cli(&["check"]);
        assert_eq!(check.code, Some(1), "{file}");
        let json = refused.json();
        let errors: Vec<&str> = json["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["text"].as_str().unwrap())
            .collect();
        for wanted in wanted {
            let error = errors.iter().find(|error| error.starts_with(wanted));
            let error = *error.unwrap_or_else(|| panic!("{wanted} is not in {errors:#?}"));
            assert!(said.stderr.contains(error), "{said:?} lacks {error}");
            assert!(check.stdout.contains(error), "{check:?} lacks {error}");
            let logged = until(&format!("{error} in the log"), || {
                let mut lines = daemon.log.lines().into_iter();
                lines.find(|line| line["finding"] == error).ok_or_else(|| daemon.log.text())
            });
            assert_eq!(logged["level"], "ERROR");
        }
        assert_eq!(answer_from(&daemon, "203.0.113.0/24"), [MAIN], "{file}");
        assert_eq!(daemon.answer("fixed"), ["192.0.2.99"], "{file}");
        assert_eq!(daemon.status()["revision"], before, "{file}");
        daemon.write(file, good);
        assert_eq!(daemon.reload().status, 200, "{file}");
    }
    assert!(daemon.metrics().sum("steersman_reloads_total", &["error"]) >= 12.0);
    assert_eq!(daemon.status()["revision"], before);
}

/// Nobody calls for a reload here: the folder goes, and comes back, and changes.
#[test]
fn a_zones_folder_that_vanishes_is_served_from_memory_until_it_is_back() {
    let daemon = steady_pools().ready();
    fs::rename(daemon.path("zones"), daemon.path("away")).unwrap();
    let line = daemon.log.wait_for("a file is wrong", 1);
    assert!(line["finding"].as_str().unwrap().contains("zones, a folder that cannot be read"));
    assert_eq!(
        (daemon.answer("www"), daemon.answer("fixed")),
        (vec![MAIN.into()], vec!["192.0.2.99".into()])
    );
    daemon.write("away/example.com.zone", zone(5));
    fs::rename(daemon.path("away"), daemon.path("zones")).unwrap();
    daemon.wait_for_answer("fixed", "192.0.2.5");
    daemon.write("zones/example.com.zone", zone(6));
    daemon.wait_for_answer("fixed", "192.0.2.6");
}

/// A reload moves no traffic by itself: what is known of endpoints goes on, and so do overrides.
#[test]
fn verdicts_and_overrides_go_on_over_a_reload() {
    let [dead, other] = [Backend::http(), Backend::http()];
    dead.be(Manner::Answer("500 No", ""));
    let pools = web() + &pool("main", "web", MAIN, dead.address) + &steady("spare", SPARE);
    let daemon = Setup::steering(&pools, NAMES).ready();
    daemon.wait_for_answer("www", SPARE);
    daemon.set("pool:third", "up");
    let since = daemon.endpoint("main")["since"].clone();
    let third = pool("third", "web", "203.0.113.1", other.address);
    daemon.write("zones/pools.toml", pools.clone() + &third);
    daemon.write("zones/example.com.toml", "www.failover = [\"main\", \"third\", \"spare\"]\n");
    assert_eq!(daemon.reload().status, 200);
    assert_eq!(daemon.answer("www"), ["203.0.113.1"], "not known to be down");
    assert_eq!(daemon.endpoint("main")["since"], since);
    until("the new endpoint to be probed", || {
        let endpoint = daemon.endpoint("third");
        if endpoint["since"].is_null() { Err(endpoint.to_string()) } else { Ok(()) }
    });
    daemon.set("pool:third", "down");
    assert_eq!(daemon.answer("www"), [SPARE]);
    daemon.write("zones/pools.toml", pools);
    daemon.write("zones/example.com.toml", NAMES);
    assert_eq!(daemon.reload().status, 200);
    assert_eq!(daemon.answer("www"), [SPARE]);
    // What was said of it waits for it to come back, and can be taken away meanwhile.
    assert!(daemon.cli_ok(&["status"]).contains("pool:third is not in the files"));
    assert_eq!(daemon.clear("pool:third").status, 204);
}
