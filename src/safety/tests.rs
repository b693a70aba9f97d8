//! The table of the rules, and what maintenance does to them, over small worlds.

use std::fs;

use super::*;
use crate::config;
use crate::health::{EndpointId, Standing, StandingNow};
use crate::place::Places;
use crate::view::World;

const REGIONS: [&str; 3] = ["us", "eu", "ap"];

/// Three regions, each with a pool of two, and `www` over all of them.
fn world(rule: &str) -> World {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
    let region = |name: &str| {
        format!(
            "[regions.{name}]\n[pools.{name}]\nregion = \"{name}\"\n\
             endpoints = [\"192.0.2.1\", \"192.0.2.2\"]\n"
        )
    };
    write("pools.toml", REGIONS.map(region).concat());
    let zone = "@ 60 SOA ns h 1 1 1 1 1\n@ 60 NS ns\nns 60 A 192.0.2.53\n";
    write("example.com.zone", zone.into());
    let names = "www.failover = [\"us\", \"eu\", \"ap\"]\napi.failover = [\"us\"]\n";
    write("example.com.toml", names.into());
    write("rules.toml", format!("[rules.r]\n{rule}\n"));
    config::load(folder.path(), Places::unknown().into(), "", 0).unwrap().world
}

/// How the endpoints of one region stand, as a letter for each: up, failing, drained, forced down, forced up, or away
/// for maintenance (`F` if it fails besides, `U` if a person has forced it up).
fn standing(letter: u8) -> StandingNow {
    let now = |standing| StandingNow { standing, hold: None };
    match letter {
        b'u' => now(Standing::Up),
        b'f' => now(Standing::Down),
        b'd' => now(Standing::Drained),
        b'x' => now(Standing::ForcedDown),
        b'!' => now(Standing::ForcedUp),
        b'm' => now(Standing::Up).away(),
        b'F' => now(Standing::Down).away(),
        b'U' => now(Standing::ForcedUp).away(),
        _ => unreachable!("{letter}"),
    }
}

/// `us eu ap`, two letters each.
fn pools(world: &World, stand: &str) -> Pools {
    let regions: Vec<&[u8]> = stand.split(' ').map(str::as_bytes).collect();
    Pools::new(&world.inventory, |EndpointId { pool, index }| {
        let name = world.inventory.pools[pool as usize].name.as_str();
        let region = REGIONS.iter().position(|region| *region == name).unwrap();
        standing(regions[region][index as usize])
    })
}

fn why(world: &World, before: &str, after: &str) -> Option<String> {
    let (before, after) = (pools(world, before), pools(world, after));
    let given = |pools| Given { world, pools };
    let broken = broken(&world.rules, given(&before), given(&after));
    assert!(broken.iter().all(|broken| broken.rule == "r"), "{broken:?}");
    broken.into_iter().next().map(|broken| broken.why)
}

fn check(rule: &str, rows: &[(&str, &str, Option<&str>)]) {
    let world = world(rule);
    for (before, after, wanted) in rows {
        let found = why(&world, before, after);
        assert_eq!(found.as_deref(), *wanted, "{rule}: {before} to {after}");
    }
}

const NONE: Option<&str> = None;

/// Fewer than N regions are up, and fewer than before.
#[test]
fn so_many_regions_are_up() {
    check(
        "min_regions = 2",
        &[
            ("uu uu uu", "uu uu uu", NONE),
            ("uu uu uu", "dd uu uu", NONE),
            ("uu uu uu", "dd ud uu", NONE),
            ("uu uu uu", "dd dd uu", Some("1 region would be up (ap); at least 2 must be")),
            ("uu uu uu", "dd xx dd", Some("0 regions would be up; at least 2 must be")),
            // As good as before, though too few.
            ("ff uu dd", "dd uu dd", NONE),
            ("ff uu dd", "dd uu uu", NONE),
            ("ff uu dd", "ff dd uu", NONE),
            ("ff uu dd", "ff dd dd", Some("0 regions would be up; at least 2 must be")),
            ("!! uu dd", "ff uu dd", Some("1 region would be up (eu); at least 2 must be")),
        ],
    );
    check(
        "min_regions = 1\nregions = [\"us\"]",
        &[
            ("uu uu uu", "uu dd dd", NONE),
            ("uu uu uu", "dd uu uu", Some("0 regions would be up; at least 1 must be")),
        ],
    );
}

