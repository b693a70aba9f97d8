//! DNS over TCP (RFC 7766).

mod connection;
mod heir;

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::admission::{Admission, ConnectionLimits};
use super::desks::Desks;
use super::listener::{Listener, note_end};
use super::responder::Service;
use crate::metrics::Metrics;
use connection::Connection;
pub use heir::connection_channel;
pub(super) use heir::{Adopted, Heir, adopt_from};

/// What all connections share.
pub(super) struct Tcp {
    desks: Desks,
    admission: Arc<Admission>,
    limits: ConnectionLimits,
    metrics: Arc<Metrics>,
}

/// How the service ends.
#[derive(Clone, Debug)]
pub(super) enum Ending {
    /// What has arrived is answered, and then there is nobody.
    Last,
    /// Somebody else listens on the same sockets, and goes on with the open connections.
    Handover(Arc<Heir>),
}

impl Tcp {
    pub(super) fn new(service: Service, limits: ConnectionLimits) -> Arc<Self> {
        let admission = Admission::new(limits, Some(Arc::clone(&service.metrics)));
        let metrics = Arc::clone(&service.metrics);
        Arc::new(Self { desks: Desks::new(service), admission, limits, metrics })
    }

    /// What its connections are counted in.
    pub(super) fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }
}

/// Accepts connections and serves them until the end; then answers what has arrived and closes, or
/// leaves connections, those that are open and those that wait, to somebody else.
pub(super) async fn listen(
    mut listener: Listener,
    tcp: Arc<Tcp>,
    mut ending: watch::Receiver<Option<Ending>>,
) {
    let end = ending.clone();
    let admit = |stream, source| {
        let connection = Connection::admit(stream, source, &tcp)?;
        Some(connection.serve(end.clone()))
    };
    let ended = async {
        ended(&mut ending).await;
    };
    listener.accept_until(ended, admit).await;
    if !matches!(*end.borrow(), Some(Ending::Handover(_))) {
        // They may have asked before the stop, too.
        listener.accept_waiting(admit);
    }
    listener.close(tcp.limits.write).await;
}

/// Serves connections that come from another process, until there are no more.
pub(super) async fn adopt(
    mut adopted: mpsc::Receiver<Adopted>,
    tcp: Arc<Tcp>,
    mut ending: watch::Receiver<Option<Ending>>,
) {
    let mut open = JoinSet::new();
    let end = ending.clone();
    let serving = async {
        loop {
            tokio::select! {
                Some(ended) = open.join_next() => note_end(&ended, "TCP", &tcp.metrics),
                one = adopted.recv() => {
                    let Some(Adopted { stream, source, rest }) = one else { break };
                    if let Some(connection) = Connection::adopt(stream, source, rest, &tcp) {
                        open.spawn(connection.serve(end.clone()));
                    }
                }
            }
        }
        while let Some(ended) = open.join_next().await {
            note_end(&ended, "TCP", &tcp.metrics);
        }
    };
    tokio::pin!(serving);
    tokio::select! {
        () = &mut serving => return,
        _ = ended(&mut ending) => {}
    }
    let _ = timeout(tcp.limits.write, serving).await;
}

/// Resolves when it is time to end; says how.
async fn ended(ending: &mut watch::Receiver<Option<Ending>>) -> Ending {
    // An error says that the server itself is gone.
    let ending = ending.wait_for(Option::is_some).await;
    ending.ok().and_then(|ending| ending.clone()).unwrap_or(Ending::Last)
}
