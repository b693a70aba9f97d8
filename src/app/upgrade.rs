//! SIGUSR2: another process in place of this one.

use std::net::Shutdown;
use std::sync::Arc;

use super::successor::{Handover, Successor};
use super::{App, watchdog};

/// What came of an upgrade.
pub(super) enum Upgraded {
    /// Another process answers, too.
    Yes(Handover),
    /// Nothing: it is said why.
    No,
    /// This one was told to stop meanwhile.
    Stopped,
}

impl App {
    /// Has a new process take over, if it can.
    pub(super) async fn upgrade(&mut self) -> Upgraded {
        let Some(command) = &self.command else {
            tracing::warn!(
                "SIGUSR2 is passed over: this daemon was not started by `steersman serve`"
            );
            return Upgraded::No;
        };
        if std::process::id() == 1 {
            tracing::warn!(
                "SIGUSR2 is passed over: this is process 1, with whose end its container ends"
            );
            return Upgraded::No;
        }
        let prepared = Successor::new(command, &self.running, &self.sockets)
            .and_then(|successor| Ok((successor.stream()?, successor)));
        let (stream, successor) = match prepared {
            Ok(prepared) => prepared,
            Err(why) => return failed(&why),
        };
        let running = Arc::clone(&self.running);
        let mut taking = tokio::task::spawn_blocking(move || successor.take_over(&running));
        let (taken, is_stopped) = tokio::select! {
            taken = &mut taking => (taken, false),
            () = self.signals.stopped(&self.running, "an upgrade is under way") => {
                // An error says that it is closed already.
                let _ = stream.shutdown(Shutdown::Both);
                if let Some(git) = &self.running.git {
                    git.stop();
                }
                (taking.await, true)
            }
            never = watchdog::watch(&self.running, &self.server) => match never {},
        };
        match taken {
            Ok(Ok(handover)) => Upgraded::Yes(handover),
            _ if is_stopped => Upgraded::Stopped,
            Ok(Err(why)) => failed(&why),
            Err(error) => failed(&format!("this is a bug: {error}")),
        }
    }

    /// Answers what it has taken, and leaves everything else to the process that answers beside it.
    pub(super) async fn hand_over(self, handover: Handover) {
        let Handover { process, connections, talk } = handover;
        tracing::info!(successor = process, "handing over: answering what was taken");
        drop(self.sockets);
        let encrypted = async {
            if let Some(encrypted) = self.encrypted {
                encrypted.stop().await;
            }
            // It begins with QUIC when it sees the end.
            drop(talk);
        };
        let server = self.server.hand_over(connections);
        tokio::join!(server, encrypted, self.background.stop(&self.running));
        self.running.tell_the_last().await;
        tracing::info!(successor = process, "handed over");
    }
}

fn failed(why: &str) -> Upgraded {
    tracing::error!(why, "not upgraded: this process goes on serving");
    Upgraded::No
}
