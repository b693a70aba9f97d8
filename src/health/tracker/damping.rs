//! Flap damping: what falls again and again stays down for longer and longer.
//!
//! | falls in a row, each soon after it had come up | it stays down for at least |
//! |---|---|
//! | fewer than `falls` | no time |
//! | `falls` | `hold` |
//! | one more | twice that, and so on, but never longer than `longest` |

use std::time::Duration;

use crate::health::State;

/// How flapping is damped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Damping {
    /// From so many falls in a row on; at least 1.
    pub falls: u32,
    /// A fall counts as one more in a row if it had been up for no longer than this.
    pub within: Duration,
    /// So long it stays down at first.
    pub hold: Duration,
    /// And never for longer than this.
    pub longest: Duration,
}

impl Damping {
    /// How long it stays down after so many falls in a row, if it is held at all.
    pub fn hold_after(&self, falls: u32) -> Option<Duration> {
        let more = falls.checked_sub(self.falls)?;
        let times = 2_u32.checked_pow(more).unwrap_or(u32::MAX);
        Some(self.hold.saturating_mul(times).min(self.longest))
    }
}

/// The falls of one target, and how long the last one holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Damper {
    falls: u32,
    up_since: Option<Duration>,
    held_until: Option<Duration>,
}

impl Damper {
    /// Takes in a change of state.
    pub(super) fn changed(&mut self, to: State, now: Duration, settings: &Damping) {
        match to {
            State::Up => self.up_since = Some(now),
            State::Down => {
                let soon = self.up_since.is_some_and(|since| now <= since + settings.within);
                self.falls = if soon { self.falls.saturating_add(1) } else { 1 };
                self.held_until = settings.hold_after(self.falls).map(|hold| now + hold);
            }
        }
    }

    /// Time has passed: a hold that is over is forgotten, though not what led to it.
    pub(super) fn pass(&mut self, now: Duration) {
        self.held_until = self.held_until.filter(|until| now < *until);
    }

    /// Somebody wants it to end, and the falls to be forgotten.
    pub(super) fn lift(&mut self) {
        (self.falls, self.held_until) = (0, None);
    }

    /// Until when it stays down whatever probes say.
    pub(super) fn held_until(&self) -> Option<Duration> {
        self.held_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use State::{Down, Up};

    const DAMPING: Damping = Damping {
        falls: 3,
        within: Duration::from_secs(60),
        hold: Duration::from_secs(10),
        longest: Duration::from_secs(35),
    };

    /// The table above.
    #[test]
    fn each_fall_holds_for_longer() {
        let seconds = [1, 2, 3, 4, 5, 6, 100, u32::MAX]
            .map(|falls| DAMPING.hold_after(falls).map(|hold| hold.as_secs()));
        let more = Some(35);
        assert_eq!(seconds, [None, None, Some(10), Some(20), more, more, more, more]);
    }

    /// Falls, as seconds after it had come up; the last one holds.
    #[test]
    fn whatever_stays_up_for_long_begins_anew() {
        for (ups, held) in [
            (&[0, 0, 0][..], Some(10)),
            (&[60, 60, 60], Some(10)),
            (&[0, 0, 61], None),
            (&[0, 61, 0, 0], Some(10)),
            (&[0, 0, 0, 0], Some(20)),
            (&[0, 0, 0, 61], None),
        ] {
            let (mut damper, mut now) = (Damper::default(), Duration::ZERO);
            for up in ups {
                damper.changed(Up, now, &DAMPING);
                now += Duration::from_secs(*up);
                damper.changed(Down, now, &DAMPING);
            }
            let held = held.map(|seconds| now + Duration::from_secs(seconds));
            assert_eq!(damper.held_until(), held, "{ups:?}");
        }
    }
}
