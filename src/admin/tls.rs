//! Connections of the admin endpoint over TLS, up to where they can carry a request.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, Uri};
use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::problem::Problem;

/// The first byte that a client of TLS sends: a record of a handshake (RFC 8446 5.1). No request of
/// plain HTTP begins with it.
const HANDSHAKE_RECORD: u8 = 22;

/// What shakes hands.
#[derive(Clone)]
pub(super) struct Tls(TlsAcceptor);

/// What a client speaks.
pub(super) enum Greeted {
    /// TLS, as it should.
    Tls(Box<TlsStream<TcpStream>>),
    /// Something else.
    Plain(TcpStream),
}

impl Tls {
    /// By these settings.
    pub(super) fn new(config: Arc<ServerConfig>) -> Self {
        Self(config.into())
    }

    /// Shakes hands with a client, if that is what it wants.
    pub(super) async fn greet(&self, stream: TcpStream) -> io::Result<Greeted> {
        let mut first = [0];
        if stream.peek(&mut first).await? == 1 && first != [HANDSHAKE_RECORD] {
            return Ok(Greeted::Plain(stream));
        }
        Ok(Greeted::Tls(Box::new(self.0.accept(stream).await?)))
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
