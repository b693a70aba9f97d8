//! Connections of the admin endpoint: few, short, and none that can hold up the others.
//!
//! A connection carries one request. Until that has arrived, the connection may have to go for a
//! new one; from then on it is served.

use std::future::{Future, pending};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::access::{Access, Door};
use super::control::Control;
use super::crowd::{Claim, Open, Room};
use super::events::Streams;
use super::patience::Patient;
use super::routes;
use super::sessions::Sessions;
use super::tls::{Greeted, Tls, told_in_plain};
use crate::rate_limit::Network;

/// What clients may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time. With as many open, one that waits for a request's header is closed
    /// for a new one: of the client network that has the most, the oldest. With none that waits, new
    /// ones have to wait.
    pub connections: usize,
    /// Connections of one client network at a time. With as many open, one of its own that waits is
    /// closed for a new one; with none that waits, the new one is closed. So nobody who holds
    /// connections from one network keeps others from asking.
    pub connections_per_network: usize,
    /// From opening to the end of a request's header; and before that as much for a handshake of TLS.
    pub header_timeout: Duration,
    /// From the end of the header to the end of the body.
    pub body_timeout: Duration,
    /// So long a request waits for its turn, where others ask for the same and it takes long.
    pub turn_timeout: Duration,
    /// So long nothing of an answer may be taken.
    pub write_timeout: Duration,
    /// After this long a connection is told to end with the request at hand.
    pub lifetime: Duration,
    /// Requests at hand may take this long once their connection was told to end.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // Beside as many streams of events as there may be.
            connections: 512,
            // Many, for behind a proxy all are of one network.
            connections_per_network: 448,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            turn_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            lifetime: Duration::from_secs(120),
            grace: Duration::from_secs(10),
        }
    }
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) SocketAddr);

/// Serves the admin endpoint, over TLS if that is given, until `stop` is done, and then
/// whatever requests are at hand.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    access: Access,
    control: Arc<dyn Control>,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let (stopping, stopped) = watch::channel(());
    let streams = Streams::new(stopped.clone());
    let port = listener.local_addr().map_or(0, |address| address.port());
    let over_tls = tls.is_some();
    let door = Door { access, sessions: Arc::new(Sessions::new(port)), over_tls };
    let router = routes::router(control, door, limits, streams);
    let mut connections = JoinSet::new();
    let mut open = Open::new(limits);
    let mut newcomer = None;
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener), if newcomer.is_none() => newcomer = Some(accepted),
            Some(_) = connections.join_next(), if !connections.is_empty() => open.forget_ended(),
        }
        let Some((stream, peer)) = newcomer.take() else { continue };
        let network = Network::of(peer.ip());
        match open.room_for(network) {
            Room::Free => {
                let router = router.clone().layer(Extension(Peer(peer)));
                let claim = Claim::default();
                let connection =
                    Connection { router, limits, claim: claim.clone(), stopped: stopped.clone() };
                let served = connection.serve(stream, tls.clone());
                let task = connections.spawn(served);
                open.add(network, claim, task);
            }
            Room::Later => newcomer = Some((stream, peer)),
            Room::Never => {
                tracing::debug!(%network, "a network has as many admin connections as it may")
            }
        }
    }
    drop(listener);
    drop(stopping);
    // Each connection ends within the grace by itself.
    while connections.join_next().await.is_some() {}
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    let mut failing = false;
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                // Most often too many open files: others have to close some first.
                if !failing {
                    tracing::warn!(%error, "the admin endpoint cannot accept, will go on trying");
                }
                failing = true;
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// What one connection is served by.
struct Connection {
    router: Router,
    limits: Limits,
    claim: Claim,
    stopped: watch::Receiver<()>,
}

impl Connection {
    async fn serve(mut self, stream: TcpStream, tls: Option<Tls>) {
        let Some(tls) = tls else { return self.serve_http(stream).await };
        let greeted = tokio::select! {
            greeted = timeout(self.limits.header_timeout, tls.greet(stream)) => greeted,
            // Nothing has been asked yet.
            _ = self.stopped.changed() => return,
        };
        match greeted {
            Ok(Ok(Greeted::Tls(stream))) => self.serve_http(stream).await,
            Ok(Ok(Greeted::Plain(stream))) => {
                Self { router: told_in_plain(), ..self }.serve_http(stream).await;
            }
            Ok(Err(error)) => tracing::debug!(%error, "no handshake with an admin client"),
            Err(_) => tracing::debug!("an admin client was too slow with its handshake"),
        }
    }

    async fn serve_http(self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let Self { router, limits, claim, mut stopped } = self;
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(limits.header_timeout);
        builder.keep_alive(false);
        let router = TowerToHyperService::new(router);
        let service = service_fn(move |request| {
            let served = claim.take().then(|| router.call(request));
            async move {
                match served {
                    Some(answer) => answer.await,
                    // Its end is under way.
                    None => pending().await,
                }
            }
        });
        let stream = Patient::new(stream, limits.write_timeout);
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => Some(ended),
            // Fails, and so is done, when the sender is dropped.
            _ = stopped.changed() => None,
            () = sleep(limits.lifetime) => None,
        };
        let ended = match ended {
            Some(ended) => ended,
            None => {
                connection.as_mut().graceful_shutdown();
                let Ok(ended) = timeout(limits.grace, connection).await else { return };
                ended
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "an admin connection ended early");
        }
    }
}
