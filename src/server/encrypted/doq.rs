//! DNS over QUIC (RFC 9250): each question on a stream of its own.

mod stream;

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use quinn::crypto::rustls::QuicServerConfig;
use quinn::{
    Connection, Endpoint, EndpointConfig, IdleTimeout, Incoming, ServerConfig, TokioRuntime,
    TransportConfig, VarInt,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};

use super::identity::{Identity, tls_config};
use super::seat::Seat;
use super::stop::Stop;
use super::{HANDSHAKE, STREAMS, Shared};
use crate::clock;
use crate::dns::Transport;
use crate::server::admission::ConnectionLimits;
use crate::server::desks::Client;
use crate::server::listener::note_end;
use stream::{Asking, Failure};

/// Handshakes at one time with clients that have not yet shown that they get what is sent to their
/// address. With as many, others are asked to show it first (RFC 9000 8.1.2), for which nothing
/// has to be remembered.
const UNPROVEN: usize = 64;
/// Packets that wait for a handshake to begin.
const WAITING: usize = 1024;
const WAITING_BYTES_EACH: u64 = 16 << 10;
const WAITING_BYTES: u64 = 4 << 20;
/// What a client may send of one question, in bytes: its length is told by two more.
const STREAM_WINDOW: u32 = (64 << 10) + 2;
/// The same of all its unfinished questions, and of answers that it has not acknowledged.
const CONNECTION_WINDOW: u32 = 128 << 10;
/// How long clients may take to hear that their connections end.
const GOODBYE: Duration = Duration::from_millis(500);

/// Error codes (RFC 9250 4.3).
const NO_ERROR: VarInt = VarInt::from_u32(0);
const PROTOCOL_ERROR: VarInt = VarInt::from_u32(2);
const EXCESSIVE_LOAD: VarInt = VarInt::from_u32(4);
const UNSPECIFIED_ERROR: VarInt = VarInt::from_u32(5);

/// Opens QUIC on a socket; to be called within the runtime.
pub(super) fn endpoint(
    socket: UdpSocket,
    identity: Arc<Identity>,
    limits: &ConnectionLimits,
) -> io::Result<Endpoint> {
    let tls = tls_config(identity, b"doq")?;
    let crypto = QuicServerConfig::try_from(tls).map_err(io::Error::other)?;
    let mut transport = TransportConfig::default();
    transport
        .max_concurrent_bidi_streams(STREAMS.into())
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .max_idle_timeout(IdleTimeout::try_from(limits.idle).ok())
        .stream_receive_window(STREAM_WINDOW.into())
        .receive_window(CONNECTION_WINDOW.into())
        .send_window(CONNECTION_WINDOW.into())
        .datagram_receive_buffer_size(None);
    let mut config = ServerConfig::with_crypto(Arc::new(crypto));
    config
        .transport_config(Arc::new(transport))
        // What a client may have goes by its address, and so may its answers.
        .migration(false)
        .max_incoming(WAITING)
        .incoming_buffer_size(WAITING_BYTES_EACH)
        .incoming_buffer_size_total(WAITING_BYTES);
    Endpoint::new(EndpointConfig::default(), Some(config), socket, Arc::new(TokioRuntime))
}

/// The same as [`listen`], from the moment on when nobody else reads the socket.
pub(super) async fn listen_after(
    mut after: watch::Receiver<bool>,
    socket: UdpSocket,
    identity: Arc<Identity>,
    shared: Arc<Shared>,
    mut stop: Stop,
) {
    tokio::select! {
        // An error says that whoever reads it is gone.
        _ = after.wait_for(|free| *free) => {}
        _ = stop.ordered() => return,
    }
    match endpoint(socket, identity, &shared.limits) {
        Ok(endpoint) => listen(endpoint, shared, stop).await,
        Err(error) => tracing::error!(%error, "cannot serve over QUIC"),
    }
}

/// Serves until the order to stop; then lets connections answer what has arrived.
pub(super) async fn listen(endpoint: Endpoint, shared: Arc<Shared>, mut stop: Stop) {
    let mut connections = JoinSet::new();
    let unproven = Arc::new(Semaphore::new(UNPROVEN));
    let local = endpoint.local_addr().ok();
    let end = stop.clone();
    loop {
        tokio::select! {
            _ = stop.ordered() => break,
            Some(ended) = connections.join_next() => note_end(&ended, "QUIC", &shared.metrics),
            incoming = endpoint.accept() => {
                let Some(incoming) = incoming else { break };
                if let Some(handshake) = Handshake::begin(incoming, local, &unproven, &shared) {
                    connections.spawn(handshake.run(end.clone()));
                }
            }
        }
    }
    // New ones are refused from now on.
    endpoint.set_server_config(None);
    let all_ended = async { while connections.join_next().await.is_some() {} };
    let _ = timeout(shared.limits.write, all_ended).await;
    endpoint.close(NO_ERROR, b"");
    let _ = timeout(GOODBYE, endpoint.wait_idle()).await;
}

