//! What is believed of all endpoints at this moment: what probes say, and what people say.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::health::{Inventory, Overrides, PoolId, StandingNow, Verdict};
use crate::probe::Probes;
use crate::steering::Pools;

/// Verdicts and overrides.
pub(super) struct Beliefs {
    overrides: Mutex<Overrides>,
    /// What probes say.
    pub probes: Probes,
}

impl Beliefs {
    pub fn new(overrides: Overrides, probes: Probes) -> Self {
        Self { overrides: Mutex::new(overrides), probes }
    }

    /// How all pools of an inventory stand; it must be the one that is probed.
    pub fn pools(&self, inventory: &Inventory) -> Pools {
        let verdicts = self.probes.board().verdicts();
        let overrides = self.overrides();
        Pools::new(inventory, |id| {
            let verdict =
                verdicts.get(id.pool as usize).and_then(|pool| pool.get(id.index as usize));
            let verdict = verdict.copied().unwrap_or(Verdict::SETTLED_UP);
            StandingNow::of(inventory, id, verdict, &overrides)
        })
    }

    /// `pools` with those in `changed`, which are in ascending order, summed anew.
    pub fn pools_with(&self, pools: &Pools, changed: &[PoolId], inventory: &Inventory) -> Pools {
        let verdicts: Vec<(PoolId, Vec<Verdict>)> =
            changed.iter().map(|id| (*id, self.probes.board().pool_verdicts(*id))).collect();
        let overrides = self.overrides();
        pools.with(changed, inventory, |id| {
            let pool = verdicts.binary_search_by_key(&id.pool, |(pool, _)| *pool).ok();
            let verdict = pool.and_then(|at| verdicts[at].1.get(id.index as usize));
            let verdict = verdict.copied().unwrap_or(Verdict::SETTLED_UP);
            StandingNow::of(inventory, id, verdict, &overrides)
        })
    }

    /// What people say. Not to be held while anything waits.
    pub fn overrides(&self) -> MutexGuard<'_, Overrides> {
        // Each change of the table is one insertion or removal, whole or not begun.
        self.overrides.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
