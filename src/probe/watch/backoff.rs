//! How soon a connection that ended, or that could not be opened, is tried again.
//!
//! | what happened | the pause |
//! |---|---|
//! | it ended after 5 s or more | 0.3 s |
//! | it ended sooner | twice the last one, up to a minute |
//! | it could not be opened | 1 s; after a minute of these, 5 s |
//! | it was let go for a doubt, 5 s or more after it opened | 1 s |
//! | it was let go sooner | twice the last one, up to an hour |
//! | it was let go, and all was well at once | at least a minute |

use std::time::Duration;

use tokio::time::Instant;

/// The pause after a connection that was idle for long: it may be the process that ended.
const SHORTEST: Duration = Duration::from_millis(300);
/// The longest pause for a server that ends idle connections.
pub(super) const LONGEST: Duration = Duration::from_secs(60);
/// Whoever ends idle connections sooner is asked less often. One that lives as long costs a server
/// no more than the probes do.
const LONG_LIVED: Duration = Duration::from_secs(5);
/// While nothing opens.
pub(super) const CLOSED: Duration = Duration::from_secs(1);
/// While nothing has opened for long.
const CLOSED_FOR_LONG: Duration = Duration::from_secs(5);
const LONG: u32 = 60;
/// A probe that ends within this time after the connection waited for that.
const RELIEF: Duration = Duration::from_millis(100);
/// The longest that a server which serves one connection at a time is left alone.
const LONGEST_ALONE: Duration = Duration::from_secs(3600);

/// What the pauses depend on.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    after_end: Duration,
    failed: u32,
    let_go: Option<Instant>,
    alone: Duration,
}

impl Backoff {
    /// A connection is open. Returns whether the last one could not be.
    pub(super) fn opened(&mut self) -> bool {
        std::mem::take(&mut self.failed) > 0
    }

    /// It has ended.
    pub(super) fn ended(&mut self, lived: Duration) -> Duration {
        let longer = if lived < LONG_LIVED { self.after_end * 2 } else { SHORTEST };
        self.after_end = longer.clamp(SHORTEST, LONGEST);
        self.after_end
    }

    /// None could be opened. The pause, and whether that is news.
    pub(super) fn failed(&mut self, by_our_fault: bool) -> (Duration, bool) {
        if by_our_fault {
            return (LONGEST, false);
        }
        self.failed = self.failed.saturating_add(1);
        let pause = if self.failed > LONG { CLOSED_FOR_LONG } else { CLOSED };
        (pause, self.failed == 1)
    }

    /// It is let go, for there is doubt.
    pub(super) fn let_go(&mut self, now: Instant, lived: Duration) {
        self.let_go = Some(now);
        let longer = if lived < LONG_LIVED { self.alone * 2 } else { CLOSED };
        self.alone = longer.clamp(CLOSED, LONGEST_ALONE);
    }

    /// All is well again, or for the first time.
    pub(super) fn resumed(&mut self, now: Instant) -> Duration {
        let Some(since) = self.let_go.take() else { return Duration::ZERO };
        if now < since + RELIEF {
            self.alone = self.alone.max(LONGEST);
        }
        self.alone
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    const MINUTE: Duration = Duration::from_secs(60);

    /// The table at the top.
    #[test]
    fn pauses_by_what_happened() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.ended(MINUTE), SHORTEST);
        let short = [1; 10].map(|second| backoff.ended(Duration::from_secs(second)).as_millis());
        assert_eq!(short[..4], [600, 1200, 2400, 4800]);
        assert_eq!(short[9], 60_000);
        assert_eq!(backoff.ended(MINUTE), SHORTEST);

        assert_eq!(backoff.failed(true), (LONGEST, false));
        assert!(!backoff.opened());
        assert_eq!(backoff.failed(false), (CLOSED, true));
        for _ in 1..60 {
            assert_eq!(backoff.failed(false), (CLOSED, false));
        }
        assert_eq!(backoff.failed(false), (CLOSED_FOR_LONG, false));
        assert!(backoff.opened() && !backoff.opened());
    }

    #[test]
    fn whoever_serves_one_connection_at_a_time_is_left_alone() {
        let (mut backoff, now) = (Backoff::default(), clock::runtime_now());
        assert_eq!(backoff.resumed(now), Duration::ZERO);
        let mut after = |lived, doubted| {
            backoff.let_go(now, lived);
            backoff.resumed(now + doubted).as_secs()
        };
        let second = Duration::from_secs(1);
        assert_eq!([MINUTE; 3].map(|lived| after(lived, RELIEF)), [1, 1, 1]);
        assert_eq!([second; 3].map(|lived| after(lived, RELIEF)), [2, 4, 8]);
        assert_eq!([MINUTE, second].map(|lived| after(lived, RELIEF)), [1, 2]);
        assert_eq!(after(MINUTE, RELIEF / 2), 60);
        assert_eq!([second; 7].map(|lived| after(lived, RELIEF / 2))[4..], [1920, 3600, 3600]);
        assert_eq!(after(MINUTE, RELIEF), 1);
    }
}