/// Less than S of the endpoints of a name is up, and less than before.
#[test]
fn so_much_of_a_name_is_up() {
    let half = |up: u32| {
        format!("{up} of 6 endpoints of www.example.com. would be up; at least 50% must be")
    };
    check(
        "min_capacity = \"50%\"\nnames = \"www.example.com\"",
        &[
            ("uu uu uu", "dd du uu", NONE),
            ("uu uu uu", "dd dd uu", Some(&half(2))),
            ("uu ff ff", "dd ff ff", Some(&half(0))),
            ("uu ff ff", "uu dd dd", NONE),
            ("uu ff ff", "ud uf ff", NONE),
        ],
    );
    check(
        "min_capacity = \"50%\"",
        &[
            ("uu uu uu", "ud uu uu", NONE),
            (
                "uu uu uu",
                "dd dd uu",
                Some(
                    "0 of 2 endpoints of api.example.com. would be up; at least 50% must be and 1 more name",
                ),
            ),
        ],
    );
}

/// People have taken R out and none of O is up, and that was not so before.
#[test]
fn one_is_only_out_while_others_are_up() {
    let alone = Some("us would be out while none of eu, ap is up");
    check(
        "region = \"us\"\nonly_while = [\"eu\", \"ap\"]",
        &[
            ("uu uu uu", "dd uu uu", NONE),
            ("uu uu uu", "dd dd uu", NONE),
            ("uu uu uu", "dd dd dd", alone),
            ("uu ff ff", "dd ff ff", alone),
            ("uu ff ff", "ud ff ff", NONE),
            ("dd uu ff", "dd dd ff", alone),
            // Nobody has taken it out, or it was so before.
            ("uu uu uu", "ff dd dd", NONE),
            ("dd ff ff", "xx ff ff", NONE),
            ("dd ff ff", "dd dd ff", NONE),
        ],
    );
}

/// What is away for maintenance counts as what people have taken out; what they forced up stays up.
#[test]
fn maintenance_is_held_against_all_of_them() {
    check(
        "min_regions = 2",
        &[
            ("uu uu uu", "mm uu uu", NONE),
            ("mm uu uu", "mm mm uu", Some("1 region would be up (ap); at least 2 must be")),
            ("mm uu uu", "mm dd uu", Some("1 region would be up (ap); at least 2 must be")),
            ("dd uu uu", "dd mm uu", Some("1 region would be up (ap); at least 2 must be")),
            ("mm uu uu", "mm UU uu", NONE),
            // What fails anyway can be mended.
            ("ff uu dd", "FF uu dd", NONE),
        ],
    );
    check(
        "min_capacity = \"50%\"\nnames = \"www.example.com\"",
        &[
            ("mm uu uu", "mm du uu", NONE),
            (
                "mm uu uu",
                "mm mm uu",
                Some("2 of 6 endpoints of www.example.com. would be up; at least 50% must be"),
            ),
            ("mm ff uu", "mm FF uu", NONE),
        ],
    );
    check(
        "region = \"us\"\nonly_while = [\"eu\"]",
        &[
            ("uu uu uu", "mm uu uu", NONE),
            ("mm uu uu", "mm mm uu", Some("us would be out while none of eu is up")),
            ("uu mm uu", "mm mm uu", Some("us would be out while none of eu is up")),
            ("uu mm uu", "UU mm uu", NONE),
            ("ff mm uu", "FF mm uu", Some("us would be out while none of eu is up")),
        ],
    );
}
