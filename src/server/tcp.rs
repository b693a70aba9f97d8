//! DNS over TCP (RFC 7766).

mod connection;

use std::sync::Arc;

use tokio::sync::watch;

use super::admission::{Admission, ConnectionLimits};
use super::desks::Desks;
use super::listener::Listener;
use super::responder::Service;
use connection::Connection;

/// What all connections share.
pub(super) struct Tcp {
    desks: Desks,
    admission: Arc<Admission>,
    limits: ConnectionLimits,
}

impl Tcp {
    pub(super) fn new(service: Service, limits: ConnectionLimits) -> Arc<Self> {
        let admission = Admission::new(limits, Some(Arc::clone(&service.metrics)));
        Arc::new(Self { desks: Desks::new(service), admission, limits })
    }
}

/// Accepts connections and serves them until the stop; then answers what has arrived and closes.
pub(super) async fn listen(mut listener: Listener, tcp: Arc<Tcp>, mut stop: watch::Receiver<bool>) {
    let end = stop.clone();
    let admit = |stream, source| {
        let connection = Connection::admit(stream, source, &tcp)?;
        Some(connection.serve(end.clone()))
    };
    listener.accept_until(stopped(&mut stop), admit).await;
    // They may have asked before the stop, too.
    listener.accept_waiting(admit);
    listener.close(tcp.limits.write).await;
}

/// Resolves when it is time to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error says that the server itself is gone, which comes to the same.
    let _ = stop.wait_for(|stop| *stop).await;
}
