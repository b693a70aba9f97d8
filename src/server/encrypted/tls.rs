//! Connections over TLS, up to where they can carry questions.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::identity::{Identity, tls_config};
use super::seat::Seat;
use super::stop::Stop;
use super::{HANDSHAKE, Shared, doh, dot};
use crate::dns::Transport;
use crate::server::listener::Listener;

/// What all handshakes for one socket of DNS over TLS or HTTPS share.
pub(super) struct Handshakes {
    acceptor: TlsAcceptor,
    transport: Transport,
    shared: Arc<Shared>,
}

impl Handshakes {
    pub(super) fn new(
        transport: Transport,
        identity: Arc<Identity>,
        shared: &Arc<Shared>,
    ) -> io::Result<Self> {
        // RFC 7858 (as IANA has it) and RFC 8484 5.2.
        let protocol: &[u8] = if transport == Transport::Https { b"h2" } else { b"dot" };
        let acceptor = TlsAcceptor::from(Arc::new(tls_config(identity, protocol)?));
        Ok(Self { acceptor, transport, shared: Arc::clone(shared) })
    }

    /// Serves until the order to stop; then lets connections answer what has arrived.
    ///
    /// Connections that still wait to be accepted then are closed: without a handshake, nothing can
    /// have been asked on them.
    pub(super) async fn listen(self, mut listener: Listener, mut stop: Stop) {
        let end = stop.clone();
        let admit = |stream, source| {
            let seat = Seat::take(&self.shared, source, self.transport)?;
            Some(Handshake::new(&self, stream, source, seat).run(end.clone()))
        };
        let ordered = async {
            stop.ordered().await;
        };
        listener.accept_until(ordered, admit).await;
        listener.close(self.shared.limits.write).await;
    }
}

/// A connection that is not yet one of TLS.
struct Handshake {
    stream: TcpStream,
    source: IpAddr,
    seat: Seat,
    acceptor: TlsAcceptor,
    transport: Transport,
    shared: Arc<Shared>,
}

impl Handshake {
    fn new(all: &Handshakes, stream: TcpStream, source: IpAddr, seat: Seat) -> Self {
        Self {
            stream,
            source,
            seat,
            acceptor: all.acceptor.clone(),
            transport: all.transport,
            shared: Arc::clone(&all.shared),
        }
    }

    async fn run(self, mut stop: Stop) {
        let Self { stream, source, seat, acceptor, transport, shared } = self;
        // Replies leave at once; only speed is lost where that is refused.
        let _ = stream.set_nodelay(true);
        let done = tokio::select! {
            biased;
            () = seat.lost() => return,
            done = timeout(HANDSHAKE, acceptor.accept(stream)) => done,
            () = stop.last_look_is_over() => return,
        };
        let Ok(Ok(stream)) = done else {
            seat.handshake_failed();
            return;
        };
        match transport {
            Transport::Https => {
                let ends = shared.desks.ends_of(source, stream.get_ref().0);
                doh::serve(stream, (source, ends), seat, shared, stop).await;
            }
            _ => dot::serve(stream, source, seat, shared, stop).await,
        }
    }
}
