//! What the operator's signals mean.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::reloads::Wanted;
use super::running::Running;

/// What an operator wants of the daemon as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// That it ends.
    Stop,
    /// That a new process takes over.
    Upgrade,
}

/// The signals that the daemon listens to, from the moment this is made; before, each of them
/// would end the process at once.
pub(super) struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
    upgrade: Signal,
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
            upgrade: signal(SignalKind::user_defined2())?,
            _file_size: signal(SignalKind::from_raw(libc::SIGXFSZ))?,
        })
    }

    /// Reloads on every SIGHUP; returns on SIGTERM, SIGINT or SIGUSR2.
    pub async fn wait(&mut self, running: &Arc<Running>) -> Wish {
        loop {
            tokio::select! {
                _ = self.hangup.recv() => {
                    let running = Arc::clone(running);
                    tokio::spawn(async move { running.reload_in_background("SIGHUP", Wanted::Newest).await });
                }
                () = ended(&mut self.terminate, &mut self.interrupt) => return Wish::Stop,
                _ = self.upgrade.recv() => return Wish::Upgrade,
            }
        }
    }

    /// The same while no upgrade can begin: why not is said to whoever wants one.
    pub async fn stopped(&mut self, running: &Arc<Running>, why_not: &str) {
        while self.wait(running).await == Wish::Upgrade {
            tracing::warn!("SIGUSR2 is passed over: {why_not}");
        }
    }

    /// Resolves on SIGTERM or SIGINT, while there is nothing yet that could be loaded anew.
    pub async fn end(&mut self) {
        ended(&mut self.terminate, &mut self.interrupt).await;
    }
}

async fn ended(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
