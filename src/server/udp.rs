//! One UDP socket and its thread: take what waits, answer it, send the answers, again.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::mmsg::{BATCH, Batch, Wait};
use super::responder::{Responder, Round};
use crate::dns::{Asker, Transport};
use crate::metrics::{Discard, Metrics};
use crate::sampling::Ends;

/// Pause after an error that should not be, so that one that stays cannot take a whole core.
const ERROR_PAUSE: Duration = Duration::from_millis(10);
/// At most this many batches are answered after the stop: more than the socket's buffer holds, so
/// that only a flood goes without answers.
const LAST_BATCHES: usize = (64 << 10) / BATCH;

/// What workers are told: nothing at the start.
#[derive(Default)]
pub(super) struct Orders {
    /// Set when it is time to stop.
    stop: AtomicBool,
    /// Set before that if somebody else reads the same sockets, and answers what waits in them.
    leave: AtomicBool,
}

impl Orders {
    /// Has the workers answer what has arrived, and end.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
    }

    /// Has the workers answer what they have taken, and end.
    pub(super) fn leave(&self) {
        self.leave.store(true, Ordering::Release);
        self.stop();
    }
}

/// One thread's share of the UDP service.
pub(super) struct Worker {
    /// Waits for packets, but not for long: see [`super::sockets::UDP_PATIENCE`].
    pub(super) socket: UdpSocket,
    /// Where it is bound.
    pub(super) local: SocketAddr,
    /// What all workers are told.
    pub(super) orders: Arc<Orders>,
    /// Set in each turn, so that whoever takes it back sees whether there was one since.
    pub(super) pulse: Arc<AtomicBool>,
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

    /// Waits in the call that receives: one call less for each batch than with a call that waits
    /// for several sockets, which is some hundredths of what an answer costs in all.
    fn serve(&mut self) {
        let mut batch = Batch::new();
        while !self.orders.stop.load(Ordering::Acquire) {
            self.pulse.store(true, Ordering::Relaxed);
            if let Err(error) = self.exchange(&mut batch, Wait::UntilTimeout) {
                pause_after(&error);
            }
        }
        if self.orders.leave.load(Ordering::Acquire) {
            return;
        }
        for _ in 0..LAST_BATCHES {
            match self.exchange(&mut batch, Wait::Not) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // Errors of single packets, e.g. of an ICMP message, are over once they are told.
                Ok(()) | Err(_) => {}
            }
        }
    }

    /// Answers one batch.
    fn exchange(&mut self, batch: &mut Batch, wait: Wait) -> io::Result<()> {
        batch.receive(&self.socket, wait)?;
        let mut round = self.responder.round();
        let bound = self.local;
        batch.reply_to_each(|packet, sender, sent_to, out| {
            // On all addresses, only the packet tells which of them it was for.
            let local = || match bound.ip().is_unspecified() {
                true => sent_to.ip().map(|ip| SocketAddr::new(ip, bound.port())),
                false => Some(bound),
            };
            reply(&mut round, packet, sender, local, out)
        });
        // The view is given up before waiting for a socket's buffer.
        drop(round);
        match batch.send(&self.socket) {
            0 => {}
            failed => self.responder.discard(Transport::Udp, Discard::SendFailed, failed),
        }
        Ok(())
    }
}

/// Writes the reply to one packet, which was sent to `local`; says how many bytes it has.
pub(super) fn reply(
    round: &mut Round<'_>,
    packet: &[u8],
    sender: SocketAddr,
    local: impl FnOnce() -> Option<SocketAddr>,
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
    round.respond(packet, &asker, || Ends { peer: sender, local: local() }, out)
}

fn pause_after(error: &io::Error) {
    match error.kind() {
        // Nothing came for a while, a signal, or news of an earlier reply by ICMP.
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
