//! Connections over TLS: accepting them, and the handshake.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::identity::{Identity, tls_config};
use super::place::Place;
use super::stop::Stop;
use super::{HANDSHAKE, Shared, doh, dot};
use crate::dns::Transport;

/// Pause when the system has no more descriptors or memory for connections.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// One socket that DNS over TLS or HTTPS comes in by.
pub(super) struct TlsListener {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    transport: Transport,
    shared: Arc<Shared>,
}

impl TlsListener {
    /// To be called within the runtime.
    pub(super) fn new(
        listener: std::net::TcpListener,
        transport: Transport,
        identity: Arc<Identity>,
        shared: &Arc<Shared>,
    ) -> io::Result<Self> {
        // RFC 7858 (as IANA has it) and RFC 8484 5.2.
        let protocol: &[u8] = if transport == Transport::Https { b"h2" } else { b"dot" };
        let acceptor = TlsAcceptor::from(Arc::new(tls_config(identity, protocol)?));
        let listener = TcpListener::from_std(listener)?;
        Ok(Self { listener, acceptor, transport, shared: Arc::clone(shared) })
    }

    /// Serves until the order to stop; then lets connections answer what has arrived.
    ///
    /// Connections that still wait to be accepted then are closed: without a handshake, nothing can
    /// have been asked on them.
    pub(super) async fn run(self, mut stop: Stop) {
        let mut connections = JoinSet::new();
        let mut failing = false;
        let end = stop.clone();
        loop {
            tokio::select! {
                _ = stop.ordered() => break,
                Some(_) = connections.join_next() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        failing = false;
                        if let Some(place) = Place::take(&self.shared, peer.ip(), self.transport) {
                            let handshake = Handshake::new(&self, stream, peer.ip(), place);
                            connections.spawn(handshake.run(end.clone()));
                        }
                    }
                    Err(error) if is_of_one_connection(&error) => {}
                    Err(error) => {
                        if !failing {
                            tracing::warn!(%error, "cannot accept TLS connections, will go on trying");
                        }
                        failing = true;
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        let patience = self.shared.limits.write;
        drop(self);
        let all_ended = async { while connections.join_next().await.is_some() {} };
        // Those that still do not take their answers are cut off with the end of `connections`.
        let _ = timeout(patience, all_ended).await;
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

/// A connection that is not yet one of TLS.
struct Handshake {
    stream: TcpStream,
    source: IpAddr,
    place: Place,
    acceptor: TlsAcceptor,
    transport: Transport,
    shared: Arc<Shared>,
}

impl Handshake {
    fn new(listener: &TlsListener, stream: TcpStream, source: IpAddr, place: Place) -> Self {
        Self {
            stream,
            source,
            place,
            acceptor: listener.acceptor.clone(),
            transport: listener.transport,
            shared: Arc::clone(&listener.shared),
        }
    }

    async fn run(self, mut stop: Stop) {
        let Self { stream, source, place, acceptor, transport, shared } = self;
        // Replies leave at once; only speed is lost where that is refused.
        let _ = stream.set_nodelay(true);
        let done = tokio::select! {
            biased;
            () = place.lost() => return,
            done = timeout(HANDSHAKE, acceptor.accept(stream)) => done,
            () = stop.last_look_is_over() => return,
        };
        let Ok(Ok(stream)) = done else {
            place.handshake_failed();
            return;
        };
        match transport {
            Transport::Https => doh::serve(stream, source, place, shared, stop).await,
            _ => dot::serve(stream, source, place, shared, stop).await,
        }
    }
}
