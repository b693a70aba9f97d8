//! Pools that come back: what time and people do to those that policies hold back.

use std::time::SystemTime;

use super::events;
use super::running::Running;
use crate::admin::OverrideError;
use crate::clock;
use crate::health::{Family, PoolId, Target};
use crate::history::{History, What};
use crate::state::{Author, Change, StateError};
use crate::steering::PoolState;
use crate::view::View;

impl Running {
    /// Sums those pools anew of whose comebacks more is over.
    pub(super) fn see_comebacks(&self, now: SystemTime) {
        let _turn = self.turn();
        let due = self.beliefs.returns().due(now);
        if !due.is_empty() {
            let pools = self.live.load().pools.and_dependents(&due);
            self.swap_pools(&pools, |view| {
                self.beliefs.pools_with(&view.pools, &pools, &view.world.inventory)
            });
        }
    }

    /// Has the journal know of every comeback.
    pub fn write_down_comebacks(&self) {
        let changes = self.beliefs.returns().take_changes();
        for change in changes {
            match self.store.record_comeback(&change) {
                // That is the matter of another process now.
                Ok(()) | Err(StateError::HandedOver) => {}
                Err(error) => {
                    tracing::warn!(%error, pool = change.pool, "cannot remember how a pool came back");
                }
            }
        }
    }

    /// Returns to a pool that is held back, since a person says so; says for which families.
    pub(super) fn return_to(&self, pool: &str, by: &Author) -> Result<Vec<Family>, OverrideError> {
        let _decision = self.decision();
        let target = Target::Pool(pool.to_owned());
        if let Some(unknown) = self.unknown(&target) {
            return Err(unknown);
        }
        let now = clock::wall_now();
        let id = self.live.load().world.inventory.pool(pool);
        let id = id.ok_or(OverrideError::NotHeldBack)?;
        let families = self.beliefs.returns().held(id, now);
        if families.is_empty() {
            return Err(OverrideError::NotHeldBack);
        }
        // In the journal what came before comes before.
        self.write_down_comebacks();
        let change = Change::Failback { pool: pool.to_owned(), families: families.clone() };
        self.audit_durably(by, &change)?;
        for family in &families {
            let released = self.beliefs.returns().released(id, *family);
            // Another world may be about to be served, where the number means another pool.
            let Some(released) = released.filter(|of| of.pool == pool) else { continue };
            if let Err(error) = self.store.record_comeback_durably(&released) {
                // The audit log has it, so it is done. It is written down as soon as there is room.
                tracing::error!(%error, pool, "cannot remember yet that a person has returned to a pool");
                let _ = self.store.record_comeback(&released);
            }
            self.beliefs.returns().release(id, &released);
        }
        self.history.add(now, events::override_is("failback", &target, None, by));
        self.refresh_pools();
        Ok(families)
    }
}

/// Logs which pools are held back from now on, and which are no longer, since `before`, which is
/// of the same world, and of which no other pools were summed anew.
pub(super) fn tell(before: &View, after: &View, summed: &[PoolId], history: &History) {
    for id in summed {
        let Some(pool) = after.world.inventory.pools.get(*id as usize) else { continue };
        let pool = &*pool.name;
        for set in after.pools.get(*id).into_iter().flat_map(PoolState::sets) {
            let family = set.family();
            let was = before.pools.get(*id).and_then(|state| state.set_of(family));
            let was_held = was.is_some_and(|set| set.held != 0);
            let held = set.held != 0;
            if was_held != held {
                let (pool, family) = (pool.to_owned(), family.to_string());
                history.add(clock::wall_now(), What::HeldBack { pool, family, held });
            }
            match (was_held, held) {
                (false, true) => tracing::info!(
                    pool,
                    %family,
                    "a pool that had failed is up again, and failback holds it back"
                ),
                (true, false) if set.is_up() => {
                    tracing::info!(pool, %family, "failback no longer holds a pool back");
                }
                _ => {}
            }
        }
    }
}
