//! Where every endpoint stands when verdicts and overrides are put together.

use std::time::{Duration, SystemTime};

use super::inventory::{Inventory, PoolId};
use super::overrides::{OverrideState, Overrides};

/// Whether an endpoint is believed to be well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Well.
    Up,
    /// Not well.
    Down,
}

impl State {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Up => Self::Down,
            Self::Down => Self::Up,
        }
    }
}

/// What is believed of an endpoint, and for how long that cannot change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What is believed.
    pub state: State,
    /// While the verdict is in doubt, the shortest time in which it could change; none while it
    /// is settled.
    pub hold: Option<Duration>,
}

impl Verdict {
    /// Up and not in doubt: what holds of an endpoint without monitors.
    pub const SETTLED_UP: Self = Self { state: State::Up, hold: None };
}

/// What was last believed of a probe target, e.g. when the process last ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RememberedVerdict {
    /// What was believed.
    pub state: State,
    /// Since when.
    pub since: SystemTime,
}

/// An endpoint: its pool and its place in that pool's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EndpointId {
    /// The pool.
    pub pool: PoolId,
    /// Index into the pool's endpoints.
    pub index: u32,
}

/// What a choice may do with an endpoint, from the best to the last resort.
///
/// Under `all_down = "serve"` endpoints that probes call down come first, drained ones after
/// them, and those that a person forced down last of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// A person said that it is up: answer it, whatever its pool requires.
    ForcedUp,
    /// Answer it.
    Up,
    /// Probes say that it is down.
    Down,
    /// A person took it out of new answers.
    Drained,
    /// A person said that it is down.
    ForcedDown,
}

/// One endpoint's standing and, while its verdict is in doubt, how long that will last at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandingNow {
    /// What a choice may do with it.
    pub standing: Standing,
    /// As in [`Verdict::hold`]; none where an override stands, for that is not in doubt.
    pub hold: Option<Duration>,
}

impl StandingNow {
    /// Puts a verdict and the overrides on its endpoint, pool and region together; the last word
    /// counts.
    pub fn of(
        inventory: &Inventory,
        endpoint: EndpointId,
        verdict: Verdict,
        overrides: &Overrides,
    ) -> Self {
        match overrides.on(inventory, endpoint) {
            Some(OverrideState::Up) => Self { standing: Standing::ForcedUp, hold: None },
            Some(OverrideState::Down) => Self { standing: Standing::ForcedDown, hold: None },
            Some(OverrideState::Drain) => Self { standing: Standing::Drained, hold: None },
            None => Self {
                standing: match verdict.state {
                    State::Up => Standing::Up,
                    State::Down => Standing::Down,
                },
                hold: verdict.hold,
            },
        }
    }

    /// What is away for maintenance is drained, unless a person has said something else.
    #[must_use]
    pub fn away(self) -> Self {
        match self.standing {
            Standing::Up | Standing::Down => Self { standing: Standing::Drained, hold: None },
            Standing::ForcedUp | Standing::Drained | Standing::ForcedDown => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::{Answers, Endpoint, EndpointAddress, Override, Pool, Region, Target};
    use State::{Down, Up};
    use std::time::SystemTime;

    fn inventory() -> Inventory {
        let address = EndpointAddress::Ip([192, 0, 2, 10].into());
        Inventory {
            regions: vec![Region { name: "east".into(), location: None }],
            monitors: vec![],
            pools: vec![Pool {
                name: "web".into(),
                region: Some(0),
                monitors: vec![],
                combined: None,
                endpoints: vec![Endpoint { address, weight: 1, probe: None }],
                min_healthy: 1,
                panic_below: None,
                requires: Vec::new(),
                answers: Answers::All,
            }],
        }
    }

    /// The last word of people beats the verdict and what was said before, be it on the endpoint,
    /// its pool or its region; and whatever the clock said meanwhile.
    #[test]
    fn the_last_override_counts() {
        use OverrideState as O;
        let endpoint = EndpointId { pool: 0, index: 0 };
        let doubt = Verdict { state: Up, hold: Some(Duration::from_secs(1)) };
        let region = Target::Region("east".into());
        let pool = Target::Pool("web".into());
        let own = Target::Endpoint("web".into(), "192.0.2.10".into());
        for (words, standing) in [
            (&[][..], Standing::Up),
            (&[(&region, O::Down)], Standing::ForcedDown),
            (&[(&region, O::Drain)], Standing::Drained),
            (&[(&region, O::Down), (&pool, O::Up)], Standing::ForcedUp),
            (&[(&pool, O::Up), (&region, O::Down)], Standing::ForcedDown),
            (&[(&pool, O::Up), (&own, O::Up), (&region, O::Drain)], Standing::Drained),
            (&[(&pool, O::Down), (&own, O::Up)], Standing::ForcedUp),
            (&[(&own, O::Up), (&pool, O::Down), (&own, O::Up)], Standing::ForcedUp),
        ] {
            for clock in [[1, 2, 3], [3, 2, 1], [2, 2, 2]] {
                let mut overrides = Overrides::default();
                for ((target, state), second) in words.iter().zip(clock) {
                    let since = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
                    overrides.set((*target).clone(), Override::new(*state, "test", since, None));
                }
                let now = StandingNow::of(&inventory(), endpoint, doubt, &overrides);
                let hold = if words.is_empty() { doubt.hold } else { None };
                assert_eq!(now, StandingNow { standing, hold }, "{words:?} {clock:?}");
            }
        }
    }

    #[test]
    fn a_verdict_stands_where_nobody_said_anything() {
        let endpoint = EndpointId { pool: 0, index: 0 };
        let down = Verdict { state: Down, hold: None };
        let now = StandingNow::of(&inventory(), endpoint, down, &Overrides::default());
        assert_eq!(now, StandingNow { standing: Standing::Down, hold: None });
    }
    /// The moment at which an override ends is the first that it is not in force any more.
    #[test]
    fn overrides_end_at_the_moment_that_they_name() {
        let at = |second| SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        let target = |name: &str| Target::Pool(name.into());
        let all = [("first", Some(10)), ("second", Some(11)), ("endless", None)];
        for (now, ended, next) in [
            (9, &[][..], Some(10)),
            (10, &["first"], Some(11)),
            (11, &["first", "second"], None),
            (12, &["first", "second"], None),
        ] {
            let mut overrides = Overrides::default();
            for (name, seconds) in all {
                let lifetime = seconds.map(Duration::from_secs);
                let what = Override::new(OverrideState::Down, "test", at(0), lifetime);
                overrides.set(target(name), what);
            }
            let expired = overrides.expire(at(now)).into_iter().map(|(target, _)| target);
            let wanted: Vec<_> = ended.iter().map(|name| target(name)).collect();
            assert_eq!(expired.collect::<Vec<_>>(), wanted, "{now}");
            assert_eq!(overrides.next_expiry(), next.map(at), "{now}");
        }
    }
}
