//! Accepting connections, and seeing them end.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};

use crate::metrics::Metrics;

/// Pause when the system has no more descriptors or memory for connections.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The most connections that are accepted after the stop, all of which had been waiting.
const LAST_CONNECTIONS: usize = 1024;

/// A socket that connections come in by, and those of them that are open.
pub(super) struct Listener {
    door: Door,
    open: JoinSet<()>,
    metrics: Arc<Metrics>,
}

struct Door {
    socket: TcpListener,
    /// What comes in, as the log calls it.
    protocol: &'static str,
    /// Whether the last try to accept a connection failed, and that was logged.
    failing: bool,
}

impl Listener {
    /// To be called within the runtime.
    pub(super) fn new(
        socket: std::net::TcpListener,
        protocol: &'static str,
        metrics: Arc<Metrics>,
    ) -> io::Result<Self> {
        let door = Door { socket: TcpListener::from_std(socket)?, protocol, failing: false };
        Ok(Self { door, open: JoinSet::new(), metrics })
    }

    /// Accepts connections until the stop. What `admit` makes of one serves it; if that is nothing,
    /// it is closed.
    pub(super) async fn accept_until<S: Future<Output = ()> + Send + 'static>(
        &mut self,
        stop: impl Future<Output = ()>,
        admit: impl Fn(TcpStream, IpAddr) -> Option<S>,
    ) {
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => return,
                Some(ended) = self.open.join_next() => {
                    note_end(&ended, self.door.protocol, &self.metrics);
                }
                (stream, source) = self.door.next() => {
                    if let Some(serving) = admit(stream, source) {
                        self.open.spawn(serving);
                    }
                }
            }
        }
    }

    /// Accepts the connections that wait for it at this moment.
    pub(super) fn accept_waiting<S: Future<Output = ()> + Send + 'static>(
        &mut self,
        admit: impl Fn(TcpStream, IpAddr) -> Option<S>,
    ) {
        for (stream, source) in self.door.waiting() {
            if let Some(serving) = admit(stream, source) {
                self.open.spawn(serving);
            }
        }
    }

    /// Closes the socket, and waits for the connections to end. Those that still do not take their
    /// answers then are cut off.
    pub(super) async fn close(self, patience: Duration) {
        let Self { door: Door { socket, protocol, .. }, mut open, metrics } = self;
        drop(socket);
        let all_ended = async {
            while let Some(ended) = open.join_next().await {
                note_end(&ended, protocol, &metrics);
            }
        };
        let _ = timeout(patience, all_ended).await;
    }
}

impl Door {
    /// The next connection, and where it comes from.
    async fn next(&mut self) -> (TcpStream, IpAddr) {
        loop {
            match self.socket.accept().await {
                Ok((stream, peer)) => {
                    self.failing = false;
                    return (stream, peer.ip());
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    if !self.failing {
                        let protocol = self.protocol;
                        tracing::warn!(%error, "cannot accept {protocol} connections, will go on trying");
                    }
                    self.failing = true;
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// The connections that wait to be accepted. The system itself is asked, since the runtime may
    /// not have heard of them yet.
    fn waiting(&self) -> Vec<(TcpStream, IpAddr)> {
        let next = || SockRef::from(&self.socket).accept().ok();
        let waiting = std::iter::from_fn(next).take(LAST_CONNECTIONS);
        let usable = waiting.filter_map(|(socket, peer)| {
            socket.set_nonblocking(true).ok()?;
            Some((TcpStream::from_std(socket.into()).ok()?, peer.as_socket()?.ip()))
        });
        usable.collect()
    }
}

/// Tells of a task that ended in a panic.
pub(super) fn note_end<T>(ended: &Result<T, JoinError>, protocol: &str, metrics: &Metrics) {
    if let Err(error) = ended
        && error.is_panic()
    {
        metrics.panicked();
        tracing::error!(%error, "a {protocol} connection ended in a panic; please report this bug");
    }
}

/// Whether an error is that of the connection that would have come next, and of no other.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}
