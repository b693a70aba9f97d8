//! A seat among the encrypted connections.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Shared;
use crate::clock;
use crate::dns::Transport;
use crate::metrics::Metrics;
use crate::server::admission::{Permit, WaitsFor};

/// Leave for one connection, which is counted while this lasts.
///
/// When there is no room for a new connection, the one whose last question is the longest ago has
/// to go, of the client that has the most.
pub(super) struct Seat {
    permit: Permit,
    patience: Duration,
    end_of_life: Instant,
    transport: Transport,
    metrics: Arc<Metrics>,
}

impl Seat {
    /// Takes a seat, if need be that of another; or counts that there was none.
    pub(super) fn take(shared: &Shared, source: IpAddr, transport: Transport) -> Option<Self> {
        let metrics = Arc::clone(&shared.metrics);
        let Some(mut permit) = shared.admission.admit(source) else {
            metrics.encrypted(transport).refused();
            return None;
        };
        metrics.encrypted(transport).opened();
        let patience = permit.wait(WaitsFor::Question);
        let end_of_life = clock::runtime_now() + shared.limits.lifetime;
        Some(Self { permit, patience, end_of_life, transport, metrics })
    }

    /// How long the connection may be without a question.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// From then on no more questions are taken. Well-behaved clients open another connection, by
    /// which they come to see a new certificate, too.
    pub(super) fn end_of_life(&self) -> Instant {
        self.end_of_life
    }

    /// Resolves when the connection has to go.
    pub(super) async fn lost(&self) {
        self.permit.evicted().await;
    }

    /// A question was answered: others have to go before this connection. Says whether it is still
    /// there.
    pub(super) fn renew(&mut self) -> bool {
        let stays = self.permit.work();
        if stays {
            self.patience = self.permit.wait(WaitsFor::Question);
        }
        stays
    }

    /// Counts a handshake that came to nothing.
    pub(super) fn handshake_failed(&self) {
        self.metrics.encrypted(self.transport).handshake_failed();
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let connections = self.metrics.encrypted(self.transport);
        if !self.permit.work() {
            connections.evicted();
        }
        connections.closed();
    }
}
