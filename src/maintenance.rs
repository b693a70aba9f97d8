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
//! forward over its beginning, a repeated window begins when they have, and lasts as long as ever; over its
//! end, it ends by the clock as it was before. Where they go back, it begins or ends at the first of both.
//! Pure: the time is an argument.

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp, ToSpan as _};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::duration::parse_duration;
use crate::finding::words::misleads;
use crate::health::Target;

/// In how many steps something leaves, and comes back.
pub const STEPS: u8 = 10;

/// A window of maintenance.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// Its name.
    pub name: String,
    /// Where it stands in a file: its name, line and column; none: it was planned beside the files.
    pub place: Option<(String, u32, u32)>,
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

/// A window as people write it, in the API and in the audit log. Times of day are by the clock of its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MaintenanceWindow, example = json!({
    "target": "region:us-east", "start": "2026-12-05T22:00", "end": "2026-12-06T02:00",
    "timezone": "America/New_York", "reason": "kernel update",
}))]
pub struct WindowText {
    /// `region:NAME` or `pool:NAME`.
    pub target: String,
    /// When it begins the first time, e.g. `2026-12-05T22:00`.
    pub start: String,
    /// When it ends the first time.
    pub end: String,
    /// A name of the IANA database; default UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// `daily`, `weekly`, `monthly` or `yearly`; without it, once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<String>,
    /// How long it takes to leave and to come back, e.g. `10m`, which is the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<String>,
    /// How long ahead it is announced, e.g. `1d`, which is the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announce: Option<String>,
    /// Why.
    pub reason: String,
}

/// What is wrong with a field of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Which.
    pub field: &'static str,
    /// What is expected there.
    pub expected: &'static str,
}

const LEAD: Duration = Duration::from_secs(10 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

impl WindowText {
    /// What stands in a field.
    pub fn value(&self, field: &str) -> Option<&str> {
        match field {
            "target" => Some(&self.target),
            "start" => Some(&self.start),
            "end" => Some(&self.end),
            "timezone" => self.timezone.as_deref(),
            "repeats" => self.repeats.as_deref(),
            "lead" => self.lead.as_deref(),
            "announce" => self.announce.as_deref(),
            "reason" => Some(&self.reason),
            _ => None,
        }
    }

    /// Reads it, or says everything that is wrong with it. What a name stands for is not looked up, and no TTL
    /// is known yet.
    pub fn read(&self, name: &str) -> Result<Window, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let mut noted = |field, expected| wrong.push(Wrong { field, expected });
        let target = match self.target.parse() {
            Ok(target @ (Target::Region(_) | Target::Pool(_))) => Some(target),
            _ => {
                noted("target", "region:NAME or pool:NAME");
                None
            }
        };
        if self.reason.trim().is_empty() || self.reason.chars().any(misleads) {
            noted("reason", "why, in a few words on one line");
        }
        let zone = match &self.timezone {
            None => Some(TimeZone::UTC),
            Some(name) => TimeZone::get(name).ok(),
        };
        if zone.is_none() {
            let expected =
                r#"a time zone of the IANA database, such as "Europe/Berlin"; default UTC"#;
            noted("timezone", expected);
        }
        let mut moment = |field, text: &str| {
            let read = read_moment(text, zone.as_ref());
            read.map_err(|expected| noted(field, expected)).ok()
        };
        let (start, end) = (moment("start", &self.start), moment("end", &self.end));
        let repeats = match self.repeats.as_deref() {
            None => Some(Repeats::Once),
            Some("daily") => Some(Repeats::Days(1)),
            Some("weekly") => Some(Repeats::Days(7)),
            Some("monthly") => Some(Repeats::Months(1)),
            Some("yearly") => Some(Repeats::Months(12)),
            Some(_) => {
                noted("repeats", r#""daily", "weekly", "monthly" or "yearly""#);
                None
            }
        };
        let mut within = |field, text: &Option<String>, default| match text {
            None => Some(default),
            Some(text) => {
                let time = parse_duration(text).ok().filter(|time| *time <= LONGEST);
                if time.is_none() {
                    noted(field, r#"a time up to 30d, such as "10m""#);
                }
                time
            }
        };
        let lead = within("lead", &self.lead, LEAD);
        let announce = within("announce", &self.announce, DAY);
        if let (Some(start), Some(end), Some(repeats), Some(lead)) = (start, end, repeats, lead) {
            match Duration::try_from(end.duration_since(start)).ok().filter(|t| !t.is_zero()) {
                None => noted("end", "a time after start"),
                Some(lasts) if lasts.saturating_add(2 * lead) >= repeats.apart() => noted(
                    "end",
                    "an end from which it is back, with its lead, before it begins to leave again",
                ),
                Some(lasts) => {
                    if let (Some(target), Some(zone), Some(announce), true) =
                        (target, zone, announce, wrong.is_empty())
                    {
                        let (name, reason) = (name.to_owned(), self.reason.clone());
                        let ttl = Duration::ZERO;
                        return Ok(Window {
                            name,
                            place: None,
                            target,
                            start,
                            lasts,
                            zone,
                            repeats,
                            lead,
                            announce,
                            ttl,
                            reason,
                        });
                    }
                }
            }
        }
        Err(wrong)
    }
}

impl Repeats {
    /// The least time from one to the next.
    fn apart(self) -> Duration {
        match self {
            Self::Once => Duration::MAX,
            Self::Days(days) => DAY * u32::try_from(days).unwrap_or(u32::MAX),
            Self::Months(_) => 28 * DAY,
        }
    }
}

/// Reads a time of day; says what is expected.
fn read_moment(text: &str, zone: Option<&TimeZone>) -> Result<DateTime, &'static str> {
    let expected = r#"a date and time by the clock of its timezone, such as "2026-12-05T22:00""#;
    // What has an offset says whose clock, and perhaps another one.
    let moment = text.parse::<DateTime>().ok().filter(|_| !text.contains(['Z', 'z', '[']));
    let moment = moment.ok_or(expected)?;
    match zone.is_none_or(|zone| is_shown(zone, moment)) {
        true => Ok(moment),
        false => Err("a time that there is: clocks go forward over this one"),
    }
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

    /// When it begins to leave: from then on it keeps less than all of its clients.
    pub fn leaves(&self, occurrence: Occurrence) -> Timestamp {
        let first_step = self.lead.as_nanos().div_ceil(u128::from(STEPS));
        let first_step = Duration::from_nanos(u64::try_from(first_step).unwrap_or(u64::MAX));
        let all_steps = minus(minus(occurrence.start, self.ttl), self.lead);
        plus(all_steps, first_step)
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
        let begins = moment(start)?;
        if is_shown(&self.zone, start) {
            return Some(Occurrence { start: begins, end: moment(end)? });
        }
        // The last change of the clocks is the one that goes over it.
        let changes = self.zone.preceding(plus(begins, Duration::from_nanos(1)));
        let start = changes.map(|change| change.timestamp()).next().unwrap_or(begins);
        Some(Occurrence { start, end: plus(start, self.lasts) })
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
fn is_shown(zone: &TimeZone, at: DateTime) -> bool {
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
mod tests;
