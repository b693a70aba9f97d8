//! Policies as data, and `choose`, the one function that decides where traffic goes.
//!
//! This room never learns the name that was asked. It is given a policy, how the pools stand, a
//! client's address and a draw, and says which pool and which of its endpoints to answer, for how
//! long that may be kept, and how wide a client network shares the choice.

mod draw;
mod policy;
mod pools;

pub use draw::{Chance, Draw, Turns};
pub use policy::{
    AllDown, Branch, Leaf, MAX_DEPTH, Placed, PlacedBy, Policy, RoundRobin, SteeredName, Weighted,
};
pub use pools::{Asked, PoolState, Pools, Selection, Set};
