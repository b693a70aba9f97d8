mod mistakes;

use std::sync::Arc;
use std::time::Duration;

use super::super::monitors::Beside;
use super::super::policy::PoolsFile;
use super::super::pools;
use super::*;
use crate::place::Places;
use crate::steering::{Failback, Leaf, PlacedBy, Turns};

const POOLS: &str = "
[regions.us]
location = [39.04, -77.49]
[regions.eu]
location = [53.3, -6.2]
[regions.nowhere]
[pools.us-east]
region = 'us'
endpoints = ['192.0.2.1']
[pools.eu-west]
region = 'eu'
endpoints = ['192.0.2.2']
[pools.lost]
region = 'nowhere'
endpoints = ['192.0.2.3']
[pools.free]
endpoints = ['192.0.2.4']
[pools.cdn]
endpoints = [{ cname = 'www.example.com.' }]
[pools.office]
endpoints = ['192.0.2.6']
";
fn read_with(pools: &str, state: PoolsFile, text: &str) -> (Steering, usize, Vec<String>) {
    let document = Document::parse("pools.toml", pools.as_bytes()).ok().unwrap();
    let inventory = pools::read(&document, &Beside::default());
    let places = Places::unknown();
    let mut shared = Shared::new(&inventory, state, &places);
    let document = Document::parse("x.toml", text.as_bytes()).ok().unwrap();
    let apex = Name::parse("example.com.", &Name::root()).unwrap();
    let steering = read(&document, &apex, &mut shared);
    let findings = document.into_findings().iter().map(ToString::to_string).collect();
    (steering, shared.turns(), findings)
}

fn good(text: &str) -> (Steering, usize) {
    let (steering, turns, findings) = read_with(POOLS, PoolsFile::Good, text);
    assert_eq!(findings, [""; 0], "{text}");
    (steering, turns)
}

fn leaf(policy: &Policy) -> Leaf {
    let Policy::Pool(leaf) = policy else { panic!("{policy:?}") };
    *leaf
}

const EXAMPLE: &str = r#"
[www]
failover = ["us-east", "eu-west"]

[api]
weighted = { us-east = 80, eu-west = 20 }
sticky = true                       # the same client network gets the same pool while it is up
ttl = 20

[beta]                              # the long form, for weights over policies
weighted = [{ to = ["us-east", "eu-west"], weight = 9 }, { to = "canary", weight = 1 }]

["@"]
nearest = ["us-east", "eu-west", "ap-south"]

[cdn]
round_robin = ["us-east", "eu-west"]

[shop.geo]
EU = ["eu-west", "us-east"]
NA-US-CA = "us-west"
AS = { weighted = { ap-south = 1, ap-east = 1 } }
"203.0.113.0/24" = "office"
AS64500 = "peer"
default = ["us-east", "eu-west"]
"#;

#[test]
fn the_example_is_read() {
    let mut pools = "[regions.r]\nlocation = [0, 0]\n".to_string();
    let names =
        ["us-east", "eu-west", "ap-south", "ap-east", "us-west", "office", "peer", "canary"];
    for name in names {
        pools += &format!("[pools.{name}]\nregion = 'r'\nendpoints = ['192.0.2.1']\n");
    }
    let (steering, turns, findings) = read_with(&pools, PoolsFile::Good, EXAMPLE);
    assert_eq!((findings, turns), (vec![], Turns::OF_A_POLICY));
    let owners: Vec<String> = steering.names.iter().map(|name| name.owner.to_string()).collect();
    let all = ["www", "api", "beta", "", "cdn", "shop"].map(|owner| match owner {
        "" => "example.com.".to_string(),
        owner => format!("{owner}.example.com."),
    });
    assert_eq!(owners, all);
    let ttls: Vec<u32> = steering.names.iter().map(|name| name.ttl_seconds).collect();
    assert_eq!(ttls, [30, 20, 30, 30, 30, 30]);
    assert!(steering.names.iter().all(|name| matches!(name.all_down, AllDown::Serve)));
    let Policy::Failover(branches) = &steering.names[0].policy else { panic!() };
    assert_eq!([leaf(&branches[0]).pool, leaf(&branches[1]).pool], [0, 1]);
    let Policy::Weighted(weighted) = &steering.names[1].policy else { panic!() };
    let weights: Vec<u32> = weighted.branches.iter().map(|branch| branch.weight).collect();
    assert_eq!(
        (weights, weighted.sticky),
        (vec![80, 20], Some(fnv1a(b"\x03api\x07example\x03com\0") + 1))
    );
    let Policy::Placed(geo) = &steering.names[5].policy else { panic!() };
    // From the most to the least specific, whatever the order of the file.
    let keys = ["203.0.113.0/24", "AS64500", "NA-US-CA", "AS", "EU", "default"];
    assert_eq!(*geo.by, PlacedBy::Geo(keys.map(str::to_string).into()));
    assert_eq!(leaf(&geo.branches[0]).pool, 5);
    assert_eq!(steering.owners[5].position, (19, 2));
}

