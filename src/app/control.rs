//! What the admin endpoint, signals, probes and the passing of time do to the daemon.
//!
//! Every change takes the turn of `changing`, so that the view, the plan of probes and the
//! journal never disagree about which came first.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use axum::http::StatusCode;
use hickory_proto::rr::RecordType;
use tokio::sync::mpsc;

use super::beliefs::Beliefs;
use super::{alarm, families};
use crate::admin::status::{OverrideStatus, ProbeFacts, Status, pool_statuses, region_statuses};
use crate::admin::{Control, Problem, Question, Refusal};
use crate::clock;
use crate::config::{Daemon, Loaded};
use crate::explain::{self, explain};
use crate::finding::Finding;
use crate::health::{EndpointId, Inventory, Override, Overrides, PoolId, Target, endpoint_verdict};
use crate::live::Live;
use crate::metrics::{self, Metrics};
use crate::probe::{Failure, Remembered, Report, Snapshot, TargetStatus};
use crate::reload::{self, Seen};
use crate::state::{DAEMON, OverrideChange, OverrideEvent, Store};
use crate::steering::Pools;
use crate::timestamp;
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

/// The running daemon, as those who change it see it.
pub(super) struct Running {
    pub daemon: Daemon,
    pub seed: u64,
    pub started: SystemTime,
    pub live: Arc<Live>,
    pub beliefs: Beliefs,
    pub store: Store,
    pub metrics: Arc<Metrics>,
    /// What the files looked like when they were last loaded.
    pub seen: Arc<Seen>,
    /// Held by whoever swaps the view: never for longer than that takes.
    pub changing: Mutex<()>,
    /// Held by whoever loads files, so that loads do not overtake each other.
    pub loading: Mutex<()>,
    /// Whether a load in the background waits for its turn: a second one need not.
    pub load_is_waiting: AtomicBool,
    /// Held by whoever sets or ends overrides, so that journal and memory have the same order.
    pub deciding: Mutex<()>,
    /// The targets that cannot be probed at present, by key.
    pub unsendable: Mutex<HashSet<Arc<str>>>,
}

