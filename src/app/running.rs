//! The running daemon: what files, overrides and the passing of time do to it.
//!
//! Every change takes the turn of `changing`, so that the view, the plan of probes and the
//! journal never disagree about which came first.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::SystemTime;
use std::{panic, thread};

use super::alarm::{self, Alarm, Dependents};
use super::beliefs::Beliefs;
use super::drills::Drills;
use super::git::Git;
use super::maintenance::Maintenance;
use super::reloads::Wanted;
use super::shares::Counted;
use super::uptime::Records;
use super::webhooks::Webhooks;
use super::{comebacks, panics, stands};
use crate::admin::{Access, Control as _};
use crate::clock;
use crate::config::Daemon;
use crate::finding::Finding;
use crate::health::PoolId;
use crate::history::History;
use crate::live::{self, Live};
use crate::metrics::Metrics;
use crate::probe::Plan;
use crate::querylog::QueryLogs;
use crate::reload::{self, Loaded, Seen};
use crate::server::{Beside, Identity, give_way};
use crate::state::{Author, Change, Store};
use crate::steering::Pools;
use crate::systemd::Manager;
use crate::view::{CookieSecrets, View, World};

/// The running daemon, as those who change it see it.
pub(super) struct Running {
    pub daemon: Daemon,
    pub seed: u64,
    pub started: SystemTime,
    pub live: Arc<Live>,
    /// What encrypted transports show; none where there are none.
    pub identity: Option<Arc<Identity>>,
    /// What the admin endpoint shows; none where it speaks plain HTTP.
    pub admin_identity: Option<Arc<Identity>>,
    pub beliefs: Beliefs,
    pub store: Store,
    /// Who is let in at the admin endpoint.
    pub access: Access,
    /// What happens, for those who follow along.
    pub history: Arc<History>,
    pub metrics: Arc<Metrics>,
    /// Who tells of questions and answers.
    pub querylogs: QueryLogs,
    pub alarm: Alarm,
    /// What the files looked like when they were last loaded.
    pub seen: Arc<Seen>,
    pub ongoing: Ongoing,
    /// What was counted for those who look.
    pub counted: Counted,
    pub drills: Drills,
    pub maintenance: Maintenance,
    /// What was up when, as it is written down.
    pub records: Records,
    /// Who wants to hear how it is.
    pub manager: Manager,
    /// The remote that the zones come from; none where they are here.
    pub git: Option<Git>,
    /// Who is told elsewhere of what happens.
    pub webhooks: Webhooks,
}

/// What is going on: nothing at the start.
#[derive(Default)]
pub(super) struct Ongoing {
    /// Held by whoever swaps the view: never for longer than that takes.
    pub changing: Mutex<()>,
    /// Whether questions are answered.
    pub is_serving: AtomicBool,
    /// Whether all endpoints of some world have been probed.
    pub was_ready: AtomicBool,
    /// Held by whoever loads files, so that loads do not overtake each other.
    pub loading: Mutex<()>,
    /// Whether a load in the background waits for its turn: a second one need not.
    pub load_is_waiting: AtomicBool,
    /// Held by whoever sets or ends overrides, plans maintenance, or has it go on, so that journal and memory have
    /// the same order, and nothing is taken away that a rule has counted on just before. They hold it while
    /// they wait for the disk, so that what ends by itself never waits for it.
    pub deciding: Mutex<()>,
    /// What has ended by itself, and when, and is not written down yet.
    pub ended: Mutex<Vec<(SystemTime, Change)>>,
    /// The targets that cannot be probed at present, by key.
    pub unsendable: Mutex<HashSet<Arc<str>>>,
    /// Set with each look at the time, so that whoever takes it back sees whether there was one since.
    pub has_looked: AtomicBool,
}

