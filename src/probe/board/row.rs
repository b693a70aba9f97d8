//! What is known of one target.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::health::{Outcome, ProbeNumber, RememberedVerdict, State, Tracker, Verdict};
use crate::probe::failure::Failure;
use crate::probe::histogram::Histogram;
use crate::probe::target::ProbeTarget;

/// What is known of one target.
#[derive(Clone, Debug)]
pub struct TargetStatus {
    /// The target.
    pub target: Arc<ProbeTarget>,
    /// Since when its state is believed; none before the first outcome.
    pub since: Option<SystemTime>,
    /// When the last probe ended.
    pub probed: Option<SystemTime>,
    /// How long the last probe that succeeded took.
    pub round_trip: Option<Duration>,
    /// Why and when a probe last failed, however long ago.
    pub last_failure: Option<(SystemTime, Failure)>,
    /// Probes by result: `ok`, or [`Failure::reason`].
    pub results: BTreeMap<&'static str, u64>,
    /// How long probes took.
    pub durations: Histogram,
    pub(super) tracker: Tracker,
}

/// A probe that has ended.
pub(in crate::probe) struct Ended {
    /// Which one.
    pub(in crate::probe) number: ProbeNumber,
    /// How it went.
    pub(in crate::probe) result: Result<(), Failure>,
    /// How long it took.
    pub(in crate::probe) round_trip: Duration,
    /// When it ended.
    pub(in crate::probe) at: SystemTime,
}

impl TargetStatus {
    /// Nothing but what is remembered; the first probe is due at `first`.
    pub(super) fn new(
        target: Arc<ProbeTarget>,
        last: Option<RememberedVerdict>,
        first: Duration,
    ) -> Self {
        Self {
            tracker: Tracker::new(target.settings, last.map(|l| l.state), first),
            since: last.map(|l| l.since),
            target,
            probed: None,
            round_trip: None,
            last_failure: None,
            results: BTreeMap::new(),
            durations: Histogram::default(),
        }
    }

    /// What is believed of it.
    pub fn verdict(&self) -> Verdict {
        self.tracker.verdict()
    }

    /// What is believed, to be remembered; none before the first outcome.
    pub fn remembered(&self) -> Option<RememberedVerdict> {
        Some(RememberedVerdict { state: self.tracker.state()?, since: self.since? })
    }

    /// Whether the last probe failed, be it the target's fault or ours.
    pub fn is_failing(&self) -> bool {
        self.last_failure.as_ref().is_some_and(|(at, _)| Some(*at) == self.probed)
    }

    /// Takes in a probe that ended at `now`, as the tracker counts it. Returns the new state, if
    /// it changed.
    pub(super) fn end(&mut self, ended: &Ended, now: Duration) -> Option<State> {
        let Ended { number, result, round_trip, at } = ended;
        self.probed = Some(*at);
        if result.is_ok() {
            self.round_trip = Some(*round_trip);
        }
        self.durations.add(*round_trip);
        let reason = result.as_ref().err().map_or("ok", Failure::reason);
        *self.results.entry(reason).or_default() += 1;
        if let Err(failure) = result {
            self.last_failure = Some((*at, failure.clone()));
        }
        let outcome = match result {
            Ok(()) => Outcome::Success,
            // Whoever was not asked has not failed.
            Err(failure) if failure.is_ours() => {
                self.tracker.end_in_vain(*number, now);
                return None;
            }
            Err(_) => Outcome::Failure,
        };
        let changed = self.tracker.end(*number, outcome, now, *round_trip);
        if changed.is_some() {
            self.since = Some(*at);
        }
        changed
    }
}
