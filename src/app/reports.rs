//! What probes report: taken into the view, then logged and remembered.

use std::collections::HashSet;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use super::reasons;
use super::running::Running;
use crate::health::{Inventory, Pool, PoolId, State};
use crate::history::{NAMED, What};
use crate::probe::{ContactNews, EndpointChange, Event, Failure, Report};
use crate::server::{Beside, give_way};
use crate::state::StateError;
use crate::timestamp::to_rfc3339;
use crate::view::View;

/// Reports that are taken in at once, at most, before the view is swapped.
const REPORTS_AT_ONCE: usize = 8192;

/// Batches of reports that may wait to be written down.
const BATCHES_WAITING: usize = 4096;

/// Reports to write down, with the plan and the view that they were taken into.
struct Notes {
    reports: Vec<Report>,
    generation: u64,
    view: Arc<View>,
}

impl Running {
    /// Takes in what probes report until nobody probes any more.
    ///
    /// Log and journal are written by a thread of their own, so that no slow disk or terminal
    /// holds up a verdict.
    pub fn take_reports(&self, mut reports: mpsc::Receiver<Report>) {
        std::thread::scope(|scope| {
            let (notes_in, notes) = sync_channel::<Notes>(BATCHES_WAITING);
            scope.spawn(move || {
                // When thousands fall at once, answers come first.
                give_way(Beside::Telling);
                for Notes { reports, generation, view } in notes {
                    for report in &reports {
                        self.note(report, generation, &view);
                    }
                }
            });
            while let Some(first) = reports.blocking_recv() {
                let mut batch = vec![first];
                while batch.len() < REPORTS_AT_ONCE {
                    let Ok(next) = reports.try_recv() else { break };
                    batch.push(next);
                }
                let (generation, view) = self.swap_moved(&batch);
                batch.retain(|report| self.is_worth_a_note(report));
                let count = batch.len();
                if count == 0 {
                    continue;
                }
                if notes_in.try_send(Notes { reports: batch, generation, view }).is_err() {
                    tracing::error!(
                        count,
                        "the disk is too slow: changes that are not written down"
                    );
                }
            }
        });
    }

    /// Sums those pools anew that reports of the present plan say have moved.
    fn swap_moved(&self, reports: &[Report]) -> (u64, Arc<View>) {
        let _turn = self.turn();
        let generation = self.beliefs.probes.board().generation();
        // Those of earlier plans are in the view already, which the reload made from the board.
        let moved = reports.iter().filter(|r| r.moved && r.generation == generation);
        let mut pools: Vec<PoolId> = moved.flat_map(|r| r.pools.iter().copied()).collect();
        pools.sort_unstable();
        pools.dedup();
        let pools = self.live.load().pools.and_dependents(&pools);
        if !pools.is_empty() {
            self.swap_pools(&pools, |view| {
                self.beliefs.pools_with(&view.pools, &pools, &view.world.inventory)
            });
        }
        (generation, self.live.load_full())
    }

    /// Whether a verdict changed, or the probing of a target began or ceased to be impossible.
    fn is_worth_a_note(&self, report: &Report) -> bool {
        report.changed.is_some()
            || report.contact.is_some()
            || report.failure().is_some_and(Failure::is_ours)
            || self.unsendable().contains(&report.key)
    }

