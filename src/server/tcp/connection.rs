//! One TCP connection: questions in, answers out in the same order.

use std::io::{self, Read};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::{Ending, Heir, Tcp, ended};
use crate::clock;
use crate::dns::Transport;
use crate::sampling::Ends;
use crate::server::admission::{Permit, WaitsFor};
use crate::server::desks::{Client, FLUSH_BYTES, Progress};
use crate::server::frames::Frames;

/// The most that is still read after the stop, in bytes.
const LAST_BYTES: usize = 1 << 20;
/// How long, and for how many bytes, a client that makes no sense is still listened to, so that
/// the answers before do not get lost with the connection (RFC 7766 6.2.4 in spirit).
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: u64 = 64 << 10;

/// An admitted connection. At most 64 KiB of one question and 68 KiB of answers are in memory.
pub(super) struct Connection {
    stream: TcpStream,
    source: IpAddr,
    ends: Ends,
    tcp: Arc<Tcp>,
    frames: Frames,
    output: Vec<u8>,
    permit: Permit,
    /// From then on no more questions are taken.
    end_of_life: Instant,
}

/// How a wait for a question ended.
enum Arrival {
    /// A whole question is there, or nonsense.
    Something,
    /// The client has left, or was silent for too long, or its place was needed.
    Nothing,
    /// It has lasted for as long as a connection may.
    OldAge,
    /// It is time to end.
    End(Ending),
}

impl Connection {
    /// Takes a connection on, or drops it if there are too many.
    pub(super) fn admit(stream: TcpStream, source: IpAddr, tcp: &Arc<Tcp>) -> Option<Self> {
        let mut permit = tcp.admission.admit(source)?;
        // Or a burst of connections, none of which has had its turn, would keep out whoever comes
        // next.
        permit.wait(WaitsFor::Question);
        // Without it, small answers wait for acknowledgements; with an error, they still come.
        let _ = stream.set_nodelay(true);
        let ends = tcp.desks.ends_of(source, &stream);
        Some(Self {
            stream,
            source,
            ends,
            tcp: Arc::clone(tcp),
            frames: Frames::default(),
            output: Vec::new(),
            permit,
            end_of_life: clock::runtime_now() + tcp.limits.lifetime,
        })
    }

    /// Takes on one that another process has served until now, of which it has read so much that is
    /// not yet answered.
    pub(super) fn adopt(
        stream: TcpStream,
        source: IpAddr,
        rest: Vec<u8>,
        tcp: &Arc<Tcp>,
    ) -> Option<Self> {
        let connection = Self::admit(stream, source, tcp)?;
        Some(Self { frames: Frames::begun(rest), ..connection })
    }

    /// Answers until either side has had enough, or somebody else goes on.
    pub(super) async fn serve(mut self, mut ending: watch::Receiver<Option<Ending>>) {
        // An error says that the client is gone or does not listen: there is nobody to tell.
        if let Ok(Some(heir)) = self.try_serve(&mut ending).await {
            let Self { stream, frames, permit, .. } = self;
            drop(permit);
            if let Err(error) = heir.give(stream, frames.rest()) {
                tracing::warn!(%error, "a TCP connection could not be handed over, and is closed");
            }
        }
    }

    /// Returns whoever is to go on with it; none if it is over.
    async fn try_serve(
        &mut self,
        ending: &mut watch::Receiver<Option<Ending>>,
    ) -> io::Result<Option<Arc<Heir>>> {
        loop {
            let over = match self.arrival(ending).await {
                Arrival::Something => {
                    if self.answer_all().await? && !self.is_old() {
                        continue;
                    }
                    self.linger().await
                }
                Arrival::Nothing => Ok(()),
                Arrival::OldAge => self.linger().await,
                Arrival::End(Ending::Last) => self.answer_the_last().await,
                Arrival::End(Ending::Handover(heir)) => return Ok(Some(heir)),
            };
            return over.map(|()| None);
        }
    }

    fn is_old(&self) -> bool {
        self.end_of_life <= clock::runtime_now()
    }

