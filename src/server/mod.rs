//! The DNS sockets: UDP on threads of its own, TCP on those of a runtime of its own.
//!
//! This room carries packets and knows nothing of what they say: [`crate::dns::answer`] decides
//! that, from the view that [`Live`] holds when a batch has come in. Sockets are made by [`bind`]
//! and handed in.
//!
//! UDP: for each address so many workers, each a thread with a socket of its own; those of an
//! address share its port (SO_REUSEPORT). Between receiving a batch and sending its answers a
//! worker neither waits nor locks nor logs, except that after a reload it fetches new counters. Its
//! part of the rate limit decides which of the replies go out.
//! TCP: one task for each connection, bounded by [`ConnectionLimits`]; with no room for a new one, one that
//! waits is closed. What is encrypted has threads and limits of its own, in `encrypted`.

mod admission;
mod desks;
mod encrypted;
mod frames;
mod listener;
mod memory;
mod mmsg;
mod open_files;
mod priority;
mod responder;
mod sockets;
mod tcp;
mod udp;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use admission::ConnectionLimits;
pub use encrypted::{Encrypted, EncryptedBound, EncryptedListen, Identity, bind_encrypted};
pub use memory::give_memory_back;
pub use open_files::raise_open_files;
pub use priority::{Beside, give_way, take_turns};
pub use sockets::{Bound, bind};

use crate::live::Live;
use crate::metrics::Metrics;
use crate::rate_limit;
use listener::Listener;
use priority::ANSWERING_TURN;
use responder::{Responder, Service};
use tcp::Tcp;
use udp::Worker;

/// What clients may take.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// Replies over UDP.
    pub rate: rate_limit::Settings,
    /// Connections.
    pub tcp: ConnectionLimits,
}

/// The running DNS service. Dropped without [`Server::stop`], it stops too, but nobody waits.
pub struct Server {
    addresses: Vec<SocketAddr>,
    udp_stop: UdpStop,
    tcp_stop: watch::Sender<bool>,
    workers: Vec<thread::JoinHandle<()>>,
    listeners: Vec<JoinHandle<()>>,
    /// Ends with the server.
    _tcp: TcpRuntime,
}

/// Tells the UDP workers to stop, at the latest when it is dropped.
struct UdpStop(Arc<AtomicBool>);

impl Drop for UdpStop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What carries TCP: threads of its own, so that no crowd of clients holds up probes or people.
/// None is the runtime of whoever starts the server, in which tests know who goes first.
struct TcpRuntime(Option<Runtime>);

impl Server {
    /// Serves on open sockets.
    ///
    /// Fails if the system has no thread, descriptor or randomness to give; nothing runs then.
    pub fn start(
        bound: Bound,
        live: Arc<Live>,
        metrics: Arc<Metrics>,
        limits: &Limits,
    ) -> io::Result<Self> {
        let service = Service { live, metrics, answer: crate::dns::answer };
        Self::start_service(bound, service, limits, TcpRuntime::new()?)
    }

    fn start_service(
        bound: Bound,
        service: Service,
        limits: &Limits,
        runtime: TcpRuntime,
    ) -> io::Result<Self> {
        let Bound { addresses, udp, tcp } = bound;
        let udp_stop = UdpStop(Arc::default());
        let workers = start_workers(udp, &udp_stop.0, &service, &limits.rate)?;
        let (tcp_stop, stop) = watch::channel(false);
        let listeners = runtime.listen(tcp, service, limits.tcp, &stop)?;
        Ok(Self { addresses, udp_stop, tcp_stop, workers, listeners, _tcp: runtime })
    }

    /// Where it listens, in the order that was asked for.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Takes nothing new, answers what has arrived, and returns when all of it is done, at the
    /// latest after [`ConnectionLimits::write`] and the time that answering a full buffer takes.
    pub async fn stop(self) {
        drop(self.udp_stop);
        // An error says that there is no TCP listener.
        let _ = self.tcp_stop.send(true);
        for listener in self.listeners {
            // Listeners do not panic: whatever could is in a task of its own.
            let _ = listener.await;
        }
        let join = move || self.workers.into_iter().for_each(|worker| drop(worker.join()));
        // Workers catch their panics.
        let _ = tokio::task::spawn_blocking(join).await;
    }
}

impl TcpRuntime {
    fn new() -> io::Result<Self> {
        Builder::new_multi_thread().enable_all().thread_name("tcp").build().map(Some).map(Self)
    }

    fn listen(
        &self,
        sockets: Vec<std::net::TcpListener>,
        service: Service,
        limits: ConnectionLimits,
        stop: &watch::Receiver<bool>,
    ) -> io::Result<Vec<JoinHandle<()>>> {
        let _inside = self.0.as_ref().map(Runtime::enter);
        let metrics = Arc::clone(&service.metrics);
        let tcp = Tcp::new(service, limits);
        let mut listeners = Vec::with_capacity(sockets.len());
        for socket in sockets {
            let listener = Listener::new(socket, "TCP", Arc::clone(&metrics))?;
            let listening = tcp::listen(listener, Arc::clone(&tcp), stop.clone());
            listeners.push(tokio::spawn(listening));
        }
        Ok(listeners)
    }
}

impl Drop for TcpRuntime {
    fn drop(&mut self) {
        // Not waited for, since that must not be done where other tasks run.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

fn start_workers(
    sockets: Vec<Vec<std::net::UdpSocket>>,
    stop: &Arc<AtomicBool>,
    service: &Service,
    rate: &rate_limit::Settings,
) -> io::Result<Vec<thread::JoinHandle<()>>> {
    let mut threads = Vec::new();
    // The limit holds for each address, and is shared by the workers of one.
    let sharing = sockets.first().map_or(1, Vec::len);
    for (index, socket) in sockets.into_iter().flatten().enumerate() {
        let worker = Worker {
            socket,
            stop: Arc::clone(stop),
            responder: Responder::new(service)?.limited(rate, sharing)?,
            metrics: Arc::clone(&service.metrics),
        };
        let name = format!("udp-{index}");
        threads.push(thread::Builder::new().name(name).spawn(move || {
            take_turns(ANSWERING_TURN);
            worker.run();
        })?);
    }
    Ok(threads)
}

#[cfg(test)]
mod tests;
