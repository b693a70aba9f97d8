//! What is known of one target.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;

use super::silence::{Asked, Weight};
use crate::health::{Outcome, ProbeNumber, RememberedVerdict, Silence, State, Tracker, Verdict};
use crate::probe::failure::Failure;
use crate::probe::histogram::Histogram;
use crate::probe::recent::{Course, Recent, RecentProbe};
use crate::probe::round_trips::RoundTrips;
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
    /// When the last probe ended that succeeded.
    pub passed: Option<SystemTime>,
    /// How long the last probe that succeeded took.
    pub round_trip: Option<Duration>,
    /// How long the last ones took.
    pub round_trips: RoundTrips,
    /// How the last ones went.
    pub recent: Recent,
    /// How many have succeeded in a row, up to the last one.
    pub successes: u32,
    /// How many have failed in a row, up to the last one.
    pub failures: u32,
    /// The last change of the verdict, if there was one.
    pub change: Option<Change>,
    /// Why and when a probe last failed, however long ago.
    pub last_failure: Option<(SystemTime, Failure)>,
    /// Probes by result: `ok`, or [`Failure::reason`].
    pub results: BTreeMap<&'static str, u64>,
    /// How long probes took.
    pub durations: Histogram,
    /// Whether it is on this machine, so that its answers say nothing of the network.
    pub(super) is_local: bool,
    /// Since when nothing is heard of it, as trackers count.
    pub(super) silence: Option<Silence>,
    /// When others were last asked because of its silence.
    pub(super) others_asked: Option<Asked>,
    /// When it was last asked because of another one's silence.
    pub(super) asked_at_once: Option<Duration>,
    /// Lets its loop look again.
    pub(super) nudge: Arc<Notify>,
    /// The endpoint has said of itself that it is well.
    pub(super) beat: Arc<Notify>,
    /// Until when it is held down for having fallen again and again.
    pub held_until: Option<SystemTime>,
    pub(super) tracker: Tracker,
}

/// A verdict that changed, or was the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: SystemTime,
    /// Into what.
    pub to: State,
    /// What the probe failed by that was the last straw.
    pub why: Option<Failure>,
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
    /// When the other side was last heard of, as trackers count, if that is known.
    pub(in crate::probe) heard: Option<Duration>,
}

impl TargetStatus {
    /// Nothing but what is remembered; the first probe is due at `first`. `is_local`: it is on this
    /// machine.
    pub(super) fn new(
        target: Arc<ProbeTarget>,
        last: Option<RememberedVerdict>,
        first: Duration,
        is_local: bool,
    ) -> Self {
        Self {
            tracker: Tracker::new(target.settings, last.map(|l| l.state), first),
            since: last.map(|l| l.since),
            probed: None,
            passed: None,
            round_trip: None,
            round_trips: RoundTrips::default(),
            recent: Recent::default(),
            successes: 0,
            failures: 0,
            change: None,
            last_failure: None,
            results: BTreeMap::new(),
            durations: Histogram::default(),
            is_local,
            silence: None,
            others_asked: None,
            asked_at_once: None,
            nudge: Arc::new(Notify::new()),
            beat: Arc::new(Notify::new()),
            held_until: None,
            target,
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
    pub(super) fn end(&mut self, ended: &Ended, now: Duration, weight: Weight) -> Option<State> {
        let Ended { number, result, round_trip, at, .. } = ended;
        self.probed = Some(*at);
        self.count(ended);
        if let Err(failure) = result {
            self.last_failure = Some((*at, failure.clone()));
        }
        let outcome = match (result, weight) {
            // Whoever was not asked has not failed.
            (Err(failure), _) if failure.is_ours() => None,
            (_, Weight::Void) => None,
            (Ok(()), Weight::Counts(blame)) => {
                self.passed = Some(*at);
                if !self.target.is_heartbeat() {
                    self.round_trip = Some(*round_trip);
                    self.round_trips.add(*round_trip);
                }
                (self.successes, self.failures) = (self.successes.saturating_add(1), 0);
                Some((Outcome::Success, blame))
            }
            (Err(_), Weight::Counts(blame)) => {
                (self.successes, self.failures) = (0, self.failures.saturating_add(1));
                Some((Outcome::Failure, blame))
            }
        };
        let course = match outcome {
            None => Course::Void,
            Some((Outcome::Success, _)) => Course::Passed,
            Some((Outcome::Failure, _)) => Course::Failed,
        };
        self.recent.add(RecentProbe { at: *at, round_trip: *round_trip, course });
        let changed = match outcome {
            None => {
                self.tracker.end_in_vain(*number, now);
                None
            }
            Some((outcome, blame)) => self.tracker.end(*number, outcome, now, *round_trip, blame),
        };
        if let Some(to) = changed {
            self.since = Some(*at);
            self.change = Some(Change { at: *at, to, why: result.as_ref().err().cloned() });
        }
        let held_until = self.tracker.held_until();
        self.held_until = held_until.map(|until| *at + until.saturating_sub(now));
        changed
    }

    /// Counts a probe that has ended, also one that says nothing any more.
    pub(super) fn count(&mut self, ended: &Ended) {
        self.durations.add(ended.round_trip);
        let reason = ended.result.as_ref().err().map_or("ok", Failure::reason);
        *self.results.entry(reason).or_default() += 1;
    }

    /// Ends the hold, if there is one; returns whether there was.
    pub(super) fn lift_hold(&mut self, now: Duration) {
        self.tracker.lift_hold(now);
        self.nudge.notify_one();
        self.held_until = None;
    }
}
