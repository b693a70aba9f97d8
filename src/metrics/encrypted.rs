//! What is counted of encrypted connections, by transport.

use std::sync::atomic::{AtomicU64, Ordering};

use super::counters::{ByTransport, TRANSPORTS, transport_label};
use super::family::Family;
use super::load;
use crate::dns::Transport;

/// The connections of one transport.
#[derive(Default)]
pub struct Connections {
    open: AtomicU64,
    evicted: AtomicU64,
    refused: AtomicU64,
    failed_handshakes: AtomicU64,
}

impl Connections {
    /// Counts a connection that opened.
    pub fn opened(&self) {
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a connection that closed.
    pub fn closed(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    /// Counts a connection that was closed for another.
    pub fn evicted(&self) {
        self.evicted.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a connection for which there was no room.
    pub fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a handshake that failed, or was not done in time.
    pub fn handshake_failed(&self) {
        self.failed_handshakes.fetch_add(1, Ordering::Relaxed);
    }
}

/// The counters of each transport, of which those that are not encrypted stay at zero.
pub(super) type Encrypted = ByTransport<Connections>;

pub(super) fn families(encrypted: &Encrypted) -> [Family; 4] {
    let by_transport = |mut family: Family, counter: fn(&Connections) -> &AtomicU64| {
        for (connections, transport) in encrypted.iter().zip(TRANSPORTS) {
            if !matches!(transport, Transport::Udp | Transport::Tcp) {
                let label = [("transport", transport_label(transport))];
                family.push("", &label, load(counter(connections)));
            }
        }
        family
    };
    [
        by_transport(
            Family::gauge("steersman_encrypted_connections", "Open connections over TLS and QUIC."),
            |connections| &connections.open,
        ),
        by_transport(
            Family::counter(
                "steersman_encrypted_evicted_connections_total",
                "Encrypted connections closed for a new one.",
            ),
            |connections| &connections.evicted,
        ),
        by_transport(
            Family::counter(
                "steersman_encrypted_refused_connections_total",
                "Encrypted connections closed at once, for there was no room.",
            ),
            |connections| &connections.refused,
        ),
        by_transport(
            Family::counter(
                "steersman_encrypted_failed_handshakes_total",
                "TLS and QUIC handshakes that failed or took too long.",
            ),
            |connections| &connections.failed_handshakes,
        ),
    ]
}