#[test]
fn slots_are_the_distinct_pools_of_policy_and_all_down() {
    let (steering, turns) = good(
        "[a]\nround_robin = ['eu-west', ['us-east', 'eu-west'], { round_robin = 'us-east' }]\n\
         all_down = ['free', 'us-east']\n[b]\nround_robin = 'free'",
    );
    let [a, b] = steering.names.as_slice() else { panic!() };
    assert_eq!(*a.slots, [1, 0, 3]);
    assert_eq!(*b.slots, [3]);
    let Policy::RoundRobin(outer) = &a.policy else { panic!() };
    let Policy::RoundRobin(inner) = &outer.branches[2] else { panic!() };
    let Policy::RoundRobin(other) = &b.policy else { panic!() };
    let mut counters = [outer.turn, inner.turn, other.turn];
    counters.sort_unstable();
    assert_eq!((counters, turns), ([0, 3, 6], 9));
    let AllDown::Policy(Policy::Failover(last)) = &a.all_down else { panic!() };
    assert_eq!(leaf(&last[1]), Leaf { pool: 0, slot: 1 });
}

#[test]
fn a_name_is_an_alias_as_far_as_its_pools_are() {
    for (text, some) in [
        ("failover = 'us-east'", false),
        ("failover = 'cdn'", true),
        ("failover = ['us-east', 'cdn']", true),
        ("failover = 'us-east'\nall_down = 'cdn'", true),
        ("failover = 'cdn'\nall_down = 'us-east'", true),
    ] {
        let (steering, _) = good(&format!("[a]\n{text}"));
        let name = &steering.names[0];
        assert_eq!(name.some_hosts, some, "{text}");
        assert_eq!(steering.owners[0].types == SteeredTypes::Hosts, some, "{text}");
    }
}

#[test]
fn equal_preferences_share_one_map() {
    let (steering, _) = good(
        "[a.geo]\nEU = 'eu-west'\ndefault = 'us-east'\n[b.geo]\ndefault = 'free'\nEU = 'lost'\n\
         [c.geo]\ndefault = 'free'\n[d]\nnearest = ['us-east', 'eu-west']\n\
         [e]\nnearest = [{ failover = [['us-east', 'free']] }, 'eu-west']",
    );
    let maps: Vec<_> = steering
        .names
        .iter()
        .map(|name| match &name.policy {
            Policy::Placed(placed) => &placed.map,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(Arc::ptr_eq(maps[0], maps[1]));
    assert!(!Arc::ptr_eq(maps[0], maps[2]));
    assert!(Arc::ptr_eq(maps[3], maps[4]), "a branch is where its first pool is");
}

#[test]
fn ttl_and_all_down_are_read() {
    for (text, ttl, all_down) in [
        ("ttl = 1", 1, "Serve"),
        ("ttl = 2147483647\nall_down = 'nodata'", i32::MAX as u32, "NoData"),
        ("ttl = '1m30s'\nall_down = 'servfail'", 90, "ServFail"),
        ("all_down = 'serve'", 30, "Serve"),
    ] {
        let (steering, _) = good(&format!("[a]\nfailover = 'free'\n{text}"));
        let name = &steering.names[0];
        assert_eq!(name.ttl_seconds, ttl, "{text}");
        assert_eq!(format!("{:?}", name.all_down), all_down, "{text}");
    }
}

#[test]
fn owners_can_be_written_in_several_ways() {
    let (steering, _) = good(
        "['@']\nfailover = 'free'\n['*.apps']\nfailover = 'free'\n['a.b']\nfailover = 'free'\n\
         [\"C.example.com.\"]\nfailover = 'free'\n[\"d.e\".geo]\ndefault = 'free'",
    );
    let owners: Vec<String> = steering.owners.iter().map(|s| s.owner.to_string()).collect();
    let expected = ["", "*.apps.", "a.b.", "c.", "d.e."].map(|o| format!("{o}example.com."));
    assert_eq!(owners, expected);
}

#[test]
fn failbacks_and_ramps_stand_beside_their_policies() {
    let (steering, _) = good(
        "[a]\nfailover = ['free', 'lost']\nfailback = 'auto'\n\
         [b]\nfailover = ['free', { failover = ['lost', 'office'], failback = '10m' }]\n\
         failback = 'manual'\n\
         [c]\nweighted = { free = 1, lost = 2 }\nramp = '5m'\nsticky = true\n\
         [d]\nround_robin = [{ weighted = { free = 1 }, ramp = '5m' }, ['lost']]\n",
    );
    let [a, b, c, d] = steering.names.as_slice() else { panic!("{steering:?}") };
    assert!(matches!(a.policy, Policy::Failover(_)), "{a:?}");
    let Policy::HeldFailover(outer) = &b.policy else { panic!("{b:?}") };
    let Policy::HeldFailover(inner) = &outer.branches[1] else { panic!("{b:?}") };
    let ten_minutes = Failback::After(Duration::from_secs(600));
    assert_eq!((outer.failback, inner.failback), (Failback::Manual, ten_minutes));
    assert_eq!(outer.bit & inner.bit, 0, "each waits for itself");
    let Policy::Ramped(c) = &c.policy else { panic!("{c:?}") };
    assert!(c.weighted.sticky.is_some());
    let Policy::RoundRobin(d) = &d.policy else { panic!("{d:?}") };
    let Policy::Ramped(d) = &d.branches[0] else { panic!("{d:?}") };
    assert_eq!((c.ramp, c.ramp.time), (d.ramp, Duration::from_secs(300)), "equal times are one");
}
