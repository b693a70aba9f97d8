//! Planned maintenance: windows in which a region or a pool is away, announced beforehand, and how far it is
//! on its way out and back at a given moment.
//!
//! | from | to | of its clients, it keeps |
//! |---|---|---|
//! | `start` − TTL − `lead` | `start` − TTL | ten tenths, then one fewer after each tenth of `lead` |
//! | `start` − TTL | `end` | none: resolvers' caches have run out when the window begins |
//! | `end` | `end` + `lead` | one tenth, then one more after each tenth of `lead`, if it is well |
//!
//! The TTL is the longest of a name that may answer it. Times of day are those of a place: where clocks go
//! forward over a moment, a repeated window begins or ends when they have; where they go back, at the
//! first of both. Pure: the time is an argument.

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp, ToSpan as _};

use crate::health::Target;

/// In how many steps something leaves, and comes back.
pub const STEPS: u8 = 10;

/// A window of maintenance.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// Its name.
    pub name: String,
    /// What is away: a region or a pool.
    pub target: Target,
    /// When it begins the first time, by the clock of its place.
    pub start: DateTime,
    /// How long it lasts, by that clock.
    pub lasts: Duration,
    /// Whose clock.
    pub zone: TimeZone,
    /// How often it comes again.
    pub repeats: Repeats,
    /// How long it takes to leave, and to come back.
    pub lead: Duration,
    /// How long ahead it is announced.
    pub announce: Duration,
    /// The longest TTL of a name that may answer it.
    pub ttl: Duration,
    /// Why.
    pub reason: String,
}

/// How often a window comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// Never.
    Once,
    /// Every so many days.
    Days(i64),
    /// Every so many months, at the same day, or at the last one where there is no such day.
    Months(i64),
}

/// One time that a window comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It has not begun to leave, and keeps all its clients.
    Planned,
    /// It leaves, and keeps so many tenths of them.
    Leaving(u8),
    /// It is away, or about to be: it keeps none.
    Away,
    /// It comes back, and has so many tenths of them.
    Returning(u8),
}

impl Stage {
    /// The tenths of its clients that it has.
    pub fn tenths(self) -> u8 {
        match self {
            Self::Planned => STEPS,
            Self::Leaving(tenths) | Self::Returning(tenths) => tenths,
            Self::Away => 0,
        }
    }
}

/// So many times a window is looked at for the one that is meant: more than there are between the first that
/// anybody writes down and now, for one that comes daily.
const MOST_TIMES: i64 = 200_000;

impl Window {
    /// The occurrence that is under way at a moment, its way back included, or else the next one; none if there
    /// will be none any more.
    pub fn occurrence(&self, now: Timestamp) -> Option<Occurrence> {
        let mut number = self.passed_at_least(now);
        while number < MOST_TIMES {
            let occurrence = self.nth(number)?;
            let back = plus(occurrence.end, self.lead);
            if now < back {
                return Some(occurrence);
            }
            if self.repeats == Repeats::Once {
                return None;
            }
            number += 1;
        }
        None
    }

    /// How far it is.
    pub fn stage(&self, occurrence: Occurrence, now: Timestamp) -> Stage {
        let away = minus(occurrence.start, self.ttl);
        if now < away {
            return match tenths(since(minus(away, self.lead), now), self.lead) {
                Some(gone) if gone > 0 => Stage::Leaving(STEPS - gone),
                _ => Stage::Planned,
            };
        }
        match tenths(since(occurrence.end, now), self.lead) {
            None => Stage::Away,
            Some(back) if back < STEPS => Stage::Returning((back + 1).min(STEPS - 1)),
            Some(_) => Stage::Planned,
        }
    }

    /// When it is announced.
    pub fn announced(&self, occurrence: Occurrence) -> Timestamp {
        minus(occurrence.start, self.announce)
    }

    fn nth(&self, number: i64) -> Option<Occurrence> {
        let ahead: Span = match self.repeats {
            Repeats::Once => 0.days(),
            Repeats::Days(days) => days.checked_mul(number)?.days(),
            Repeats::Months(months) => months.checked_mul(number)?.months(),
        };
        let start = self.start.checked_add(ahead).ok()?;
        let end = start.checked_add(Span::try_from(self.lasts).ok()?).ok()?;
        let moment = |at: DateTime| self.zone.to_ambiguous_timestamp(at).compatible().ok();
        Some(Occurrence { start: moment(start)?, end: moment(end)? })
    }

    /// So many occurrences are over for certain.
    fn passed_at_least(&self, now: Timestamp) -> i64 {
        let Some(first) = self.nth(0) else { return 0 };
        let days = (now.as_second() - first.end.as_second()) / (24 * 60 * 60) - 2;
        match self.repeats {
            Repeats::Once => 0,
            Repeats::Days(every) => (days / every.max(1) - 1).max(0),
            Repeats::Months(every) => (days / 31 / every.max(1) - 1).max(0),
        }
    }
}

/// Whether clocks show a moment at all: where they go forward, they pass over some.
pub fn is_shown(zone: &TimeZone, at: DateTime) -> bool {
    !matches!(zone.to_ambiguous_timestamp(at).offset(), AmbiguousOffset::Gap { .. })
}

fn minus(at: Timestamp, time: Duration) -> Timestamp {
    at.checked_sub(time).unwrap_or(Timestamp::MIN)
}

fn plus(at: Timestamp, time: Duration) -> Timestamp {
    at.checked_add(time).unwrap_or(Timestamp::MAX)
}

