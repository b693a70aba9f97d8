//! DNS over HTTPS (RFC 8484), over HTTP/2 alone: each question a stream of its own.

mod exchange;
mod freshness;
mod request;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::server::{self, Builder};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};

use super::seat::Seat;
use super::stop::Stop;
use super::{HANDSHAKE, LONG_BYTES, STREAMS, Shared};
use crate::clock;
use crate::dns::Transport;
use crate::sampling::Ends;
use crate::server::desks::Client;
use crate::server::listener::note_end;
use exchange::Exchange;

/// The longest head of a request, in bytes; a question that is longer is sent in a body.
const HEAD_BYTES: u32 = 8 << 10;
/// What a client may send of one body, in bytes: one more than a question may have, so that too
/// long a one shows.
const STREAM_WINDOW: u32 = (64 << 10) + 1;
/// The same of all its unfinished bodies.
const CONNECTION_WINDOW: u32 = 128 << 10;
/// How long a client may take to see that the connection ends, if it has no answers to take.
const LINGER: Duration = Duration::from_secs(1);

/// Why a connection ends.
enum End {
    /// One side has had enough.
    Orderly,
    /// Its seat was needed, or the client is gone.
    Abrupt,
}

/// Answers until either side has had enough.
pub(super) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    (source, ends): (IpAddr, Ends),
    mut seat: Seat,
    shared: Arc<Shared>,
    mut stop: Stop,
) {
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD_BYTES)
        // So that an answer is sent only once the client has taken nearly all of it.
        .max_send_buffer_size(LONG_BYTES)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW);
    let done = tokio::select! {
        biased;
        () = seat.lost() => return,
        done = timeout(HANDSHAKE, builder.handshake(stream)) => done,
        () = stop.last_look_is_over() => return,
    };
    let Ok(Ok(mut connection)) = done else {
        seat.handshake_failed();
        return;
    };
    let client = Client { source, ends, transport: Transport::Https, idle_timeout: None };
    let write = shared.limits.write;
    let exchange = Exchange::new(client, shared, stop.clone());
    let mut streams = Streams { exchange, open: JoinSet::new() };
    if matches!(answer(&mut connection, &mut streams, &mut seat, &mut stop).await, End::Abrupt) {
        return;
    }
    connection.graceful_shutdown();
    let patience = if streams.open.is_empty() { LINGER } else { write };
    tokio::select! {
        () = seat.lost() => {}
        // Whoever has not taken the answers and the end by then is cut off.
        _ = timeout(patience, drain(&mut connection, &mut streams)) => {}
    }
}

/// The streams of one connection that are being answered.
struct Streams {
    exchange: Arc<Exchange>,
    open: JoinSet<()>,
}

type Connection<S> = server::Connection<S, Bytes>;

async fn answer<S: AsyncRead + AsyncWrite + Unpin>(
    connection: &mut Connection<S>,
    streams: &mut Streams,
    seat: &mut Seat,
    stop: &mut Stop,
) -> End {
    let mut last_question = clock::runtime_now();
    loop {
        let patience_ends = seat.end_of_life().min(last_question + seat.patience());
        tokio::select! {
            biased;
            () = seat.lost() => return End::Abrupt,
            () = sleep_until(patience_ends) => return End::Orderly,
            Some(ended) = streams.open.join_next() => {
                note_end(&ended, "HTTPS", &streams.exchange.shared.metrics);
            }
            () = streams.exchange.answered() => {
                last_question = clock::runtime_now();
                if !seat.renew() {
                    return End::Abrupt;
                }
            }
            // Also what moves all streams.
            accepted = connection.accept() => match accepted {
                Some(Ok((request, respond))) => {
                    streams.open.spawn(Arc::clone(&streams.exchange).run(request, respond));
                }
                Some(Err(_)) | None => return End::Abrupt,
            },
            () = stop.last_look_is_over() => return End::Orderly,
        }
    }
}

/// Answers what still comes until the client has seen that there will be no more (RFC 9113 6.8).
async fn drain<S: AsyncRead + AsyncWrite + Unpin>(
    connection: &mut Connection<S>,
    streams: &mut Streams,
) {
    while let Some(Ok((request, respond))) = connection.accept().await {
        streams.open.spawn(Arc::clone(&streams.exchange).run(request, respond));
    }
}
