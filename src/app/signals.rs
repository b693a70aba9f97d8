//! What the operator's signals mean.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use super::control::Running;

/// Reloads on every SIGHUP; returns on SIGTERM or SIGINT.
pub(super) async fn wait(running: &Arc<Running>) -> io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    loop {
        tokio::select! {
            _ = hangup.recv() => {
                let running = Arc::clone(running);
                tokio::spawn(async move { running.reload_in_background("SIGHUP").await });
            }
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
        }
    }
}
