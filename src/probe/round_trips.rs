//! How long the last probes took that succeeded.

use std::time::Duration;

/// So many are kept.
const KEPT: usize = 100;

/// The last round trips, in no order that means anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoundTrips {
    /// In microseconds: longer than an hour is as good as an hour.
    recent: Vec<u32>,
    /// Where the next one goes.
    next: usize,
}

impl RoundTrips {
    /// Takes in one.
    pub fn add(&mut self, round_trip: Duration) {
        let microseconds = u32::try_from(round_trip.as_micros()).unwrap_or(u32::MAX);
        match self.recent.get_mut(self.next) {
            Some(oldest) => *oldest = microseconds,
            None => self.recent.push(microseconds),
        }
        self.next = (self.next + 1) % KEPT;
    }

    /// How many are kept.
    pub fn count(&self) -> usize {
        self.recent.len()
    }

    /// For each of some shares, from 0 to 1: what that share of them took at most. None without
    /// any.
    pub fn quantiles<const N: usize>(&self, shares: [f64; N]) -> Option<[Duration; N]> {
        let mut sorted = self.recent.clone();
        sorted.sort_unstable();
        let last = sorted.len().checked_sub(1)?;
        Some(shares.map(|share| {
            let rank = (share * sorted.len() as f64).ceil() as usize;
            let index = rank.saturating_sub(1).min(last);
            Duration::from_micros(u64::from(sorted.get(index).copied().unwrap_or_default()))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn milliseconds(all: impl IntoIterator<Item = u64>) -> RoundTrips {
        let mut round_trips = RoundTrips::default();
        all.into_iter().for_each(|ms| round_trips.add(Duration::from_millis(ms)));
        round_trips
    }

    #[test]
    fn quantiles_are_of_those_that_came_last() {
        for (all, wanted) in [
            (milliseconds([]), None),
            (milliseconds([7]), Some([7, 7, 7])),
            (milliseconds([1, 2]), Some([1, 2, 2])),
            (milliseconds(1..=100), Some([50, 99, 100])),
            (milliseconds((1..=100).rev()), Some([50, 99, 100])),
            (milliseconds(1..=150), Some([100, 149, 150])),
        ] {
            let quantiles = all.quantiles([0.5, 0.99, 1.0]);
            assert_eq!(quantiles, wanted.map(|all| all.map(Duration::from_millis)));
        }
    }
}
