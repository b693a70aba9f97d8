//! The probes of one monitor at one address: what their outcomes make of the verdict, and when the
//! next one begins.
//!
//! | verdict | the next probe begins |
//! |---|---|
//! | settled | an interval after the last one began, when that has ended |
//! | settled, and a hint came | at once |
//! | in doubt, none under way | `retry` after the last one ended |
//! | in doubt, fewer under way than are missing | `retry` after the last one began |
//! | in doubt, as many under way as are missing | when one of them has ended |
//! | down, and held there by [`damping`] | an interval after the last one began, and when the hold is over |
//!
//! A verdict is in doubt while outcomes contradict it ([`judge`]), and while a probe of what is up
//! takes far longer than usual. What hangs is then asked again before the first probe has run into
//! its timeout. A probe counts for nothing once one that began later has succeeded.
//!
//! Pure: moments are arguments, each the time since one and the same, whichever that is.

mod course;
mod damping;
mod hints;
mod judge;
#[cfg(test)]
mod tests;
mod usual;

use std::time::Duration;

pub use course::ProbeNumber;
pub use damping::Damping;

use self::course::{Course, Pace};
use self::damping::Damper;
use self::judge::{Basis, Judge};
use super::monitor::{Initial, Monitor};
use super::standing::{State, Verdict};

/// What one probe said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The endpoint is well.
    Success,
    /// It is not, or did not say in time.
    Failure,
}

/// Whose fault a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The endpoint's.
    Endpoint,
    /// That is to be seen: nothing goes down by it, and the next probe follows soon.
    Unknown,
    /// This machine's, which has lost its network: nothing goes down by it.
    Ourselves,
}

/// The part of a monitor that judging needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TrackerSettings {
    /// Failures in a row that make `down`; at least 1.
    pub fall: u32,
    /// Successes in a row that make `up`; at least 1.
    pub rise: u32,
    /// From one probe to the next while settled.
    pub interval: Duration,
    /// From one probe to the next while in doubt.
    pub retry: Duration,
    /// What is believed before the first outcome, where nothing is remembered.
    pub initial: Initial,
    /// How flapping is damped, if at all.
    pub damping: Option<Damping>,
}

impl TrackerSettings {
    /// From one probe to the next while in doubt: never longer than when nothing is in doubt.
    fn doubt_pause(&self) -> Duration {
        self.retry.min(self.interval)
    }
}

impl From<&Monitor> for TrackerSettings {
    fn from(monitor: &Monitor) -> Self {
        let Monitor { fall, rise, interval, retry, initial, damping, .. } = *monitor;
        Self { fall, rise, interval, retry, initial, damping }
    }
}

/// The verdict of one monitor at one address, how firmly it stands, and the probes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Tracker {
    settings: TrackerSettings,
    judge: Judge,
    course: Course,
    damper: Damper,
    /// Whose fault the last outcome was, if it was a failure.
    blame: Blame,
    verdict: Verdict,
}

impl Tracker {
    /// A tracker that believes `last`, or will believe its first outcome. The first probe is due
    /// at `first`.
    pub fn new(settings: TrackerSettings, last: Option<State>, first: Duration) -> Self {
        // In doubt, for the first outcome may come at once.
        let hold = Some(Duration::ZERO);
        let verdict = Verdict { state: last.unwrap_or(settings.initial.state()), hold };
        let (judge, damper) = (Judge::new(last), Damper::default());
        let course = Course::new(first);
        Self { settings, judge, course, damper, blame: Blame::Endpoint, verdict }
    }

    /// What is believed, as it was when that was last said to have moved.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// What is believed, or none before the first outcome with nothing remembered.
    pub fn state(&self) -> Option<State> {
        self.judge.state()
    }

    /// When the next probe is to begin; none before one of those under way has ended.
    pub fn due(&self) -> Option<Duration> {
        self.course.due(self.pace())
    }

    /// When there is something to do that is not the end of a probe: to begin one, or to
    /// [`look`](Self::look).
    pub fn wake(&self) -> Option<Duration> {
        let slow = self.course.next_slow().filter(|_| self.verdict.state == State::Up);
        self.due().into_iter().chain(slow).min()
    }

    /// Looks whether a probe is slow by now. Returns whether that cast doubt on the verdict, which
    /// so has moved.
    pub fn look(&mut self, now: Duration) -> bool {
        let doubted = self.is_in_doubt();
        self.course.note_slow(now);
        let moved = self.is_in_doubt() && !doubted;
        if moved {
            self.conclude(now);
        }
        moved
    }

    /// A probe begins. `chance` is uniform from 0 to 1, and moves the next one.
    pub fn begin(&mut self, now: Duration, chance: f64) -> ProbeNumber {
        self.course.begin(now, chance)
    }

    /// A probe has ended, after `took`; returns the new state if that changed. `blame` is of a
    /// failure.
    pub fn end(
        &mut self,
        probe: ProbeNumber,
        outcome: Outcome,
        now: Duration,
        took: Duration,
        blame: Blame,
    ) -> Option<State> {
        if !self.course.end(probe, now) {
            return None;
        }
        if outcome == Outcome::Success {
            self.course.succeeded(probe, took);
        }
        self.damper.pass(now);
        self.blame = if outcome == Outcome::Failure { blame } else { Blame::Endpoint };
        let is_held = self.damper.held_until().is_some() || self.blame != Blame::Endpoint;
        let changed = self.judge.observe(outcome, &self.settings, is_held);
        if let (Some(state), Some(damping)) = (changed, &self.settings.damping) {
            self.damper.changed(state, now, damping);
        }
        self.conclude(now);
        changed
    }

