//! How each pool stands, summed whenever a verdict or an override changes.

use std::sync::Arc;
use std::time::Duration;

use crate::health::{Answers, EndpointAddress, Inventory, PoolId, Standing, StandingNow};

/// What is asked of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Whatever the name stands for: CNAME and any type besides addresses, which only a pool of
    /// host names can answer.
    Alias,
}

/// How all pools stand, by [`PoolId`]. Cheap to clone; one pool's change shares the others.
#[derive(Clone, Debug, Default)]
pub struct Pools(Arc<[Arc<PoolState>]>);

/// How one pool stands.
#[derive(Clone, Debug)]
pub struct PoolState {
    v4: Option<Set>,
    v6: Option<Set>,
    hosts: Option<Set>,
}

/// A pool's endpoints of one family.
#[derive(Clone, Debug)]
pub struct Set {
    /// Whether enough of them are up.
    pub up: bool,
    /// While one of them is in doubt, the shortest time in which that could change the pool.
    pub hold: Option<Duration>,
    /// How good the last resort is, where not enough are up; never [`Standing::Up`].
    pub resort: Standing,
    /// How many of them an answer holds.
    pub answers: Answers,
    /// Those that are up.
    healthy: Selection,
    /// Those to answer when all candidates are down.
    last_resort: Selection,
}

/// Endpoints of one family, ready to answer.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Record data in wire form, one after the other in the order of the pool.
    pub rdata: Vec<Box<[u8]>>,
    /// Which endpoint of the pool each one is.
    pub indices: Vec<u32>,
    /// Sums of weights up to and with each.
    pub cumulative: Vec<u64>,
}
