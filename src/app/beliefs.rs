//! What is believed of all endpoints at this moment: what probes say, and what people say.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::health::{
    Inventory, Override, Overrides, PoolId, RememberedVerdict, StandingNow, Target, Verdict,
};
use crate::probe::{Plan, Probes};
use crate::steering::Pools;

/// Verdicts and overrides.
pub(super) struct Beliefs {
    overrides: Mutex<Overrides>,
    probes: Probes,
}

impl Beliefs {
    pub fn new(overrides: Overrides, probes: Probes) -> Self {
        Self { overrides: Mutex::new(overrides), probes }
    }

    fn lock(&self) -> MutexGuard<'_, Overrides> {
        // Each change of the table is one insertion or removal, whole or not begun.
        self.overrides.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How all pools of an inventory stand; it must be the one that is probed.
    pub fn pools(&self, inventory: &Inventory) -> Pools {
        let verdicts = self.probes.board().verdicts();
        let overrides = self.lock();
        Pools::new(inventory, |id| {
            let verdict =
                verdicts.get(id.pool as usize).and_then(|pool| pool.get(id.index as usize));
            let verdict = verdict.copied().unwrap_or(Verdict::SETTLED_UP);
            StandingNow::of(inventory, id, verdict, &overrides)
        })
    }

    /// `pools` with those in `changed` summed anew.
    pub fn pools_with(&self, pools: &Pools, changed: &[PoolId], inventory: &Inventory) -> Pools {
        let verdicts: Vec<(PoolId, Vec<Verdict>)> =
            changed.iter().map(|id| (*id, self.probes.board().pool_verdicts(*id))).collect();
        let overrides = self.lock();
        pools.with(changed, inventory, |id| {
            let pool = verdicts.iter().find(|(pool, _)| *pool == id.pool);
            let verdict = pool.and_then(|(_, verdicts)| verdicts.get(id.index as usize));
            let verdict = verdict.copied().unwrap_or(Verdict::SETTLED_UP);
            StandingNow::of(inventory, id, verdict, &overrides)
        })
    }

    /// Probes by another inventory from now on; `memory` is what was last believed of targets that
    /// come back.
    pub fn replace(
        &self,
        inventory: &Inventory,
        memory: &dyn Fn(&str) -> Option<RememberedVerdict>,
    ) {
        self.probes.replace(Plan::new(inventory), memory);
    }

    pub fn probes(&self) -> &Probes {
        &self.probes
    }

    pub fn shutdown(&self) {
        self.probes.shutdown();
    }

    pub fn overrides(&self) -> Overrides {
        self.lock().clone()
    }

    pub fn set(&self, target: Target, what: Override) {
        self.lock().set(target, what);
    }

    pub fn clear(&self, target: &Target) {
        self.lock().clear(target);
    }

    pub fn next_expiry(&self) -> Option<SystemTime> {
        self.lock().next_expiry()
    }

    pub fn expire(&self, now: SystemTime) -> Vec<(Target, Override)> {
        self.lock().expire(now)
    }
}
