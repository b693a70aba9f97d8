//! Outcomes in a row, and the state that they make.
//!
//! | state | outcome | in a row | becomes |
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
//! | any | the one that would change it, while that is held | | the same, in doubt |

use super::{Outcome, TrackerSettings};
use crate::health::State;

/// What is believed of one target, and how firmly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Judge {
    state: Option<State>,
    /// Outcomes in a row that contradict the state.
    against: u32,
    /// Whether the last one would have changed it, but for a hold.
    is_held_back: bool,
    basis: Basis,
}

/// What a verdict rests on: what is remembered may be long out of date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Basis {
    /// On nothing but memory.
    Memory,
    /// On that too, after probes that could not be sent.
    InVain,
    /// On an outcome.
    Outcome,
}

impl Judge {
    /// Believes `last`, or will believe its first outcome.
    pub(super) fn new(last: Option<State>) -> Self {
        Self { state: last, against: 0, is_held_back: false, basis: Basis::Memory }
    }

    /// Takes in an outcome; returns the new state if that changed, which it does not while it is
    /// held.
    pub(super) fn observe(
        &mut self,
        outcome: Outcome,
        settings: &TrackerSettings,
        is_held: bool,
    ) -> Option<State> {
        let seen = match outcome {
            Outcome::Success => State::Up,
            Outcome::Failure => State::Down,
        };
        self.basis = Basis::Outcome;
        self.is_held_back = false;
        if self.state == Some(seen) {
            self.against = 0;
            return None;
        }
        if self.missing(settings) > 1 {
            self.against += 1;
            return None;
        }
        if is_held {
            self.is_held_back = true;
            return None;
        }
        self.against = 0;
        self.state = Some(seen);
        Some(seen)
    }

    /// Forgets the outcomes that contradicted the state: they said nothing.
    pub(super) fn forgive(&mut self) {
        (self.against, self.is_held_back) = (0, false);
    }

    /// Takes in that a probe could not be sent, which says nothing of the endpoint.
    pub(super) fn ask_in_vain(&mut self) {
        if self.basis == Basis::Memory {
            self.basis = Basis::InVain;
        }
    }

    /// How many outcomes in a row change the state.
    pub(super) fn needed(&self, settings: &TrackerSettings) -> u32 {
        match self.state {
            None => 1,
            Some(State::Up) => settings.fall,
            Some(State::Down) => settings.rise,
        }
    }

    /// How many more would change it now.
    pub(super) fn missing(&self, settings: &TrackerSettings) -> u32 {
        self.needed(settings).saturating_sub(self.against).max(1)
    }

    /// Whether outcomes have contradicted the state.
    pub(super) fn is_contradicted(&self) -> bool {
        self.against > 0 || self.is_held_back
    }

    /// What is believed, or none before the first outcome with nothing remembered.
    pub(super) fn state(&self) -> Option<State> {
        self.state
    }

    /// What that rests on.
    pub(super) fn basis(&self) -> Basis {
        self.basis
    }
}
