//! Turns the outcomes of one monitor at one address into a verdict.
//!
//! | verdict | outcome | in a row | becomes |
//! |---|---|---|---|
//! | none yet, or remembered | | 0 | up, or what is remembered; in doubt |
//! | the same | probes that could not be sent | | the same, for as long as an interval |
//! | none yet | any | 1 | what the outcome says |
//! | up | failure | < fall | up, in doubt |
//! | up | failure | = fall | down |
//! | up | success | | up, settled |
//! | down | success | < rise | down, in doubt |
//! | down | success | = rise | up |
//! | down | failure | | down, settled |

use std::time::Duration;

use super::inventory::Monitor;
use super::standing::{State, Verdict};

/// What one probe said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The endpoint is well.
    Success,
    /// It is not, or did not say in time.
    Failure,
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
}

impl TrackerSettings {
    /// From one probe to the next while in doubt: never longer than when nothing is in doubt.
    fn doubt_pause(&self) -> Duration {
        self.retry.min(self.interval)
    }
}

impl From<&Monitor> for TrackerSettings {
    fn from(monitor: &Monitor) -> Self {
        let Monitor { fall, rise, interval, retry, .. } = *monitor;
        Self { fall, rise, interval, retry }
    }
}

/// The verdict of one monitor at one address, and how firmly it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracker {
    settings: TrackerSettings,
    state: Option<State>,
    /// Outcomes in a row that contradict the state.
    against: u32,
    basis: Basis,
}

/// What a verdict rests on: what is remembered may be long out of date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Basis {
    /// On nothing but memory.
    Memory,
    /// On that too, after probes that could not be sent.
    InVain,
    /// On an outcome.
    Outcome,
}

impl Tracker {
    /// A tracker that believes `last`, or will believe its first outcome.
    pub fn new(settings: TrackerSettings, last: Option<State>) -> Self {
        Self { settings, state: last, against: 0, basis: Basis::Memory }
    }

    /// Takes in an outcome; returns the new state if that changed.
    pub fn observe(&mut self, outcome: Outcome) -> Option<State> {
        let seen = match outcome {
            Outcome::Success => State::Up,
            Outcome::Failure => State::Down,
        };
        self.basis = Basis::Outcome;
        let needed = match self.state {
            None => 1,
            Some(state) if state == seen => {
                self.against = 0;
                return None;
            }
            Some(State::Up) => self.settings.fall,
            Some(State::Down) => self.settings.rise,
        };
        self.against += 1;
        if self.against < needed {
            return None;
        }
        self.against = 0;
        self.state = Some(seen);
        Some(seen)
    }

    /// Takes in that a probe could not be sent, which says nothing of the endpoint.
    pub fn ask_in_vain(&mut self) {
        if self.basis == Basis::Memory {
            self.basis = Basis::InVain;
        }
    }

    /// What is believed now. Before the first outcome that is what is remembered, else up, so that
    /// a start moves no traffic by itself; but in doubt, for the first outcome may come at once.
    pub fn verdict(&self) -> Verdict {
        let state = self.state.unwrap_or(State::Up);
        let needed = match state {
            State::Up => self.settings.fall,
            State::Down => self.settings.rise,
        };
        let hold = match (self.basis, self.against) {
            (Basis::Memory, _) => Some(Duration::ZERO),
            // The next probe may be the first that tells.
            (Basis::InVain, _) => Some(self.settings.interval),
            (Basis::Outcome, 0) => None,
            (Basis::Outcome, against) => {
                let missing = needed.saturating_sub(against);
                Some(self.settings.doubt_pause().saturating_mul(missing))
            }
        };
        Verdict { state, hold }
    }

    /// From this probe to the next.
    pub fn pause(&self) -> Duration {
        if self.against > 0 { self.settings.doubt_pause() } else { self.settings.interval }
    }

    /// What is believed, or none before the first outcome with nothing remembered.
    pub fn state(&self) -> Option<State> {
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Outcome::{Failure as F, Success as S};
    use State::{Down, Up};

    fn tracker(last: Option<State>) -> Tracker {
        Tracker::new(
            TrackerSettings {
                fall: 3,
                rise: 2,
                interval: Duration::from_secs(5),
                retry: Duration::from_millis(300),
            },
            last,
        )
    }

    /// The table at the top: what is remembered, outcomes, the verdict and its doubt.
    #[test]
    fn truth_table() {
        for (last, outcomes, state, hold_ms) in [
            (None, &[][..], Up, Some(0)),
            (Some(Up), &[], Up, Some(0)),
            (Some(Down), &[], Down, Some(0)),
            (None, &[F], Down, None),
            (None, &[S], Up, None),
            (Some(Up), &[F], Up, Some(600)),
            (Some(Up), &[F, F], Up, Some(300)),
            (Some(Up), &[F, F, F], Down, None),
            (Some(Up), &[F, F, S], Up, None),
            (Some(Up), &[F, F, S, F, F], Up, Some(300)),
            (Some(Down), &[S], Down, Some(300)),
            (Some(Down), &[S, S], Up, None),
            (Some(Down), &[S, F], Down, None),
            (Some(Down), &[S, F, S], Down, Some(300)),
            (Some(Down), &[F, F, F, F], Down, None),
        ] {
            let mut tracker = tracker(last);
            for outcome in outcomes {
                tracker.observe(*outcome);
            }
            let hold = hold_ms.map(Duration::from_millis);
            assert_eq!(tracker.verdict(), Verdict { state, hold }, "{last:?} {outcomes:?}");
        }
    }

    #[test]
    fn probes_that_cannot_be_sent_change_nothing_but_how_soon_it_may_change() {
        for last in [None, Some(Up), Some(Down)] {
            let mut tracker = tracker(last);
            let state = last.unwrap_or(Up);
            for _ in 0..3 {
                tracker.ask_in_vain();
                let hold = Some(Duration::from_secs(5));
                assert_eq!(tracker.verdict(), Verdict { state, hold }, "{last:?}");
                assert_eq!(tracker.pause(), Duration::from_secs(5), "{last:?}");
            }
            tracker.observe(S);
            tracker.observe(S);
            tracker.ask_in_vain();
            assert_eq!(tracker.verdict(), Verdict { state: Up, hold: None }, "{last:?}");
        }
    }

    #[test]
    fn doubt_is_asked_about_sooner() {
        let mut tracker = tracker(Some(Up));
        assert_eq!(tracker.pause(), Duration::from_secs(5));
        tracker.observe(F);
        assert_eq!(tracker.pause(), Duration::from_millis(300));
        tracker.observe(S);
        assert_eq!(tracker.pause(), Duration::from_secs(5));
    }

    #[test]
    fn doubt_is_never_asked_about_later_than_certainty() {
        let mut tracker = Tracker::new(
            TrackerSettings {
                fall: 3,
                rise: 2,
                interval: Duration::from_millis(100),
                retry: Duration::from_millis(300),
            },
            Some(Up),
        );
        tracker.observe(F);
        assert_eq!(tracker.pause(), Duration::from_millis(100));
        assert_eq!(tracker.verdict().hold, Some(Duration::from_millis(200)));
    }

    #[test]
    fn only_a_change_is_reported() {
        let mut tracker = tracker(None);
        assert_eq!(tracker.observe(S), Some(Up));
        assert_eq!(tracker.observe(S), None);
        assert_eq!([F, F, F, F].map(|o| tracker.observe(o)), [None, None, Some(Down), None]);
    }
}