impl Running {
    fn turn(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn decision(&self) -> MutexGuard<'_, ()> {
        self.deciding.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Loads the files without holding up whoever asked for it, and logs what came of it.
    pub async fn reload_in_background(self: &Arc<Self>, why: &'static str) {
        if self.load_is_waiting.swap(true, Ordering::AcqRel) {
            // The load that waits for its turn will see whatever this one would.
            return;
        }
        tracing::info!(why, "reloading");
        let running = Arc::clone(self);
        // A panic while loading leaves what is served as it is.
        let done = tokio::task::spawn_blocking(move || running.reload().is_ok()).await;
        if done.is_err() {
            self.metrics.reloaded(false);
            tracing::error!("the load ended in a panic: this is a bug; nothing has changed");
        }
    }

    fn load(&self) -> Result<String, Vec<Finding>> {
        self.seen.refresh(&self.daemon);
        let Loaded { world, warnings } = reload::load(&self.daemon, self.seed)?;
        alarm::tell_warnings(&warnings);
        let world = Arc::new(world);
        let revision = world.revision.clone();
        self.metrics.expect(&world);
        let _turn = self.turn();
        let memory = |key: &str| {
            let last = self.store.remembered(key)?;
            Some(Remembered { state: last.state, since: last.since })
        };
        self.beliefs.replace(&world.inventory, &memory);
        self.live.update(|view| View {
            pools: self.beliefs.pools(&world.inventory),
            world,
            nsid: view.nsid.clone(),
        });
        alarm::tell_all(&self.live.load());
        Ok(revision)
    }

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
                // With so many waiting the disk is gone, and its owner has worse to read.
                let _ = notes_in.try_send(Notes { reports: batch, generation, view });
            }
        });
    }

    /// Sums those pools anew that reports of the present plan say have moved.
    fn swap_moved(&self, reports: &[Report]) -> (u64, Arc<View>) {
        let _turn = self.turn();
        let generation = self.beliefs.probes().board().generation();
        // Those of earlier plans are in the view already, which the reload made from the board.
        let moved = reports.iter().filter(|r| r.moved && r.generation == generation);
        let mut pools: Vec<PoolId> = moved.flat_map(|r| r.pools.iter().copied()).collect();
        pools.sort_unstable();
        pools.dedup();
        if !pools.is_empty() {
            self.swap_pools(|view| {
                self.beliefs.pools_with(&view.pools, &pools, &view.world.inventory)
            });
        }
        (generation, self.live.load_full())
    }

    /// Whether a verdict changed, or the probing of a target began or ceased to be impossible.
    fn is_worth_a_note(&self, report: &Report) -> bool {
        report.changed.is_some()
            || report.result.as_ref().is_err_and(Failure::is_ours)
            || self.unsendable().contains(&report.key)
    }

    fn unsendable(&self) -> MutexGuard<'_, HashSet<Arc<str>>> {
        self.unsendable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Logs and remembers a verdict that has changed, and logs a probe that cannot be sent.
    fn note(&self, report: &Report, generation: u64, view: &View) {
        let target_name = &*report.key;
        self.note_unsendable(report);
        let Some(state) = report.changed else { return };
        let pool = |id: &PoolId| view.world.inventory.pools.get(*id as usize);
        // The ids of an earlier plan mean other pools now.
        let ids = report.pools.iter().filter(|_| report.generation == generation);
        let pools: Vec<&str> = ids.filter_map(pool).map(|pool| pool.name.as_str()).collect();
        let pools = pools.join(" ");
        match &report.result {
            Ok(()) => tracing::info!(target_name, pools, verdict = "up", "verdict changed"),
            Err(why) => {
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
        match &report.result {
            Err(why) if why.is_ours() => {
                if unsendable.insert(Arc::clone(&report.key)) {
                    tracing::error!(target_name = &*report.key, error = %why, "cannot probe");
                }
            }
            _ => {
                unsendable.remove(&report.key);
            }
        }
    }

    /// Ends the overrides whose time is over.
    pub fn expire_overrides(&self, now: SystemTime) {
        let _decision = self.decision();
        for (target, what) in self.beliefs.expire(now) {
            tracing::info!(target_name = %target, state = %what.state, reason = what.reason, "override ended");
            let change = OverrideChange::Expire;
            let event = OverrideEvent { at: now, by: DAEMON.into(), target, change };
            if let Err(error) = self.store.record_override(&event) {
                // Its end stands in the line that set it.
                tracing::warn!(%error, "cannot write down the end of an override");
            }
        }
        self.refresh_pools();
    }

    fn refresh_pools(&self) {
        let _turn = self.turn();
        self.swap_pools(|view| self.beliefs.pools(&view.world.inventory));
    }

    fn swap_pools(&self, pools: impl FnOnce(&View) -> Pools) {
        let before = self.live.load_full();
        self.live.update(|view| View { pools: pools(view), ..view.clone() });
        alarm::tell(&before, &self.live.load());
    }

    /// View, overrides and probes of the same moment: during a turn they are of the same world.
    /// Whoever looks at them does so afterwards, and holds up nobody.
    fn moment(&self) -> Moment {
        let _turn = self.turn();
        Moment {
            view: self.live.load_full(),
            overrides: self.beliefs.overrides(),
            probes: self.beliefs.probes().board().snapshot(),
        }
    }
}

/// How everything stood at one moment.
struct Moment {
    view: Arc<View>,
    overrides: Overrides,
    probes: Snapshot,
}

impl Moment {
    fn facts(&self, id: EndpointId) -> ProbeFacts {
        let targets = self.probes.plan.targets_of(id);
        let targets: Vec<&TargetStatus> =
            targets.iter().filter_map(|index| self.probes.targets.get(*index)).collect();
        let last_failure = targets.iter().filter_map(|target| target.last_failure.as_ref());
        ProbeFacts {
            verdict: endpoint_verdict(targets.iter().map(|target| target.verdict)),
            since: targets.iter().filter_map(|target| target.since).max(),
            failing: targets.iter().any(|target| target.is_failing()),
            last_error: last_failure.max_by_key(|(at, _)| *at).map(|(_, why)| why.to_string()),
            last_round_trip: targets.iter().filter_map(|target| target.round_trip).max(),
        }
    }
}

impl Control for Running {
    fn ready(&self) -> Result<(), String> {
        match self.beliefs.probes().board().unprobed() {
            0 => Ok(()),
            left => Err(format!("{left} probe targets were not probed yet")),
        }
    }

    fn metrics(&self) -> String {
        let moment = self.moment();
        let Moment { view, overrides, probes } = &moment;
        let mut all = self.metrics.families();
        all.push(metrics::info(&view.world.revision, env!("CARGO_PKG_VERSION")));
        all.extend(families::endpoints(view, overrides, |id| moment.facts(id).verdict));
        all.extend(families::probes(probes));
        metrics::render(&all)
    }

    fn status(&self) -> Status {
        let moment = self.moment();
        let Moment { view, overrides, .. } = &moment;
        let inventory: &Inventory = &view.world.inventory;
        Status {
            revision: view.world.revision.clone(),
            started: timestamp::to_rfc3339(self.started),
            ready: self.ready().is_ok(),
            state_unavailable: self.store.unavailable().map(str::to_owned),
            regions: region_statuses(inventory, overrides),
            pools: pool_statuses(inventory, &view.pools, overrides, |id| moment.facts(id)),
            overrides: overrides.iter().map(|(t, what)| OverrideStatus::new(t, what)).collect(),
        }
    }

    fn explain(&self, question: &Question) -> Result<serde_json::Value, Problem> {
        let broken = |what: String| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, what);
        let draw = clock::random_bytes().map_err(|error| broken(error.to_string()))?;
        let anyone = (IpAddr::V4(Ipv4Addr::LOCALHOST), 32);
        let explanation = explain(
            &self.live.load_full(),
            &explain::Question {
                name: &question.name,
                rtype: RecordType::from(question.rtype),
                from: question.from.map_or(anyone, |client| (client.address, client.length)),
                draw: u64::from_le_bytes(draw),
            },
        )
        .map_err(|what| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what))?;
        serde_json::to_value(explanation).map_err(|error| broken(error.to_string()))
    }

    fn overrides(&self) -> Overrides {
        self.beliefs.overrides()
    }

    fn set_override(
        &self,
        target: Target,
        what: Override,
        by: &str,
    ) -> Result<Option<Override>, Refusal> {
        let _decision = self.decision();
        let view = self.live.load_full();
        if !target.exists_in(&view.world.inventory) {
            return Err(Refusal::UnknownTarget { known: known(&view.world.inventory, &target) });
        }
        let before = self.beliefs.overrides().get(&target).cloned();
        let event = OverrideEvent {
            at: clock::wall_now(),
            by: by.into(),
            target: target.clone(),
            change: OverrideChange::Set(what.clone()),
        };
        self.store.record_override(&event).map_err(Refusal::NotDurable)?;
        self.beliefs.set(target, what);
        self.refresh_pools();
        Ok(before)
    }

    fn clear_override(&self, target: &Target, by: &str) -> Result<Override, Refusal> {
        let _decision = self.decision();
        let standing = self.beliefs.overrides().get(target).cloned().ok_or(Refusal::NoOverride)?;
        let event = OverrideEvent {
            at: clock::wall_now(),
            by: by.into(),
            target: target.clone(),
            change: OverrideChange::Clear,
        };
        self.store.record_override(&event).map_err(Refusal::NotDurable)?;
        self.beliefs.clear(target);
        self.refresh_pools();
        Ok(standing)
    }

    fn reload(&self) -> Result<String, Vec<Finding>> {
        let _loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        self.load_is_waiting.store(false, Ordering::Release);
        let loaded = self.load();
        self.metrics.reloaded(loaded.is_ok());
        match &loaded {
            Ok(revision) => tracing::info!(revision, "reloaded"),
            Err(findings) => {
                for finding in findings {
                    tracing::error!(%finding, "a file is wrong");
                }
                tracing::error!(
                    findings = findings.len(),
                    "not reloaded: what was served before is still served"
                );
            }
        }
        loaded
    }
}

/// The names of those targets of the same kind that there are.
fn known(inventory: &Inventory, target: &Target) -> Vec<String> {
    let pools = inventory.pools.iter();
    match target {
        Target::Region(_) => inventory.regions.iter().map(|region| region.name.clone()).collect(),
        Target::Pool(_) => pools.map(|pool| pool.name.clone()).collect(),
        Target::Endpoint(..) => pools
            .flat_map(|pool| (0..pool.endpoints.len()).map(|index| pool.endpoint_name(index)))
            .collect(),
    }
}