impl Running {
    pub fn turn(&self) -> MutexGuard<'_, ()> {
        self.ongoing.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn decision(&self) -> MutexGuard<'_, ()> {
        self.ongoing.deciding.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, if nobody has it.
    pub fn decision_at_once(&self) -> Option<MutexGuard<'_, ()>> {
        match self.ongoing.deciding.try_lock() {
            Err(TryLockError::WouldBlock) => None,
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Ok(decision) => Some(decision),
        }
    }

    /// Loads the files without holding up whoever asked for it, and logs what came of it.
    pub async fn reload_in_background(self: &Arc<Self>, why: &'static str, wanted: Wanted) {
        // Whoever waits for the end hears of it by the load that is to come, if not by this one.
        self.manager.reloading();
        if self.ongoing.load_is_waiting.swap(true, Ordering::AcqRel) {
            // The load that waits for its turn will see whatever this one would.
            return;
        }
        tracing::info!(why, "reloading");
        let running = Arc::clone(self);
        // A panic while loading leaves what is served as it is.
        let done = tokio::task::spawn_blocking(move || {
            running.reload_wanted(wanted, &Author::daemon()).is_ok()
        })
        .await;
        let status = self.status_sentence();
        match done {
            Ok(true) => self.manager.ready(&status),
            Ok(false) => {
                self.manager.ready(&format!("{status}; the last load was refused, see the log"))
            }
            Err(_) => {
                self.metrics.reloaded(false);
                tracing::error!("the load ended in a panic: this is a bug; nothing has changed");
                self.manager.ready(&format!("{status}; the last load ended in a panic"));
            }
        }
    }

    /// Has those who tell of answers tell what was answered last.
    pub async fn tell_the_last(self: &Arc<Self>) {
        let running = Arc::clone(self);
        // A panic there has been reported when it happened.
        let _ = tokio::task::spawn_blocking(move || running.querylogs.stop()).await;
    }

    /// What is served, for the service manager.
    pub fn status_sentence(&self) -> String {
        let world = &self.live.load().world;
        let (zones, revision) = (world.zones.all().len(), &world.revision);
        format!(
            "Serving {zones} {} (revision {revision})",
            if zones == 1 { "zone" } else { "zones" }
        )
    }

    /// Returns what is served since, and who has loaded it by breaking which rules.
    pub fn load(&self, by: &Author) -> Result<(String, Author), Vec<Finding>> {
        let commit = self.live.load().world.commit.clone();
        match self.git.as_ref().zip(commit) {
            None => self.load_from(&self.daemon, None, by),
            Some((git, commit)) => self.load_tree(git, &commit, &git.tree_of(&commit), by),
        }
    }

    /// The same, with zones that may be elsewhere, and are of that commit.
    pub fn load_from(
        &self,
        daemon: &Daemon,
        commit: Option<String>,
        by: &Author,
    ) -> Result<(String, Author), Vec<Finding>> {
        self.seen.refresh(&self.daemon);
        let Loaded { mut world, certificate, admin_certificate, cookie_secrets, warnings, .. } =
            self.read_files(daemon)?;
        world.commit = commit;
        self.maintenance.no_other_is_hidden_by(&world, &self.live.load().world)?;
        let by = self.may_serve(&world, by)?;
        alarm::tell_warnings(&warnings);
        let world = Arc::new(world);
        let revision = world.revision.clone();
        self.metrics.expect(&world);
        live::release(self.serve(world, cookie_secrets));
        self.remember();
        for (endpoint, identity, pair) in [
            ("dns", &self.identity, certificate),
            ("admin", &self.admin_identity, admin_certificate),
        ] {
            if let (Some(identity), Some(pair)) = (identity, pair)
                && identity.replace(pair)
            {
                tracing::info!(endpoint, "another certificate is shown from now on");
            }
        }
        Ok((revision, by))
    }

    /// Reads on a thread of its own, which gives way: answers come first.
    fn read_files(&self, daemon: &Daemon) -> Result<Loaded, Vec<Finding>> {
        let read = || reload::load(daemon, self.seed);
        thread::scope(|scope| {
            let nice = || {
                give_way(Beside::Loading);
                read()
            };
            match thread::Builder::new().name("load".into()).spawn_scoped(scope, nice) {
                Ok(thread) => thread.join().unwrap_or_else(|panic| panic::resume_unwind(panic)),
                // The system has no thread to give, and this one has time to wait.
                Err(_) => read(),
            }
        })
    }

    /// Puts a world in the place of the one that is served, and returns that.
    fn serve(&self, world: Arc<World>, cookie_secrets: Option<CookieSecrets>) -> Arc<World> {
        let (plan, dependents) = (Plan::new(&world.inventory), Dependents::new(&world));
        let _turn = self.turn();
        // Noted before there is more to probe.
        let _ = self.ready();
        self.beliefs.probes.replace(plan, &|key| self.store.remembered(key));
        let before = self.live.load_full();
        self.beliefs.returns().expect(&world.inventory, &world.steered, &world.paces);
        self.maintenance.expect(&world);
        self.beliefs.plan(self.tenths(&world, clock::wall_now()));
        self.live.update(|view| View {
            pools: self.beliefs.pools(&world.inventory),
            world,
            nsid: view.nsid.clone(),
            cookie_secrets: cookie_secrets.unwrap_or_else(|| view.cookie_secrets.clone()),
        });
        self.alarm.expect(dependents);
        alarm::tell_all(Some(&before), &self.live.load(), &self.history);
        Arc::clone(&before.world)
    }

    /// Has the journal know what is believed of all that is probed from now on, by whatever settings
    /// it was probed before, and of nothing else.
    pub fn remember(&self) {
        let believed = self.beliefs.probes.board().remembered();
        let keys: HashSet<&str> = believed.iter().map(|(key, _)| &**key).collect();
        self.unsendable().retain(|key| keys.contains(&**key));
        self.store.forget_verdicts(|key| keys.contains(key));
        for (key, verdict) in believed.iter().filter_map(|(key, verdict)| Some((key, (*verdict)?)))
        {
            if let Err(error) = self.store.record_unknown_verdict(key, verdict) {
                tracing::warn!(%error, "cannot remember what was believed before");
                return;
            }
        }
    }

    /// Sums all pools anew.
    pub fn refresh_pools(&self) {
        let _turn = self.turn();
        self.sum_all_pools();
    }

    /// The same, for whoever has the turn.
    pub fn sum_all_pools(&self) {
        let pools: Vec<PoolId> =
            (0..).zip(&self.live.load().world.inventory.pools).map(|(id, _)| id).collect();
        self.swap_pools(&pools, |view| self.beliefs.pools(&view.world.inventory));
    }

    /// Puts in place what becomes of the pools when some are summed anew.
    pub fn swap_pools(&self, summed: &[PoolId], pools: impl FnOnce(&View) -> Pools) {
        let before = self.live.load_full();
        self.live.update(|view| View { pools: pools(view), ..view.clone() });
        let after = self.live.load();
        stands::tell(&before, &after, summed, &self.history);
        panics::tell(&before, &after, summed, &self.history);
        comebacks::tell(&before, &after, summed, &self.history);
        self.alarm.tell(&before, &after, summed.iter().copied(), &self.history);
    }
}

#[cfg(test)]
pub(super) mod tests;
