//! Asks every endpoint whether it is well, from start-up on and whatever queries come.
//!
//! A [`Plan`] says what is to be asked, [`Probes`] asks it on time, a [`Kit`] knows how to ask over
//! the network, and a [`Board`] holds what came of it. Each probe ends in a [`Report`]; whoever
//! receives these rebuilds the view of the pools that a report says have moved. Judging is
//! [`crate::health`]'s.

mod beside;
mod board;
mod cause;
mod dial;
mod dns;
mod echo;
mod exec;
mod failure;
mod grpc;
mod handshake;
mod heartbeat;
mod histogram;
mod http;
mod http2;
mod icmp;
mod kit;
mod limit;
mod recent;
mod report;
mod round_trips;
mod schedule;
mod shared;
mod steps;
mod target;
mod tcp;
mod tls;
mod tools;
mod turns;
mod watch;

pub use board::{Board, Change, Snapshot, TargetStatus};
pub use failure::Failure;
pub use histogram::{BUCKET_BOUNDS, Histogram};
pub use icmp::may_ping;
pub use kit::{Ask, Asking, Kit, Prepare};
pub use recent::{Course, Recent, RecentProbe};
pub use report::{ContactNews, Culprit, EndpointChange, Event, Report};
pub use round_trips::RoundTrips;
pub use schedule::Probes;
pub use steps::{Step, step_by_step};
pub use target::{
    ExecRequest, GrpcRequest, HttpRequest, Plan, ProbeTarget, Request, TcpRequest, TlsRequest,
    TlsSettings, question_of,
};
pub use turns::TURN;

#[cfg(test)]
mod tests;
