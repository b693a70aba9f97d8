//! How long probes took, counted as Prometheus histograms are.

use std::time::Duration;

/// The upper bounds of the buckets, each included; one without bound follows.
pub const BUCKET_BOUNDS: [Duration; 13] = [
    Duration::from_millis(1),
    Duration::from_micros(2500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_millis(2500),
    Duration::from_secs(5),
    Duration::from_secs(10),
];

/// Counts of durations in buckets, and their sum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    counts: [u64; BUCKET_BOUNDS.len()],
    total: u64,
    sum: Duration,
}

impl Histogram {
    /// Counts one.
    pub fn add(&mut self, duration: Duration) {
        let bucket = BUCKET_BOUNDS.iter().position(|bound| duration <= *bound);
        if let Some(count) = bucket.and_then(|index| self.counts.get_mut(index)) {
            *count += 1;
        }
        self.total += 1;
        self.sum = self.sum.saturating_add(duration);
    }

    /// Each bound, and how many durations are at most that.
    pub fn cumulative(&self) -> impl Iterator<Item = (Duration, u64)> {
        let sums = self.counts.iter().scan(0, |sum, count| {
            *sum += count;
            Some(*sum)
        });
        BUCKET_BOUNDS.into_iter().zip(sums)
    }

    /// How many were counted: those above all bounds too.
    pub fn count(&self) -> u64 {
        self.total
    }

    /// The sum of all.
    pub fn sum(&self) -> Duration {
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_include_their_bounds_and_those_below() {
        let mut histogram = Histogram::default();
        for milliseconds in [0, 1, 2, 100, 101, 60_000] {
            histogram.add(Duration::from_millis(milliseconds));
        }
        let counts: Vec<_> = histogram.cumulative().map(|(_, count)| count).collect();
        assert_eq!(counts, [2, 3, 3, 3, 3, 3, 4, 5, 5, 5, 5, 5, 5]);
        assert_eq!(histogram.count(), 6);
        assert_eq!(histogram.sum(), Duration::from_millis(60_204));
    }
}
