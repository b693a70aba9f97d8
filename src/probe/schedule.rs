//! When each target is asked: a loop of its own for each, and a bound on all of them together.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{sleep, sleep_until, timeout};

use super::board::{Board, Report};
use super::failure::Failure;
use super::kit::{Ask, Prepare};
use super::target::{Plan, ProbeTarget};
use crate::clock::{self, Draws};
use crate::health::RememberedVerdict;

/// The first probes of a plan are spread over at most this, for readiness waits for them.
const FIRST_ROUND: Duration = Duration::from_secs(1);

/// No pause is longer: beyond the end of time there is nothing to add up to.
const LONGEST_PAUSE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Asks every target of a plan, from the moment it is started until it is shut down or dropped.
pub struct Probes {
    runtime: Handle,
    board: Arc<Board>,
    common: Arc<Common>,
    /// For the loops; none after the end, so that the receiver sees it.
    reports: Mutex<Option<mpsc::Sender<Report>>>,
    /// One loop for each target of the plan, by key.
    loops: Mutex<HashMap<Arc<str>, JoinHandle<()>>>,
}

/// What all loops share.
struct Common {
    board: Arc<Board>,
    prepare: Box<dyn Prepare>,
    /// One permit for each probe under way.
    permits: Semaphore,
    draws: Mutex<Draws>,
}

impl Probes {
    /// Starts to probe, on the runtime that this is called from.
    ///
    /// `memory` gives what was believed of a target when the process last ran. `reports` gets what
    /// every probe came to; while it is full, probes wait. When its receiver is gone, probing goes
    /// on without.
    ///
    /// # Errors
    ///
    /// Outside of a runtime, and if the system gives no chance.
    pub fn start(
        plan: Plan,
        prepare: impl Prepare,
        memory: &dyn Fn(&str) -> Option<RememberedVerdict>,
        reports: mpsc::Sender<Report>,
    ) -> io::Result<Self> {
        let runtime = Handle::try_current().map_err(io::Error::other)?;
        let board = Arc::new(Board::new());
        let common = Arc::new(Common {
            board: Arc::clone(&board),
            prepare: Box::new(prepare),
            permits: Semaphore::new(super::limit::probes_at_once()),
            draws: Mutex::new(Draws::new()?),
        });
        let reports = Mutex::new(Some(reports));
        let probes = Self { runtime, board, common, reports, loops: Mutex::default() };
        probes.replace(plan, memory);
        Ok(probes)
    }

    /// Probes by another plan. Targets that are in both go on as if nothing had happened; those
    /// that are not in the new one are asked no more. After a shutdown none are.
    pub fn replace(&self, plan: Plan, memory: &dyn Fn(&str) -> Option<RememberedVerdict>) {
        let mut loops = locked(&self.loops);
        let new = self.board.replace(plan, memory);
        let Some(reports) = locked(&self.reports).clone() else { return };
        for target in new {
            let key = target.key.clone();
            let probing = probe_again_and_again(Arc::clone(&self.common), target, reports.clone());
            loops.insert(key, self.runtime.spawn(probing));
        }
        loops.retain(|key, task| {
            let stays = self.board.has(key);
            if !stays {
                task.abort();
            }
            stays
        });
    }

    /// What is known of every target.
    pub fn board(&self) -> &Arc<Board> {
        &self.board
    }

    /// Stops all probes, those under way too, and with the last of them the reports. The board
    /// keeps what is known.
    pub fn shutdown(&self) {
        let mut loops = locked(&self.loops);
        locked(&self.reports).take();
        for (_, task) in loops.drain() {
            task.abort();
        }
    }
}

impl Drop for Probes {
    fn drop(&mut self) {
        self.shutdown();
    }
}

/// The life of one target. It never overlaps itself: the next probe is thought of when the last
/// one ended.
async fn probe_again_and_again(
    common: Arc<Common>,
    target: Arc<ProbeTarget>,
    reports: mpsc::Sender<Report>,
) {
    sleep(common.first_pause(&target)).await;
    let ask = common.prepare.prepare(&target);
    loop {
        let Ok(permit) = common.permits.acquire().await else { return };
        let began = clock::runtime_now();
        let result = once(&ask, target.timeout).await;
        drop(permit);
        let round_trip = clock::runtime_now().duration_since(began);
        let at = clock::wall_now();
        let Some((report, next)) = common.board.observe(&target.key, result, round_trip, at) else {
            return;
        };
        // Without a receiver nobody wants reports, but the board is still read.
        let _ = reports.send(report).await;
        if next.promised {
            sleep(common.jittered_up(next.pause)).await;
        } else {
            sleep_until(began + common.jittered(next.pause)).await;
        }
    }
}

/// Asks once, within the limit of time.
pub(super) async fn once(ask: &Ask, limit: Duration) -> Result<(), Failure> {
    timeout(limit, ask()).await.unwrap_or(Err(Failure::TimedOut(limit)))
}

impl Common {
    fn first_pause(&self, target: &ProbeTarget) -> Duration {
        target.settings.interval.min(FIRST_ROUND).mul_f64(self.fraction())
    }

    /// Ten per cent shorter or longer, so that targets which began together drift apart.
    fn jittered(&self, pause: Duration) -> Duration {
        pause.min(LONGEST_PAUSE).mul_f64(0.9 + 0.2 * self.fraction())
    }

    /// Up to ten per cent longer, never shorter: a verdict in doubt promises that it stays for as
    /// long as the pauses that are missing, and answers live by that.
    fn jittered_up(&self, pause: Duration) -> Duration {
        pause.min(LONGEST_PAUSE).mul_f64(1.0 + 0.1 * self.fraction())
    }

    /// Uniform from 0 to 1.
    fn fraction(&self) -> f64 {
        locked(&self.draws).next_number() as f64 / u64::MAX as f64
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
