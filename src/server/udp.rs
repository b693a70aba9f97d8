//! One thread's UDP sockets: take what waits, answer it, send the answers, again.

use std::io::{self, PipeReader};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::mmsg::{BATCH, Batch, Poll};
use super::responder::{Responder, Round};
use crate::dns::{Asker, Transport};
use crate::metrics::{Discard, Metrics};

/// Pause after an error that should not be, so that one that stays cannot take a whole core.
const ERROR_PAUSE: Duration = Duration::from_millis(10);
/// At most this many batches are answered from one socket before the others and the stop are looked
/// at again.
const BATCHES_IN_A_ROW: usize = 8;
/// At most this many batches are answered from one socket after the stop: more than its buffer
/// holds, so that only a flood goes without answers.
const LAST_BATCHES: usize = (64 << 10) / BATCH;

/// One thread's share of the UDP service.
pub(super) struct Worker {
    /// One for each address.
    pub(super) sockets: Vec<UdpSocket>,
    /// Closed at its other end when it is time to stop.
    pub(super) stop: Arc<PipeReader>,
    pub(super) responder: Responder,
    /// Where panics are counted.
    pub(super) metrics: Arc<Metrics>,
}

impl Worker {
    /// Serves until the stop, then answers what has arrived.
    ///
    /// A panic (a bug) costs the batch it happened in, whose senders ask again; the thread goes
    /// on, since a name server that is half dead still attracts questions.
    pub(super) fn run(mut self) {
        while let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.serve())) {
            self.metrics.panicked();
            let panic = panic_message(panic.as_ref());
            tracing::error!(panic, "a UDP worker panicked and goes on; please report this bug");
        }
    }

    fn serve(&mut self) {
        let mut batch = Batch::new();
        let stop = self.sockets.len();
        let watched = self.sockets.iter().map(AsRawFd::as_raw_fd);
        let mut poll = Poll::new(watched.chain([self.stop.as_raw_fd()]));
        loop {
            if let Err(error) = poll.wait() {
                pause_after(&error);
                continue;
            }
            if poll.is_ready(stop) {
                break;
            }
            for (index, socket) in self.sockets.iter().enumerate() {
                if poll.is_ready(index)
                    && let Err(error) = exchange_some(socket, &mut batch, &mut self.responder)
                {
                    pause_after(&error);
                }
            }
        }
        for socket in &self.sockets {
            answer_the_last(socket, &mut batch, &mut self.responder);
        }
    }
}

/// Answers batches as long as more seems to wait, which saves asking whether it does, and until
/// others have their turn.
fn exchange_some(
    socket: &UdpSocket,
    batch: &mut Batch,
    responder: &mut Responder,
) -> io::Result<()> {
    for _ in 0..BATCHES_IN_A_ROW {
        exchange(socket, batch, responder)?;
        if !batch.is_full() {
            break;
        }
    }
    Ok(())
}

/// Answers one batch.
fn exchange(socket: &UdpSocket, batch: &mut Batch, responder: &mut Responder) -> io::Result<()> {
    batch.receive(socket)?;
    let mut round = responder.round();
    batch.reply_to_each(|packet, sender, out| reply(&mut round, packet, sender, out));
    // The view is given up before waiting for a socket's buffer.
    drop(round);
    match batch.send(socket) {
        0 => {}
        failed => responder.discard(Transport::Udp, Discard::SendFailed, failed),
    }
    Ok(())
}

/// Writes the reply to one packet; says how many bytes it has.
pub(super) fn reply(
    round: &mut Round<'_>,
    packet: &[u8],
    sender: SocketAddr,
    out: &mut [u8],
) -> usize {
    // Nobody can be answered there (RFC 768); who forges it wants us to talk to ourselves.
    if sender.port() == 0 {
        round.discard(Transport::Udp, Discard::PortZero);
        return 0;
    }
    let asker = Asker {
        source: sender.ip(),
        transport: Transport::Udp,
        unix_seconds: round.unix_seconds(),
        idle_timeout: None,
    };
    round.respond(packet, &asker, out)
}

fn answer_the_last(socket: &UdpSocket, batch: &mut Batch, responder: &mut Responder) {
    for _ in 0..LAST_BATCHES {
        match exchange(socket, batch, responder) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            // Errors of single packets, e.g. of an ICMP message, are over once they are told.
            Ok(()) | Err(_) => {}
        }
    }
}

fn pause_after(error: &io::Error) {
    match error.kind() {
        // Nothing there after all (a bad checksum, another thread), a signal, or news of an
        // earlier reply by ICMP.
        io::ErrorKind::WouldBlock
        | io::ErrorKind::Interrupted
        | io::ErrorKind::ConnectionRefused
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable => {}
        _ => std::thread::sleep(ERROR_PAUSE),
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
