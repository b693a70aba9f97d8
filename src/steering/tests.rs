//! The truth tables of the policies, over every draw.

mod all_down;
mod comebacks;
mod draws;
mod odds;
mod panic;
mod ramp;
mod requires;
mod scope;
mod sticky;
mod tenths;
mod turns;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::health::{
    Answers, Endpoint, EndpointAddress, EndpointId, Inventory, Location, Pool, PoolId, Standing,
    StandingNow,
};
use crate::place::{GeoKey, Places, geo_map, nearest_map};
use crate::wire::Name;

/// Pools named by a letter, each with one IPv4 endpoint 10.0.0.N, N its number.
struct World {
    inventory: Inventory,
    standings: BTreeMap<EndpointId, StandingNow>,
}

fn endpoint(address: &str, weight: u32) -> Endpoint {
    Endpoint { address: EndpointAddress::Ip(address.parse().unwrap()), weight, probe: None }
}

fn pool(name: &str, endpoints: Vec<Endpoint>) -> Pool {
    Pool {
        name: name.into(),
        region: None,
        monitors: Vec::new(),
        endpoints,
        min_healthy: 1,
        combined: None,
        panic_below: None,
        requires: Vec::new(),
        answers: Answers::All,
    }
}

impl World {
    fn of(pools: Vec<Pool>) -> Self {
        let inventory = Inventory { pools, ..Inventory::default() };
        Self { inventory, standings: BTreeMap::new() }
    }

    fn simple(count: u8) -> Self {
        Self::of(
            (0..count)
                .map(|n| {
                    let name = char::from(b'a' + n).to_string();
                    pool(&name, vec![endpoint(&format!("10.0.0.{n}"), 1)])
                })
                .collect(),
        )
    }

    fn stand(mut self, pool: PoolId, index: u32, standing: Standing) -> Self {
        self.standings.insert(EndpointId { pool, index }, StandingNow { standing, hold: None });
        self
    }

    fn doubt(mut self, pool: PoolId, index: u32, standing: Standing, hold_ms: u64) -> Self {
        let hold = Some(Duration::from_millis(hold_ms));
        self.standings.insert(EndpointId { pool, index }, StandingNow { standing, hold });
        self
    }

    fn pools(&self) -> Pools {
        Pools::new(&self.inventory, |id| {
            let up = StandingNow { standing: Standing::Up, hold: None };
            self.standings.get(&id).copied().unwrap_or(up)
        })
    }
}

fn leaf(pool: PoolId) -> Policy {
    Policy::Pool(Leaf { pool, slot: pool as u16 })
}

fn failover(pools: &[PoolId]) -> Policy {
    Policy::Failover(pools.iter().map(|id| leaf(*id)).collect())
}

fn weighted(weights: &[u32]) -> Policy {
    branches(weights.iter().enumerate().map(|(n, weight)| (*weight, leaf(n as PoolId))), None)
}

fn branches(
    list: impl IntoIterator<Item = (u32, Policy)>,
    sticky: impl Into<Option<u64>>,
) -> Policy {
    let sticky = sticky.into();
    let branches = list.into_iter().map(|(weight, policy)| Branch { weight, policy }).collect();
    Policy::Weighted(Weighted::new(branches, sticky).unwrap())
}

fn round_robin(pools: &[PoolId]) -> Policy {
    let branches = pools.iter().map(|id| leaf(*id)).collect();
    Policy::RoundRobin(RoundRobin { branches, turn: 0 })
}

fn name(policy: Policy, all_down: AllDown) -> SteeredName {
    SteeredName {
        owner: Name::parse("www.example.com.", &Name::root()).unwrap(),
        ttl_seconds: 30,
        policy,
        all_down,
        first_slot: 0,
        slots: (0..16).collect(),
        some_hosts: false,
    }
}

fn client() -> IpAddr {
    "192.0.2.7".parse().unwrap()
}

