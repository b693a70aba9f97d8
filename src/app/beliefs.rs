//! What is believed of all endpoints at this moment: what probes say, what people say, and which
//! pools have been out.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock;
use crate::health::{
    EndpointId, Family, Inventory, Overrides, Pool, PoolId, Seen, Standing, StandingNow, Verdict,
};
use crate::probe::Probes;
use crate::steering::{Pools, Returns};
use crate::view::View;

/// How many tenths of its clients a pool keeps, of those that do not keep all.
pub(super) type Planned = BTreeMap<PoolId, u8>;

/// What is taken for said of an endpoint of which nothing is.
const UNHEARD: Verdict = Verdict::SETTLED_UP;

/// Verdicts and overrides.
pub(super) struct Beliefs {
    overrides: Mutex<Overrides>,
    returns: Mutex<Returns>,
    /// Of pools that are away for maintenance, leave or come back: how many tenths of their clients they
    /// keep.
    planned: Mutex<Planned>,
    /// What probes say.
    pub probes: Probes,
}

impl Beliefs {
    pub fn new(overrides: Overrides, returns: Returns, probes: Probes) -> Self {
        let (overrides, returns) = (Mutex::new(overrides), Mutex::new(returns));
        Self { overrides, returns, planned: Mutex::default(), probes }
    }

    /// From the next sum on, these pools keep so much of their clients.
    pub fn plan(&self, planned: Planned) {
        *self.planned.lock().unwrap_or_else(PoisonError::into_inner) = planned;
    }

