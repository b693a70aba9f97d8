//! What is believed of all endpoints at this moment: what probes say, what people say, and which
//! pools have been out.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock;
use crate::health::{EndpointId, Inventory, Overrides, PoolId, Seen, StandingNow, Verdict};
use crate::probe::Probes;
use crate::steering::{Pools, Returns};

/// Verdicts and overrides.
pub(super) struct Beliefs {
    overrides: Mutex<Overrides>,
    returns: Mutex<Returns>,
    /// What probes say.
    pub probes: Probes,
}

impl Beliefs {
    pub fn new(overrides: Overrides, returns: Returns, probes: Probes) -> Self {
        Self { overrides: Mutex::new(overrides), returns: Mutex::new(returns), probes }
    }

    /// How all pools of an inventory stand; it must be the one that is probed.
    pub fn pools(&self, inventory: &Inventory) -> Pools {
        let verdicts = self.probes.board().verdicts();
        let (overrides, mut returns) = (self.overrides(), self.returns());
        let standing = |id: EndpointId| {
            let verdict =
                verdicts.get(id.pool as usize).and_then(|pool| pool.get(id.index as usize));
            let verdict = verdict.copied().unwrap_or(Verdict::SETTLED_UP);
            StandingNow::of(inventory, id, verdict, &overrides)
        };
        let now = clock::wall_now();
        let see = |id, family, seen| returns.see(id, family, self.heard(inventory, id, seen), now);
        Pools::seen_by(inventory, standing, see)
    }

    /// `pools` with those in `changed` summed anew, and with them all that hang on them.
    pub fn pools_with(&self, pools: &Pools, changed: &[PoolId], inventory: &Inventory) -> Pools {
        let summed = pools.and_dependents(changed);
        let verdicts: Vec<(PoolId, Vec<Verdict>)> =
            summed.iter().map(|id| (*id, self.probes.board().pool_verdicts(*id))).collect();
        let (overrides, mut returns) = (self.overrides(), self.returns());
        let standing = |id: EndpointId| {
            let pool = verdicts.binary_search_by_key(&id.pool, |(pool, _)| *pool).ok();
            let verdict = pool.and_then(|at| verdicts[at].1.get(id.index as usize));
            let verdict = verdict.copied().unwrap_or(Verdict::SETTLED_UP);
            StandingNow::of(inventory, id, verdict, &overrides)
        };
        let now = clock::wall_now();
        let see = |id, family, seen| returns.see(id, family, self.heard(inventory, id, seen), now);
        pools.with(&summed, inventory, standing, see)
    }

    /// A pool that counts as down before its first probe has not failed, nor have those that are down
    /// only because they require it.
    fn heard(&self, inventory: &Inventory, pool: PoolId, seen: Seen) -> Seen {
        let board = self.probes.board();
        match seen {
            Seen::Failing if board.is_unheard(pool) => Seen::Up,
            Seen::Lacking if required(inventory, pool).iter().any(|id| board.is_unheard(*id)) => {
                Seen::Up
            }
            seen => seen,
        }
    }

    /// Which pools have been out. Taken after the overrides by whoever needs both, and as little
    /// to be held while anything waits.
    pub fn returns(&self) -> MutexGuard<'_, Returns> {
        // A change that was not finished is seen again with the next sum.
        self.returns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What people say. Not to be held while anything waits.
    pub fn overrides(&self) -> MutexGuard<'_, Overrides> {
        // Each change of the table is one insertion or removal, whole or not begun.
        self.overrides.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a pool requires, and what that does.
fn required(inventory: &Inventory, pool: PoolId) -> HashSet<PoolId> {
    let (mut left, mut seen) = (vec![pool], HashSet::new());
    while let Some(pool) = left.pop() {
        let required = inventory.pools.get(pool as usize).into_iter().flat_map(|p| &p.requires);
        left.extend(required.copied().filter(|id| seen.insert(*id)));
    }
    seen
}
