//! A thread that tells: it gives way, and nobody waits for it for long.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::server::{Beside, give_way, take_turns};

/// How long what was copied last may take to be told at the end.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long it goes on at a time where others want the processor.
const TURN: Duration = Duration::from_micros(100);

/// Whether it is time to end.
#[derive(Clone, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    pub(super) fn is_ordered(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The thread.
pub(super) struct Worker {
    stop: Stop,
    /// Ends with the thread.
    end: Mutex<Receiver<()>>,
}

impl Worker {
    pub(super) fn start(name: &str, work: impl FnOnce(Stop) + Send + 'static) -> io::Result<Self> {
        let stop = Stop::default();
        let (alive, end) = channel::<()>();
        let seen = stop.clone();
        thread::Builder::new().name(name.into()).spawn(move || {
            give_way(Beside::Copies);
            take_turns(TURN);
            work(seen);
            drop(alive);
        })?;
        Ok(Self { stop, end: Mutex::new(end) })
    }

    pub(super) fn order_to_stop(&self) {
        self.stop.0.store(true, Ordering::Relaxed);
    }

    /// Waits for the end. A disk that hangs is left to the end of the process.
    pub(super) fn wait(&self) {
        let end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        // Nothing is ever sent: an error says that the thread has ended, or that it takes too long.
        let _ = end.recv_timeout(PATIENCE);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.order_to_stop();
    }
}