fn ask<'a>(
    name: &'a SteeredName,
    pools: &'a Pools,
    asked: Asked,
    draw: u64,
    turns: &Turns,
) -> Choice<'a> {
    let chance = Chance { draw: Draw::new(draw), turns };
    choose(name, pools, asked, client(), &chance, &mut NoTrace)
}

/// The last bytes of IPv4 addresses.
fn hosts(set: &Set) -> Vec<u8> {
    let Rdata::V4(all) = set.rdata() else { panic!("{set:?}") };
    all.iter().map(|[_, _, _, host]| *host).collect()
}

/// What was picked: pools as letters, `-` for no data, `!` for failure.
fn said(choice: &Choice<'_>) -> char {
    match choice.pick {
        Pick::Endpoints { leaf, .. } => char::from(b'a' + leaf.pool as u8),
        Pick::NoData => '-',
        Pick::ServFail => '!',
    }
}

/// How often each pool is picked over all draws below `draws`.
fn shares(world: &World, policy: Policy, draws: u64) -> BTreeMap<char, u64> {
    let (name, pools, turns) = (name(policy, AllDown::NoData), world.pools(), Turns::default());
    let mut counts = BTreeMap::new();
    for draw in 0..draws {
        *counts.entry(said(&ask(&name, &pools, Asked::A, draw, &turns))).or_insert(0) += 1;
    }
    counts
}

fn down(world: World, pools: &[PoolId]) -> World {
    pools.iter().fold(world, |world, pool| world.stand(*pool, 0, Standing::Down))
}

#[test]
fn failover_takes_the_first_that_is_up() {
    for (downed, expected) in
        [(&[][..], 'a'), (&[1], 'a'), (&[0], 'b'), (&[0, 1], 'c'), (&[0, 1, 2], '-')]
    {
        let world = down(World::simple(3), downed);
        assert_eq!(
            shares(&world, failover(&[0, 1, 2]), 3),
            BTreeMap::from([(expected, 3)]),
            "{downed:?}"
        );
    }
}

#[test]
fn weighted_shares_are_exact_over_all_draws() {
    for (weights, downed, expected) in [
        (&[80, 20][..], &[][..], &[('a', 80), ('b', 20)][..]),
        (&[80, 20], &[0], &[('b', 100)]),
        (&[50, 30, 20], &[1], &[('a', 50), ('c', 20)]),
        (&[80, 0], &[], &[('a', 80)]),
        (&[80, 0], &[0], &[('b', 80)]),
        (&[5, 0, 0], &[0], &[('b', 2), ('c', 2)]),
        (&[1, 2, 3], &[0, 1, 2], &[('-', 6)]),
    ] {
        let world = down(World::simple(weights.len() as u8), downed);
        // The first draw is among all, whatever is up.
        let all: u32 = weights.iter().sum();
        let scaled: BTreeMap<_, _> =
            expected.iter().map(|(pool, count)| (*pool, count * u64::from(all))).collect();
        assert_eq!(
            shares(&world, weighted(weights), scaled.values().sum()),
            scaled,
            "{weights:?} without {downed:?}"
        );
    }
}

#[test]
fn nested_weights_multiply_exactly() {
    // 9 in 10 to a failover of a and b, 1 in 10 to a draw of 3 to 1 between c and d.
    let canary = branches([(3, leaf(2)), (1, leaf(3))], None);
    let policy = || branches([(9, failover(&[0, 1])), (1, canary.clone())], None);
    let all_up = shares(&World::simple(4), policy(), 40);
    assert_eq!(all_up, BTreeMap::from([('a', 36), ('c', 3), ('d', 1)]));
    let world = down(World::simple(4), &[0, 2]);
    assert_eq!(shares(&world, policy(), 40), BTreeMap::from([('b', 36), ('d', 4)]));
    let world = down(World::simple(4), &[2, 3]);
    assert_eq!(shares(&world, policy(), 40), BTreeMap::from([('a', 40)]));
}

#[test]
fn more_than_64_branches_are_as_exact() {
    let world = down(World::simple(100), &[0, 70, 99]);
    let counts = shares(&world, weighted(&[1; 100]), 97 * 100);
    assert_eq!(counts.len(), 97);
    assert!(counts.values().all(|count| *count == 100));
}

