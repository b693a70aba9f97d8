//! How the last probes of a target went, one after the other, for people to look at.
//!
//! A few hundred bytes for each target, for there may be ten thousand.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

/// So many are kept.
const KEPT: usize = 60;

/// How long a probe took, in microseconds, has this many bits: longer than a quarter of an hour is as
/// good as that. The two above them say what came of it.
const TIME_BITS: u32 = 30;
const TIME_MASK: u32 = (1 << TIME_BITS) - 1;

/// What came of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// It succeeded.
    Passed,
    /// It failed.
    Failed,
    /// It says nothing of the target: the fault was here, or nobody was heard of meanwhile.
    Void,
}

/// A probe that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecentProbe {
    /// When, to the second.
    pub at: SystemTime,
    /// How long it took.
    pub round_trip: Duration,
    /// What came of it.
    pub course: Course,
}

/// The last probes of a target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recent(VecDeque<(u32, u32)>);

impl Recent {
    /// Takes in one.
    pub fn add(&mut self, probe: RecentProbe) {
        let seconds = probe.at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let microseconds = u32::try_from(probe.round_trip.as_micros()).unwrap_or(u32::MAX);
        let course = match probe.course {
            Course::Passed => 0,
            Course::Failed => 1,
            Course::Void => 2,
        };
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        let time = microseconds.min(TIME_MASK);
        self.0.push_back((u32::try_from(seconds).unwrap_or(u32::MAX), course << TIME_BITS | time));
    }

    /// All of them, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = RecentProbe> {
        self.0.iter().map(|(seconds, packed)| RecentProbe {
            at: SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(*seconds)),
            round_trip: Duration::from_micros(u64::from(packed & TIME_MASK)),
            course: match packed >> TIME_BITS {
                0 => Course::Passed,
                1 => Course::Failed,
                _ => Course::Void,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(second: u64, round_trip: Duration, course: Course) -> RecentProbe {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        RecentProbe { at, round_trip, course }
    }

    #[test]
    fn what_is_kept_is_what_was_added() {
        let mut recent = Recent::default();
        assert_eq!(recent.iter().count(), 0);
        let all = [
            probe(1_800_000_000, Duration::from_micros(1), Course::Passed),
            probe(1_800_000_001, Duration::from_secs(2), Course::Failed),
            probe(1_800_000_002, Duration::ZERO, Course::Void),
            probe(u64::from(u32::MAX), Duration::from_micros(u64::from(TIME_MASK)), Course::Failed),
        ];
        all.into_iter().for_each(|probe| recent.add(probe));
        assert_eq!(recent.iter().collect::<Vec<_>>(), all);
    }

    #[test]
    fn the_oldest_go_and_nothing_overflows() {
        let mut recent = Recent::default();
        for second in 0..100 {
            recent.add(probe(second, Duration::from_secs(1 << 40), Course::Passed));
        }
        let kept: Vec<_> = recent.iter().collect();
        assert_eq!(kept.len(), KEPT);
        let longest = Duration::from_micros(u64::from(TIME_MASK));
        assert_eq!(kept[0], probe(40, longest, Course::Passed));
        assert!(size_of::<(u32, u32)>() * KEPT < 500);
    }
}
