//! One HTTP exchange: a request with a question, a response with its answer.

use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{Request, Response, StatusCode, header};
use tokio::sync::{Mutex, Notify};
use tokio::time::timeout;

use super::freshness;
use super::request::{self, Asked, DNS_MESSAGE};
use crate::server::desks::Client;
use crate::server::encrypted::stop::Stop;
use crate::server::encrypted::{LONG_BYTES, Shared};

/// The longest question, in bytes.
const QUESTION_BYTES: usize = u16::MAX as usize;

/// What the exchanges of one connection share.
pub(super) struct Exchange {
    client: Client,
    pub(super) shared: Arc<Shared>,
    stop: Stop,
    /// Held while a long reply is in memory, so that there is but one of them.
    turn: Mutex<()>,
    answered: Notify,
}

/// How a question did not come.
enum Refusal {
    /// The response says why.
    Status(StatusCode),
    /// There is nobody to tell, or nothing that may be told.
    Reset(Reason),
}

impl Exchange {
    pub(super) fn new(client: Client, shared: Arc<Shared>, stop: Stop) -> Arc<Self> {
        let (turn, answered) = (Mutex::new(()), Notify::new());
        Arc::new(Self { client, shared, stop, turn, answered })
    }

    /// Resolves once questions have been answered since the last time.
    pub(super) async fn answered(&self) {
        self.answered.notified().await;
    }

    /// Answers a request.
    pub(super) async fn run(
        self: Arc<Self>,
        request: Request<RecvStream>,
        mut respond: SendResponse<Bytes>,
    ) {
        let answered = match self.question(request).await {
            Ok(question) => self.answer(&question, &mut respond).await,
            Err(refusal) => Err(refusal),
        };
        match answered {
            Ok(()) => {}
            Err(Refusal::Status(status)) => refuse(&mut respond, status),
            Err(Refusal::Reset(reason)) => respond.send_reset(reason),
        }
    }

    /// The question, wherever it stands.
    async fn question(&self, request: Request<RecvStream>) -> Result<Vec<u8>, Refusal> {
        let (head, body) = request.into_parts();
        match request::read(&head.method, &head.uri, &head.headers).map_err(Refusal::Status)? {
            Asked::Here(question) => Ok(question),
            Asked::InBody => {
                let mut stop = self.stop.clone();
                let patience = self.shared.limits.write;
                tokio::select! {
                    biased;
                    read = timeout(patience, read_body(body)) => {
                        read.unwrap_or(Err(Refusal::Reset(Reason::CANCEL)))
                    }
                    () = stop.last_look_is_over() => Err(Refusal::Reset(Reason::REFUSED_STREAM)),
                }
            }
        }
    }

    async fn answer(
        &self,
        question: &[u8],
        respond: &mut SendResponse<Bytes>,
    ) -> Result<(), Refusal> {
        let turn = tokio::select! {
            biased;
            // Whoever no longer wants an answer takes up no more room: there may be one stream
            // after another.
            _ = poll_fn(|context| respond.poll_reset(context)) => {
                return Err(Refusal::Reset(Reason::CANCEL));
            }
            turn = self.turn.lock() => turn,
        };
        let reply = self.shared.desks.answer(question, self.client, Bytes::copy_from_slice);
        let reply = reply.ok_or(Refusal::Status(StatusCode::BAD_REQUEST))?;
        self.answered.notify_one();
        if reply.len() <= LONG_BYTES {
            drop(turn);
        }
        let sent = timeout(self.shared.limits.write, send(respond, reply)).await;
        sent.map_err(|_| Refusal::Reset(Reason::CANCEL))?
            .map_err(|_| Refusal::Reset(Reason::CANCEL))
    }
}

/// Reads a whole body. Its bytes are not given back to the client's window before it is dropped,
/// so that the windows bound what all bodies of a connection take.
async fn read_body(mut body: RecvStream) -> Result<Vec<u8>, Refusal> {
    let mut question = Vec::new();
    while let Some(piece) = body.data().await {
        question.extend_from_slice(&piece.map_err(|_| Refusal::Reset(Reason::CANCEL))?);
        if question.len() > QUESTION_BYTES {
            return Err(Refusal::Status(StatusCode::PAYLOAD_TOO_LARGE));
        }
    }
    Ok(question)
}

/// Sends an answer as the client makes room for it.
async fn send(respond: &mut SendResponse<Bytes>, mut reply: Bytes) -> Result<(), h2::Error> {
    let mut response = Response::new(());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(DNS_MESSAGE));
    headers.insert(header::CONTENT_LENGTH, reply.len().into());
    // For nobody but this client: another one may be steered elsewhere.
    let freshness = format!("private, max-age={}", freshness::seconds(&reply));
    if let Ok(freshness) = freshness.parse() {
        headers.insert(header::CACHE_CONTROL, freshness);
    }
    let mut stream = respond.send_response(response, false)?;
    while !reply.is_empty() {
        let room = room(&mut stream, reply.len()).await?;
        let piece = reply.split_to(room.min(reply.len()));
        stream.send_data(piece, reply.is_empty())?;
    }
    Ok(())
}

/// Waits until the client takes some bytes, at most as many as wanted.
async fn room(stream: &mut SendStream<Bytes>, wanted: usize) -> Result<usize, h2::Error> {
    stream.reserve_capacity(wanted);
    match poll_fn(|context| stream.poll_capacity(context)).await {
        Some(room) => room,
        // The stream is closed.
        None => Err(Reason::CANCEL.into()),
    }
}

fn refuse(respond: &mut SendResponse<Bytes>, status: StatusCode) {
    let mut response = Response::new(());
    *response.status_mut() = status;
    if status == StatusCode::METHOD_NOT_ALLOWED {
        let methods = header::HeaderValue::from_static("GET, POST");
        response.headers_mut().insert(header::ALLOW, methods);
    }
    // An error says that the stream or the connection is gone.
    let _ = respond.send_response(response, true);
}
