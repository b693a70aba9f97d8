//! Answering for whichever connection has a question.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpStream;

use super::frames::{Frames, Next};
use super::responder::{Responder, Round, Service};
use crate::dns::{Asker, Transport};
use crate::metrics::Discard;
use crate::sampling::Ends;

/// Answers of pipelined questions are sent together up to about this many bytes; then it is the turn
/// of other connections.
pub(super) const FLUSH_BYTES: usize = 4 << 10;
/// The longest reply, in bytes.
const REPLY_BYTES: usize = u16::MAX as usize;

/// What threads need to answer; there is one desk for each that ever answered at the same time as
/// others.
pub(super) struct Desks {
    service: Service,
    spare: Mutex<Vec<Desk>>,
}

/// Who asks, and how.
#[derive(Clone, Copy)]
pub(super) struct Client {
    pub(super) source: IpAddr,
    /// For those who look on.
    pub(super) ends: Ends,
    pub(super) transport: Transport,
    /// How long the connection may be silent, where its clients may want to know (RFC 7828): over
    /// HTTPS and QUIC that is a matter of theirs (RFC 9250 5.5.2).
    pub(super) idle_timeout: Option<Duration>,
}

/// How answering what is there ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// All is answered.
    Done,
    /// There may be more; first what there is must be sent.
    More,
    /// The client makes no sense: it sent what is no question. Or there is the trouble that is
    /// logged.
    Hopeless,
}

struct Desk {
    responder: Responder,
    reply: Box<[u8]>,
}

impl Desks {
    pub(super) fn new(service: Service) -> Self {
        Self { service, spare: Mutex::default() }
    }

    /// Between whom a connection is, for those who look on: the system is asked only if anybody does.
    pub(super) fn ends(
        &self,
        source: IpAddr,
        known: impl FnOnce() -> (Option<SocketAddr>, Option<SocketAddr>),
    ) -> Ends {
        let (peer, local) = if self.service.sinks.is_watched() { known() } else { (None, None) };
        Ends { peer: peer.unwrap_or_else(|| SocketAddr::new(source, 0)), local }
    }

    /// The same for a connection over TCP.
    pub(super) fn ends_of(&self, source: IpAddr, stream: &TcpStream) -> Ends {
        self.ends(source, || (stream.peer_addr().ok(), stream.local_addr().ok()))
    }

    /// Hands the reply to a question to `take`; none where the question is none that may be
    /// answered, or in the trouble that is logged.
    pub(super) fn answer<T>(
        &self,
        question: &[u8],
        client: Client,
        take: impl FnOnce(&[u8]) -> T,
    ) -> Option<T> {
        self.at_one(|Desk { responder, reply }| {
            client.answer(&mut responder.round(), question, reply).map(take)
        })?
    }

    /// Answers questions of a stream until there is enough to send, each behind its length.
    pub(super) fn answer_some(
        &self,
        frames: &mut Frames,
        client: Client,
        output: &mut Vec<u8>,
    ) -> Progress {
        let done = self.at_one(|Desk { responder, reply }| {
            let mut round = responder.round();
            while output.len() < FLUSH_BYTES {
                let question = match frames.take() {
                    Next::Message(question) => question,
                    Next::Incomplete => return Progress::Done,
                    Next::Nonsense => {
                        round.discard(client.transport, Discard::ShortMessage);
                        return Progress::Hopeless;
                    }
                };
                // No question at all, and so nothing that the client could wait for.
                let Some(reply) = client.answer(&mut round, question, reply) else {
                    return Progress::Hopeless;
                };
                // A reply has at most as many bytes as a length can tell.
                output.extend_from_slice(&(reply.len() as u16).to_be_bytes());
                output.extend_from_slice(reply);
            }
            Progress::More
        });
        done.unwrap_or(Progress::Hopeless)
    }

    /// Counts a message that is not even looked at.
    pub(super) fn discard(&self, transport: Transport, why: Discard) {
        self.at_one(|desk| desk.responder.discard(transport, why, 1));
    }

    /// Works at a desk that nobody else uses meanwhile; none in the trouble that is logged.
    fn at_one<T>(&self, work: impl FnOnce(&mut Desk) -> T) -> Option<T> {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut desk = match spare.map_or_else(|| Desk::new(&self.service), Ok) {
            Ok(desk) => desk,
            Err(error) => {
                tracing::warn!(%error, "cannot answer");
                return None;
            }
        };
        let done = catch_unwind(AssertUnwindSafe(|| work(&mut desk)));
        // Also after a panic, for its counters must go on.
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).push(desk);
        if done.is_err() {
            self.service.metrics.panicked();
            tracing::error!("an answer ended in a panic; please report this bug");
        }
        done.ok()
    }
}

impl Client {
    /// The reply to a question; none where there is none.
    fn answer<'r>(
        self,
        round: &mut Round<'_>,
        question: &[u8],
        reply: &'r mut [u8],
    ) -> Option<&'r [u8]> {
        let Self { source, ends, transport, idle_timeout } = self;
        let unix_seconds = round.unix_seconds();
        let asker = Asker { source, transport, unix_seconds, idle_timeout };
        let length = round.respond(question, &asker, || ends, reply);
        reply.get(..length).filter(|reply| !reply.is_empty())
    }
}

impl Desk {
    /// Fails only if the system has no randomness to give.
    fn new(service: &Service) -> io::Result<Self> {
        let responder = Responder::new(service)?;
        Ok(Self { responder, reply: vec![0; REPLY_BYTES].into() })
    }
}
