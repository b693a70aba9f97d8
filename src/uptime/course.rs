//! For how long one thing stood how.

use std::time::{Duration, SystemTime};

use super::record::Stand;
use super::report::Times;

/// A time to report of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// From when.
    pub since: SystemTime,
    /// Until when.
    pub until: SystemTime,
}

impl Period {
    /// How much of a time is within.
    pub(super) fn part_of(self, from: SystemTime, until: SystemTime) -> Duration {
        until.min(self.until).duration_since(from.max(self.since)).unwrap_or_default()
    }
}

/// For how long something stood how, within a period.
#[derive(Clone, Debug, Default)]
pub(super) struct Course {
    up: Duration,
    down: Duration,
    away: Duration,
    unknown: Duration,
    outages: u32,
    /// The outage that is under way, or that nobody has seen the end of.
    outage: Duration,
    longest: Duration,
    /// Since when that is not summed; none while nobody looks.
    from: Option<SystemTime>,
    /// How it last stood.
    pub(super) last: Option<Stand>,
}

impl Course {
    /// Sums what has passed, and goes on.
    pub(super) fn pass(&mut self, at: SystemTime, period: Period) {
        let Some((stand, from)) = self.last.zip(self.from) else { return };
        let time = period.part_of(from, at);
        match stand {
            Stand::Up => self.up += time,
            Stand::Away => self.away += time,
            Stand::Unknown => self.unknown += time,
            Stand::Down => {
                self.outages += u32::from(self.outage.is_zero() && !time.is_zero());
                self.down += time;
                self.outage += time;
                self.longest = self.longest.max(self.outage);
            }
        }
        self.from = Some(at);
    }

    /// It stands so from now on.
    pub(super) fn turn(&mut self, stand: Stand, at: SystemTime, period: Period) {
        self.pass(at, period);
        (self.last, self.from) = (Some(stand), Some(at));
        if stand != Stand::Down {
            self.outage = Duration::ZERO;
        }
    }

    /// Nobody looks from now on.
    pub(super) fn lose(&mut self, at: SystemTime, period: Period) {
        self.pass(at, period);
        self.from = None;
    }

    /// Somebody looks again, and finds it as it was.
    pub(super) fn resume(&mut self, at: SystemTime) {
        self.from = self.last.map(|_| at);
    }

    /// It is no more.
    pub(super) fn end(&mut self, at: SystemTime, period: Period) {
        self.lose(at, period);
        (self.last, self.outage) = (None, Duration::ZERO);
    }

    /// Whether there was anything of it within the period.
    pub(super) fn is_within(&self) -> bool {
        !(self.up + self.down + self.away + self.unknown).is_zero()
    }

    pub(super) fn times(&self) -> Times {
        let (up_s, down_s) = (self.up.as_secs_f64(), self.down.as_secs_f64());
        let all = up_s + down_s;
        Times {
            availability: (all > 0.0).then(|| up_s / all),
            up_s,
            down_s,
            away_s: self.away.as_secs_f64(),
            unknown_s: self.unknown.as_secs_f64(),
            outages: self.outages,
            longest_outage_s: self.longest.as_secs_f64(),
        }
    }
}
