//! The odds are what every draw comes to: held against [`choose`] over all of them.

use proptest::prelude::*;

use super::ramp::at_steps;
use super::*;

/// The odds as letters, and what part of `draws` is each.
fn parts(odds: &Odds, draws: u64) -> BTreeMap<char, f64> {
    let letter = |outcome| match outcome {
        Outcome::Pool(pool) => char::from(b'a' + pool as u8),
        Outcome::NoData => '-',
        Outcome::ServFail => '!',
    };
    odds.shares.iter().map(|(of, share)| (letter(*of), share * draws as f64)).collect()
}

fn agree(counted: &BTreeMap<char, u64>, odds: &BTreeMap<char, f64>) -> Result<(), TestCaseError> {
    let same = counted.keys().eq(odds.keys());
    prop_assert!(same, "{counted:?} {odds:?}");
    for (letter, count) in counted {
        let expected = odds[letter];
        prop_assert!((*count as f64 - expected).abs() < 1e-6, "{counted:?} {odds:?}");
    }
    Ok(())
}

/// Policies of small weights over six pools, so that all draws of one can be gone through.
fn policy() -> impl Strategy<Value = Policy> {
    let leaf = (0..6_u32).prop_map(leaf);
    leaf.prop_recursive(2, 8, 3, |inner| {
        let some = proptest::collection::vec(inner.clone(), 1..3);
        let weighed = proptest::collection::vec((0..3_u32, inner), 1..3);
        prop_oneof![
            some.prop_map(|list| Policy::Failover(list.into())),
            weighed.prop_filter_map("all of weight 0", |list| {
                let branches = list.into_iter().map(|(weight, policy)| Branch { weight, policy });
                Weighted::new(branches.collect(), None).map(Policy::Weighted)
            }),
        ]
    })
}

fn all_down() -> impl Strategy<Value = AllDown> {
    prop_oneof![
        Just(AllDown::Serve),
        Just(AllDown::NoData),
        Just(AllDown::ServFail),
        policy().prop_map(AllDown::Policy),
    ]
}

fn standing() -> impl Strategy<Value = Standing> {
    prop_oneof![
        Just(Standing::Up),
        Just(Standing::ForcedUp),
        Just(Standing::Down),
        Just(Standing::Drained),
        Just(Standing::ForcedDown),
    ]
}

proptest! {
    // Each goes through many draws.
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Up to three draws of up to four, and one more among each that are up: 144^2 has them all.
    #[test]
    fn odds_are_the_shares_over_all_draws(
        policy in policy(),
        all_down in all_down(),
        standings in proptest::collection::vec(standing(), 6),
    ) {
        let world = (0..).zip(standings).fold(World::simple(6), |w, (p, s)| w.stand(p, 0, s));
        let (name, pools, turns) = (name(policy, all_down), world.pools(), Turns::default());
        let odds = odds(&name, &pools, Asked::A, client());
        let draws = 144 * 144;
        let mut counted = BTreeMap::new();
        for draw in 0..draws {
            let choice = ask(&name, &pools, Asked::A, draw, &turns);
            prop_assert_eq!(choice.all_down, odds.all_down);
            *counted.entry(said(&choice)).or_insert(0) += 1;
        }
        agree(&counted, &parts(&odds, draws))?;
    }

    #[test]
    fn on_a_ramp_too(
        weights in proptest::collection::vec(0..3_u32, 3),
        steps in proptest::collection::vec(proptest::sample::select(vec![0, 2, 5, 10]), 3),
    ) {
        prop_assume!(weights.iter().any(|weight| *weight > 0));
        let all: u32 = weights.iter().sum();
        let Policy::Weighted(weighted) = branches(weights.into_iter().zip((0..).map(leaf)), None)
        else { unreachable!() };
        let stage = at_steps(weighted, &steps);
        let odds = odds(&stage.name[0][0], &stage.pools, Asked::A, client());
        // Of all, of those up, of steps, of those that have come furthest.
        let draws = u64::from(all) * 12 * 10 * 12;
        let counted = stage.shares(draws);
        agree(&counted, &parts(&odds, draws))?;
    }
}

#[test]
fn a_client_has_the_odds_of_its_place_and_turns_are_equal() {
    let world = down(World::simple(4), &[1]);
    let pools = world.pools();
    let keys = [GeoKey::Network { address: [192, 0, 2, 0].into(), length: 24 }, GeoKey::Default];
    let geo = Policy::Placed(Placed {
        map: Arc::new(geo_map(&Places::unknown(), &keys)),
        branches: [leaf(1), round_robin(&[0, 1, 2])].into(),
        by: Box::new(PlacedBy::Geo([String::new(), String::new()].into())),
    });
    let geo = name(geo, AllDown::Serve);
    let odds_of = |pools: &Pools, client: &str| {
        parts(&odds(&geo, pools, Asked::A, client.parse().unwrap()), 2)
    };
    // The network's own pool is down, and its clients fall to the default.
    assert_eq!(odds_of(&pools, "192.0.2.1"), BTreeMap::from([('a', 1.0), ('c', 1.0)]));
    assert_eq!(odds_of(&pools, "192.0.3.1"), BTreeMap::from([('a', 1.0), ('c', 1.0)]));
    let pools = World::simple(4).pools();
    assert_eq!(odds_of(&pools, "192.0.2.1"), BTreeMap::from([('b', 2.0)]));
    assert_eq!(odds_of(&pools, "192.0.3.1").len(), 3);
}

/// Clients of many networks, since each network always goes to the same pool.
#[test]
fn sticky_shares_are_those_of_all_networks() {
    let world = down(World::simple(3), &[1]);
    let list = [(50, leaf(0)), (30, leaf(1)), (20, leaf(2))];
    let (name, pools) = (name(branches(list, 7), AllDown::Serve), world.pools());
    let odds = parts(&odds(&name, &pools, Asked::A, client()), 70);
    assert!((odds[&'a'] - 50.0).abs() < 1e-9 && (odds[&'c'] - 20.0).abs() < 1e-9, "{odds:?}");
}
