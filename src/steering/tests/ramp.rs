//! What comes back takes its share little by little: the table of `ramp.rs`, over every draw.

use std::time::SystemTime;

use super::*;
use crate::health::Seen;

const NINETY: Duration = Duration::from_secs(90);

/// A ramped policy, and a world in which each pool is at a step: 0 is down, 10 was never out.
pub(super) struct Stage {
    pub(super) name: [Box<[SteeredName]>; 1],
    pub(super) pools: Pools,
}

fn stage(weights: &[u32], sticky: Option<u64>, steps: &[u64]) -> Stage {
    let Policy::Weighted(weighted) =
        branches(weights.iter().zip(0..).map(|(weight, pool)| (*weight, leaf(pool))), sticky)
    else {
        panic!()
    };
    at_steps(weighted, steps)
}

pub(super) fn at_steps(weighted: Weighted, steps: &[u64]) -> Stage {
    let mut paces = Paces::default();
    let ramp = paces.ramp(NINETY).unwrap();
    let policy = Policy::Ramped(Ramped { weighted, ramp }.into());
    let name = [[name(policy, AllDown::NoData)].into()];
    let inventory = World::simple(steps.len() as u8).inventory;
    let mut returns = Returns::default();
    returns.expect(&inventory, &name, &paces);
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    // From one step to the next it takes 10 s.
    for (pool, step) in (0..).zip(steps).filter(|(_, step)| (1..10).contains(*step)) {
        returns.see(pool, Family::V4, Seen::TakenOut, at(0));
        returns.see(pool, Family::V4, Seen::Up, at(100 - 10 * step));
    }
    let standing = |id: EndpointId| {
        let is_down = steps[id.pool as usize] == 0;
        let standing = if is_down { Standing::Down } else { Standing::Up };
        StandingNow { standing, hold: None }
    };
    let pools = Pools::seen_by(&inventory, standing, |id, family, seen| {
        returns.see(id, family, seen, at(99))
    });
    Stage { name, pools }
}

impl Stage {
    fn pick(&self, draw: u64, client: IpAddr) -> char {
        let (name, turns) = (&self.name[0][0], Turns::default());
        let chance = Chance { draw: Draw::new(draw), turns: &turns };
        said(&choose(name, &self.pools, Asked::A, client, &chance, &mut NoTrace))
    }

    /// How often each pool is picked, in so many of as many draws as there are.
    pub(super) fn shares(&self, draws: u64) -> BTreeMap<char, u64> {
        let mut counts = BTreeMap::new();
        for draw in 0..draws {
            *counts.entry(self.pick(draw, client())).or_insert(0) += 1;
        }
        counts
    }
}

/// Can be divided by whatever is taken of a draw: among all, among what is up, for the step, and
/// of the rest.
const DRAWS: u64 = 84_000;

#[test]
fn shares_are_exact_at_every_step() {
    for (weights, steps, of, expected) in [
        (&[8, 2][..], &[10, 10][..], 100, &[('a', 80), ('b', 20)][..]),
        (&[8, 2], &[1, 10], 100, &[('a', 8), ('b', 92)]),
        (&[8, 2], &[5, 10], 100, &[('a', 40), ('b', 60)]),
        (&[8, 2], &[9, 10], 100, &[('a', 72), ('b', 28)]),
        (&[5, 3, 2], &[2, 10, 10], 100, &[('a', 10), ('b', 54), ('c', 36)]),
        (&[5, 3, 2], &[2, 0, 10], 70, &[('a', 10), ('c', 60)]),
        (&[5, 3, 2], &[2, 4, 10], 100, &[('a', 10), ('b', 12), ('c', 78)]),
        (&[2, 8], &[10, 1], 100, &[('a', 92), ('b', 8)]),
        (&[8, 2], &[3, 3], 100, &[('a', 80), ('b', 20)]),
        (&[8, 2], &[3, 6], 100, &[('a', 40), ('b', 60)]),
        (&[8, 2], &[3, 0], 100, &[('a', 100)]),
        (&[8, 0], &[1, 10], 10, &[('a', 1), ('b', 9)]),
        (&[8, 0], &[10, 10], 10, &[('a', 10)]),
        (&[8, 0], &[10, 1], 10, &[('a', 10)]),
        (&[1, 1], &[0, 0], 2, &[('-', 2)]),
    ] {
        let stage = stage(weights, None, steps);
        let counts = stage.shares(DRAWS);
        let expected: BTreeMap<char, u64> =
            expected.iter().map(|(pool, count)| (*pool, count * DRAWS / of)).collect();
        assert_eq!(counts, expected, "{weights:?} at {steps:?}");
    }
}

/// A branch of several pools is as far as that of them which is up and has come furthest.
#[test]
fn a_branch_is_as_far_as_its_furthest_pool() {
    for (steps, expected) in [
        ([1, 0, 10], &[('a', 1), ('c', 19)][..]),
        ([0, 4, 10], &[('b', 4), ('c', 16)]),
        // The first is picked there, with all that the second had.
        ([1, 10, 10], &[('a', 10), ('c', 10)]),
    ] {
        let Policy::Weighted(weighted) = branches([(1, failover(&[0, 1])), (1, leaf(2))], None)
        else {
            panic!()
        };
        let counts = at_steps(weighted, &steps).shares(20);
        assert_eq!(counts, expected.iter().copied().collect(), "{steps:?}");
    }
}

/// With every step some networks go to what comes back, and no others move.
#[test]
fn a_sticky_network_moves_once_and_to_what_comes_back() {
    let networks: Vec<IpAddr> =
        (0..4_000u32).map(|n| IpAddr::from((n << 8 | 9).to_be_bytes())).collect();
    let at_step = |step| {
        let stage = stage(&[50, 30, 20], Some(7), &[step, 10, 10]);
        let pick = |client: &IpAddr| {
            assert_eq!(stage.pick(0, *client), stage.pick(12345, *client), "chance has no say");
            stage.pick(0, *client)
        };
        networks.iter().map(pick).collect::<Vec<char>>()
    };
    let mut before = at_step(0);
    assert!(!before.contains(&'a'));
    for step in 1..=10 {
        let after = at_step(step);
        for (before, after) in before.iter().zip(&after) {
            assert!(before == after || *after == 'a', "at step {step} from {before} to {after}");
        }
        let share = after.iter().filter(|pool| **pool == 'a').count() as u64;
        // The networks draw by a fixed hash, so this never varies.
        assert!(share.abs_diff(200 * step) < 100, "{share} at step {step}");
        before = after;
    }
}
