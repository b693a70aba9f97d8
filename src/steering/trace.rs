//! What `explain` hears of a choice; answering proper listens to nothing and pays nothing.

use std::time::Duration;

use crate::health::{PoolId, Seen, Standing};

use super::policy::{HeldFailover, Placed, Policy, Ramped, SteeredName};

/// One step that led to a choice.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// The policy of this name is asked; what follows is about it.
    Name(&'a SteeredName),
    /// A pool was looked at as a candidate.
    Pool {
        /// The pool.
        pool: PoolId,
        /// How it stands for what was asked; none: it has no endpoint of that family.
        stands: Option<PoolStands>,
    },
    /// The client's place gave the order of a policy's branches.
    Placed {
        /// The policy.
        policy: &'a Placed,
        /// Its branches, best first.
        chain: &'a [u16],
        /// How wide a network has the same order.
        scope: u8,
    },
    /// A branch of a [`Step::Placed`] was tried.
    Tried {
        /// The policy.
        policy: &'a Placed,
        /// Index of the branch.
        index: u16,
        /// Whether it had something to pick.
        picked: bool,
    },
    /// A branch of a failover was passed over at first, for it is not up, or not for long enough.
    HeldBack {
        /// The policy.
        policy: &'a HeldFailover,
        /// The branch.
        branch: &'a Policy,
    },
    /// One of those that a weighted policy is about to draw among.
    Share {
        /// The branch.
        branch: &'a Policy,
        /// Its configured weight.
        weight: u32,
    },
    /// A weighted policy drew among the [`Step::Share`]s told since it last did.
    Weighted {
        /// The branch that was drawn.
        branch: &'a Policy,
        /// The sum of the weights that it drew among.
        of: u64,
        /// Whether the client's network decided.
        sticky: bool,
        /// Whether it drew among those that are up, or among all.
        among_up: bool,
    },
    /// What was drawn last takes only some of its share, and chance said whether this is of it.
    Ramp {
        /// The policy.
        policy: &'a Ramped,
        /// The branch that was drawn.
        branch: &'a Policy,
        /// It takes so much of its share …
        step: u8,
        /// … of this.
        of: u8,
        /// Whether this was of that part. If not, those are drawn among that have come further.
        taken: bool,
    },
    /// A round robin took a turn.
    RoundRobin {
        /// The branch whose turn it was.
        branch: &'a Policy,
        /// How many were up.
        of: u64,
    },
    /// Every candidate was down, and those that stand no worse than this now count as up.
    AllDown(Standing),
    /// Every candidate was down, and the policy of last resort was asked.
    LastResort,
    /// Every candidate was down, and the name says that then there is no data.
    AllDownNoData,
    /// Some pools are on their way out or back for maintenance, and the client's network is of those that
    /// have moved, or not yet.
    Tenth,
    /// Every candidate was down, and the name says that then the server fails.
    AllDownServFail,
}

/// How a pool stands for a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolStands {
    /// Whether it is up.
    pub up: bool,
    /// Whether so few are up that those that probes call down are answered beside them.
    pub panics: bool,
    /// Endpoints that are up.
    pub healthy: u32,
    /// Endpoints in all.
    pub total: u32,
    /// Endpoints that a person has drained.
    pub drained: u32,
    /// Endpoints that a person has forced down.
    pub forced_down: u32,
    /// How it stands for its comeback.
    pub seen: Seen,
    /// While a verdict is in doubt, the shortest time in which one could change.
    pub hold: Option<Duration>,
}

/// Hears the steps of a choice.
pub trait Trace {
    /// Hears one step.
    fn step(&mut self, step: Step<'_>);
}

/// Hears nothing.
pub struct NoTrace;

impl Trace for NoTrace {
    fn step(&mut self, _: Step<'_>) {}
}
