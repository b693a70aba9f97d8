//! What is believed of every endpoint.
//!
//! [`Tracker`] turns probe outcomes at given instants into a [`Verdict`]; [`Inventory`] says what
//! there is to believe something of; [`Overrides`] are what people say, on top. This room imports
//! no other and has no clock: instants are arguments.

mod comeback;
mod condition;
mod contact;
mod family;
mod inventory;
mod monitor;
mod overrides;
mod rule;
mod share;
mod standing;
mod tracker;

pub use comeback::{Comeback, PoolComeback, Seen};
pub use condition::Condition;
pub use contact::{Contact, Domain, Heard, Silence};
pub use family::Family;
pub use inventory::{
    Answers, Combined, Endpoint, EndpointAddress, Inventory, Location, MonitorId, Pool, PoolId,
    ProbeAt, Region, RegionId,
};
pub use monitor::{
    Certificates, ClientPair, DnsCheck, ExecCheck, GrpcCheck, HandshakeCheck, HttpCheck,
    HttpVersion, Initial, Monitor, MonitorKind, Preset, PrivateKey, RecordData, StatusRange, Talk,
    TcpCheck, TlsCheck, Wanted,
};
pub use overrides::{Override, OverrideState, Overrides, Target};
pub use rule::{Demand, Rule};
pub use share::Share;
pub use standing::{EndpointId, RememberedVerdict, Standing, StandingNow, State, Verdict};
pub use tracker::{Blame, Damping, Outcome, ProbeNumber, Tracker, TrackerSettings};
