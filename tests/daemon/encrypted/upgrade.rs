//! A new process takes over the sockets of encrypted transports, too.

use super::clients::{Doh, Doq, Dot, Pair};
use super::{at, expect_well, question, secured};
use crate::support::setup::Setup;
use crate::upgrade::successor;

/// Connections that are open are closed by the process that has them, once they are answered; the same
/// sockets take new ones at once, and those of QUIC as soon as nobody else reads them.
#[test]
fn the_same_sockets_take_new_connections_after_an_upgrade() {
    let pair = Pair::new();
    let mut daemon = secured(Setup::new(), &pair, "").ready();
    let sockets = ["dot", "doh", "doq"].map(|transport| at(&daemon, transport));
    let mut dot = Dot::open(sockets[0], &pair).unwrap();
    let mut doh = Doh::open(sockets[1], &pair).unwrap();
    let doq = Doq::open(sockets[2], &pair).unwrap();
    let expected = dot.ask(&question()).unwrap();
    assert_eq!(doh.post(&question()).unwrap().body, expected);
    assert_eq!(doq.ask(&question()).unwrap(), expected);
    daemon.signal("USR2");
    let next = successor(&daemon, 1);
    assert_eq!(daemon.end().code(), Some(0));
    assert!(dot.ask(&question()).is_err());
    assert!(doh.post(&question()).is_err());
    assert!(doq.ask(&question()).is_err());
    assert_eq!(["dot", "doh", "doq"].map(|transport| at(&daemon, transport)), sockets);
    expect_well(&daemon, &pair);
    next.signal("USR2");
    let _last = successor(&daemon, 2);
    expect_well(&daemon, &pair);
}
