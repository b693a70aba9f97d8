//! How long an endpoint usually takes to answer, and so from when on a probe is slow.
//!
//! A mean and a mean deviation, as TCP smooths its round trips (RFC 6298 section 2).

use std::time::Duration;

/// Nothing shorter is far beyond the usual: machines stall, and packets queue.
const LEAST_EXCESS: Duration = Duration::from_millis(100);

/// What is slow while nothing is usual yet.
const UNKNOWN: Duration = Duration::from_secs(1);

/// What is usual of the probes that succeeded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Usual(Option<Smoothed>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Smoothed {
    mean: Duration,
    deviation: Duration,
}

impl Usual {
    /// Takes in how long a probe took to succeed.
    pub(super) fn add(&mut self, took: Duration) {
        self.0 = Some(match self.0 {
            None => Smoothed { mean: took, deviation: took / 2 },
            Some(Smoothed { mean, deviation }) => Smoothed {
                mean: mean - mean / 8 + took / 8,
                deviation: deviation - deviation / 4 + took.abs_diff(mean) / 4,
            },
        });
    }

    /// A probe that takes longer is far beyond the usual time: more than twice of it, and more
    /// than its variance explains.
    pub(super) fn patience(&self) -> Duration {
        self.0.map_or(UNKNOWN, |Smoothed { mean, deviation }| {
            mean + mean.max(4 * deviation).max(LEAST_EXCESS)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(milliseconds: &[u64]) -> u128 {
        let mut usual = Usual::default();
        milliseconds.iter().for_each(|took| usual.add(Duration::from_millis(*took)));
        usual.patience().as_millis()
    }

    #[test]
    fn patience_is_twice_the_usual_time_and_more_where_that_varies() {
        assert_eq!(after(&[]), 1000);
        assert_eq!(after(&[1; 50]), 101);
        assert_eq!(after(&[80; 50]), 180);
        assert_eq!(after(&[400; 50]), 800);
        let varying: Vec<u64> = [100, 300].repeat(50);
        let patience = after(&varying);
        assert!((500..700).contains(&patience), "{patience}");
        // One that was long is no new habit.
        let once: Vec<u64> = [vec![10; 50], vec![2000], vec![10; 20]].concat();
        let patience = after(&once);
        assert!((100..250).contains(&patience), "{patience}");
    }
}