/// A connection that is about to be one.
struct Handshake {
    incoming: Incoming,
    source: IpAddr,
    /// Where the socket is bound.
    local: Option<SocketAddr>,
    proof: Proof,
    shared: Arc<Shared>,
}

/// What is known of a client's address.
enum Proof {
    /// Packets to it arrive there; it has a seat.
    Shown(Seat),
    /// Nothing: another address may be forged, whose seats it must not take.
    Open(OwnedSemaphorePermit),
}

impl Handshake {
    fn begin(
        incoming: Incoming,
        local: Option<SocketAddr>,
        unproven: &Arc<Semaphore>,
        shared: &Arc<Shared>,
    ) -> Option<Self> {
        let source = incoming.remote_address().ip();
        let proof = if incoming.remote_address_validated() {
            match Seat::take(shared, source, Transport::Quic) {
                Some(seat) => Proof::Shown(seat),
                None => {
                    incoming.refuse();
                    return None;
                }
            }
        } else {
            match Arc::clone(unproven).try_acquire_owned() {
                Ok(permit) => Proof::Open(permit),
                Err(_) => {
                    // An error says that it was asked before, which cannot be.
                    let _ = incoming.retry();
                    return None;
                }
            }
        };
        Some(Self { incoming, source, local, proof, shared: Arc::clone(shared) })
    }

    async fn run(self, mut stop: Stop) {
        let Self { incoming, source, local, proof, shared } = self;
        let failed = || shared.metrics.encrypted(Transport::Quic).handshake_failed();
        let Ok(connecting) = incoming.accept() else { return failed() };
        let lost = async {
            match &proof {
                Proof::Shown(seat) => seat.lost().await,
                Proof::Open(_) => std::future::pending().await,
            }
        };
        let done = tokio::select! {
            biased;
            () = lost => return,
            done = timeout(HANDSHAKE, connecting) => done,
            () = stop.last_look_is_over() => return,
        };
        let Ok(Ok(connection)) = done else { return failed() };
        let seat = match proof {
            Proof::Shown(seat) => Some(seat),
            // A handshake that is done is proof.
            Proof::Open(permit) => {
                drop(permit);
                Seat::take(&shared, source, Transport::Quic)
            }
        };
        match seat {
            Some(seat) => serve(connection, (source, local), seat, shared, stop).await,
            None => connection.close(EXCESSIVE_LOAD, b""),
        }
    }
}

/// Answers until either side has had enough.
async fn serve(
    connection: Connection,
    (source, local): (IpAddr, Option<SocketAddr>),
    mut seat: Seat,
    shared: Arc<Shared>,
    mut stop: Stop,
) {
    let ends = shared.desks.ends(source, || {
        let local = connection.local_ip().or(local.map(|local| local.ip())).zip(local);
        let local = local.map(|(ip, local)| SocketAddr::new(ip, local.port()));
        (Some(connection.remote_address()), local)
    });
    let client = Client { source, ends, transport: Transport::Quic, idle_timeout: None };
    let write = shared.limits.write;
    let asking = Asking::new(client, shared, stop.clone());
    let mut streams = JoinSet::new();
    let code = answer(&connection, &asking, &mut streams, &mut seat, &mut stop).await;
    if code == NO_ERROR {
        let all_ended = async { while streams.join_next().await.is_some() {} };
        tokio::select! {
            () = seat.lost() => {}
            // Whoever has not taken the answers by then is cut off.
            _ = timeout(write, all_ended) => {}
        }
    }
    connection.close(code, b"");
}

/// Answers all streams; says with which code the connection is to end.
async fn answer(
    connection: &Connection,
    asking: &Arc<Asking>,
    streams: &mut JoinSet<Result<(), Failure>>,
    seat: &mut Seat,
    stop: &mut Stop,
) -> VarInt {
    let mut last_question = clock::runtime_now();
    loop {
        let patience_ends = seat.end_of_life().min(last_question + seat.patience());
        tokio::select! {
            biased;
            () = seat.lost() => return EXCESSIVE_LOAD,
            () = sleep_until(patience_ends) => return NO_ERROR,
            Some(done) = streams.join_next() => {
                note_end(&done, "QUIC", &asking.shared.metrics);
                if matches!(done, Ok(Err(Failure::Nonsense))) {
                    return PROTOCOL_ERROR;
                }
            }
            () = asking.answered() => {
                last_question = clock::runtime_now();
                if !seat.renew() {
                    return EXCESSIVE_LOAD;
                }
            }
            stream = connection.accept_bi() => match stream {
                Ok((send, receive)) => {
                    streams.spawn(Arc::clone(asking).run(send, receive));
                }
                // The connection is gone.
                Err(_) => return NO_ERROR,
            },
            () = stop.last_look_is_over() => return NO_ERROR,
        }
    }
}
