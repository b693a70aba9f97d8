//! Connections end with their lifetime, however busy they are.

use std::fmt::Debug;
use std::io::Read as _;
use std::time::Duration;

use super::clients::{Doh, Doq, Dot, Pair};
use super::{at, question, secured};
use crate::support::daemon::Daemon;
use crate::support::setup::Setup;
use crate::support::wait::{PATIENCE, begin};

const LIFETIME: Duration = Duration::from_secs(1);

/// A daemon on which a connection ends for its age only.
fn short_lived(pair: &Pair) -> Daemon {
    let more = "idle_timeout = \"1h\"\nmax_lifetime = \"1s\"";
    secured(Setup::new(), pair, more).ready()
}

/// Opens a connection and asks on it without pause, until it ends as it should: not before its
/// time, and not to make room.
#[track_caller]
fn expect_the_end<C, E: Debug>(
    daemon: &Daemon,
    open: impl FnOnce() -> C,
    ask: impl Fn(&mut C) -> Result<Vec<u8>, E>,
) -> (C, E) {
    let since = begin();
    let mut connection = open();
    let first = ask(&mut connection).unwrap();
    let error = loop {
        match ask(&mut connection) {
            Ok(reply) => assert_eq!(reply, first),
            Err(error) => break error,
        }
        assert!(since.elapsed() < PATIENCE, "it goes on and on");
    };
    let took = since.elapsed();
    assert!(took >= LIFETIME, "{error:?} after {took:?}");
    let evicted = daemon.metrics().sum("steersman_encrypted_evicted_connections_total", &[]);
    assert_eq!(evicted, 0.0);
    (connection, error)
}

#[test]
fn a_busy_connection_over_tls_ends_too() {
    let pair = Pair::new();
    let daemon = short_lived(&pair);
    let open = || Dot::open(at(&daemon, "dot"), &pair).unwrap();
    let (mut dot, _) = expect_the_end(&daemon, open, |dot| dot.ask(&question()));
    // TLS says that it is the end (RFC 8446 6.1), and no answer was lost.
    assert_eq!(dot.0.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_busy_connection_over_https_ends_too() {
    let pair = Pair::new();
    let daemon = short_lived(&pair);
    let open = || Doh::open(at(&daemon, "doh"), &pair).unwrap();
    let ask = |doh: &mut Doh| doh.post(&question()).map(|response| response.body);
    let (_, error) = expect_the_end(&daemon, open, ask);
    assert_eq!(error.reason(), Some(h2::Reason::NO_ERROR), "{error}");
}

#[test]
fn a_busy_connection_over_quic_ends_too() {
    let pair = Pair::new();
    let daemon = short_lived(&pair);
    let open = || Doq::open(at(&daemon, "doq"), &pair).unwrap();
    let (doq, _) = expect_the_end(&daemon, open, |doq| doq.ask(&question()));
    let why = doq.runtime.block_on(doq.connection.closed());
    let quinn::ConnectionError::ApplicationClosed(close) = why else { panic!("{why:?}") };
    assert_eq!(close.error_code, 0u32.into(), "DOQ_NO_ERROR");
}
