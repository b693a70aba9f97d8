//! What probes report: taken into the view, then logged and remembered.

use std::collections::HashSet;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use super::running::Running;
use crate::health::PoolId;
use crate::history::What;
use crate::probe::{ContactNews, Event, Failure, Report};
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
        let pool = |id: &PoolId| view.world.inventory.pools.get(*id as usize);
        // The ids of an earlier plan mean other pools now.
        let ids = report.pools.iter().filter(|_| report.generation == generation);
        let pools: Vec<&str> = ids.filter_map(pool).map(|pool| pool.name.as_str()).collect();
        let verdict = if report.failure().is_none() { "up" } else { "down" };
        let what = What::Verdict {
            target: target_name.to_owned(),
            pools: pools.iter().map(|pool| (*pool).to_owned()).collect(),
            verdict: verdict.into(),
            reason: report.failure().map(ToString::to_string),
        };
        self.history.add(report.at, what);
        let pools = pools.join(" ");
        match report.failure() {
            None => tracing::info!(target_name, pools, verdict = "up", "verdict changed"),
            Some(why) => {
                tracing::warn!(target_name, pools, verdict = "down", reason = %why, "verdict changed");
            }
        }
        if let Err(error) = self.store.record_verdict(target_name, state, report.at) {
            tracing::warn!(%error, "cannot remember a verdict");
        }
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

#[cfg(test)]
mod tests;