    /// Whether the outcome of a probe still counts: none that began later has succeeded.
    pub fn counts(&self, probe: ProbeNumber) -> bool {
        self.course.counts(probe)
    }

    /// How long a probe may take before it is slow.
    pub fn patience(&self) -> Duration {
        self.course.patience()
    }

    /// Whether one more failure makes it down.
    pub fn would_fall(&self) -> bool {
        self.believed() == State::Up && self.judge.missing(&self.settings) == 1
    }

    /// This machine has its network again: what failed without it says nothing, and the next probe
    /// is due now. What is believed stays as it was last said until that has ended.
    pub fn reconnect(&mut self, now: Duration) {
        self.judge.forgive();
        self.blame = Blame::Endpoint;
        self.course.hints.hear(now, self.settings.interval);
    }

    /// Until when it stays down, whatever probes say, for having fallen again and again.
    pub fn held_until(&self) -> Option<Duration> {
        self.damper.held_until()
    }

    /// Ends such a hold, and forgets the falls that led to it.
    pub fn lift_hold(&mut self, now: Duration) {
        self.damper.lift();
        if self.judge.basis() == Basis::Outcome {
            self.conclude(now);
        }
    }

    /// A probe has ended that says nothing of the endpoint: it could not be sent, or this machine
    /// was cut off meanwhile.
    pub fn end_in_vain(&mut self, probe: ProbeNumber, now: Duration) {
        if self.course.end(probe, now) {
            self.damper.pass(now);
            self.judge.ask_in_vain();
            self.conclude(now);
        }
    }

    /// Something has happened to the endpoint: the next probe is due now. While the verdict is in
    /// doubt probes follow soon anyway, and by its promise not sooner.
    pub fn hint(&mut self, now: Duration) {
        if self.verdict.hold.is_none() {
            self.course.hints.hear(now, self.settings.interval);
        }
    }

    /// The next probe is due now, whatever hints there were: somebody has to be asked whether this
    /// machine still hears of anybody.
    pub fn ask_at_once(&mut self, now: Duration) {
        if self.verdict.hold.is_none() {
            self.course.hints.insist(now);
        }
    }

    fn is_in_doubt(&self) -> bool {
        // One that is slow casts no doubt on what is down.
        let slow = self.believed() == State::Up && self.course.has_slow();
        self.judge.is_contradicted() || slow
    }

    fn believed(&self) -> State {
        self.judge.state().unwrap_or(self.settings.initial.state())
    }

    fn pace(&self) -> Pace {
        if let Some(until) = self.damper.held_until() {
            return Pace::Held { pause: self.settings.interval, until };
        }
        if self.blame == Blame::Ourselves {
            return Pace::Settled(self.settings.interval);
        }
        match self.judge.basis() {
            _ if self.is_in_doubt() => Pace::Doubt {
                pause: self.settings.doubt_pause(),
                missing: self.judge.missing(&self.settings) as usize,
            },
            // It has promised as much.
            Basis::InVain => Pace::Doubt { pause: self.settings.interval, missing: 1 },
            _ => Pace::Settled(self.settings.interval),
        }
    }

    /// Brings the verdict up to what is known.
    fn conclude(&mut self, now: Duration) {
        let state = self.believed();
        let hold = match self.judge.basis() {
            Basis::Memory => Some(Duration::ZERO),
            // The next probe may be the first that tells.
            Basis::InVain => Some(self.earliest_change(now).min(self.settings.interval)),
            Basis::Outcome if self.is_in_doubt() => Some(self.earliest_change(now)),
            Basis::Outcome => None,
        };
        self.verdict = Verdict { state, hold };
    }

    /// How long it takes at least until the verdict can change.
    fn earliest_change(&self, now: Duration) -> Duration {
        let by_outcomes = self.earliest_by_outcomes(now);
        if self.blame == Blame::Ourselves {
            // From the moment in which the network is back, which may be any, all are missing that
            // are needed, and the first of them is asked at once.
            let more = self.judge.needed(&self.settings).saturating_sub(1);
            return self.settings.doubt_pause().saturating_mul(more).min(by_outcomes);
        }
        if let Some(until) = self.damper.held_until() {
            // The promise is renewed by the next outcome only, and is given until then.
            let left = until.saturating_sub(now);
            return left
                .saturating_sub(self.settings.interval)
                .max(left.min(self.settings.interval));
        }
        by_outcomes
    }

    /// How long it takes at least until the outcomes that are missing can be there. Those under
    /// way may end at any moment, and those to come may end as they begin.
    fn earliest_by_outcomes(&self, now: Duration) -> Duration {
        let missing = self.judge.missing(&self.settings) as usize;
        match missing.saturating_sub(self.course.under_way()) {
            0 => Duration::ZERO,
            to_come => {
                let next = self.due().unwrap_or(now).saturating_sub(now);
                let more = u32::try_from(to_come - 1).unwrap_or(u32::MAX);
                next + self.settings.doubt_pause().saturating_mul(more)
            }
        }
    }
}
