//! Hints that something has happened to an endpoint, such as a connection that ended.
//!
//! A hint is never a verdict: it lets the next probe begin at once. It comes from the endpoint,
//! which may end connections as it likes, so there are only so many.

use std::time::Duration;

/// So many may come at once; after that, one for each interval.
const AT_ONCE: usize = 3;
/// And one for each minute, where the interval is longer.
const MINUTE: Duration = Duration::from_secs(60);

/// The hints that were heard, and whether one waits for its probe.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hints {
    /// When the last ones were heard, in that order.
    heard: Vec<Duration>,
    pending: Option<Duration>,
}

impl Hints {
    /// Takes in a hint; returns whether it is heeded. `interval` is from one probe to the next.
    pub(super) fn hear(&mut self, now: Duration, interval: Duration) -> bool {
        let fresh = interval.min(MINUTE) * AT_ONCE as u32;
        self.heard.retain(|at| now < *at + fresh);
        if self.heard.len() == AT_ONCE {
            return false;
        }
        self.heard.push(now);
        self.pending = Some(now);
        true
    }

    /// Takes in what is no hint of the endpoint's, and so none too many.
    pub(super) fn insist(&mut self, now: Duration) {
        self.pending = Some(now);
    }

    /// A probe has begun.
    pub(super) fn answered(&mut self) {
        self.pending = None;
    }

    /// Since when a hint waits for a probe.
    pub(super) fn pending(&self) -> Option<Duration> {
        self.pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever an endpoint does, it is not asked twice as often for long.
    #[test]
    fn hints_come_at_once_and_then_at_the_interval() {
        let interval = Duration::from_secs(5);
        let mut hints = Hints::default();
        let all = (0..600_000).step_by(100).map(Duration::from_millis);
        let heeded: Vec<_> = all.filter(|now| hints.hear(*now, interval)).collect();
        assert_eq!(heeded[..3], [0, 100, 200].map(Duration::from_millis));
        assert_eq!(heeded.len(), 3 * 600 / 15);
    }

    #[test]
    fn those_of_what_is_asked_seldom_come_every_minute() {
        let mut hints = Hints::default();
        let all = (0..3600).map(Duration::from_secs);
        let heeded = all.filter(|now| hints.hear(*now, Duration::from_secs(3600))).count();
        assert_eq!(heeded, 60);
    }

    #[test]
    fn a_hint_waits_for_one_probe() {
        let mut hints = Hints::default();
        assert_eq!(hints.pending(), None);
        hints.hear(Duration::from_secs(1), Duration::from_secs(5));
        assert_eq!(hints.pending(), Some(Duration::from_secs(1)));
        hints.answered();
        assert_eq!(hints.pending(), None);
    }
}
