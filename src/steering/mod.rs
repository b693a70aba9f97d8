//! Policies as data, and [`choose`], the one function that decides where traffic goes.
//!
//! This room never learns the name that was asked. It is given a policy, how the pools stand, a
//! client's address and a draw, and says which pool and which of its endpoints to answer, for how
//! long that may be kept, and how wide a client network shares the choice.

mod choose;
mod draw;
mod failover;
mod odds;
mod paces;
mod placed;
mod policy;
mod pools;
mod ramp;
mod returns;
mod round_robin;
mod set;
#[cfg(test)]
mod tests;
mod ties;
mod trace;
mod weighted;

pub use choose::{Choice, Pick, choose};
pub use draw::{Chance, Draw, Turns};
pub use odds::{Odds, Outcome, odds};
pub use paces::{Back, Failback, Paces, RAMP_STEPS, Ramp};
pub use policy::{
    AllDown, Branch, HeldFailover, Leaf, MAX_DEPTH, Placed, PlacedBy, Policy, Ramped, RoundRobin,
    SteeredName, Weighted,
};
pub use pools::{Asked, PoolState, Pools, TENTHS};
pub use returns::Returns;
pub use set::{Rdata, Set};
pub use trace::{NoTrace, PoolStands, Step, Trace};

pub use crate::health::Family;
