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
//! waits is closed. When another process takes over, it has the same sockets, and gets the open connections.
//! What is encrypted has threads and limits of its own, in `encrypted`.

mod admission;
mod descriptors;
mod desks;
mod encrypted;
mod frames;
mod handed;
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
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

pub use admission::ConnectionLimits;
pub use descriptors::{Descriptors, Giver, hand_on};
pub use encrypted::{
    Encrypted, EncryptedBound, EncryptedListen, Identity, bind_encrypted, tls_config,
};
pub use handed::{Handed, Role};
pub use memory::give_memory_back;
pub use open_files::raise_open_files;
pub use priority::{Beside, give_way, take_turns};
pub use sockets::{Bound, bind, bind_or_take};
pub use tcp::connection_channel;

use crate::live::Live;
use crate::metrics::Metrics;
use crate::rate_limit;
use crate::sampling::Sinks;
use listener::Listener;
use priority::ANSWERING_TURN;
use responder::{Responder, Service};
use tcp::{Ending, Heir, Tcp, adopt_from};
use udp::{Orders, Worker};

/// Connections that were taken over and wait for their first turn.
const ADOPTED_WAITING: usize = 64;

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
    udp_orders: UdpOrders,
    tcp_ending: watch::Sender<Option<Ending>>,
    workers: Vec<thread::JoinHandle<()>>,
    pulses: Vec<Arc<AtomicBool>>,
    listeners: Vec<JoinHandle<()>>,
    tcp: Arc<Tcp>,
    /// Ends with the server.
    runtime: TcpRuntime,
}

/// Tells the UDP workers to stop, at the latest when it is dropped.
struct UdpOrders(Arc<Orders>);

impl Drop for UdpOrders {
    fn drop(&mut self) {
        self.0.stop();
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
        Self::start_watched(bound, live, metrics, limits, Sinks::default())
    }

    /// The same, with copies of what is asked and answered for those who look on.
    ///
    /// # Errors
    ///
    /// As with [`Server::start`].
    pub fn start_watched(
        bound: Bound,
        live: Arc<Live>,
        metrics: Arc<Metrics>,
        limits: &Limits,
        sinks: Sinks,
    ) -> io::Result<Self> {
        let service = Service { live, metrics, answer: crate::dns::answer, sinks };
        Self::start_service(bound, service, limits, TcpRuntime::new()?)
    }

    fn start_service(
        bound: Bound,
        service: Service,
        limits: &Limits,
        runtime: TcpRuntime,
    ) -> io::Result<Self> {
        let Bound { addresses, udp, tcp: sockets, workers } = bound;
        let udp_orders = UdpOrders(Arc::default());
        let (workers, pulses) =
            start_workers((udp, workers), &udp_orders.0, &service, &limits.rate)?;
        let (tcp_ending, ending) = watch::channel(None);
        let tcp = Tcp::new(service, limits.tcp);
        let listeners = runtime.listen(sockets, &tcp, &ending)?;
        Ok(Self { addresses, udp_orders, tcp_ending, workers, pulses, listeners, tcp, runtime })
    }

    /// Goes on with the connections of the process before, which come by this socket.
    ///
    /// # Errors
    ///
    /// The system has no thread to give.
    pub fn adopt(&mut self, connections: OwnedFd) -> io::Result<()> {
        let _inside = self.runtime.0.as_ref().map(Runtime::enter);
        let (sender, adopted) = mpsc::channel(ADOPTED_WAITING);
        let handle = Handle::current();
        let take = move || {
            let _inside = handle.enter();
            adopt_from(&connections, &sender);
        };
        thread::Builder::new().name("adopt".into()).spawn(take)?;
        let ending = self.tcp_ending.subscribe();
        self.listeners.push(tokio::spawn(tcp::adopt(adopted, Arc::clone(&self.tcp), ending)));
        Ok(())
    }

    /// Whether every thread of UDP has had a turn since this was last asked: each has ten in a second
    /// even where nobody asks anything.
    pub fn udp_is_alive(&self) -> bool {
        // All of them, for each is asked anew.
        let had_none = self.pulses.iter().filter(|pulse| !pulse.swap(false, Ordering::Relaxed));
        had_none.count() == 0
    }

    /// Resolves as soon as a thread of TCP has a turn.
    pub async fn tcp_is_alive(&self) {
        if let Some(runtime) = &self.runtime.0 {
            let _ = runtime.spawn(async {}).await;
        }
    }

    /// Where it listens, in the order that was asked for.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Takes nothing new, answers what has arrived, and returns when all of it is done, at the
    /// latest after [`ConnectionLimits::write`] and the time that answering a full buffer takes.
    pub async fn stop(self) {
        self.udp_orders.0.stop();
        self.end(Ending::Last).await;
    }

    /// Takes nothing new, answers what it has taken, and leaves the rest to another process that has
    /// the same sockets: open connections go there by this one.
    pub async fn hand_over(self, connections: OwnedFd) {
        self.udp_orders.0.leave();
        self.end(Ending::Handover(Arc::new(Heir::new(connections)))).await;
    }

    async fn end(self, ending: Ending) {
        // An error says that there is no TCP listener.
        let _ = self.tcp_ending.send(Some(ending));
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
        tcp: &Arc<Tcp>,
        ending: &watch::Receiver<Option<Ending>>,
    ) -> io::Result<Vec<JoinHandle<()>>> {
        let _inside = self.0.as_ref().map(Runtime::enter);
        let mut listeners = Vec::with_capacity(sockets.len());
        for socket in sockets {
            let listener = Listener::new(socket, "TCP", tcp.metrics())?;
            let listening = tcp::listen(listener, Arc::clone(tcp), ending.clone());
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

/// Threads, and what each of them sets in each turn.
type Workers = (Vec<thread::JoinHandle<()>>, Vec<Arc<AtomicBool>>);

fn start_workers(
    (sockets, workers): (Vec<Vec<UdpSocket>>, usize),
    orders: &Arc<Orders>,
    service: &Service,
    rate: &rate_limit::Settings,
) -> io::Result<Workers> {
    let (mut threads, mut pulses) = (Vec::new(), Vec::new());
    for sockets in sockets {
        let shared = shared_by(sockets, workers)?;
        // The limit holds for each address, and is shared by the workers of one.
        let sharing = shared.len();
        for socket in shared {
            let pulse = Arc::new(AtomicBool::new(true));
            pulses.push(Arc::clone(&pulse));
            let worker = Worker {
                local: socket.local_addr()?,
                socket,
                orders: Arc::clone(orders),
                pulse,
                responder: Responder::new(service)?.limited(rate, sharing)?,
                metrics: Arc::clone(&service.metrics),
            };
            let name = format!("udp-{}", threads.len());
            threads.push(thread::Builder::new().name(name).spawn(move || {
                take_turns(ANSWERING_TURN);
                worker.run();
            })?);
        }
    }
    Ok((threads, pulses))
}

/// The socket of each worker of an address: with fewer sockets than workers, some read the same one.
fn shared_by(sockets: Vec<UdpSocket>, workers: usize) -> io::Result<Vec<UdpSocket>> {
    let missing = workers.saturating_sub(sockets.len());
    let again = sockets.iter().cycle().take(missing).map(UdpSocket::try_clone);
    let again = again.collect::<io::Result<Vec<_>>>()?;
    Ok(sockets.into_iter().chain(again).collect())
}

#[cfg(test)]
mod tests;
