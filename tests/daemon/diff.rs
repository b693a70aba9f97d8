//! `diff`: what would be answered differently, between folders and between revisions of git.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::daemon::{Said, run};
use crate::support::mmdb::{Mmdb, Value as Field, map};
use crate::support::setup::Setup;

const POOLS: &str = "\
[regions.us-east]
[regions.eu-west]
[regions.ap-south]
[pools.us-east]
region = \"us-east\"
endpoints = [\"192.0.2.1\", \"192.0.2.2\"]
[pools.eu-west]
region = \"eu-west\"
endpoints = [\"198.51.100.1\"]
[pools.ap-south]
region = \"ap-south\"
endpoints = [\"203.0.113.1\"]
";
const NAMES: &str = "\
www.geo = { EU = [\"eu-west\", \"us-east\"], default = [\"us-east\", \"eu-west\"] }
api = { weighted = { us-east = 80, eu-west = 20 }, ttl = 20 }
static.failover = [\"us-east\"]
";

/// With a database in which 11/8 is Norway's, and 12/8 and 2001:db8::/32 are France's.
fn files() -> Setup {
    let mut setup = Setup::steering(POOLS, NAMES);
    let country = |code| map([("country_code", Field::from(code))]);
    let database = Mmdb::new(6, 24)
        .network("11.0.0.0/8", country("NO"))
        .network("12.0.0.0/8", country("FR"))
        .network("2001:db8::/32", country("FR"));
    setup.write("geoip/europe.mmdb", database.bytes());
    setup.geoip = r#"["geoip/europe.mmdb"]"#.into();
    setup.write_config();
    setup
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn json(said: &Said) -> Value {
    serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

fn git(folder: &Path, arguments: &[&str]) {
    let who = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
    let done = Command::new("git").arg("-C").arg(folder).args(who).args(arguments).output();
    let done = done.unwrap();
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn nothing_is_said_where_nothing_changes() {
    let setup = files();
    let said = run(setup.path(), &["diff", "zones"]);
    let text = "none of 3 names is answered differently\n";
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), text), "{said:?}");
    // Another order and a comment are no difference; a pool that nobody is answered is none for names.
    copy(&setup.path().join("zones"), &setup.path().join("other"));
    let lines: Vec<&str> = NAMES.lines().rev().collect();
    setup.write("other/example.com.toml", format!("# Backwards\n{}\n", lines.join("\n")));
    let said = run(setup.path(), &["diff", "zones", "other"]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), text), "{said:?}");
}

#[test]
fn who_moves_is_told_by_name_place_and_failure() {
    let setup = files();
    copy(&setup.path().join("zones"), &setup.path().join("other"));
    let names = "\
www.geo = { EU = [\"eu-west\", \"ap-south\"], EU-NO = \"us-east\", default = [\"us-east\", \"eu-west\"] }
api = { weighted = { us-east = 70, eu-west = 30 }, ttl = 60 }
new.failover = [\"us-east\"]
";
    setup.write("other/example.com.toml", names);
    let said = run(setup.path(), &["diff", "zones", "other"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    // 11/8 is one part in 219.6 of what can be a client's; France has all of the IPv6 that is known.
    assert_eq!(
        said.stdout,
        "\
api.example.com.
  ttl: 20 s -> 60 s
  A: 10 % moves
      10 %  us-east -> eu-west: everywhere
new.example.com. (steered from now on)
  A: 100 % moves
     100 %  not steered -> us-east: everywhere
static.example.com. (no longer steered)
  A: 100 % moves
     100 %  us-east -> not steered: everywhere
www.example.com.
  A: 0.5 % of IPv4 and 0 % of IPv6 moves
     0.5 %  eu-west -> us-east: all of Norway
  A, if eu-west fails: 0.5 % of IPv4 and 100 % of IPv6 moves
     0.5 %  us-east -> ap-south: all of France
4 of 4 names are answered differently
"
    );
    let all = json(&run(setup.path(), &["diff", "zones", "other", "--format", "json"]));
    let www =
        all["names"].as_array().unwrap().iter().find(|name| name["name"] == "www.example.com.");
    let case = &www.unwrap()["cases"][1];
    assert_eq!((&case["failed"], &case["types"][0]), (&"eu-west".into(), &"A".into()));
    let only = &case["moves"][0];
    assert_eq!((&only["from"], &only["to"]), (&"us-east".into(), &"ap-south".into()));
    assert_eq!(
        only["countries"],
        serde_json::json!([{"code": "FR", "name": "France", "part": 1.0}])
    );
    assert_eq!((&only["part"]["ipv6"], &only["example"]), (&1.0.into(), &"12.0.0.0".into()));
    let table = run(setup.path(), &["diff", "zones", "other", "--format", "markdown"]).stdout;
    let row = "| `www.example.com.` | A | all is well | 0.5 % of IPv4 and 0 % of IPv6 | eu-west | us-east | all of Norway |";
    assert!(table.lines().any(|line| line == row), "{table}");
}

#[test]
fn other_endpoints_of_a_pool_are_a_difference() {
    let setup = files();
    copy(&setup.path().join("zones"), &setup.path().join("other"));
    setup.write("other/pools.toml", POOLS.replace(", \"192.0.2.2\"", ""));
    let said = run(setup.path(), &["diff", "zones", "other"]);
    for wanted in [
        "static.example.com.\n  A: 100 % moves\n     100 %  us-east -> us-east (other endpoints): everywhere\n",
        "pool us-east: 192.0.2.1, 192.0.2.2 -> 192.0.2.1\n3 of 3 names are",
    ] {
        assert!(said.stdout.contains(wanted), "{}", said.stdout);
    }
}

#[test]
fn revisions_of_git_are_sides_and_nothing_of_the_repository_changes() {
    let setup = files();
    let home = setup.path();
    // The databases are not in git.
    setup.write(".gitignore", "geoip\nstate\n");
    git(home, &["init", "-q", "-b", "main"]);
    git(home, &["add", "-A"]);
    git(home, &["commit", "-q", "-m", "one"]);
    setup.write("zones/example.com.toml", NAMES.replace("80", "100"));
    let status = || {
        let done = Command::new("git").arg("-C").arg(home).args(["status", "--porcelain"]).output();
        String::from_utf8(done.unwrap().stdout).unwrap()
    };
    let before = status();
    let said = run(home, &["diff", "HEAD"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.stdout.contains("api.example.com.\n  A: 3.3 % moves\n"), "{said:?}");
    assert_eq!(status(), before);
    git(home, &["commit", "-q", "-a", "-m", "two"]);
    let said = run(home, &["diff", "HEAD~1", "main", "--format", "json"]);
    assert_eq!((said.code, json(&said)["names"].as_array().unwrap().len()), (Some(1), 1));
    assert_eq!(run(home, &["diff", "main", "HEAD"]).code, Some(0));

    setup.write("zones/example.com.toml", "api.failover = [\"us-eats\"]\n");
    git(home, &["commit", "-q", "-a", "-m", "three"]);
    for (sides, wanted) in [
        (&["diff", "main", "HEAD~1"][..], "main:zones/example.com.toml:1:"),
        (&["diff", "HEAD~1"], "zones/example.com.toml:1:"),
        (&["diff", "nowhere", "HEAD~1"], "nowhere: neither a folder nor a revision of "),
        (&["diff", "HEAD~1", "--", "--output=x"], "--output=x: neither a folder nor a revision"),
    ] {
        let said = run(home, sides);
        assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{said:?}");
        assert!(said.stderr.contains(wanted), "{sides:?}: {said:?}");
    }
    assert!(!home.join("x").exists());
}
