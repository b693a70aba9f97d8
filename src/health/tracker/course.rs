//! The probes of one target: those under way, and what decides when the next one begins.

use std::time::Duration;

use super::hints::Hints;
use super::usual::Usual;

/// Which probe of its target one is, beginning with 0.
pub type ProbeNumber = u64;

/// One that has begun and not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
struct UnderWay {
    number: ProbeNumber,
    began: Duration,
    /// Whether it takes far longer than usual.
    is_slow: bool,
}

/// Probes as they come and go. All moments are since one and the same, whichever that is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Course {
    /// In the order in which they began; without those that are outdated.
    under_way: Vec<UnderWay>,
    begun: ProbeNumber,
    last_begun: Duration,
    last_ended: Duration,
    /// Of the last one that began; uniform from 0 to 1.
    chance: f64,
    usual: Usual,
    pub(super) hints: Hints,
}

/// By what the next probe is to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// When those under way have ended, after this pause since the last one began.
    Settled(Duration),
    /// After this pause, though others be under way, if that many are not.
    Doubt {
        /// From one to the next.
        pause: Duration,
        /// How many in all could change the verdict.
        missing: usize,
    },
    /// When those under way have ended, after this pause since the last one began, and at this
    /// moment.
    Held {
        /// From one to the next.
        pause: Duration,
        /// When the verdict may change again.
        until: Duration,
    },
}

impl Course {
    /// The first probe is due at `first`.
    pub(super) fn new(first: Duration) -> Self {
        Self {
            under_way: Vec::new(),
            begun: 0,
            last_begun: first,
            last_ended: first,
            chance: 0.0,
            usual: Usual::default(),
            hints: Hints::default(),
        }
    }

    /// A probe begins.
    pub(super) fn begin(&mut self, now: Duration, chance: f64) -> ProbeNumber {
        let number = self.begun;
        self.under_way.push(UnderWay { number, began: now, is_slow: false });
        self.begun += 1;
        self.last_begun = now;
        self.chance = chance;
        self.hints.answered();
        number
    }

    /// A probe has ended. Returns false if it is outdated: one that began after it has succeeded,
    /// which says more of how things are than whatever this one came to.
    pub(super) fn end(&mut self, number: ProbeNumber, now: Duration) -> bool {
        let before = self.under_way.len();
        self.under_way.retain(|probe| probe.number != number);
        let counts = self.under_way.len() < before;
        if counts {
            self.last_ended = now;
        }
        counts
    }

    /// The probe that has ended succeeded, and took so long. Those that began before it are
    /// outdated.
    pub(super) fn succeeded(&mut self, number: ProbeNumber, took: Duration) {
        self.usual.add(took);
        self.under_way.retain(|probe| probe.number > number);
    }

    /// Whether a probe is under way whose outcome counts.
    pub(super) fn counts(&self, number: ProbeNumber) -> bool {
        self.under_way.iter().any(|probe| probe.number == number)
    }

    /// How long one may take before it is slow.
    pub(super) fn patience(&self) -> Duration {
        self.usual.patience()
    }

    /// How many are under way whose outcome counts.
    pub(super) fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// Whether one under way takes far longer than usual.
    pub(super) fn has_slow(&self) -> bool {
        self.under_way.iter().any(|probe| probe.is_slow)
    }

    /// Takes note of those under way that are slow by now.
    pub(super) fn note_slow(&mut self, now: Duration) {
        let patience = self.usual.patience();
        for probe in &mut self.under_way {
            probe.is_slow |= probe.began + patience <= now;
        }
    }

    /// When the next one under way becomes slow.
    pub(super) fn next_slow(&self) -> Option<Duration> {
        let patience = self.usual.patience();
        self.under_way.iter().find(|probe| !probe.is_slow).map(|probe| probe.began + patience)
    }

    /// When the next probe is to begin; none before one of those under way has ended.
    pub(super) fn due(&self, pace: Pace) -> Option<Duration> {
        let hint = self.hints.pending();
        let may_overlap = match pace {
            Pace::Doubt { missing, .. } => self.under_way.len() < missing,
            Pace::Settled(_) | Pace::Held { .. } => hint.is_some(),
        };
        if !self.under_way.is_empty() && !may_overlap {
            return None;
        }
        if self.begun == 0 {
            return Some(self.last_begun);
        }
        let regular = match pace {
            Pace::Settled(pause) => self.last_begun + self.jittered(pause),
            // One that began before then may have told nothing.
            Pace::Held { pause, until } => {
                (self.last_begun + self.jittered(pause)).min(until.max(self.last_ended))
            }
            // A verdict in doubt promises that it stays for the pauses that are missing.
            Pace::Doubt { pause, .. } if self.under_way.is_empty() => {
                self.last_ended + self.jittered_up(pause)
            }
            // Whoever hangs takes the whole timeout to fail, and would take it several times.
            Pace::Doubt { pause, .. } => self.last_begun + self.jittered_up(pause),
        };
        Some(hint.map_or(regular, |hint| hint.min(regular)))
    }

    /// Up to ten per cent shorter, never longer, so that targets do not fall into step. After the
    /// first probe up to nine tenths shorter, for all targets begin within a second of each other.
    fn jittered(&self, pause: Duration) -> Duration {
        let spread = if self.begun == 1 { 0.9 } else { 0.1 };
        pause.mul_f64(1.0 - spread * (1.0 - self.chance))
    }

    /// Up to ten per cent longer, never shorter.
    fn jittered_up(&self, pause: Duration) -> Duration {
        pause.mul_f64(1.0 + 0.1 * self.chance)
    }
}
