//! Chance and turns, handed in from outside.

use std::sync::atomic::{AtomicU32, Ordering};

/// A random number that is used up from the low end: each taking divides it, so that over all
/// numbers below the product of what is taken, every combination comes up equally often.
///
/// Policies that nest deep with large weights would use up a number; before that biases anything
/// it is mixed into another.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    number: u64,
    /// The product of what has been taken: the number lies below 2^64 divided by it.
    used: u64,
    /// What other numbers are made of.
    seed: u64,
}

/// No more than this is taken of one number: so each is taken from a range that is larger by 2^20 at
/// least, and no share is off by more than one in a million.
const MOST_USED: u64 = 1 << 44;

impl Draw {
    /// A draw, uniform over all 64-bit numbers in production, enumerated in tests.
    pub fn new(number: u64) -> Self {
        Self { number, used: 1, seed: number }
    }

    /// A number below `bound`, which must not be 0.
    pub fn take(&mut self, bound: u64) -> u64 {
        if bound == 1 {
            return 0;
        }
        self.used = self.used.saturating_mul(bound);
        if self.used > MOST_USED {
            self.seed = mixed(self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15));
            (self.number, self.used) = (self.seed, bound);
        }
        let taken = self.number % bound;
        self.number /= bound;
        taken
    }
}

/// The finalizer of SplitMix64: every bit of the input moves every bit of the output.
pub(super) fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// Counters of round robins: [`Turns::OF_A_POLICY`] for each policy, one for each [`Asked`], since
/// clients ask for several types in turn and must not always find the same pool for each.
///
/// [`Asked`]: super::Asked
#[derive(Debug, Default)]
pub struct Turns(Box<[AtomicU32]>);

impl Turns {
    /// Counters of one policy.
    pub const OF_A_POLICY: usize = 3;

    /// All at their first turn.
    pub fn new(count: usize) -> Self {
        Self((0..count).map(|_| AtomicU32::new(0)).collect())
    }

    /// A copy of the present turns, for explaining without taking one.
    pub fn copy(&self) -> Self {
        self.before(0)
    }

    /// A copy of the turns as they were so many turns ago, if all had been taken as often.
    pub fn before(&self, back: u32) -> Self {
        let earlier = |turn: &AtomicU32| turn.load(Ordering::Relaxed).wrapping_sub(back);
        Self(self.0.iter().map(|turn| AtomicU32::new(earlier(turn))).collect())
    }

    /// Takes the next turn of a counter.
    pub fn next(&self, counter: usize) -> u32 {
        self.0.get(counter).map_or(0, |turn| turn.fetch_add(1, Ordering::Relaxed))
    }

    /// Counters, all told.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no round robin at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Everything about a choice that is not decided by view and client.
#[derive(Clone, Copy, Debug)]
pub struct Chance<'a> {
    /// The draw.
    pub draw: Draw,
    /// Whose turn it is.
    pub turns: &'a Turns,
}
