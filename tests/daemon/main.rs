//! The real program on loopback: real sockets, real servers to probe, an independent client.
//!
//! One file for each subject. Every test has a daemon, a folder and ports of its own, so that all
//! of them can run at once.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

mod activation;
mod answers;
mod at_once;
mod audit;
mod clocks;
mod comebacks;
mod commands;
mod cookies;
mod demo;
mod diff;
mod drills;
mod edns;
mod encrypted;
mod events;
mod failover;
mod floods;
mod git;
mod heartbeats;
mod hostile;
mod hostile_admin;
mod https;
mod import;
mod maintenance;
mod memory;
mod monitors;
mod network;
mod observing;
mod overrides;
mod page;
mod panics;
mod planned_rules;
mod querylog;
mod reload;
mod requires;
mod restart;
mod rules;
mod shares;
mod start;
mod stopping;
mod tokens;
mod upgrade;
mod uptime;
mod watch;
mod webhooks;