#[test]
fn endpoints_are_drawn_by_weight_too() {
    let mut eu =
        pool("eu", vec![endpoint("10.0.0.1", 3), endpoint("10.0.0.2", 1), endpoint("10.0.0.3", 0)]);
    eu.answers = Answers::One;
    let count = |world: &World, draws| {
        let (name, pools) = (name(leaf(0), AllDown::Serve), world.pools());
        let turns = Turns::default();
        let mut counts = BTreeMap::new();
        for draw in 0..draws {
            let choice = ask(&name, &pools, Asked::A, draw, &turns);
            let Pick::Endpoints { set, first, count: 1, .. } = choice.pick else {
                panic!("{choice:?}")
            };
            *counts.entry(hosts(set)[first as usize]).or_insert(0) += 1;
        }
        counts
    };
    let world = World::of(vec![eu.clone()]);
    assert_eq!(count(&world, 4), BTreeMap::from([(1, 3), (2, 1)]));
    let world = World::of(vec![eu.clone()]).stand(0, 0, Standing::Down);
    assert_eq!(count(&world, 4), BTreeMap::from([(2, 4)]));
    let world = World::of(vec![eu]).stand(0, 0, Standing::Down).stand(0, 1, Standing::Drained);
    assert_eq!(count(&world, 4), BTreeMap::from([(3, 4)]));
}

#[test]
fn all_healthy_endpoints_are_answered_from_a_drawn_first_one() {
    let eu = pool("eu", (1..=3).map(|n| endpoint(&format!("10.0.0.{n}"), 1)).collect());
    let world = World::of(vec![eu]).stand(0, 1, Standing::Down);
    let (name, pools, turns) = (name(leaf(0), AllDown::Serve), world.pools(), Turns::default());
    for (draw, start) in [(0, 0), (1, 1), (2, 0)] {
        let choice = ask(&name, &pools, Asked::A, draw, &turns);
        let Pick::Endpoints { set, first, count, .. } = choice.pick else { panic!() };
        assert_eq!((first, count), (start, 2));
        assert_eq!(hosts(set), [1, 3]);
    }
}

fn placed(map: crate::place::PlaceMap, branches: &[PoolId]) -> Policy {
    let branches = branches.iter().map(|id| leaf(*id)).collect();
    Policy::Placed(Placed {
        map: Arc::new(map),
        branches,
        by: PlacedBy::Nearest(Box::default()).into(),
    })
}

#[test]
fn geo_falls_back_to_less_specific_keys() {
    let keys = [
        GeoKey::Network { address: "192.0.2.0".parse().unwrap(), length: 24 },
        GeoKey::Network { address: "192.0.0.0".parse().unwrap(), length: 16 },
        GeoKey::Default,
    ];
    let policy = || placed(geo_map(&Places::unknown(), &keys), &[0, 1, 2]);
    for (downed, expected) in
        [(&[][..], 'a'), (&[0], 'b'), (&[0, 1], 'c'), (&[0, 1, 2], '-'), (&[1], 'a')]
    {
        let world = down(World::simple(3), downed);
        let (name, pools) = (name(policy(), AllDown::NoData), world.pools());
        let choice = ask(&name, &pools, Asked::A, 0, &Turns::default());
        assert_eq!((said(&choice), choice.scope), (expected, 24), "{downed:?}");
    }
}

#[test]
fn nearest_without_a_place_keeps_the_order_of_the_list() {
    let here = Location { latitude: 0.0, longitude: 0.0 };
    let policy = || placed(nearest_map(&Places::unknown(), &[here, here]), &[0, 1]);
    assert_eq!(shares(&World::simple(2), policy(), 1), BTreeMap::from([('a', 1)]));
    assert_eq!(shares(&down(World::simple(2), &[0]), policy(), 1), BTreeMap::from([('b', 1)]));
}

