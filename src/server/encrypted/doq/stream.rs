//! One stream of DNS over QUIC: a question behind its length, and its answer (RFC 9250 4.2).

use std::sync::Arc;

use quinn::{ReadExactError, RecvStream, SendStream};
use tokio::sync::{Mutex, MutexGuard, Notify};
use tokio::time::timeout;

use super::UNSPECIFIED_ERROR;
use crate::dns::Transport;
use crate::metrics::Discard;
use crate::server::desks::Client;
use crate::server::encrypted::stop::Stop;
use crate::server::encrypted::{LONG_BYTES, Shared};
use crate::wire::HEADER_BYTES;

/// What the streams of one connection share.
pub(super) struct Asking {
    client: Client,
    pub(super) shared: Arc<Shared>,
    stop: Stop,
    /// Held while a long question is in memory, so that there is but one of them.
    long_question: Mutex<()>,
    /// The same for replies, which others wait for.
    turn: Mutex<()>,
    answered: Notify,
}

/// Why a question was not answered.
pub(super) enum Failure {
    /// It did not come in time, or nobody took the answer.
    TooLate,
    /// The client makes no sense, or asks for what QUIC forbids, which ends the connection (RFC 9250
    /// 4.3.3).
    Nonsense,
}

impl Asking {
    pub(super) fn new(client: Client, shared: Arc<Shared>, stop: Stop) -> Arc<Self> {
        let (long_question, turn) = (Mutex::new(()), Mutex::new(()));
        let answered = Notify::new();
        Arc::new(Self { client, shared, stop, long_question, turn, answered })
    }

    /// Resolves once questions have been answered since the last time.
    pub(super) async fn answered(&self) {
        self.answered.notified().await;
    }

    /// Answers the question of a stream.
    pub(super) async fn run(
        self: Arc<Self>,
        mut send: SendStream,
        mut receive: RecvStream,
    ) -> Result<(), Failure> {
        let done = self.try_run(&mut send, &mut receive).await;
        if done.is_err() {
            // Or it would end as if an empty answer had been given. An error says that it has
            // ended already.
            let _ = send.reset(UNSPECIFIED_ERROR);
        }
        done
    }

    async fn try_run(
        &self,
        send: &mut SendStream,
        receive: &mut RecvStream,
    ) -> Result<(), Failure> {
        let mut stop = self.stop.clone();
        let patience = self.shared.limits.write;
        let (question, _held) = tokio::select! {
            biased;
            read = timeout(patience, self.question(receive)) => read.unwrap_or(Err(Failure::TooLate))?,
            () = stop.last_look_is_over() => return Err(Failure::TooLate),
        };
        let turn = self.turn.lock().await;
        let reply = self.reply(&question)?;
        self.answered.notify_one();
        if reply.len() <= LONG_BYTES {
            drop(turn);
        }
        let sent = async {
            send.write_all(&reply).await.map_err(|_| Failure::TooLate)?;
            send.finish().map_err(|_| Failure::TooLate)?;
            // Until the client has acknowledged all of it, so that no end of the connection takes
            // it away.
            send.stopped().await.map_err(|_| Failure::TooLate)
        };
        timeout(patience, sent).await.map_err(|_| Failure::TooLate)?.map(|_| ())
    }

    /// Reads the question, which is all that may come on a stream.
    async fn question(
        &self,
        receive: &mut RecvStream,
    ) -> Result<(Vec<u8>, Option<MutexGuard<'_, ()>>), Failure> {
        let mut length = [0; 2];
        receive.read_exact(&mut length).await.map_err(of_reading)?;
        let length = usize::from(u16::from_be_bytes(length));
        if length < HEADER_BYTES {
            self.shared.desks.discard(Transport::Quic, Discard::ShortMessage);
            return Err(Failure::Nonsense);
        }
        let held = match length > LONG_BYTES {
            true => Some(self.long_question.lock().await),
            false => None,
        };
        let mut question = vec![0; length];
        receive.read_exact(&mut question).await.map_err(of_reading)?;
        match receive.read(&mut [0]).await {
            // An id tells nothing where each question has a stream of its own (RFC 9250 4.2.1).
            Ok(None) if question.starts_with(&[0, 0]) => Ok((question, held)),
            Ok(_) => Err(Failure::Nonsense),
            Err(_) => Err(Failure::TooLate),
        }
    }

    /// The reply behind its length.
    fn reply(&self, question: &[u8]) -> Result<Vec<u8>, Failure> {
        let framed = |reply: &[u8]| {
            let mut framed = Vec::with_capacity(2 + reply.len());
            // A reply has at most as many bytes as a length can tell.
            framed.extend_from_slice(&(reply.len() as u16).to_be_bytes());
            framed.extend_from_slice(reply);
            framed
        };
        self.shared.desks.answer(question, self.client, framed).ok_or(Failure::Nonsense)
    }
}

fn of_reading(error: ReadExactError) -> Failure {
    match error {
        ReadExactError::FinishedEarly(_) => Failure::Nonsense,
        ReadExactError::ReadError(_) => Failure::TooLate,
    }
}
