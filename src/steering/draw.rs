//! Chance and turns, handed in from outside.

use std::sync::atomic::{AtomicU32, Ordering};

/// A random number that is used up from the low end: each taking divides it, so that over all
/// numbers below the product of what is taken, every combination comes up equally often.
#[derive(Clone, Copy, Debug)]
pub struct Draw(u64);

impl Draw {
    /// A draw, uniform over all 64-bit numbers in production, enumerated in tests.
    pub fn new(number: u64) -> Self {
        Self(number)
    }

    /// A number below `bound`, which must not be 0.
    pub fn take(&mut self, bound: u64) -> u64 {
        let taken = self.0 % bound;
        self.0 /= bound;
        taken
    }
}

/// Counters of round robins: two for each policy, one for A and one for AAAA, since clients ask
/// both and must not always find the same half of the pools for each.
#[derive(Debug, Default)]
pub struct Turns(Box<[AtomicU32]>);

impl Turns {
    /// All at their first turn.
    pub fn new(count: usize) -> Self {
        Self((0..count).map(|_| AtomicU32::new(0)).collect())
    }

    /// A copy of the present turns, for explaining without taking one.
    pub fn copy(&self) -> Self {
        Self(self.0.iter().map(|turn| AtomicU32::new(turn.load(Ordering::Relaxed))).collect())
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
