//! What is believed of every endpoint.
//!
//! [`Tracker`] turns probe outcomes at given instants into a [`Verdict`]; [`Inventory`] says what
//! there is to believe something of; [`Overrides`] are what people say, on top. This room imports
//! no other and has no clock: instants are arguments.

mod condition;
mod contact;
mod inventory;
mod overrides;
mod standing;
mod tracker;

pub use condition::Condition;
pub use contact::{Contact, Domain};
pub use inventory::{
    Answers, Combined, Endpoint, EndpointAddress, HttpCheck, Initial, Inventory, Location, Monitor,
    MonitorId, MonitorKind, Pool, PoolId, ProbeAt, Region, RegionId, StatusRange,
};
pub use overrides::{Override, OverrideState, Overrides, Target};
pub use standing::{EndpointId, RememberedVerdict, Standing, StandingNow, State, Verdict};
pub use tracker::{Damping, Outcome, ProbeNumber, Tracker, TrackerSettings};
