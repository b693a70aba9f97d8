//! One idle connection to an endpoint that speaks TCP: its end is the first sign that something has
//! happened there.
//!
//! | sign | what is seen |
//! |---|---|
//! | the process is gone | the connection is closed or reset, or a new one is refused |
//! | the host is gone, or the way to it | nothing answers the kernel's keepalive, one a second |
//! | it is back | a connection opens where none did |
//!
//! A sign is a hint and never a verdict. Servers end idle connections as they like, and then the
//! next one is opened later and later. A server that serves one connection at a time would serve
//! nobody else beside ours: when a probe is slow, or fails, the connection is closed, and if that
//! was what the probe waited for, the server is left alone for a long time.

mod backoff;

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout};

use self::backoff::Backoff;
use crate::clock;
use crate::health::{State, Verdict};

/// From one keepalive to the next, and from the last sign of life to the first.
const KEEPALIVE_PACE: Duration = Duration::from_secs(1);
/// So many without an answer end the connection; packets get lost one at a time.
const KEEPALIVES_LOST: u32 = 2;
/// How long a connection may take to open.
const OPENING: Duration = Duration::from_secs(2);
/// Whoever says more than this on its own is not idle.
const MOST_READ_BYTES: usize = 64 * 1024;

/// The watch on one target.
pub(super) struct Watch {
    address: SocketAddr,
    /// One for each connection that is open or being opened, over all watches.
    permits: Arc<Semaphore>,
    link: Link,
    backoff: Backoff,
    /// Whether the target is believed to be up, without doubt.
    is_well: bool,
}

enum Link {
    /// None before what is believed of the target has changed.
    Off,
    /// None either, for what is down accepts connections.
    Accepts,
    /// None before this moment.
    Later(Instant),
    /// It is being opened.
    Opening(Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>, OwnedSemaphorePermit),
    /// It is open.
    Open(Open),
}

struct Open {
    stream: TcpStream,
    since: Instant,
    read_bytes: usize,
    _permit: OwnedSemaphorePermit,
}

impl Watch {
    /// No connection yet.
    pub(super) fn new(address: SocketAddr, permits: Arc<Semaphore>) -> Self {
        Self { address, permits, link: Link::Off, backoff: Backoff::default(), is_well: false }
    }

    /// Takes in what is believed of the target.
    pub(super) fn follow(&mut self, verdict: Verdict) {
        let now = clock::runtime_now();
        self.is_well = verdict == Verdict::SETTLED_UP;
        match (&self.link, verdict.state) {
            (Link::Open(open), _) if !self.is_well => {
                self.backoff.let_go(now, open.since.elapsed());
                self.link = Link::Off;
            }
            (Link::Off | Link::Accepts, State::Up) if self.is_well => {
                self.link = Link::Later(now + self.backoff.resumed(now));
            }
            (Link::Off, State::Down) => self.link = Link::Later(now + backoff::CLOSED),
            _ => {}
        }
    }

    /// Until there is a hint. Nothing is lost if this is given up and called again.
    pub(super) async fn hint(&mut self) {
        while !self.step().await {}
    }

    /// Until the next thing happens to the connection; returns whether that is a hint.
    async fn step(&mut self) -> bool {
        match &mut self.link {
            Link::Off | Link::Accepts => std::future::pending().await,
            Link::Later(moment) => {
                sleep_until(*moment).await;
                self.link = match Arc::clone(&self.permits).try_acquire_owned() {
                    Ok(permit) => Link::Opening(Box::pin(open(self.address)), permit),
                    Err(_) => Link::Later(clock::runtime_now() + backoff::LONGEST),
                };
                false
            }
            Link::Opening(opening, _) => {
                let opened = opening.await;
                self.opened(opened)
            }
            Link::Open(open) => {
                let ended = open.ended().await;
                let lived = open.since.elapsed();
                let pause = if ended { self.backoff.ended(lived) } else { backoff::LONGEST };
                self.link = Link::Later(clock::runtime_now() + pause);
                ended
            }
        }
    }

    /// A connection was opened, or could not be. What is down is not kept busy by an idle
    /// connection: that it opens is all there is to know.
    fn opened(&mut self, opened: io::Result<TcpStream>) -> bool {
        let now = clock::runtime_now();
        let before = std::mem::replace(&mut self.link, Link::Off);
        match (opened, before) {
            (Ok(stream), Link::Opening(_, permit)) => {
                let is_back = self.backoff.opened();
                self.link = match self.is_well {
                    true => Link::Open(Open { stream, since: now, read_bytes: 0, _permit: permit }),
                    false => Link::Accepts,
                };
                is_back
            }
            (Err(error), _) => {
                let (pause, is_news) = self.backoff.failed(is_ours(&error));
                self.link = Link::Later(now + pause);
                is_news
            }
            _ => false,
        }
    }
}

impl Open {
    /// Until the connection has ended; false if it was not idle.
    async fn ended(&mut self) -> bool {
        let mut buffer = [0; 1024];
        while self.read_bytes <= MOST_READ_BYTES {
            match self.stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return true,
                Ok(length) => self.read_bytes += length,
            }
        }
        false
    }
}

async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = timeout(OPENING, TcpStream::connect(address)).await??;
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE_PACE)
        .with_interval(KEEPALIVE_PACE)
        .with_retries(KEEPALIVES_LOST);
    SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
    Ok(stream)
}

/// Whether the fault is here, so that nothing was learnt.
fn is_ours(error: &io::Error) -> bool {
    super::failure::Failure::from(error).is_ours()
}

#[cfg(test)]
mod tests;
