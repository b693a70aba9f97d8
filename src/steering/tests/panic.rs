//! What a pool answers when few of its endpoints are up: the table of `set.rs`.

use super::*;
use crate::health::Share;

/// Four endpoints, .0 to .3.
fn four(min_healthy: u32, panic_below: Option<f64>) -> Pool {
    let endpoints = (0..4).map(|n| endpoint(&format!("10.0.0.{n}"), 1)).collect();
    let panic_below = panic_below.map(|share| Share::new(share).unwrap());
    Pool { min_healthy, panic_below, ..pool("a", endpoints) }
}

/// Whether it is up and panics, and what it answers.
fn look(pool: Pool, standings: [Standing; 4]) -> (bool, bool, Vec<u8>) {
    let world = World::of(vec![pool]);
    let world = (0..).zip(standings).fold(world, |world, (at, now)| world.stand(0, at, now));
    let pools = world.pools();
    let set = pools.get(0).unwrap().set(Asked::A).unwrap();
    assert_eq!(set.stands().up, set.is_up());
    (set.is_up(), set.stands().panics, hosts(set))
}

#[test]
fn a_pool_with_few_endpoints_up_answers_all_that_nobody_took_out() {
    use Standing::{Down, Drained, ForcedDown, Up};
    let half = Some(0.5);
    for (min_healthy, panic_below, standings, expected) in [
        (1, half, [Up, Up, Up, Up], (true, false, vec![0, 1, 2, 3])),
        (1, half, [Up, Down, Up, Down], (true, false, vec![0, 2])),
        (1, half, [Down, Down, Up, Down], (true, true, vec![0, 1, 2, 3])),
        (1, None, [Down, Down, Up, Down], (true, false, vec![2])),
        (2, half, [Down, Down, Up, Down], (false, false, vec![0, 1, 2, 3])),
        (1, half, [Down, Down, Down, Down], (false, false, vec![0, 1, 2, 3])),
        (1, half, [Drained, Down, Up, Down], (true, true, vec![1, 2, 3])),
        (1, half, [ForcedDown, Down, Up, Down], (true, true, vec![1, 2, 3])),
        (1, half, [Drained, ForcedDown, Up, Down], (true, false, vec![2])),
        (1, half, [Drained, Drained, Down, Down], (false, false, vec![2, 3])),
        (1, half, [Drained, Drained, Drained, Up], (true, false, vec![3])),
        (1, Some(1.0), [Up, Up, Up, Down], (true, true, vec![0, 1, 2, 3])),
        (1, Some(1.0), [Up, Up, Up, Drained], (true, false, vec![0, 1, 2])),
        (2, Some(0.75), [Up, Up, Down, Down], (true, true, vec![0, 1, 2, 3])),
    ] {
        let what = format!("{min_healthy} {panic_below:?} {standings:?}");
        assert_eq!(look(four(min_healthy, panic_below), standings), expected, "{what}");
    }
}

/// A pool with nothing up is no better for panicking: what is up elsewhere is answered.
#[test]
fn a_failover_goes_on_to_the_next_pool_when_nothing_is_up() {
    let second = pool("b", vec![endpoint("10.0.1.0", 1)]);
    let world = World::of(vec![four(1, Some(0.5)), second]);
    for (up, expected) in [(2, 'a'), (1, 'a'), (0, 'b')] {
        let world = World { standings: BTreeMap::new(), inventory: world.inventory.clone() };
        let world = (up..4).fold(world, |world, index| world.stand(0, index, Standing::Down));
        assert_eq!(shares(&world, failover(&[0, 1]), 4), BTreeMap::from([(expected, 4)]), "{up}");
    }
}

#[test]
fn one_is_drawn_by_weight_among_all_in_a_panic() {
    let mut four = four(1, Some(0.5));
    four.answers = Answers::One;
    for (endpoint, weight) in four.endpoints.iter_mut().zip([4, 3, 2, 0]) {
        endpoint.weight = weight;
    }
    let world = (1..4).fold(World::of(vec![four]), |w, at| w.stand(0, at, Standing::Down));
    let (name, pools, turns) = (name(leaf(0), AllDown::Serve), world.pools(), Turns::default());
    let mut counts = [0; 4];
    for draw in 0..9 {
        let choice = ask(&name, &pools, Asked::A, draw, &turns);
        let Pick::Endpoints { set, first, .. } = choice.pick else { panic!("{choice:?}") };
        counts[usize::from(hosts(set)[first as usize])] += 1;
        assert!(!choice.all_down);
    }
    assert_eq!(counts, [4, 3, 2, 0]);
}

#[test]
fn each_family_panics_by_itself() {
    let mut both = pool("a", vec![]);
    both.panic_below = Share::new(0.75);
    both.endpoints = ["10.0.0.0", "10.0.0.1", "2001:db8::1", "2001:db8::2"]
        .map(|address| endpoint(address, 1))
        .into();
    let pools = World::of(vec![both]).stand(0, 3, Standing::Down).pools();
    let panics = |asked| pools.get(0).unwrap().set(asked).unwrap().stands().panics;
    assert_eq!([Asked::A, Asked::Aaaa].map(panics), [false, true]);
}
