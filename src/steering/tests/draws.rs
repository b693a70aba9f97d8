//! Weights that nest so deep that one number of 64 bits is not enough for them.
//!
//! Whatever is drawn of the number itself is exact. What comes after is drawn by a fixed hash of
//! it, so that these counts never vary, but are only as even as chance is.

use super::*;

/// Half of what is left to each pool in turn, and all the rest to the last one. Each level takes
/// 32 bits.
fn halves(pools: &[PoolId]) -> Policy {
    const HALF: u32 = 1 << 31;
    match pools {
        [last] => leaf(*last),
        [first, rest @ ..] => branches([(HALF, leaf(*first)), (HALF, halves(rest))], None),
        [] => panic!("no pool"),
    }
}

/// How often each pool is picked over these draws.
fn picked(pools: u8, policy: Policy, draws: impl Iterator<Item = u64>) -> BTreeMap<char, i64> {
    let (name, pools) = (name(policy, AllDown::NoData), World::simple(pools).pools());
    let mut counts = BTreeMap::new();
    for draw in draws {
        let choice = ask(&name, &pools, Asked::A, draw, &Turns::default());
        *counts.entry(said(&choice)).or_insert(0) += 1;
    }
    counts
}

#[test]
fn weights_beyond_the_64_bits_of_a_draw_still_share() {
    // The first level sees 0 and 1 << 31 in turn; what is left of the number is small.
    let draws = (0..8192).map(|n| n << 31);
    let counts = picked(5, halves(&[0, 1, 2, 3, 4]), draws);
    assert_eq!(counts[&'a'], 4096, "exact: {counts:?}");
    for (pool, share) in [('b', 2048), ('c', 1024), ('d', 512), ('e', 512)] {
        assert!((counts[&pool] - share).abs() < share / 10, "{counts:?}");
    }
}

/// A number below 2^32 modulo 5/8 of that would fall twice as often into the first 3/8.
#[test]
fn what_is_left_of_a_draw_is_not_stretched_over_more_than_it_can_tell() {
    const FIVE_SIXTEENTHS: u32 = 5 << 28;
    let inner = branches([(FIVE_SIXTEENTHS, leaf(0)), (FIVE_SIXTEENTHS, leaf(1))], None);
    let outer = branches([(u32::MAX, inner), (1, leaf(2))], None);
    // What the first level leaves is spread evenly below 2^32.
    let counts = picked(3, outer, (0..1 << 15).map(|n| n << 49));
    let share = 1 << 14;
    for pool in ['a', 'b'] {
        assert!((counts[&pool] - share).abs() < share / 50, "{counts:?}");
    }
}
