//! Which connections of the admin endpoint there are, and which has to go for a new one: only one on
//! which nothing was asked yet, and first of the client network that has the most.

use std::cmp::Reverse;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::AbortHandle;

use super::server::Limits;
use crate::rate_limit::Network;

/// Whether a connection was claimed: for the request that arrived on it, or for its end. Whoever
/// is first has it.
#[derive(Clone, Default)]
pub(super) struct Claim(Arc<AtomicBool>);

impl Claim {
    /// Whether the caller is the first.
    pub(super) fn take(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }
}

/// The open connections, the oldest first.
pub(super) struct Open {
    limits: Limits,
    connections: Vec<Taken>,
}

/// One of them.
struct Taken {
    network: Network,
    claim: Claim,
    task: AbortHandle,
}

/// Whether there is room for a new connection.
pub(super) enum Room {
    /// There is, if need be after the end of another one.
    Free,
    /// When another one has ended.
    Later,
    /// Its network has as many as it may.
    Never,
}

impl Open {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, connections: Vec::new() }
    }

    pub(super) fn add(&mut self, network: Network, claim: Claim, task: AbortHandle) {
        self.connections.push(Taken { network, claim, task });
    }

    /// Makes room for a connection from a network, if need be by the end of another one.
    pub(super) fn room_for(&mut self, newcomer: Network) -> Room {
        if self.count(newcomer) >= self.limits.connections_per_network {
            return if self.end_waiting_of(newcomer) { Room::Free } else { Room::Never };
        }
        if self.connections.len() < self.limits.connections {
            return Room::Free;
        }
        let mut networks: Vec<Network> =
            self.connections.iter().map(|taken| taken.network).collect();
        networks.sort_unstable();
        networks.dedup();
        networks.sort_by_cached_key(|network| Reverse(self.count(*network)));
        let has_ended = networks.into_iter().any(|network| self.end_waiting_of(network));
        if has_ended { Room::Free } else { Room::Later }
    }

    fn count(&self, network: Network) -> usize {
        self.connections.iter().filter(|taken| taken.network == network).count()
    }

    /// Closes the oldest connection of a network that waits for a request, if there is one.
    fn end_waiting_of(&mut self, network: Network) -> bool {
        let is_waiting = |taken: &Taken| taken.network == network && taken.claim.take();
        let Some(oldest) = self.connections.iter().position(is_waiting) else { return false };
        self.connections.remove(oldest).task.abort();
        tracing::debug!(%network, "an admin connection without a request was closed for a new one");
        true
    }

    pub(super) fn forget_ended(&mut self) {
        self.connections.retain(|taken| !taken.task.is_finished());
    }
}
