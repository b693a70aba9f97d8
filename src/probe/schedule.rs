//! When each target is asked: a loop of its own for each, and a bound on all of them together.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::board::{Board, Ended, Next};
use super::heartbeat::listen;
use super::kit::Prepare;
use super::limit::Limits;
use super::report::Report;
use super::steps::{Asked, once};
use super::target::{Plan, ProbeTarget};
use super::turns::in_short_turns;
use super::watch::Watch;
use crate::clock::{self, Draws};
use crate::health::{EndpointId, RememberedVerdict};

/// The first probes of a plan are spread over at most this, for readiness waits for them.
const FIRST_ROUND: Duration = Duration::from_secs(1);

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
    /// One permit for each probe under way of a target that has no other.
    first_permits: Semaphore,
    /// One for each of the others.
    more_permits: Semaphore,
    /// One for each connection that is watched.
    watch_permits: Arc<Semaphore>,
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
        let limits = Limits::of_this_process();
        let board = Arc::new(Board::new(clock::runtime_now()));
        let common = Arc::new(Common {
            board: Arc::clone(&board),
            prepare: Box::new(prepare),
            first_permits: Semaphore::new(limits.first_probes),
            more_permits: Semaphore::new(limits.more_probes),
            watch_permits: Arc::new(Semaphore::new(limits.watches)),
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
        let now = clock::runtime_now();
        let first = |target: &ProbeTarget| now + self.common.first_pause(target);
        let is_local = |address| self.common.prepare.is_local(address);
        let new = self.board.replace(plan, memory, first, is_local);
        let Some(reports) = locked(&self.reports).clone() else { return };
        for target in new {
            let key = target.key.clone();
            let (common, reports) = (Arc::clone(&self.common), reports.clone());
            let task = match target.is_heartbeat() {
                true => self.runtime.spawn(listen(Arc::clone(&self.board), target, reports)),
                false => {
                    let probing = probe_again_and_again(common, target, reports);
                    self.runtime.spawn(in_short_turns(probing))
                }
            };
            loops.insert(key, task);
        }
        loops.retain(|key, task| {
            let stays = self.board.has(key);
            if !stays {
                task.abort();
            }
            stays
        });
    }

    /// Lets endpoints come up again that are held down for having fallen again and again.
    pub fn lift_holds(&self, endpoints: &[EndpointId]) {
        self.board.lift_holds(endpoints, clock::runtime_now());
    }

    /// Takes in that an endpoint says of itself that it is well; false if no monitor listens.
    pub fn beat(&self, endpoint: EndpointId) -> bool {
        self.board.beat(endpoint)
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

/// The life of one target: whatever its tracker says is due, and what came of it.
async fn probe_again_and_again(
    common: Arc<Common>,
    target: Arc<ProbeTarget>,
    reports: mpsc::Sender<Report>,
) {
    let (board, key) = (&common.board, &target.key);
    let Some(nudge) = board.nudge(key) else { return };
    let ask = common.prepare.prepare(&target);
    let watched = target.watched();
    let mut watch = watched.map(|address| Watch::new(address, Arc::clone(&common.watch_permits)));
    let mut under_way = FuturesUnordered::new();
    while let Some(look) = board.look(key, clock::runtime_now(), clock::wall_now()) {
        if let Some(watch) = &mut watch {
            watch.follow(look.verdict);
        }
        if let Some(report) = look.report {
            // Without a receiver nobody wants reports, but the board is still read.
            let _ = reports.send(report).await;
        }
        let (is_due, wake) = match look.next {
            Next::Begin => (true, None),
            Next::Wait(wake) => (false, wake),
        };
        let is_first = under_way.is_empty();
        let permits = if is_first { &common.first_permits } else { &common.more_permits };
        tokio::select! {
            biased;
            Some(ended) = under_way.next(), if !under_way.is_empty() => {
                let Some(report) = board.end(key, clock::runtime_now(), ended) else { return };
                let _ = reports.send(report).await;
            }
            Ok(permit) = permits.acquire(), if is_due => {
                let now = clock::runtime_now();
                let Some(number) = board.begin(key, now, common.fraction()) else { return };
                let asking = once(&ask, target.timeout);
                under_way.push(async move {
                    let Asked { result, heard } = asking.await;
                    drop(permit);
                    let round_trip = clock::runtime_now().duration_since(now);
                    let heard = heard.map(|heard| board.moment(heard));
                    Ended { number, result, round_trip, at: clock::wall_now(), heard }
                });
            }
            () = hint(&mut watch) => {
                if board.hint(key, clock::runtime_now()).is_none() {
                    return;
                }
            }
            () = nudge.notified() => {}
            () = until(wake), if !is_due => {}
        }
    }
}

/// Until there is a hint, or for ever.
async fn hint(watch: &mut Option<Watch>) {
    match watch {
        Some(watch) => watch.hint().await,
        None => std::future::pending().await,
    }
}

/// Until a moment, or for ever.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

impl Common {
    fn first_pause(&self, target: &ProbeTarget) -> Duration {
        target.settings.interval.min(FIRST_ROUND).mul_f64(self.fraction())
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
