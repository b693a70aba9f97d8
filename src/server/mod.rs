//! The DNS sockets: UDP on threads of its own, TCP on the runtime.
//!
//! This room carries packets and knows nothing of what they say: [`crate::dns::answer`] decides
//! that, from the view that [`Live`] holds when a batch has come in. Sockets are made by [`bind`]
//! and handed in.
//!
//! UDP: one thread for each worker, with one socket for each address; all workers' sockets of an
//! address share its port (SO_REUSEPORT). Between receiving a batch and sending its answers a
//! worker neither waits nor locks nor logs, except that after a reload it fetches new counters.
//! TCP: one task for each connection, bounded by [`TcpLimits`]; with no room for a new one, one that
//! waits is closed.

mod admission;
mod frames;
mod mmsg;
mod open_files;
mod responder;
mod sockets;
mod tcp;
mod udp;

use std::io::{self, PipeReader, PipeWriter};
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;

use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use admission::TcpLimits;
pub use open_files::raise_open_files;
pub use sockets::{Bound, bind};

use crate::live::Live;
use crate::metrics::Metrics;
use responder::{Responder, Service};
use tcp::Tcp;
use udp::Worker;

/// The running DNS service. Dropped without [`Server::stop`], it stops too, but nobody waits.
pub struct Server {
    addresses: Vec<SocketAddr>,
    /// Closing it wakes the UDP workers.
    udp_stop: PipeWriter,
    tcp_stop: watch::Sender<bool>,
    workers: Vec<thread::JoinHandle<()>>,
    listeners: Vec<JoinHandle<()>>,
}

impl Server {
    /// Serves on open sockets; to be called within a tokio runtime, which carries TCP.
    ///
    /// Fails if the system has no thread, descriptor or randomness to give; nothing runs then.
    pub fn start(
        bound: Bound,
        live: Arc<Live>,
        metrics: Arc<Metrics>,
        limits: TcpLimits,
    ) -> io::Result<Self> {
        Self::start_service(bound, Service { live, metrics, answer: crate::dns::answer }, limits)
    }

    fn start_service(bound: Bound, service: Service, limits: TcpLimits) -> io::Result<Self> {
        let Bound { addresses, udp, tcp } = bound;
        let (stop, udp_stop) = io::pipe()?;
        let workers = start_workers(udp, &Arc::new(stop), &service)?;
        let (tcp_stop, stop) = watch::channel(false);
        let shared = Tcp::new(service, limits);
        let mut listeners = Vec::new();
        for listener in tcp {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            listeners.push(tokio::spawn(tcp::listen(listener, Arc::clone(&shared), stop.clone())));
        }
        Ok(Self { addresses, udp_stop, tcp_stop, workers, listeners })
    }

    /// Where it listens, in the order that was asked for.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Takes nothing new, answers what has arrived, and returns when all of it is done, at the
    /// latest after [`TcpLimits::write`] and the time that answering a full buffer takes.
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

fn start_workers(
    sockets: Vec<Vec<std::net::UdpSocket>>,
    stop: &Arc<PipeReader>,
    service: &Service,
) -> io::Result<Vec<thread::JoinHandle<()>>> {
    let mut threads = Vec::with_capacity(sockets.len());
    for (index, sockets) in sockets.into_iter().enumerate() {
        let worker = Worker {
            sockets,
            stop: Arc::clone(stop),
            responder: Responder::new(service)?,
            service: service.clone(),
        };
        let name = format!("udp-{index}");
        threads.push(thread::Builder::new().name(name).spawn(move || worker.run())?);
    }
    Ok(threads)
}

#[cfg(test)]
mod tests;
