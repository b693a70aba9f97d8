//! The kinds of monitor against real servers, which none of us wrote: from a file to what a probe says.
//!
//! The servers come from Debian's packages nginx, haproxy, redis-server, postgresql, mariadb-server,
//! openssh-server, bind9 and etcd-server. Where one is missing its tests say so and pass, unless
//! `STEERSMAN_PEERS=required` is set, as in CI.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod certificates;
mod dns;
mod grpc;
mod http;
mod question;
mod server;
#[expect(dead_code, reason = "the tests of the daemon use the rest")]
#[path = "../support/mod.rs"]
mod support;
mod tcp;
