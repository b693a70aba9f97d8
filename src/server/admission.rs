//! How many connections there may be, of TCP or encrypted, in all and for each client network, and
//! which one has to go when there is no room for a new one.
//!
//! Only connections that wait for their client may have to go, and of these the one that has waited
//! longest, of the client that has the most; while one waits for a question, none that has answers
//! to give. So whoever fills the server from few addresses takes room from nobody but itself.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::metrics::{Limit, Metrics};
use crate::rate_limit::Network;

/// How long a connection may be without a whole question, unless the operator says otherwise.
const IDLE: Duration = Duration::from_secs(10);

/// Limits of connections, of TCP or encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections in all. With as many open, a waiting one of the client that has the most is
    /// closed for a new one, unless the client of the new one would then have more than that.
    pub connections: usize,
    /// Connections of one client, which is a whole network. With as many open, a waiting one of its
    /// own is closed for a new one.
    pub connections_per_network: usize,
    /// How long a connection may be without a whole question.
    pub idle: Duration,
    /// The same while more than half of the connections are taken (RFC 7766 6.2.3 lets a busy
    /// server be less patient).
    pub crowded_idle: Duration,
    /// How long a client may take to accept an answer.
    pub write: Duration,
    /// How long a connection may last; whatever answer is under way then is finished.
    pub lifetime: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: 1024,
            connections_per_network: 128,
            idle: IDLE,
            crowded_idle: Duration::from_secs(2),
            write: Duration::from_secs(5),
            lifetime: Duration::from_secs(600),
        }
    }
}

/// Keeps count of the connections.
pub(super) struct Admission {
    limits: ConnectionLimits,
    /// None where the connections are counted elsewhere.
    metrics: Option<Arc<Metrics>>,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    total: usize,
    clients: HashMap<Network, Client>,
    /// How many waits have begun, which is also the number of the next one.
    waits: u64,
}

#[derive(Default)]
struct Client {
    open: usize,
    /// The connections that wait for the client: the one that has to go before others is first.
    waiting: BTreeMap<Wait, Arc<Notify>>,
}

/// What a connection waits for, and the number of its wait: those that have waited longer have
/// lower ones.
type Wait = (WaitsFor, u64);

/// What a connection waits for. Whoever waits for the first has to go before the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum WaitsFor {
    /// The end: it has nothing more to say.
    End,
    /// A whole question.
    Question,
    /// That its client takes an answer.
    Reader,
}

/// Leave for one connection, which is at work to begin with; dropped, it makes place for another.
pub(super) struct Permit {
    admission: Arc<Admission>,
    client: Network,
    /// None while it is at work.
    wait: Option<Wait>,
    /// How long it may be without a whole question, as it was when it last began to wait for one.
    idle: Duration,
    evicted: Arc<Notify>,
}

impl Admission {
    pub(super) fn new(limits: ConnectionLimits, metrics: Option<Arc<Metrics>>) -> Arc<Self> {
        Arc::new(Self { limits, metrics, open: Mutex::default() })
    }

    /// Admits a connection, if need be in place of another; or counts why not.
    pub(super) fn admit(self: &Arc<Self>, source: IpAddr) -> Option<Permit> {
        let client = Network::of(source);
        let mut open = self.open();
        if let Some(limit) = open.reached(client, &self.limits) {
            if !open.evict_for(client, limit) {
                self.count(|metrics| metrics.tcp_refused(limit));
                return None;
            }
            self.count(|metrics| {
                metrics.tcp_evicted(limit);
                metrics.tcp_closed();
            });
        }
        open.total += 1;
        open.clients.entry(client).or_default().open += 1;
        self.count(Metrics::tcp_opened);
        let (admission, idle) = (Arc::clone(self), open.idle(&self.limits));
        Some(Permit { admission, client, wait: None, idle, evicted: Arc::default() })
    }

    fn count(&self, what: impl FnOnce(&Metrics)) {
        self.metrics.as_deref().map(what);
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// The limit that keeps this client from one more connection.
    fn reached(&self, client: Network, limits: &ConnectionLimits) -> Option<Limit> {
        if self.connections_of(client) >= limits.connections_per_network {
            Some(Limit::Client)
        } else if self.total >= limits.connections {
            Some(Limit::Total)
        } else {
            None
        }
    }

    /// How long a connection may be without a whole question.
    fn idle(&self, limits: &ConnectionLimits) -> Duration {
        let is_crowded = self.total * 2 > limits.connections;
        if is_crowded { limits.crowded_idle.min(limits.idle) } else { limits.idle }
    }

    fn connections_of(&self, client: Network) -> usize {
        self.clients.get(&client).map_or(0, |client| client.open)
    }

    /// Lets go of one connection for a new one; says whether there was one to let go of.
    ///
    /// Looks once at each client, of which there are at most as many as connections.
    fn evict_for(&mut self, newcomer: Network, limit: Limit) -> bool {
        let has = self.connections_of(newcomer);
        // From nobody who has less than the newcomer would have.
        let gives = |(network, client): &(&Network, &Client)| {
            **network == newcomer || (limit == Limit::Total && client.open > has)
        };
        let victim = self
            .clients
            .iter()
            .filter(gives)
            .filter_map(|(network, client)| {
                let (wait, _) = client.waiting.first_key_value()?;
                Some((client.open, Reverse(*wait), *network))
            })
            .max();
        let Some((_, Reverse(wait), network)) = victim else { return false };
        let Some(evicted) = self.end_wait(network, wait) else { return false };
        self.forget_one_of(network);
        evicted.notify_one();
        true
    }

    /// Ends a wait, unless the connection was evicted.
    fn end_wait(&mut self, client: Network, wait: Wait) -> Option<Arc<Notify>> {
        self.clients.get_mut(&client)?.waiting.remove(&wait)
    }

    fn forget_one_of(&mut self, network: Network) {
        self.total -= 1;
        if let Some(client) = self.clients.get_mut(&network) {
            client.open -= 1;
            if client.open == 0 {
                self.clients.remove(&network);
            }
        }
    }
}

impl Permit {
    /// The connection begins to wait, and may have to go for another until [`Permit::work`]. Says
    /// how long it may wait.
    pub(super) fn wait(&mut self, waits_for: WaitsFor) -> Duration {
        let limits = &self.admission.limits;
        let mut open = self.admission.open();
        let wait = (waits_for, open.waits);
        open.waits += 1;
        if let Some(client) = open.clients.get_mut(&self.client) {
            client.waiting.insert(wait, Arc::clone(&self.evicted));
        }
        self.wait = Some(wait);
        match waits_for {
            WaitsFor::End | WaitsFor::Reader => limits.write,
            WaitsFor::Question => {
                self.idle = open.idle(limits);
                self.idle
            }
        }
    }

    /// How long the connection may be without a whole question, as far as can be told before it
    /// waits for one.
    pub(super) fn idle(&self) -> Duration {
        self.idle
    }

    /// Resolves when the connection has to go.
    pub(super) async fn evicted(&self) {
        self.evicted.notified().await;
    }

    /// The wait is over, for there is something to do; unless the connection had to go meanwhile.
    pub(super) fn work(&mut self) -> bool {
        let Some(wait) = self.wait else { return true };
        let ended = self.admission.open().end_wait(self.client, wait).is_some();
        if ended {
            self.wait = None;
        }
        ended
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        // Whoever was evicted is not counted any more.
        if self.work() {
            self.admission.open().forget_one_of(self.client);
            self.admission.count(Metrics::tcp_closed);
        }
    }
}

#[cfg(test)]
mod tests;
