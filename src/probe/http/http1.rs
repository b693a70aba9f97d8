//! One exchange by HTTP/1.1, on a connection of its own.

use bytes::Bytes;
use http::response::Parts;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use crate::probe::beside::{self, BODY_BOUND};
use crate::probe::cause;
use crate::probe::dial::Connection;
use crate::probe::failure::Failure;
use crate::probe::steps;

/// Sends a request, and reads the beginning of the body of an answer where that is wanted.
pub(super) async fn exchange(
    connection: Connection,
    request: http::Request<Full<Bytes>>,
    wants_body: impl Fn(&Parts) -> bool,
) -> Result<(Parts, Vec<u8>), Failure> {
    let failed = |error: hyper::Error| cause::failure(&error, Failure::NoHttp);
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(connection)).await.map_err(failed)?;
    let work = async {
        let (parts, body) = sender.send_request(request).await.map_err(failed)?.into_parts();
        steps::heard(|| format!("answered with status {}", parts.status.as_u16()));
        let body = if wants_body(&parts) { beginning(body).await? } else { Vec::new() };
        Ok((parts, body))
    };
    beside::run(work, connection).await
}

/// The body up to the bound; the rest is left to the closing of the connection.
async fn beginning(mut stream: Incoming) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(frame) = stream.frame().await {
        let frame = frame.map_err(|error| cause::failure(&error, Failure::BodyBroken))?;
        let Ok(piece) = frame.into_data() else { continue };
        let room = BODY_BOUND - body.len();
        body.extend_from_slice(piece.get(..room).unwrap_or(&piece));
        if body.len() == BODY_BOUND {
            break;
        }
    }
    steps::heard(|| format!("read {} bytes of the body", body.len()));
    Ok(body)
}
