//! A small world with every kind of answer.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use steersman::health::{
    Answers, Endpoint, EndpointAddress, EndpointId, Family, Inventory, Location, Pool, Seen,
    Standing, StandingNow,
};
use steersman::place::{GeoKey, Places, geo_map, nearest_map};
use steersman::steering::{
    AllDown, Branch, Failback, HeldFailover, Leaf, Paces, Placed, PlacedBy, Policy, Pools, Ramped,
    Returns, RoundRobin, SteeredName, Turns, Weighted,
};
use steersman::view::{CookieSecrets, View, World};
use steersman::wire::Name;
use steersman::zone::{Steered, SteeredTypes, Zones, build, read};

pub const SEED: u64 = 7;

const ZONE: &str = "\
@ 3600 SOA ns host 1 1h 15m 2w 300
@ 3600 NS ns.net.
$TTL 600
www A 192.0.2.1
big TXT \"0123456789012345678901234567890123456789012345678901234567890123456789\"
*.wild A 192.0.2.2
c CNAME steered
s CNAME www
l CNAME l2
l2 CNAME l
d DNAME wild
grow DNAME grow.grow
cut NS ns.cut
ns.cut A 192.0.2.3
";

/// A label of the most bytes.
pub const LONG: &str = "lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll";

fn zone_text() -> String {
    let far = format!("far DNAME {LONG}.{LONG}.{LONG}\n");
    let big: String = (0..40).map(|n| format!("big TXT {n}\n")).collect();
    // A set that 64 KiB just hold, and not with the way to it.
    let links: String = (0..9).map(|n| format!("c{n}.{LONG} CNAME c{}.{LONG}\n", n + 1)).collect();
    let last = format!("c9.{LONG} CNAME huge\n");
    let huge: String = (0..255).map(|n| format!("huge TXT {}{n:03}\n", "y".repeat(238))).collect();
    [ZONE, &far, &big, &links, &last, &huge].concat()
}

pub fn name(text: &str) -> Name {
    Name::parse(text, &Name::root()).expect("a name")
}

fn pool(addresses: &[EndpointAddress], answers: Answers) -> Pool {
    let endpoint =
        |address: &EndpointAddress| Endpoint { address: address.clone(), weight: 1, probe: None };
    Pool {
        name: "pool".into(),
        region: None,
        monitors: Vec::new(),
        endpoints: addresses.iter().map(endpoint).collect(),
        min_healthy: 1,
        combined: None,
        panic_below: None,
        requires: Vec::new(),
        answers,
    }
}

fn ip(text: &str) -> EndpointAddress {
    EndpointAddress::Ip(text.parse().expect("an address"))
}

fn leaf(pool: u32) -> Policy {
    Policy::Pool(Leaf { pool, slot: pool as u16 })
}

/// Pool 0 is down, pool 1 up, pool 2 of host names.
fn inventory() -> Inventory {
    let host = EndpointAddress::Host {
        wire: name("www.example.").as_wire().into(),
        text: "www.example.".into(),
    };
    Inventory {
        pools: vec![
            pool(&[ip("192.0.2.10"), ip("2001:db8::10")], Answers::All),
            pool(&[ip("192.0.2.20"), ip("192.0.2.21"), ip("2001:db8::20")], Answers::One),
            pool(&[host], Answers::All),
        ],
        ..Inventory::default()
    }
}