/// How long ago it was; none if it is yet to come.
fn since(at: Timestamp, now: Timestamp) -> Option<Duration> {
    Duration::try_from(now.duration_since(at)).ok()
}

/// How many tenths of a time have passed; all of none.
fn tenths(passed: Option<Duration>, of: Duration) -> Option<u8> {
    let passed = passed?;
    if passed >= of {
        return Some(STEPS);
    }
    // Less than all, so less than ten.
    Some((passed.as_nanos() * u128::from(STEPS) / of.as_nanos()) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(start: &str, zone: &str, repeats: Repeats) -> Window {
        Window {
            name: "w".into(),
            target: Target::Pool("a".into()),
            start: start.parse().unwrap(),
            lasts: Duration::from_secs(2 * 3600),
            zone: TimeZone::get(zone).unwrap(),
            repeats,
            lead: Duration::from_secs(600),
            announce: Duration::from_secs(24 * 3600),
            ttl: Duration::from_secs(60),
            reason: String::new(),
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// The table above, with a lead of 10 min and a TTL of 1 min.
    #[test]
    fn it_leaves_before_it_begins_and_comes_back_after_it_has_ended() {
        let window = window("2026-12-05T22:00:00", "UTC", Repeats::Once);
        let occurrence = window.occurrence(at("2026-12-01T00:00:00Z")).unwrap();
        assert_eq!(occurrence.end, at("2026-12-06T00:00:00Z"));
        for (now, stage) in [
            ("2026-12-05T21:49:00Z", Stage::Planned),
            ("2026-12-05T21:49:59Z", Stage::Planned),
            ("2026-12-05T21:50:00Z", Stage::Leaving(9)),
            ("2026-12-05T21:58:00Z", Stage::Leaving(1)),
            ("2026-12-05T21:59:00Z", Stage::Away),
            ("2026-12-05T22:00:00Z", Stage::Away),
            ("2026-12-05T23:59:59Z", Stage::Away),
            ("2026-12-06T00:00:00Z", Stage::Returning(1)),
            ("2026-12-06T00:01:00Z", Stage::Returning(2)),
            ("2026-12-06T00:09:59Z", Stage::Returning(9)),
            ("2026-12-06T00:10:00Z", Stage::Planned),
        ] {
            assert_eq!(window.stage(occurrence, at(now)), stage, "{now}");
        }
        assert_eq!(window.occurrence(at("2026-12-06T00:09:59Z")), Some(occurrence));
        assert_eq!(window.occurrence(at("2026-12-06T00:10:00Z")), None);
    }

    #[test]
    fn without_a_lead_it_leaves_at_once() {
        let window = Window {
            lead: Duration::ZERO,
            ttl: Duration::ZERO,
            ..window("2026-12-05T22:00:00", "UTC", Repeats::Once)
        };
        let occurrence = window.occurrence(at("2026-12-01T00:00:00Z")).unwrap();
        let stage = |now| window.stage(occurrence, at(now));
        assert_eq!(stage("2026-12-05T21:59:59Z"), Stage::Planned);
        assert_eq!(stage("2026-12-05T22:00:00Z"), Stage::Away);
        assert_eq!(stage("2026-12-06T00:00:00Z"), Stage::Planned);
    }

    /// Clocks in Berlin go from 02:00 to 03:00 on 28 March 2027, and from 03:00 to 02:00 on 31 October.
    #[test]
    fn times_of_day_are_those_of_the_place() {
        let window = window("2027-03-27T02:30:00", "Europe/Berlin", Repeats::Days(1));
        for (now, start, end) in [
            ("2027-03-27T00:00:00Z", "2027-03-27T01:30:00Z", "2027-03-27T03:30:00Z"),
            // There is no half past two: it begins at half past three.
            ("2027-03-28T00:00:00Z", "2027-03-28T01:30:00Z", "2027-03-28T02:30:00Z"),
            ("2027-03-29T00:00:00Z", "2027-03-29T00:30:00Z", "2027-03-29T02:30:00Z"),
            // There are two: it begins at the first.
            ("2027-10-30T23:00:00Z", "2027-10-31T00:30:00Z", "2027-10-31T03:30:00Z"),
        ] {
            let occurrence = Occurrence { start: at(start), end: at(end) };
            assert_eq!(window.occurrence(at(now)), Some(occurrence), "{now}");
        }
        let shown = |text: &str| is_shown(&window.zone, text.parse().unwrap());
        assert!(!shown("2027-03-28T02:30:00") && shown("2027-10-31T02:30:00"));
    }

    #[test]
    fn it_comes_again_however_long_ago_it_began() {
        let daily = window("1999-12-31T12:00:00", "UTC", Repeats::Days(1));
        let next = daily.occurrence(at("2526-11-30T15:00:00Z")).unwrap();
        assert_eq!(next.start, at("2526-12-01T12:00:00Z"));
        let monthly = window("2026-01-31T12:00:00", "UTC", Repeats::Months(1));
        for (now, start) in [
            ("2026-02-01T00:00:00Z", "2026-02-28T12:00:00Z"),
            ("2026-03-01T00:00:00Z", "2026-03-31T12:00:00Z"),
            ("2028-02-01T00:00:00Z", "2028-02-29T12:00:00Z"),
        ] {
            assert_eq!(monthly.occurrence(at(now)).unwrap().start, at(start), "{now}");
        }
        let weekly = window("2026-11-30T12:00:00", "UTC", Repeats::Days(7));
        assert_eq!(
            weekly.occurrence(at("2026-12-01T00:00:00Z")).unwrap().start,
            at("2026-12-07T12:00:00Z")
        );
    }
}
