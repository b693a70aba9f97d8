//! Where every endpoint stands when verdicts and overrides are put together.

use std::time::Duration;

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
    /// Up and not in doubt: what holds of an endpoint without monitors, or not yet probed.
    pub const SETTLED_UP: Self = Self { state: State::Up, hold: None };
}

/// The verdict of an endpoint from those of its monitors, all of which must pass.
pub fn endpoint_verdict(monitors: impl IntoIterator<Item = Verdict>) -> Verdict {
    let mut whole = Verdict::SETTLED_UP;
    for verdict in monitors {
        if verdict.state == State::Down {
            whole.state = State::Down;
        }
        whole.hold = match (whole.hold, verdict.hold) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    whole
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
    /// Puts a verdict and the overrides on its endpoint, pool and region together; the most
    /// specific override wins.
    pub fn of(
        inventory: &Inventory,
        endpoint: EndpointId,
        verdict: Verdict,
        overrides: &Overrides,
    ) -> Self {
        match overrides.on(inventory, endpoint) {
            Some(OverrideState::Up) => Self { standing: Standing::Up, hold: None },
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
}
