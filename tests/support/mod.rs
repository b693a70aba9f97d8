//! What tests of the real daemon stand on: the daemon in a folder of its own, an independent
//! client of each of its faces, and servers to probe that do as they are told.

pub mod backend;
pub mod certificates;
pub mod daemon;
pub mod dns;
pub mod http;
pub mod log;
pub mod metrics;
#[expect(dead_code, reason = "tests of the library use the rest")]
pub mod mmdb;
pub mod packages;
pub mod setup;
pub mod wait;
