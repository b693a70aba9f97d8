//! One exchange by HTTP/2, on a connection of its own.

use bytes::Bytes;
use h2::RecvStream;
use h2::client::SendRequest;
use http::HeaderMap;
use http::response::Parts;

use super::beside::{self, BODY_BOUND};
use super::cause;
use super::dial::Connection;
use super::failure::Failure;
use super::steps;

/// Otherwise a server could have us keep 16 MiB.
const MOST_HEADER_BYTES: u32 = 64 * 1024;

/// What came back.
pub(super) struct Reply {
    pub(super) parts: Parts,
    /// The beginning, if it was wanted.
    pub(super) body: Vec<u8>,
    /// What came after the body, if all of it was read.
    pub(super) trailers: Option<HeaderMap>,
}

/// Sends a request, whose target names scheme and authority, and reads the beginning of the body of
/// an answer where that is wanted. What is not HTTP/2 is a failure of the kind `otherwise`.
pub(super) async fn exchange(
    connection: Connection,
    request: http::Request<()>,
    body: Bytes,
    wants_body: impl Fn(&Parts) -> bool,
    otherwise: fn(String) -> Failure,
) -> Result<Reply, Failure> {
    let failed = |error: h2::Error| failure(&error, otherwise);
    let mut builder = h2::client::Builder::new();
    builder.enable_push(false).max_header_list_size(MOST_HEADER_BYTES);
    let (sender, connection) = builder.handshake(connection).await.map_err(failed)?;
    let work = async {
        let (parts, stream) = ask(sender, request, body).await.map_err(failed)?;
        steps::heard(|| format!("answered with status {}", parts.status.as_u16()));
        if !wants_body(&parts) {
            return Ok(Reply { parts, body: Vec::new(), trailers: None });
        }
        let (body, trailers) =
            read(stream).await.map_err(|error| failure(&error, Failure::BodyBroken))?;
        steps::heard(|| format!("read {} bytes of the body", body.len()));
        Ok(Reply { parts, body, trailers })
    };
    beside::run(work, connection).await
}

async fn ask(
    sender: SendRequest<Bytes>,
    request: http::Request<()>,
    body: Bytes,
) -> Result<(Parts, RecvStream), h2::Error> {
    let mut sender = sender.ready().await?;
    let (response, mut stream) = sender.send_request(request, body.is_empty())?;
    if !body.is_empty() {
        stream.send_data(body, true)?;
    }
    Ok(response.await?.into_parts())
}

async fn read(mut stream: RecvStream) -> Result<(Vec<u8>, Option<HeaderMap>), h2::Error> {
    let mut body = Vec::new();
    while let Some(piece) = stream.data().await {
        let piece = piece?;
        stream.flow_control().release_capacity(piece.len())?;
        let room = BODY_BOUND - body.len();
        body.extend_from_slice(piece.get(..room).unwrap_or(&piece));
        if body.len() == BODY_BOUND {
            return Ok((body, None));
        }
    }
    let trailers = stream.trailers().await?;
    Ok((body, trailers))
}

fn failure(error: &h2::Error, otherwise: fn(String) -> Failure) -> Failure {
    match error.get_io() {
        Some(error) => cause::failure(error, otherwise),
        None => otherwise(error.to_string()),
    }
}