fn policies(paces: &mut Paces) -> Vec<(&'static str, Policy, AllDown)> {
    let both = || -> Box<[Policy]> { [leaf(0), leaf(1)].into() };
    let branches = || both().into_iter().map(|policy| Branch { weight: 1, policy }).collect();
    let keys = [GeoKey::Network { address: [10, 0, 0, 0].into(), length: 8 }, GeoKey::Default];
    let map = Arc::new(geo_map(&Places::unknown(), &keys));
    let here = Location { latitude: 0.0, longitude: 0.0 };
    let placed =
        |map, by: PlacedBy| Policy::Placed(Placed { map, branches: both(), by: by.into() });
    let near = Arc::new(nearest_map(&Places::unknown(), &[here, here]));
    let failback = Failback::Manual;
    let bit = paces.failback(failback).expect("room");
    let held = HeldFailover { branches: both(), failback, bit };
    let ramp = paces.ramp(Duration::from_secs(60)).expect("room");
    let ramped = |salt| {
        let weighted = Weighted::new(branches(), salt).expect("weights");
        Policy::Ramped(Ramped { weighted, ramp }.into())
    };
    vec![
        ("held.example.", Policy::HeldFailover(held.into()), AllDown::Serve),
        ("ramped.example.", ramped(None), AllDown::Serve),
        ("ramped-sticky.example.", ramped(Some(2)), AllDown::Serve),
        ("steered.example.", Policy::Failover(both()), AllDown::Serve),
        (
            "weighted.example.",
            Policy::Weighted(Weighted::new(branches(), None).expect("weights")),
            AllDown::Serve,
        ),
        (
            "sticky.example.",
            Policy::Weighted(Weighted::new(branches(), Some(1)).expect("weights")),
            AllDown::Serve,
        ),
        (
            "robin.example.",
            Policy::RoundRobin(RoundRobin { branches: both(), turn: 0 }),
            AllDown::Serve,
        ),
        ("geo.example.", placed(map, PlacedBy::Geo(Box::default())), AllDown::Serve),
        ("nearest.example.", placed(near, PlacedBy::Nearest(Box::default())), AllDown::Serve),
        ("alias.example.", leaf(2), AllDown::Serve),
        ("serve.example.", leaf(0), AllDown::Serve),
        ("nodata.example.", leaf(0), AllDown::NoData),
        ("fail.example.", leaf(0), AllDown::ServFail),
        ("last.example.", leaf(0), AllDown::Policy(leaf(1))),
    ]
}

pub fn view() -> View {
    let hosts = |owner: &str| owner == "alias.example.";
    let mut paces = Paces::default();
    let policies = policies(&mut paces);
    let owners: Vec<Steered> = policies
        .iter()
        .map(|(owner, ..)| Steered {
            owner: name(owner),
            types: if hosts(owner) { SteeredTypes::Hosts } else { SteeredTypes::Addresses },
            file: "t".into(),
            position: (1, 1),
        })
        .collect();
    let names: Box<[SteeredName]> = policies
        .into_iter()
        .map(|(owner, policy, all_down)| SteeredName {
            owner: name(owner),
            ttl_seconds: 30,
            policy,
            all_down,
            first_slot: 0,
            slots: [0, 1, 2].into(),
            some_hosts: hosts(owner),
        })
        .collect();
    let apex = name("example.");
    let (records, findings) =
        read("z", zone_text().as_bytes(), &apex, &mut |_, _| Err("none".into()));
    assert_eq!(findings, []);
    let zone = build(&apex, &records, &owners, SEED).expect("a good zone");
    let inventory = inventory();
    let steered = vec![names];
    // The second pool has been out, and is held back.
    let mut returns = Returns::default();
    returns.expect(&inventory, &steered, &paces);
    let mut see = |pool, family, seen| returns.see(pool, family, seen, SystemTime::UNIX_EPOCH);
    see(1, Family::V4, Seen::Failing);
    let standing = |id: EndpointId| StandingNow {
        standing: if id.pool == 0 { Standing::Down } else { Standing::Up },
        hold: None,
    };
    let pools = Pools::seen_by(&inventory, standing, see);
    let world = World {
        rules: Vec::new(),
        maintenance: Vec::new(),
        zones: Zones::new(vec![Arc::new(zone)], SEED),
        steered,
        inventory: Arc::new(inventory),
        places: Arc::new(Places::unknown()),
        paces,
        turns: Turns::new(Turns::OF_A_POLICY),
        seed: SEED,
        revision: "test".into(),
        commit: Some("0123456789abcdef0123456789abcdef01234567".into()),
    };
    let cookie_secrets = CookieSecrets::new(&[[1; 16], [2; 16]]);
    View { world: Arc::new(world), pools, nsid: Some(b"ns1"[..].into()), cookie_secrets }
}
