//! DNS over TLS, HTTPS and QUIC.

mod certificates;
pub mod clients;
mod crowds;
mod hostile;
mod lifetime;
mod others;
mod same_answers;
mod stopping;
mod upgrade;

use std::net::SocketAddr;

use clients::{Doh, Doq, Dot, Pair};
use hickory_proto::rr::RecordType;

use crate::support::daemon::Daemon;
use crate::support::dns;
use crate::support::setup::Setup;

const SOCKETS: &str = r#"
dot = ["127.0.0.1:0"]
doh = ["127.0.0.1:0"]
doq = ["127.0.0.1:0"]
"#;

/// A question for `fixed.example.com`, without an id, as DNS over QUIC wants it.
pub fn question() -> Vec<u8> {
    let mut message = dns::question("fixed", RecordType::A);
    message.metadata.id = 0;
    message.to_vec().unwrap()
}

/// Writes a certificate and its key where [`secured`] has the daemon look for them.
fn write_pair(daemon: &Daemon, pair: &Pair) {
    daemon.write("tls/fullchain.pem", &pair.certificate);
    daemon.write("tls/key.pem", &pair.key);
}

/// The same daemon with encrypted transports, and more of `[dns.tls]`.
pub fn secured(mut setup: Setup, pair: &Pair, more: &str) -> Setup {
    setup.write("tls/fullchain.pem", &pair.certificate);
    setup.write("tls/key.pem", &pair.key);
    setup.dns += "[dns.tls]\ncertificate = \"tls/fullchain.pem\"\nkey = \"tls/key.pem\"";
    setup.dns += &format!("{SOCKETS}{more}\n");
    setup
}

/// Where the daemon answers over a transport: `dot`, `doh` or `doq`.
#[track_caller]
pub fn at(daemon: &Daemon, transport: &str) -> SocketAddr {
    let serving = daemon.log.wait_for("serving", 1);
    let addresses = serving[transport].as_str();
    addresses.unwrap_or_else(|| panic!("no {transport} in {serving}")).parse().unwrap()
}

/// Whatever anybody else does, questions are answered over every transport, nothing has panicked,
/// and the log is not filled.
#[track_caller]
fn expect_well(daemon: &Daemon, pair: &Pair) {
    let expected = Dot::open(at(daemon, "dot"), pair).unwrap().ask(&question()).unwrap();
    let doh = Doh::open(at(daemon, "doh"), pair).unwrap().post(&question()).unwrap();
    assert_eq!(doh.body, expected);
    let doq = Doq::open(at(daemon, "doq"), pair).unwrap();
    assert_eq!(doq.ask(&question()).unwrap(), expected);
    assert_eq!(daemon.answer("fixed"), ["192.0.2.99"]);
    assert_eq!(daemon.check("/readyz"), 200);
    assert_eq!(daemon.metrics().sum("steersman_panics_total", &[]), 0.0);
    let log = daemon.log.text();
    assert!(!log.contains("panic"), "{log}");
    assert!(daemon.log.lines().len() < 20, "{log}");
}
