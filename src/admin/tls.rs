//! Connections of the admin endpoint over TLS, up to where they can carry a request.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, Uri};
use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::problem::Problem;

/// The first byte that a client of TLS sends: a record of a handshake (RFC 8446 5.1). No request of
/// plain HTTP begins with it.
const HANDSHAKE_RECORD: u8 = 22;

/// How and where hands are shaken.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    on: Handle,
}

/// What a client speaks.
pub(super) enum Greeted {
    /// TLS, as it should.
    Tls(Box<TlsStream<TcpStream>>),
    /// Something else.
    Plain(TcpStream),
}

impl Tls {
    /// By these settings, on that runtime: it costs much more than to answer.
    pub fn new(config: Arc<ServerConfig>, on: Handle) -> Self {
        Self { acceptor: config.into(), on }
    }

    /// Shakes hands with a client, if that is what it wants.
    pub(super) async fn greet(&self, stream: TcpStream) -> io::Result<Greeted> {
        let mut first = [0];
        if stream.peek(&mut first).await? == 1 && first != [HANDSHAKE_RECORD] {
            return Ok(Greeted::Plain(stream));
        }
        // Ends with whoever waits for it.
        let mut shaking = JoinSet::new();
        shaking.spawn_on(self.acceptor.accept(stream), &self.on);
        match shaking.join_next().await {
            Some(Ok(shaken)) => Ok(Greeted::Tls(Box::new(shaken?))),
            _ => Err(io::Error::other("the handshake was given up")),
        }
    }
}

/// What whoever speaks plain HTTP is told, whatever they ask for.
pub(super) fn told_in_plain() -> Router {
    Router::new().fallback(async |uri: Uri| {
        let detail =
            format!("this endpoint speaks TLS: ask https:// for {}, not http://", uri.path());
        Problem::new(StatusCode::BAD_REQUEST, detail)
    })
}
