//! How a pool came to be up: what `failback` and `ramp` of policies go by.
//!
//! | before | seen up | forced up | failing | taken out by people |
//! |---|---|---|---|---|
//! | steady | steady | steady | out, failed | out |
//! | out | back since now | back since now | out, failed | out |
//! | out, failed | back since now, failed | back since now | out, failed | out, failed |
//! | back | back | back | out, failed | out |
//! | back, failed | back, failed | back | out, failed | out, and failed if it is still held back |
//!
//! Only what failed is held back by `failback`: whoever drains a pool and clears it again has said
//! that it shall be answered, and so has whoever forces it up. A `ramp` begins whenever a pool
//! comes back, for what was out for maintenance is as cold as what has failed.

use std::time::SystemTime;

use super::family::Family;

/// How a pool stands for a family, as its comeback sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Up.
    Up,
    /// Up, and enough endpoints are forced up for that alone.
    ForcedUp,
    /// Down, whatever people said.
    Failing,
    /// The same, but only because of what it requires.
    Lacking,
    /// Down only because of what people said.
    TakenOut,
}

/// Whether a pool has been out, and how it came back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Comeback {
    /// Up for as long as anybody can tell, or back for good.
    #[default]
    Steady,
    /// Down.
    Out {
        /// Whether it failed, and nobody has said since that it shall be answered.
        failed: bool,
    },
    /// Up again.
    Back {
        /// Since when.
        since: SystemTime,
        /// As it was when it was out.
        failed: bool,
    },
}

/// The comeback of a pool, by name, so that it outlives reloads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolComeback {
    /// The pool.
    pub pool: String,
    /// Of its families.
    pub family: Family,
    /// How it came back.
    pub comeback: Comeback,
}

impl Comeback {
    /// What becomes of it; `is_held` says whether one that is back since then is held back now.
    #[must_use]
    pub fn see(
        self,
        seen: Seen,
        now: SystemTime,
        is_held: impl FnOnce(SystemTime) -> bool,
    ) -> Self {
        match (self, seen) {
            (_, Seen::Failing | Seen::Lacking) => Self::Out { failed: true },
            (Self::Steady, Seen::Up | Seen::ForcedUp) => Self::Steady,
            (Self::Steady, Seen::TakenOut) => Self::Out { failed: false },
            (Self::Out { failed }, Seen::Up) => Self::Back { since: now, failed },
            (Self::Out { .. }, Seen::ForcedUp) => Self::Back { since: now, failed: false },
            (Self::Back { since, .. }, Seen::ForcedUp) => Self::Back { since, failed: false },
            (Self::Back { since, failed }, Seen::TakenOut) => {
                Self::Out { failed: failed && is_held(since) }
            }
            (same @ (Self::Out { .. } | Self::Back { .. }), Seen::Up | Seen::TakenOut) => same,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// The table above.
    #[test]
    fn what_is_seen_decides() {
        use Comeback::{Back, Out, Steady};
        let at = |second| SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        let out = |failed| Out { failed };
        let old = |failed| Back { since: at(1), failed };
        let new = |failed| Back { since: at(9), failed };
        for (before, is_held, up, forced_up, failing, taken_out) in [
            (Steady, false, Steady, Steady, out(true), out(false)),
            (out(false), false, new(false), new(false), out(true), out(false)),
            (out(true), false, new(true), new(false), out(true), out(true)),
            (old(false), false, old(false), old(false), out(true), out(false)),
            (old(true), true, old(true), old(false), out(true), out(true)),
            (old(true), false, old(true), old(false), out(true), out(false)),
        ] {
            for (seen, expected) in [
                (Seen::Up, up),
                (Seen::ForcedUp, forced_up),
                (Seen::Failing, failing),
                (Seen::Lacking, failing),
                (Seen::TakenOut, taken_out),
            ] {
                let after = before.see(seen, at(9), |since| {
                    assert_eq!(since, at(1));
                    is_held
                });
                assert_eq!(after, expected, "{before:?} {seen:?}");
            }
        }
    }
}
