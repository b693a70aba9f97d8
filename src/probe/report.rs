//! What probing tells whoever keeps the view.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::failure::Failure;
use crate::health::{EndpointId, PoolId, State, Verdict};

/// What a probe came to, or that it is slow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The target's key.
    pub key: Arc<str>,
    /// What happened.
    pub event: Event,
    /// When.
    pub at: SystemTime,
    /// What is now believed of the target.
    pub verdict: Verdict,
    /// When the last probe ended that succeeded.
    pub passed: Option<SystemTime>,
    /// The new state, if this changed it or was the first to tell.
    pub changed: Option<State>,
    /// Whether state or doubt are other than before: then the views of `pools` are out of date.
    pub moved: bool,
    /// The endpoints whose verdict is another one by it.
    pub endpoints: Vec<EndpointChange>,
    /// Whether this machine has just lost its network, or has it again.
    pub contact: Option<ContactNews>,
    /// The pools that hang on the target, by their ids in the plan of `generation`.
    pub pools: Arc<[PoolId]>,
    /// Counts plans: 1 is the first, each [`super::Probes::replace`] adds one.
    pub generation: u64,
}

/// An endpoint that is up or down since a probe of one of its targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointChange {
    /// The endpoint, by the plan of the report.
    pub endpoint: EndpointId,
    /// What it is.
    pub to: State,
    /// What makes it that.
    pub culprits: Vec<Culprit>,
}

/// A monitor that makes an endpoint what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Culprit {
    /// Its number among those of the pool.
    pub monitor: u32,
    /// What its probes say.
    pub says: State,
    /// How the last one failed that did.
    pub failure: Option<Failure>,
}

/// What a probe says of this machine's own network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactNews {
    /// Nobody is heard of any more: no verdict falls by silence from now on.
    Lost,
    /// Somebody is.
    Regained,
}

/// What happened to a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It has ended.
    Ended {
        /// How it went.
        result: Result<(), Failure>,
        /// How long it took.
        round_trip: Duration,
    },
    /// It takes so much longer than usual that the verdict is in doubt.
    Slow,
}

impl Report {
    /// Why a probe failed, if that is what happened.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.event {
            Event::Ended { result, .. } => result.as_ref().err(),
            Event::Slow => None,
        }
    }
}
