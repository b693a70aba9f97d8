//! Policies as data, and [`choose`], the one function that decides where traffic goes.
//!
//! This room never learns the name that was asked. It is given a policy, how the pools stand, a
//! client's address and a draw, and says which pool and which of its endpoints to answer, for how
//! long that may be kept, and how wide a client network shares the choice.

mod choose;
mod draw;
mod failover;
mod placed;
mod policy;
mod pools;
mod round_robin;
#[cfg(test)]
mod tests;
mod trace;
mod weighted;

pub use choose::{Choice, Pick, choose};
pub use draw::{Chance, Draw, Turns};
pub use policy::{
    AllDown, Branch, Leaf, MAX_DEPTH, Placed, PlacedBy, Policy, RoundRobin, SteeredName, Weighted,
};
pub use pools::{Asked, Kind, PoolState, Pools, Rdata, Set};
pub use trace::{NoTrace, PoolStands, Step, Trace};
