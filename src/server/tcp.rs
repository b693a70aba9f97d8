//! DNS over TCP (RFC 7766): accepting connections and letting them go.

mod connection;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

use super::admission::{Admission, TcpLimits};
use super::responder::{Responder, Service};
use connection::Connection;

/// Pause when the system has no more descriptors or memory for connections.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The most connections that are accepted after the stop, all of which had been waiting.
const LAST_CONNECTIONS: usize = 1024;
/// The longest reply, in bytes.
const REPLY_BYTES: usize = u16::MAX as usize;

/// What all connections share.
pub(super) struct Tcp {
    service: Service,
    admission: Arc<Admission>,
    limits: TcpLimits,
    spare: Mutex<Vec<Desk>>,
}

/// What one thread needs to answer; there are as many as ever answered at the same time.
struct Desk {
    responder: Responder,
    reply: Box<[u8]>,
}

impl Tcp {
    pub(super) fn new(service: Service, limits: TcpLimits) -> Arc<Self> {
        let admission = Admission::new(limits, Arc::clone(&service.metrics));
        Arc::new(Self { service, admission, limits, spare: Mutex::default() })
    }

    /// Works at a desk that nobody else uses meanwhile.
    ///
    /// Fails only if the system has no randomness to give.
    fn at_desk<T>(&self, work: impl FnOnce(&mut Responder, &mut [u8]) -> T) -> io::Result<T> {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut desk = match spare {
            Some(desk) => desk,
            None => Desk {
                responder: Responder::new(&self.service)?,
                reply: vec![0; REPLY_BYTES].into(),
            },
        };
        let done = catch_unwind(AssertUnwindSafe(|| work(&mut desk.responder, &mut desk.reply)));
        // Also after a panic, for its counters must go on.
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).push(desk);
        done.or_else(|panic| resume_unwind(panic))
    }
}

/// Accepts connections and serves them until the stop; then answers what has arrived and closes.
pub(super) async fn listen(listener: TcpListener, tcp: Arc<Tcp>, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let mut failing = false;
    let end = stop.clone();
    loop {
        tokio::select! {
            () = stopped(&mut stop) => break,
            Some(ended) = connections.join_next() => note_end(&tcp, ended),
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    failing = false;
                    if let Some(connection) = Connection::admit(stream, peer.ip(), &tcp) {
                        connections.spawn(connection.serve(end.clone()));
                    }
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    if !failing {
                        tracing::warn!(%error, "cannot accept TCP connections, will go on trying");
                    }
                    failing = true;
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    for connection in waiting_connections(&listener, &tcp) {
        connections.spawn(connection.serve(end.clone()));
    }
    drop(listener);
    let all_ended = async {
        while let Some(ended) = connections.join_next().await {
            note_end(&tcp, ended);
        }
    };
    // Those that still do not take their answers are cut off with the end of `connections`.
    let _ = tokio::time::timeout(tcp.limits.write, all_ended).await;
}

/// Resolves when it is time to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error says that the server itself is gone, which comes to the same.
    let _ = stop.wait_for(|stop| *stop).await;
}

fn note_end(tcp: &Tcp, ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tcp.service.metrics.panicked();
        tracing::error!(%error, "a TCP connection ended in a panic; please report this bug");
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

/// The connections that were open before the stop but not yet accepted.
///
/// They are asked of the system itself, since the runtime may not have heard of them yet.
fn waiting_connections(listener: &TcpListener, tcp: &Arc<Tcp>) -> Vec<Connection> {
    let mut connections = Vec::new();
    for _ in 0..LAST_CONNECTIONS {
        let Ok((socket, peer)) = SockRef::from(listener).accept() else { break };
        let (Some(peer), Ok(())) = (peer.as_socket(), socket.set_nonblocking(true)) else {
            continue;
        };
        if let Ok(stream) = TcpStream::from_std(socket.into()) {
            connections.extend(Connection::admit(stream, peer.ip(), tcp));
        }
    }
    connections
}
