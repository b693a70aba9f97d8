//! Policies as data, compiled from the steering files.

use std::num::NonZero;
use std::sync::Arc;

use super::paces::{Failback, Ramp};
use crate::health::{Location, PoolId};
use crate::place::PlaceMap;
use crate::wire::Name;

/// How deep policies may nest.
pub const MAX_DEPTH: usize = 16;

/// A name that is steered, and how. What most answers read comes first, in one line of the
/// processor's cache.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub struct SteeredName {
    /// The TTL of its answers, in seconds, unless doubt shortens it.
    pub ttl_seconds: u32,
    /// The number of its first slot among those of all names: answers are counted by it.
    pub first_slot: u32,
    /// Whether some pool that it may answer is one of host names: then it may be an
    /// alias (CNAME), for every type of question.
    pub some_hosts: bool,
    /// How it is steered.
    pub policy: Policy,
    /// What to say when every candidate is down.
    pub all_down: AllDown,
    /// Every pool that an answer may come from: [`Leaf::slot`] is an index into this list.
    pub slots: Box<[PoolId]>,
    /// The owner name, absolute, in lower case.
    pub owner: Name,
}

/// How to choose.
#[derive(Clone, Debug)]
pub enum Policy {
    /// This pool.
    Pool(Leaf),
    /// The first that is up.
    Failover(Box<[Policy]>),
    /// The same, but a branch that has failed is not returned to at once.
    HeldFailover(Box<HeldFailover>),
    /// By weight among those that are up.
    Weighted(Weighted),
    /// The same, but what comes back takes its share little by little.
    Ramped(Box<Ramped>),
    /// Each that is up in turn.
    RoundRobin(RoundRobin),
    /// By where the client is (`geo` and `nearest`): the first that is up along the client's
    /// chain.
    Placed(Placed),
}

impl Policy {
    /// Whether some pool that the policy names, at any depth, passes a test.
    pub fn any_pool(&self, test: &mut dyn FnMut(PoolId) -> bool) -> bool {
        match self {
            Self::Pool(leaf) => test(leaf.pool),
            _ => self.any_branch(&mut |branch| branch.any_pool(test)),
        }
    }

    /// Adds the maps by which clients are told apart, at any depth.
    pub fn place_maps<'a>(&'a self, to: &mut Vec<&'a Arc<PlaceMap>>) {
        if let Self::Placed(placed) = self {
            to.push(&placed.map);
        }
        self.any_branch(&mut |branch| {
            branch.place_maps(to);
            false
        });
    }

    /// Whether some branch of it passes a test.
    fn any_branch<'a>(&'a self, test: &mut dyn FnMut(&'a Self) -> bool) -> bool {
        match self {
            Self::Pool(_) => false,
            Self::Failover(branches) => branches.iter().any(test),
            Self::HeldFailover(held) => held.branches.iter().any(test),
            Self::Weighted(weighted) => weighted.branches.iter().any(|b| test(&b.policy)),
            Self::Ramped(ramped) => ramped.weighted.branches.iter().any(|b| test(&b.policy)),
            Self::RoundRobin(round_robin) => round_robin.branches.iter().any(test),
            Self::Placed(placed) => placed.branches.iter().any(test),
        }
    }
}

/// A pool as a policy names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// The pool.
    pub pool: PoolId,
    /// Index into [`SteeredName::slots`].
    pub slot: u16,
}

/// One choice of a weighted policy.
#[derive(Clone, Debug)]
pub struct Branch {
    /// Its share among those that are up; 0 only when nothing else is up.
    pub weight: u32,
    /// What it leads to.
    pub policy: Policy,
}

/// A `weighted` policy.
#[derive(Clone, Debug)]
pub struct Weighted {
    /// The choices.
    pub branches: Box<[Branch]>,
    /// The sum of their weights, not 0.
    total_weight: NonZero<u64>,
    /// Set where the client's network, instead of a draw, decides: a number that keeps the sticky
    /// choices of different names, and of policies within one, independent of each other.
    pub sticky: Option<u64>,
}

impl Weighted {
    /// Of choices that are not all of weight 0; see [`Self::sticky`].
    pub fn new(branches: Box<[Branch]>, sticky: Option<u64>) -> Option<Self> {
        let total_weight = NonZero::new(branches.iter().map(|b| u64::from(b.weight)).sum())?;
        Some(Self { branches, total_weight, sticky })
    }

    /// The sum of all weights, which is not 0.
    pub fn total_weight(&self) -> u64 {
        self.total_weight.get()
    }
}

/// A `failover` with a `failback` other than `auto`.
#[derive(Clone, Debug)]
pub struct HeldFailover {
    /// The choices.
    pub branches: Box<[Policy]>,
    /// When it returns to one that has failed.
    pub failback: Failback,
    /// The bit of that time in [`super::Back::held`].
    pub bit: u16,
}

/// A `weighted` policy with a `ramp`.
#[derive(Clone, Debug)]
pub struct Ramped {
    /// Whom it is about, with which weights.
    pub weighted: Weighted,
    /// How they come back.
    pub ramp: Ramp,
}

/// A `round_robin` policy.
#[derive(Clone, Debug)]
pub struct RoundRobin {
    /// The choices.
    pub branches: Box<[Policy]>,
    /// Index of its first counter in [`super::Turns`]; it has one for each kind of question.
    pub turn: u32,
}

/// A `geo` or `nearest` policy.
#[derive(Clone, Debug)]
pub struct Placed {
    /// From a client to an order of the branches.
    pub map: Arc<PlaceMap>,
    /// The choices: those of the geo keys, or the list of nearest.
    pub branches: Box<[Policy]>,
    /// Which of the two it is, for explaining.
    pub by: Box<PlacedBy>,
}

/// Which policy a [`Placed`] is.
#[derive(Clone, Debug, PartialEq)]
pub enum PlacedBy {
    /// `geo`: the key of each branch, as written.
    Geo(Box<[String]>),
    /// `nearest`: where each branch is.
    Nearest(Box<[Location]>),
}

/// What to say when every candidate is down.
#[derive(Clone, Debug)]
pub enum AllDown {
    /// Choose as if all were up.
    Serve,
    /// Say that there is no such data.
    NoData,
    /// Say that the server failed.
    ServFail,
    /// Ask a policy of last resort.
    Policy(Policy),
}
