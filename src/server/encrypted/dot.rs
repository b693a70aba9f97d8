//! DNS over TLS (RFC 7858): questions in, answers out in the same order, as over TCP.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep_until, timeout};
use tokio_rustls::server::TlsStream;

use super::Shared;
use super::seat::Seat;
use super::stop::Stop;
use crate::dns::Transport;
use crate::sampling::Ends;
use crate::server::desks::{Client, FLUSH_BYTES, Progress};
use crate::server::frames::Frames;

/// How long, and for how many bytes, a client that goes on sending is still listened to, so that the
/// answers before do not get lost with the connection.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: u64 = 64 << 10;

/// A connection. At most 64 KiB of one question and 68 KiB of answers are in memory, beside what
/// TLS holds.
struct Connection {
    stream: TlsStream<TcpStream>,
    source: IpAddr,
    ends: Ends,
    seat: Seat,
    shared: Arc<Shared>,
    frames: Frames,
    output: Vec<u8>,
}

/// Why a connection ends.
enum End {
    /// One side has had enough.
    Orderly,
    /// It has lasted for as long as a connection may, though the client goes on asking.
    OldAge,
    /// The client makes no sense.
    Hopeless,
    /// Its seat was needed, or the client is gone or takes no answers.
    Abrupt,
}

/// Answers until either side has had enough.
pub(super) async fn serve(
    stream: TlsStream<TcpStream>,
    source: IpAddr,
    seat: Seat,
    shared: Arc<Shared>,
    mut stop: Stop,
) {
    let ends = shared.desks.ends_of(source, stream.get_ref().0);
    let (frames, output) = (Frames::default(), Vec::new());
    let mut connection = Connection { stream, source, ends, seat, shared, frames, output };
    let most_bytes = match connection.answer_questions(&mut stop).await {
        End::Abrupt => return,
        End::Orderly => 0,
        End::OldAge | End::Hopeless => LINGER_BYTES,
    };
    let Connection { stream, seat, .. } = &mut connection;
    tokio::select! {
        () = seat.lost() => {}
        // An error says that the client is gone, or does not listen.
        _ = timeout(LINGER, close(stream, most_bytes)) => {}
    }
}

/// Says that there will be no more (RFC 8446 6.1), and listens to so many bytes for the end.
async fn close(stream: &mut TlsStream<TcpStream>, most_bytes: u64) -> io::Result<()> {
    stream.shutdown().await?;
    let (tcp, _) = stream.get_mut();
    tokio::io::copy(&mut tcp.take(most_bytes), &mut tokio::io::sink()).await?;
    Ok(())
}

impl Connection {
    async fn answer_questions(&mut self, stop: &mut Stop) -> End {
        loop {
            if let Err(end) = self.wait_for_question(stop).await {
                return end;
            }
            // Others come first: whoever asks for much waits longer, and not they.
            while self.frames.is_ready() {
                let Self { frames, output, source, ends, seat, shared, .. } = self;
                let client = Client {
                    source: *source,
                    ends: *ends,
                    transport: Transport::Tls,
                    idle_timeout: Some(seat.patience()),
                };
                let progress = shared.desks.answer_some(frames, client, output);
                if !self.seat.renew() || self.send().await.is_err() {
                    return End::Abrupt;
                }
                if progress == Progress::Hopeless {
                    return End::Hopeless;
                }
                tokio::task::yield_now().await;
            }
        }
    }

    /// Waits for a whole question; single bytes of it do not prolong the wait.
    async fn wait_for_question(&mut self, stop: &mut Stop) -> Result<(), End> {
        let Self { stream, frames, seat, .. } = self;
        let read = async {
            while !frames.is_ready() {
                if !matches!(stream.read_buf(frames.room()).await, Ok(1..)) {
                    return Err(End::Orderly);
                }
            }
            Ok(())
        };
        tokio::select! {
            biased;
            () = seat.lost() => Err(End::Abrupt),
            () = sleep_until(seat.end_of_life()) => Err(End::OldAge),
            read = timeout(seat.patience(), read) => read.unwrap_or(Err(End::Orderly)),
            () = stop.last_look_is_over() => Err(End::Orderly),
        }
    }

    /// Sends what is answered. Whoever does not take it in time, or while others need the seat, is
    /// cut off.
    async fn send(&mut self) -> io::Result<()> {
        let Self { stream, output, seat, shared, .. } = self;
        let taken = async {
            stream.write_all(output).await?;
            stream.flush().await
        };
        tokio::select! {
            () = seat.lost() => return Err(io::ErrorKind::ConnectionAborted.into()),
            taken = timeout(shared.limits.write, taken) => taken??,
        }
        output.clear();
        output.shrink_to(FLUSH_BYTES);
        Ok(())
    }
}
