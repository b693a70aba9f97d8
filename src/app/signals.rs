//! What the operator's signals mean.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::reloads::Wanted;
use super::running::Running;

/// The signals that the daemon listens to, from the moment this is made; before, each of them
/// would end the process at once.
pub(super) struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
    /// Never waited for: with a listener, a write beyond the limit of a file's size fails as on a
    /// full disk, instead of ending the process.
    _file_size: Signal,
}

impl Signals {
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            _file_size: signal(SignalKind::from_raw(libc::SIGXFSZ))?,
        })
    }

    /// Returns on SIGTERM or SIGINT, where there is nothing yet to reload.
    pub async fn end(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Reloads on every SIGHUP; returns on SIGTERM or SIGINT.
    pub async fn wait(&mut self, running: &Arc<Running>) {
        loop {
            tokio::select! {
                _ = self.hangup.recv() => {
                    let running = Arc::clone(running);
                    tokio::spawn(async move { running.reload_in_background("SIGHUP", Wanted::Newest).await });
                }
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
            }
        }
    }
}
