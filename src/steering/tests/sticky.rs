//! The same client network, the same pool.

use super::*;

#[test]
fn a_sticky_client_stays_while_its_pool_is_up() {
    let policy = || branches([(50, leaf(0)), (30, leaf(1)), (20, leaf(2))], 7);
    let at = |world: &World, network: u32| {
        let (name, pools, turns) =
            (name(policy(), AllDown::Serve), world.pools(), Turns::default());
        let client = IpAddr::from((network << 8 | 9).to_be_bytes());
        // The draw does not matter.
        let said_for = |draw| {
            let chance = Chance { draw: Draw::new(draw), turns: &turns };
            let choice = choose(&name, &pools, Asked::A, client, &chance, &mut NoTrace);
            assert_eq!(choice.scope, 24);
            said(&choice)
        };
        assert_eq!(said_for(0), said_for(12345));
        said_for(1)
    };
    let (all, without_b) = (World::simple(3), down(World::simple(3), &[1]));
    let (mut counts, mut moved) = (BTreeMap::new(), BTreeMap::new());
    for network in 0..20_000 {
        let (before, after) = (at(&all, network), at(&without_b, network));
        *counts.entry(before).or_insert(0i32) += 1;
        if before == 'b' {
            *moved.entry(after).or_insert(0i32) += 1;
        } else {
            assert_eq!(before, after, "a client whose pool stayed up has moved");
        }
    }
    // The networks draw by a fixed hash, so these counts never vary; the shares are 50, 30, 20.
    for (pool, share) in [('a', 10_000), ('b', 6_000), ('c', 4_000)] {
        assert!((counts[&pool] - share).abs() < share / 20, "{counts:?}");
    }
    let total: i32 = moved.values().sum();
    assert!((moved[&'a'] * 70 - total * 50).abs() < total * 50 / 20, "{moved:?}");
    assert!(!moved.contains_key(&'b'));
}

#[test]
fn sticky_policies_within_each_other_draw_independently() {
    // Half to a draw between a and b, half to one between c and d, all of them sticky.
    let inner = |salt, a, b| branches([(1, leaf(a)), (1, leaf(b))], salt);
    let policy = branches([(1, inner(8, 0, 1)), (1, inner(9, 2, 3))], 7);
    let (name, pools, turns) =
        (name(policy, AllDown::Serve), World::simple(4).pools(), Turns::default());
    let mut counts = BTreeMap::new();
    for network in 0..4_000u32 {
        let client = IpAddr::from((network << 8).to_be_bytes());
        let chance = Chance { draw: Draw::new(0), turns: &turns };
        let choice = choose(&name, &pools, Asked::A, client, &chance, &mut NoTrace);
        *counts.entry(said(&choice)).or_insert(0i32) += 1;
    }
    assert_eq!(counts.len(), 4, "{counts:?}");
    assert!(counts.values().all(|count| (count - 1_000).abs() < 100), "{counts:?}");
}

#[test]
fn chance_decides_within_a_sticky_policy() {
    // A client stays with its branch; within it the shares are those of the draws.
    let inner = branches([(3, leaf(0)), (1, leaf(1))], None);
    let sticky = branches([(1, inner.clone()), (1, inner)], 7);
    assert_eq!(shares(&World::simple(2), sticky, 4), BTreeMap::from([('a', 3), ('b', 1)]));
}

#[test]
fn ipv6_networks_stick_by_56_bits() {
    let policy = branches([(1, leaf(0)), (1, leaf(1))], 7);
    let (name, pools, turns) =
        (name(policy, AllDown::Serve), World::simple(2).pools(), Turns::default());
    let at = |client: &str| {
        let chance = Chance { draw: Draw::new(0), turns: &turns };
        let client = client.parse().unwrap();
        let choice = choose(&name, &pools, Asked::A, client, &chance, &mut NoTrace);
        assert_eq!(choice.scope, 56);
        said(&choice)
    };
    let all: std::collections::BTreeSet<char> =
        (0..64).map(|n| at(&format!("2001:db8:0:{n:x}00::1"))).collect();
    assert_eq!(all.len(), 2, "networks differ");
    for n in 0..64 {
        let same = format!("2001:db8:0:{n:x}00::1");
        assert_eq!(at(&same), at(&format!("2001:db8:0:{n:x}ff:1:2:3:4")), "{same}");
    }
}