    /// Waits for a whole question; single bytes of it do not prolong the wait.
    async fn arrival(&mut self, ending: &mut watch::Receiver<Option<Ending>>) -> Arrival {
        // It had to go before it had its first turn.
        if !self.permit.work() {
            return Arrival::Nothing;
        }
        // Whoever sends faster than it is answered does not wait, and is not in anybody's way.
        let there = tokio::select! {
            biased;
            how = ended(ending) => Some(Arrival::End(how)),
            there = async { self.read_what_is_there() } => there,
        };
        if let Some(arrival) = there {
            return arrival;
        }
        let left = self.end_of_life.saturating_duration_since(clock::runtime_now());
        let patience = self.permit.wait(WaitsFor::Question);
        let out_of_time = if left < patience { Arrival::OldAge } else { Arrival::Nothing };
        let Self { stream, frames, permit, .. } = self;
        let read = async {
            while !frames.is_ready() {
                if !matches!(stream.read_buf(frames.room()).await, Ok(1..)) {
                    return Arrival::Nothing;
                }
            }
            Arrival::Something
        };
        let arrival = tokio::select! {
            how = ended(ending) => Arrival::End(how),
            () = permit.evicted() => Arrival::Nothing,
            read = timeout(patience.min(left), read) => read.unwrap_or(out_of_time),
        };
        if self.permit.work() { arrival } else { Arrival::Nothing }
    }

    /// Reads up to a whole question without waiting; none if it has not yet come.
    fn read_what_is_there(&mut self) -> Option<Arrival> {
        while !self.frames.is_ready() {
            match self.stream.try_read_buf(self.frames.room()) {
                Ok(1..) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
                Ok(0) | Err(_) => return Some(Arrival::Nothing),
            }
        }
        Some(Arrival::Something)
    }

    /// Answers all whole questions, though none beyond its lifetime; says whether more may come.
    async fn answer_all(&mut self) -> io::Result<bool> {
        loop {
            let Self { tcp, frames, output, permit, .. } = self;
            let client = Client {
                source: self.source,
                ends: self.ends,
                transport: Transport::Tcp,
                idle_timeout: Some(permit.idle()),
            };
            let progress = tcp.desks.answer_some(frames, client, output);
            self.send().await?;
            self.output.clear();
            self.output.shrink_to(FLUSH_BYTES);
            match progress {
                Progress::Done => return Ok(true),
                Progress::More if self.is_old() => return Ok(false),
                // Others come first: whoever asks for much waits longer, and not they.
                Progress::More => tokio::task::yield_now().await,
                Progress::Hopeless => return Ok(false),
            }
        }
    }

    /// Sends what is answered. Whoever does not take it in time, or while others need the place, is
    /// cut off.
    async fn send(&mut self) -> io::Result<()> {
        let Self { stream, output, permit, .. } = self;
        let sent = match stream.try_write(output) {
            Ok(sent) => sent,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error),
        };
        let Some(rest) = output.get(sent..).filter(|rest| !rest.is_empty()) else {
            return Ok(());
        };
        let patience = permit.wait(WaitsFor::Reader);
        let taken = tokio::select! {
            () = permit.evicted() => Err(io::ErrorKind::ConnectionAborted.into()),
            taken = timeout(patience, stream.write_all(rest)) => taken?,
        };
        if permit.work() { taken } else { Err(io::ErrorKind::ConnectionAborted.into()) }
    }

    /// Answers what has arrived before the stop, and no more.
    async fn answer_the_last(&mut self) -> io::Result<()> {
        let mut left = LAST_BYTES;
        while left > 0 {
            // The runtime may not have heard yet of what the system already has.
            let mut buffer = [0; 4096];
            let read = match (&*SockRef::from(&self.stream)).read(&mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(read) => read,
            };
            self.frames.room().extend_from_slice(&buffer[..read]);
            left = left.saturating_sub(read);
            if self.frames.is_ready() && !self.answer_all().await? {
                break;
            }
        }
        self.stream.shutdown().await
    }

    /// Says goodbye without losing the answers on their way: closing a socket with unread data
    /// would reset the connection and take them along.
    async fn linger(&mut self) -> io::Result<()> {
        self.stream.shutdown().await?;
        self.permit.wait(WaitsFor::End);
        let (mut rest, mut sink) = ((&mut self.stream).take(LINGER_BYTES), tokio::io::sink());
        tokio::select! {
            () = self.permit.evicted() => {}
            rest = timeout(LINGER, tokio::io::copy(&mut rest, &mut sink)) => {
                rest??;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