    pub fn unsendable(&self) -> MutexGuard<'_, HashSet<Arc<str>>> {
        self.ongoing.unsendable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Logs and remembers a verdict that has changed, and logs a probe that cannot be sent.
    fn note(&self, report: &Report, generation: u64, view: &View) {
        let target_name = &*report.key;
        self.note_unsendable(report);
        if let Some(news) = report.contact {
            self.history.add(report.at, What::Network { lost: news == ContactNews::Lost });
        }
        match report.contact {
            None => {}
            Some(ContactNews::Lost) => tracing::error!(
                "NETWORK LOST: nobody is heard of any more, so this machine is cut off; verdicts stay as they are"
            ),
            Some(ContactNews::Regained) => {
                tracing::warn!(
                    target_name,
                    "somebody is heard of again: verdicts follow the probes"
                );
            }
        }
        let Some(state) = report.changed else { return };
        // The ids of an earlier plan mean other pools now.
        let is_current = report.generation == generation;
        let ids = report.pools.iter().filter(|_| is_current);
        let pools: Vec<&Pool> =
            ids.filter_map(|id| view.world.inventory.pools.get(*id as usize)).collect();
        self.tell_of_target(report, &pools);
        for change in report.endpoints.iter().filter(|_| is_current) {
            self.tell_of_endpoint(change, report, &view.world.inventory);
        }
        match self.store.record_verdict(target_name, state, report.at) {
            // That is the matter of another process now.
            Ok(()) | Err(StateError::HandedOver) => {}
            Err(error) => tracing::warn!(%error, "cannot remember a verdict"),
        }
    }

    fn tell_of_target(&self, report: &Report, pools: &[&Pool]) {
        let target_name = &*report.key;
        let names: Vec<String> = pools.iter().map(|pool| pool.name.clone()).collect();
        let joined = names.join(" ");
        // Where monitors are combined it may be as it should be.
        let is_part = !pools.is_empty() && pools.iter().all(|pool| pool.combined.is_some());
        let (pools, reason) = (joined.as_str(), report.failure().map(ToString::to_string));
        match &reason {
            None => tracing::info!(target_name, pools, verdict = "up", "verdict changed"),
            Some(reason) if is_part => {
                tracing::info!(target_name, pools, verdict = "down", reason, "verdict changed");
            }
            Some(reason) => {
                tracing::warn!(target_name, pools, verdict = "down", reason, "verdict changed");
            }
        }
        let verdict = if reason.is_none() { "up" } else { "down" }.into();
        let target = target_name.to_owned();
        self.history.add(report.at, verdict_event(target, names, verdict, reason));
    }

    fn tell_of_endpoint(&self, change: &EndpointChange, report: &Report, inventory: &Inventory) {
        let Some(pool) = inventory.pools.get(change.endpoint.pool as usize) else { return };
        let endpoint = pool.endpoint_name(change.endpoint.index as usize);
        let (verdict, reason) = match change.to {
            State::Up => {
                tracing::info!(endpoint, "an endpoint is up");
                ("up", None)
            }
            State::Down => {
                let reason = reasons::of(inventory, pool, &change.culprits);
                tracing::warn!(endpoint, reason, "an endpoint is down");
                ("down", Some(reason))
            }
        };
        let is_down = change.to == State::Down;
        let last_good = report.passed.filter(|_| is_down).map(to_rfc3339);
        let what = What::Endpoint { endpoint, verdict: verdict.into(), reason, last_good };
        self.history.add(report.at, what);
    }

    /// A probe that this side could not send says nothing of the endpoint, but somebody must mend
    /// it. Logged when it begins, not for every probe.
    fn note_unsendable(&self, report: &Report) {
        let mut unsendable = self.unsendable();
        match &report.event {
            Event::Slow => {}
            Event::Ended { result: Err(why), .. } if why.is_ours() => {
                if unsendable.insert(Arc::clone(&report.key)) {
                    tracing::error!(target_name = &*report.key, error = %why, "cannot probe");
                }
            }
            Event::Ended { .. } => {
                unsendable.remove(&report.key);
            }
        }
    }
}

/// Many thousand pools may hang on one target, and of this very many may fall at once.
fn verdict_event(
    target: String,
    mut pools: Vec<String>,
    verdict: String,
    reason: Option<String>,
) -> What {
    let more = pools.len().saturating_sub(NAMED);
    pools.truncate(NAMED);
    What::Verdict { target, pools, more, verdict, reason }
}

#[cfg(test)]
mod tests;