    /// What is planned.
    pub fn planned(&self) -> Planned {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The same pools, as they stand for each tenth of the clients, while any has only some of them.
    fn in_tenths(
        pools: Pools,
        inventory: &Inventory,
        planned: &Planned,
        standing: impl Fn(EndpointId, &Planned) -> StandingNow,
    ) -> Pools {
        let leaving: Vec<PoolId> =
            planned.iter().filter(|(_, tenths)| **tenths > 0).map(|(id, _)| *id).collect();
        if leaving.is_empty() {
            return pools;
        }
        // Those that are on their way back stay there.
        let back = |id, family, _| pools.get(id)?.set_of(family)?.back().copied();
        let tenths = std::array::from_fn(|tenth| {
            let out = |(id, keeps): (&PoolId, &u8)| {
                (*id, if usize::from(*keeps) > tenth { 10 } else { 0 })
            };
            let planned: Planned = planned.iter().map(out).collect();
            Pools::seen_by(inventory, |id| standing(id, &planned), back)
        });
        pools.with_leaving(leaving, tenths)
    }

    /// How all pools of an inventory stand; it must be the one that is probed.
    pub fn pools(&self, inventory: &Inventory) -> Pools {
        let verdicts = self.probes.board().verdicts();
        let planned = self.planned();
        let (overrides, mut returns) = (self.overrides(), self.returns());
        let standing = |id: EndpointId, planned: &Planned| {
            let verdict = said(verdicts.get(id.pool as usize), id.index);
            stands(inventory, id, verdict, &overrides, planned)
        };
        let now = clock::wall_now();
        let see = |id, family, seen| {
            let seen = self.heard(inventory, &overrides, (id, family), seen);
            returns.see(id, family, seen, now)
        };
        let pools = Pools::seen_by(inventory, |id| standing(id, &planned), see);
        Self::in_tenths(pools, inventory, &planned, standing)
    }

    /// `pools` with those in `changed` summed anew, and with them all that hang on them.
    pub fn pools_with(&self, pools: &Pools, changed: &[PoolId], inventory: &Inventory) -> Pools {
        let planned = self.planned();
        if planned.values().any(|tenths| *tenths > 0) {
            return self.pools(inventory);
        }
        let summed = pools.and_dependents(changed);
        let verdicts: Vec<(PoolId, Vec<Verdict>)> =
            summed.iter().map(|id| (*id, self.probes.board().pool_verdicts(*id))).collect();
        let (overrides, mut returns) = (self.overrides(), self.returns());
        let standing = |id: EndpointId| {
            let pool = verdicts.binary_search_by_key(&id.pool, |(pool, _)| *pool).ok();
            let verdict = said(pool.map(|at| &verdicts[at].1), id.index);
            stands(inventory, id, verdict, &overrides, &planned)
        };
        let now = clock::wall_now();
        let see = |id, family, seen| {
            let seen = self.heard(inventory, &overrides, (id, family), seen);
            returns.see(id, family, seen, now)
        };
        pools.with(&summed, inventory, standing, see)
    }

    /// How the pools would stand if people said something else, all else being as it is.
    pub fn pools_if(&self, view: &View, overrides: &Overrides) -> Pools {
        self.pools_as(view, overrides, &self.planned())
    }

    /// The same, if that were planned.
    pub fn pools_as(&self, view: &View, overrides: &Overrides, planned: &Planned) -> Pools {
        let inventory = &view.world.inventory;
        let verdicts = self.probes.board().verdicts();
        let standing = |id: EndpointId| {
            let verdict = said(verdicts.get(id.pool as usize), id.index);
            stands(inventory, id, verdict, overrides, planned)
        };
        // Those that are on their way back stay there.
        let back = |id, family, _| view.pools.get(id)?.set_of(family)?.back().copied();
        Pools::seen_by(inventory, standing, back)
    }

    /// How the pools of other files would stand: each endpoint as the one of the same name does now,
    /// and those that are new as if they were up; if people said that of them, and that were planned.
    pub fn pools_of(
        &self,
        view: &View,
        other: &Inventory,
        overrides: &Overrides,
        planned: &Planned,
    ) -> Pools {
        let inventory = &view.world.inventory;
        let verdicts = self.probes.board().verdicts();
        let now = |(pool, verdicts): (&Pool, &Vec<Verdict>)| -> Vec<(String, Verdict)> {
            (0..).zip(verdicts).map(|(index, v)| (pool.endpoint_name(index), *v)).collect()
        };
        let known: HashMap<String, Verdict> =
            inventory.pools.iter().zip(&verdicts).flat_map(now).collect();
        Pools::new(other, |id| {
            let pool = other.pools.get(id.pool as usize);
            let verdict = pool.and_then(|pool| known.get(&pool.endpoint_name(id.index as usize)));
            let verdict = verdict.copied().unwrap_or(UNHEARD);
            stands(other, id, verdict, overrides, planned)
        })
    }

    /// A pool that is down only because some endpoints count as that before their first probe has not
    /// failed, nor have those that are down only because they require it.
    fn heard(
        &self,
        inventory: &Inventory,
        overrides: &Overrides,
        (pool, family): (PoolId, Family),
        seen: Seen,
    ) -> Seen {
        let may_be_up = |id: PoolId, family| self.may_be_up(inventory, overrides, id, family);
        match seen {
            Seen::Failing if may_be_up(pool, Some(family)) => Seen::Up,
            Seen::Lacking if required(inventory, pool).iter().any(|id| may_be_up(*id, None)) => {
                Seen::Up
            }
            seen => seen,
        }
    }

    /// Whether it would be up for a family, or for any, if all were well of which nothing was heard
    /// yet, of which there are some.
    fn may_be_up(
        &self,
        inventory: &Inventory,
        overrides: &Overrides,
        id: PoolId,
        family: Option<Family>,
    ) -> bool {
        let board = self.probes.board();
        let unheard = board.unheard(id);
        let Some(pool) = inventory.pools.get(id as usize).filter(|_| unheard.contains(&true))
        else {
            return false;
        };
        let verdicts = board.pool_verdicts(id);
        let is_well = |index: usize| {
            let endpoint = EndpointId { pool: id, index: index as u32 };
            let verdict = said(Some(&verdicts), endpoint.index);
            let now = StandingNow::of(inventory, endpoint, verdict, overrides);
            now.standing != Standing::Down || unheard.get(index) == Some(&true)
        };
        let families = [Family::V4, Family::V6, Family::Host];
        families.into_iter().filter(|one| family.is_none_or(|wanted| wanted == *one)).any(
            |family| {
                let members = pool.endpoints.iter().enumerate();
                let members = members.filter(|(_, endpoint)| endpoint.address.family() == family);
                let (count, well) = members.fold((0, 0), |(count, well), (index, _)| {
                    (count + 1, well + u32::from(is_well(index)))
                });
                count > 0 && well >= pool.min_healthy
            },
        )
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

/// What is said of an endpoint, by what is said of its pool.
fn said(of_pool: Option<&Vec<Verdict>>, index: u32) -> Verdict {
    of_pool.and_then(|pool| pool.get(index as usize)).copied().unwrap_or(UNHEARD)
}

fn stands(
    inventory: &Inventory,
    id: EndpointId,
    verdict: Verdict,
    overrides: &Overrides,
    planned: &Planned,
) -> StandingNow {
    let now = StandingNow::of(inventory, id, verdict, overrides);
    if planned.get(&id.pool) == Some(&0) { now.away() } else { now }
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
