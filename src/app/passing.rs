//! What the passing of time does by itself.
//!
//! A thread of its own looks at the clock, and has in force what is due, without waiting for anybody: not for
//! the disk, not for people who wait for the disk, not for a free thread. What has ended is written down
//! beside it, when the disk takes it.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};
use std::{io, mem};

use tokio::sync::watch;

use super::background::until;
use super::events;
use super::running::Running;
use crate::clock;
use crate::state::{Author, Change, StateError};

/// How often it is looked at the time, and whether something is to be written down.
const LOOK: Duration = Duration::from_millis(200);
/// In so many of these it is tried again to write down what could not be.
const CATCH_UP_LOOKS: u32 = 25;

/// The thread that looks at the time.
pub(super) struct Passing {
    thread: thread::JoinHandle<()>,
    stop: Sender<()>,
}

impl Passing {
    /// Begins to look.
    pub(super) fn start(running: &Arc<Running>) -> io::Result<Self> {
        let (running, (stop, stopped)) = (Arc::clone(running), channel());
        let look = move || look(&running, &stopped);
        let thread = thread::Builder::new().name("time".into()).spawn(look)?;
        Ok(Self { thread, stop })
    }

    /// Ends it.
    pub(super) fn stop(self) {
        drop(self.stop);
        // A panic has been reported when it happened.
        drop(self.thread.join());
    }
}

fn look(running: &Running, stopped: &Receiver<()>) {
    while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        running.ongoing.has_looked.store(true, Ordering::Relaxed);
        let pass = || running.pass_time(clock::wall_now());
        // A panic has been reported when it happened, and must not end this.
        if panic::catch_unwind(AssertUnwindSafe(pass)).is_err() {
            running.metrics.panicked();
        }
    }
}

/// Writes down what has ended, until it is stopped.
pub(super) async fn write_down(running: Arc<Running>, stopped: watch::Receiver<bool>) {
    let stopped = until(stopped);
    tokio::pin!(stopped);
    let mut looks = 0_u32;
    loop {
        tokio::select! {
            () = &mut stopped => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        looks = looks.wrapping_add(1);
        let catches_up = looks.is_multiple_of(CATCH_UP_LOOKS);
        if catches_up || running.is_something_to_write() {
            let running = Arc::clone(&running);
            let write = move || {
                running.write_down();
                if catches_up {
                    running.store.catch_up();
                }
            };
            // Waits for the disk; a panic there must not end this loop.
            let _ = tokio::task::spawn_blocking(write).await;
        }
    }
}

impl Running {
    /// Has in force what is due by now.
    pub(super) fn pass_time(&self, now: SystemTime) {
        self.expire_overrides(now);
        self.pass_maintenance_at_once(now);
        self.expire_silences(now);
        if self.beliefs.returns().is_due(now) {
            self.see_comebacks(now);
        }
    }

    /// Ends the overrides whose time is over.
    fn expire_overrides(&self, now: SystemTime) {
        let ended = self.beliefs.overrides().expire(now);
        if ended.is_empty() {
            return;
        }
        for (target, what) in &ended {
            let event = events::override_is("expire", target, Some(what), &Author::daemon());
            self.history.add(now, event);
        }
        self.refresh_pools();
        for (target, before) in ended {
            self.ended().push((now, Change::Expire { target, before }));
        }
    }

    /// What has ended by itself and is not written down yet.
    pub(super) fn ended(&self) -> MutexGuard<'_, Vec<(SystemTime, Change)>> {
        // One is added or all are taken.
        self.ongoing.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_something_to_write(&self) -> bool {
        !self.ended().is_empty() || !self.beliefs.returns().is_written_down()
    }

    /// Writes down what has ended, and how pools came back.
    pub(super) fn write_down(&self) {
        let ended = mem::take(&mut *self.ended());
        for (at, change) in ended {
            match &change {
                Change::Expire { target, before } => tracing::info!(
                    target_name = %target, state = %before.state, reason = before.reason,
                    "override ended"
                ),
                Change::Unsilence { before } => tracing::info!(
                    target_name = %before.target, reason = before.reason, "silence ended"
                ),
                _ => {}
            }
            match self.store.audit(at, &Author::daemon(), &change) {
                // That is the matter of another process now.
                Ok(()) | Err(StateError::HandedOver) => {}
                // It stands in the line that set it.
                Err(error) => {
                    tracing::warn!(%error, "cannot write down the end of an override or a silence")
                }
            }
        }
        // What a person says meanwhile must not be followed by what was so before.
        let _decision = self.decision();
        self.write_down_comebacks();
    }
}

#[cfg(test)]
mod tests;
