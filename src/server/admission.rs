//! How many TCP connections there may be, in all and for each client.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::metrics::{Metrics, Refusal};

/// Limits of TCP connections.
#[derive(Clone, Copy, Debug)]
pub struct TcpLimits {
    /// Connections in all. With as many open, new ones are closed at once: an open connection is
    /// never taken from one client for another.
    pub connections: usize,
    /// Connections of one client: an IPv4 address, or an IPv6 network of 64 bits.
    pub connections_per_client: usize,
    /// How long a connection may be without a whole question.
    pub idle: Duration,
    /// The same while more than half of the connections are taken (RFC 7766 6.2.3 lets a busy
    /// server be less patient).
    pub crowded_idle: Duration,
    /// How long a client may take to accept an answer.
    pub write: Duration,
}

impl Default for TcpLimits {
    fn default() -> Self {
        Self {
            connections: 1024,
            connections_per_client: 128,
            idle: Duration::from_secs(10),
            crowded_idle: Duration::from_secs(2),
            write: Duration::from_secs(5),
        }
    }
}

/// Keeps count of the connections.
pub(super) struct Admission {
    limits: TcpLimits,
    metrics: Arc<Metrics>,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    total: usize,
    by_client: HashMap<IpAddr, usize>,
}

/// Leave for one connection; dropped, it makes place for another.
pub(super) struct Permit {
    admission: Arc<Admission>,
    client: IpAddr,
}

impl Admission {
    pub(super) fn new(limits: TcpLimits, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self { limits, metrics, open: Mutex::default() })
    }

    /// Admits a connection, or counts why not.
    pub(super) fn admit(self: &Arc<Self>, source: IpAddr) -> Option<Permit> {
        match self.try_admit(source) {
            Ok(permit) => Some(permit),
            Err(refusal) => {
                self.metrics.tcp_refused(refusal);
                None
            }
        }
    }

    fn try_admit(self: &Arc<Self>, source: IpAddr) -> Result<Permit, Refusal> {
        let client = client(source);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.total >= self.limits.connections {
            return Err(Refusal::Total);
        }
        let of_client = open.by_client.get(&client).copied().unwrap_or(0);
        if of_client >= self.limits.connections_per_client {
            return Err(Refusal::Client);
        }
        open.by_client.insert(client, of_client + 1);
        open.total += 1;
        self.metrics.tcp_opened();
        Ok(Permit { admission: Arc::clone(self), client })
    }

    /// How long a connection may be without a whole question now.
    pub(super) fn patience(&self) -> Duration {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.total * 2 > self.limits.connections {
            self.limits.crowded_idle.min(self.limits.idle)
        } else {
            self.limits.idle
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self.admission.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.total -= 1;
        if let Some(count) = open.by_client.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                open.by_client.remove(&self.client);
            }
        }
        self.admission.metrics.tcp_closed();
    }
}

/// Whoever has an IPv6 address usually has all of its /64.
fn client(source: IpAddr) -> IpAddr {
    match source {
        IpAddr::V4(_) => source,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(connections: usize, connections_per_client: usize) -> Arc<Admission> {
        let limits = TcpLimits { connections, connections_per_client, ..TcpLimits::default() };
        Admission::new(limits, Metrics::new())
    }

    fn refusal(admission: &Arc<Admission>, source: &str) -> Option<Refusal> {
        admission.try_admit(source.parse().unwrap()).err()
    }

    #[test]
    fn limits_hold_in_all_and_for_each_client() {
        let admission = admission(3, 2);
        let admit = |source: &str| admission.try_admit(source.parse().unwrap()).ok().unwrap();
        let one = admit("2001:db8::1");
        let _two = admit("2001:db8::2");
        assert_eq!(refusal(&admission, "2001:db8::3"), Some(Refusal::Client));
        let three = admit("2001:db8:0:1::1");
        assert_eq!(refusal(&admission, "192.0.2.1"), Some(Refusal::Total));
        drop(three);
        let _four = admit("192.0.2.1");
        drop(one);
        assert_eq!(refusal(&admission, "2001:db8::3"), None);
    }

    #[test]
    fn nothing_is_kept_of_clients_that_left() {
        let admission = admission(3, 2);
        drop((admission.admit([192, 0, 2, 1].into()), admission.admit([192, 0, 2, 2].into())));
        assert!(admission.open.lock().unwrap().by_client.is_empty());
    }

    #[test]
    fn patience_shrinks_when_more_than_half_is_taken() {
        let admission = admission(2, 2);
        let TcpLimits { idle, crowded_idle, .. } = admission.limits;
        let _one = admission.admit([192, 0, 2, 1].into());
        assert_eq!(admission.patience(), idle);
        let _two = admission.admit([192, 0, 2, 1].into());
        assert_eq!(admission.patience(), crowded_idle);
    }
}
