//! DNS over TLS, HTTPS and QUIC: the same answers as over TCP, byte for byte but for padding.
//!
//! This room stands on rustls, h2 and quinn themselves, since only there everything that a client
//! can have the server hold can be bounded: connections, handshakes, streams, windows, times. It
//! has a runtime of its own, whose threads give way to those of UDP, TCP, probes and people.
//!
//! A connection that waits is closed for a new one when there is no room (see [`seat`]); one
//! without a question for too long is closed anyway. On the order to stop, what has arrived is
//! answered, and then all are closed.

mod doh;
mod doq;
mod dot;
mod identity;
mod seat;
mod sockets;
mod stop;
mod tls;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

pub use identity::{Identity, tls_config};
pub use sockets::{EncryptedBound, EncryptedListen, bind_encrypted};

use super::admission::{Admission, ConnectionLimits};
use super::desks::Desks;
use super::listener::Listener;
use super::priority::{Beside, give_way};
use super::responder::Service;
use crate::dns::Transport;
use crate::live::Live;
use crate::metrics::Metrics;
use crate::sampling::Sinks;
use stop::{Stop, StopSender, stop_channel};
use tls::Handshakes;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Questions that one connection may have open, over HTTPS and QUIC (RFC 9113 6.5.2 advises
/// against fewer).
const STREAMS: u32 = 100;
/// Longer questions and replies, in bytes, are held one at a time for each connection.
const LONG_BYTES: usize = 4096;

/// What all encrypted connections share.
struct Shared {
    desks: Desks,
    admission: Arc<Admission>,
    limits: ConnectionLimits,
    metrics: Arc<Metrics>,
}

/// The running service. Dropped without [`Encrypted::stop`], it stops too, but nobody waits.
pub struct Encrypted {
    addresses: Vec<(Transport, SocketAddr)>,
    stop: StopSender,
    listeners: Vec<JoinHandle<()>>,
    /// Ends with the service.
    runtime: Option<Runtime>,
}

impl Encrypted {
    /// Serves on open sockets, with copies of what is asked and answered for those who look on.
    ///
    /// Fails if the system has no thread or descriptor to give; nothing runs then.
    pub fn start(
        bound: EncryptedBound,
        identity: &Arc<Identity>,
        live: Arc<Live>,
        metrics: Arc<Metrics>,
        limits: ConnectionLimits,
        sinks: Sinks,
    ) -> io::Result<Self> {
        let answer = crate::dns::answer;
        let answering = Service { live, metrics: Arc::clone(&metrics), answer, sinks };
        // These connections are counted by transport, and not with those of plain TCP.
        let admission = Admission::new(limits, None);
        let shared = Arc::new(Shared { desks: Desks::new(answering), admission, limits, metrics });
        let runtime = Builder::new_multi_thread()
            .enable_all()
            .thread_name("encrypted")
            .on_thread_start(|| give_way(Beside::Handshakes))
            .build()?;
        let handle = runtime.handle().clone();
        let (sender, stop) = stop_channel();
        // Whole from here on, for a runtime must not be dropped as it is.
        let (addresses, listeners, runtime) = (Vec::new(), Vec::new(), Some(runtime));
        let mut service = Self { addresses, stop: sender, listeners, runtime };
        let _inside = handle.enter();
        service.listen(bound, identity, &shared, &stop)?;
        Ok(service)
    }

    /// To be called within the runtime.
    fn listen(
        &mut self,
        bound: EncryptedBound,
        identity: &Arc<Identity>,
        shared: &Arc<Shared>,
        stop: &Stop,
    ) -> io::Result<()> {
        for (transport, sockets) in [(Transport::Tls, bound.dot), (Transport::Https, bound.doh)] {
            for socket in sockets {
                self.addresses.push((transport, socket.local_addr()?));
                let listener = Listener::new(socket, "TLS", Arc::clone(&shared.metrics))?;
                let handshakes = Handshakes::new(transport, Arc::clone(identity), shared)?;
                self.listeners.push(tokio::spawn(handshakes.listen(listener, stop.clone())));
            }
        }
        for socket in bound.doq {
            self.addresses.push((Transport::Quic, socket.local_addr()?));
            match &bound.quic_after {
                None => {
                    let endpoint = doq::endpoint(socket, Arc::clone(identity), &shared.limits)?;
                    let listening = doq::listen(endpoint, Arc::clone(shared), stop.clone());
                    self.listeners.push(tokio::spawn(listening));
                }
                Some(after) => {
                    let (shared, identity) = (Arc::clone(shared), Arc::clone(identity));
                    let listening =
                        doq::listen_after(after.clone(), socket, identity, shared, stop.clone());
                    self.listeners.push(tokio::spawn(listening));
                }
            }
        }
        Ok(())
    }

    /// Where it listens over a transport, in the order that was asked for.
    pub fn addresses(&self, transport: Transport) -> impl Iterator<Item = SocketAddr> {
        let all = self.addresses.iter();
        all.filter(move |(over, _)| *over == transport).map(|(_, address)| *address)
    }

    /// Takes nothing new, answers what has arrived, and returns when all of it is done, at the
    /// latest after [`ConnectionLimits::write`] and some moments.
    pub async fn stop(mut self) {
        self.stop.stop();
        for listener in std::mem::take(&mut self.listeners) {
            // Listeners do not panic: whatever could is in a task of its own.
            let _ = listener.await;
        }
    }
}

impl Drop for Encrypted {
    fn drop(&mut self) {
        // Not waited for, since that must not be done where other tasks run.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests;