#[test]
fn a_pool_is_up_while_enough_of_the_asked_family_are() {
    let mut eu = pool("eu", vec![]);
    eu.min_healthy = 2;
    eu.endpoints = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "2001:db8::1", "2001:db8::2"]
        .map(|address| endpoint(address, 1))
        .into();
    for (downed, a, aaaa) in [
        (&[][..], true, true),
        (&[0], true, true),
        (&[0, 1], false, true),
        (&[3], true, false),
        (&[0, 1, 2, 3, 4], false, false),
    ] {
        let world = downed
            .iter()
            .fold(World::of(vec![eu.clone()]), |w, index| w.stand(0, *index, Standing::Down));
        let pools = world.pools();
        let state = pools.get(0).unwrap();
        assert_eq!(state.set(Asked::A).unwrap().is_up(), a, "{downed:?}");
        assert_eq!(state.set(Asked::Aaaa).unwrap().is_up(), aaaa, "{downed:?}");
    }
}

#[test]
fn a_family_without_endpoints_is_no_candidate() {
    let v6 = pool("b", vec![endpoint("2001:db8::1", 1)]);
    let world = World::of(vec![pool("a", vec![endpoint("10.0.0.1", 1)]), v6]);
    let (name, pools, turns) =
        (name(failover(&[0, 1]), AllDown::ServFail), world.pools(), Turns::default());
    assert_eq!(said(&ask(&name, &pools, Asked::A, 0, &turns)), 'a');
    assert_eq!(said(&ask(&name, &pools, Asked::Aaaa, 0, &turns)), 'b');
    let only_v4 = self::name(leaf(0), AllDown::ServFail);
    let choice = ask(&only_v4, &pools, Asked::Aaaa, 0, &turns);
    assert_eq!((said(&choice), choice.all_down, choice.scope), ('-', false, 0));
}

#[test]
fn doubt_shortens_the_ttl_of_whatever_looked_at_it() {
    use Standing::{Down, Up};
    for (a, b, expected) in [
        ((Up, None), (Up, None), 30),
        ((Up, Some(600)), (Up, None), 1),
        ((Up, Some(12_900)), (Up, None), 12),
        ((Up, Some(90_000)), (Up, None), 30),
        // The second was not looked at.
        ((Up, None), (Up, Some(5_000)), 30),
        ((Down, None), (Up, Some(5_000)), 5),
        ((Down, Some(7_000)), (Up, Some(9_000)), 7),
        ((Down, Some(7_000)), (Down, Some(9_000)), 7),
    ] {
        let world =
            [a, b].into_iter().enumerate().fold(World::simple(2), |w, (at, (now, ms))| match ms {
                Some(ms) => w.doubt(at as PoolId, 0, now, ms),
                None => w.stand(at as PoolId, 0, now),
            });
        let (name, pools) = (name(failover(&[0, 1]), AllDown::Serve), world.pools());
        let choice = ask(&name, &pools, Asked::A, 0, &Turns::default());
        assert_eq!(choice.ttl_seconds, expected, "{a:?} {b:?}");
    }
}

/// What could change first decides, wherever in the pool it is; the other family has no say.
#[test]
fn a_pool_holds_for_as_long_as_the_least_certain_of_its_endpoints() {
    let addresses = ["10.0.0.1", "10.0.0.2", "2001:db8::1"];
    let eu = pool("eu", addresses.map(|address| endpoint(address, 1)).into());
    for (first, second, other_family, expected) in [
        (9_000, 4_000, 20_000, 4),
        (4_000, 9_000, 20_000, 4),
        (9_000, 4_000, 2_000, 4),
        (90_000, 7_000, 2_000, 7),
    ] {
        let world = World::of(vec![eu.clone()])
            .doubt(0, 0, Standing::Up, first)
            .doubt(0, 1, Standing::Up, second)
            .doubt(0, 2, Standing::Up, other_family);
        let (name, pools) = (name(leaf(0), AllDown::Serve), world.pools());
        let choice = ask(&name, &pools, Asked::A, 0, &Turns::default());
        assert_eq!(choice.ttl_seconds, expected, "{first} {second} {other_family}");
    }
}
