//! Which pools have been out and how they came back, as far as any policy waits for that.
//!
//! Kept by whoever sums the pools, beside these; a pool that no `failback` and no `ramp` names is
//! not looked at. No clock is asked here: `now` is an argument.

use std::collections::HashMap;
use std::time::SystemTime;

use super::paces::{Back, Paces, Waits};
use super::policy::{AllDown, Policy, SteeredName};
use crate::health::{Comeback, Family, Inventory, PoolComeback, PoolId, Seen};

/// All comebacks that policies wait for.
#[derive(Clone, Debug, Default)]
pub struct Returns {
    paces: Paces,
    entries: HashMap<PoolId, Entry>,
    /// What is remembered of pools that nobody has asked for yet.
    unclaimed: HashMap<String, [Comeback; 2]>,
    /// What has changed and was not yet written down.
    changes: Vec<PoolComeback>,
}

/// A pool, and how it came back for IPv4 or its host names, and for IPv6.
#[derive(Clone, Debug)]
struct Entry {
    name: String,
    has_hosts: bool,
    waits: Waits,
    comebacks: [Comeback; 2],
    /// When more of it is over.
    next: [Option<SystemTime>; 2],
}

impl Entry {
    fn is_due(&self, now: SystemTime) -> bool {
        self.next.iter().flatten().any(|next| *next <= now)
    }
}

fn slot(family: Family) -> usize {
    match family {
        // No pool has both.
        Family::V4 | Family::Host => 0,
        Family::V6 => 1,
    }
}

/// By family; of host names and IPv4 nobody knows which it was.
fn forgotten([first, second]: &[Comeback; 2]) -> [(Family, Comeback); 3] {
    [(Family::V4, *first), (Family::Host, *first), (Family::V6, *second)]
}

impl Returns {
    /// Takes over what an earlier run knew of a pool.
    pub fn remember(&mut self, change: PoolComeback) {
        let PoolComeback { pool, family, comeback } = change;
        self.unclaimed.entry(pool).or_default()[slot(family)] = comeback;
    }

    /// Goes on with the names of another world; what is known of pools of the same name is kept.
    pub fn expect(&mut self, inventory: &Inventory, names: &[Box<[SteeredName]>], paces: &Paces) {
        let mut known = std::mem::take(&mut self.unclaimed);
        known.extend(self.entries.drain().map(|(_, entry)| (entry.name, entry.comebacks)));
        self.paces = paces.clone();
        for (id, waits) in waits_of(names) {
            let Some(pool) = inventory.pools.get(id as usize) else { continue };
            let comebacks = known.remove(&pool.name).unwrap_or_default();
            let (name, has_hosts, next) = (pool.name.clone(), pool.answers_hosts(), [None; 2]);
            self.entries.insert(id, Entry { name, has_hosts, waits, comebacks, next });
        }
        // Should a policy wait for one of them again, what was so long before means nothing.
        for (pool, comebacks) in known {
            for (family, comeback) in forgotten(&comebacks) {
                if comeback != Comeback::Steady {
                    let (pool, comeback) = (pool.clone(), Comeback::Steady);
                    self.changes.push(PoolComeback { pool, family, comeback });
                }
            }
        }
    }

    /// Takes in how a pool stands, and says what answers must know of its comeback.
    pub fn see(
        &mut self,
        pool: PoolId,
        family: Family,
        seen: Seen,
        now: SystemTime,
    ) -> Option<Back> {
        let entry = self.entries.get_mut(&pool)?;
        let (paces, waits, slot) = (&self.paces, entry.waits, slot(family));
        let before = entry.comebacks[slot];
        let is_held = |since| {
            let (back, _) = paces.back(waits, since, true, now);
            back.is_some_and(|back| back.held != 0)
        };
        let mut after = before.see(seen, now, is_held);
        if let Comeback::Back { since, .. } = &mut after {
            // A clock that was set back makes it no longer than it takes from now.
            *since = (*since).min(now);
        }
        let mut back = None;
        entry.next[slot] = None;
        if let Comeback::Back { since, failed } = after {
            (back, entry.next[slot]) = paces.back(waits, since, failed, now);
            if back.is_none() {
                after = Comeback::Steady;
            }
        }
        if after != before {
            entry.comebacks[slot] = after;
            self.changes.push(PoolComeback { pool: entry.name.clone(), family, comeback: after });
        }
        back
    }

    /// The families for which a pool is held back.
    pub fn held(&self, pool: PoolId, now: SystemTime) -> Vec<Family> {
        let Some(entry) = self.entries.get(&pool) else { return Vec::new() };
        let is_held = |comeback: Comeback| match comeback {
            Comeback::Back { since, failed } => {
                let (back, _) = self.paces.back(entry.waits, since, failed, now);
                back.is_some_and(|back| back.held != 0)
            }
            Comeback::Steady | Comeback::Out { .. } => false,
        };
        let families: &[Family] = match entry.has_hosts {
            true => &[Family::Host],
            false => &[Family::V4, Family::V6],
        };
        let held = families.iter().filter(|family| is_held(entry.comebacks[slot(**family)]));
        held.copied().collect()
    }

    /// What is to be written down before a person's word to return to a pool is in force.
    pub fn released(&self, pool: PoolId, family: Family) -> Option<PoolComeback> {
        let entry = self.entries.get(&pool)?;
        match entry.comebacks[slot(family)] {
            Comeback::Back { since, .. } => Some(PoolComeback {
                pool: entry.name.clone(),
                family,
                comeback: Comeback::Back { since, failed: false },
            }),
            Comeback::Steady | Comeback::Out { .. } => None,
        }
    }

    /// Puts in force what is written down; or, where the pool has gone out meanwhile, has that
    /// written down again.
    pub fn release(&mut self, pool: PoolId, released: &PoolComeback) {
        let entry = self.entries.get_mut(&pool).filter(|entry| entry.name == released.pool);
        let Some(entry) = entry else { return };
        let comeback = &mut entry.comebacks[slot(released.family)];
        match (*comeback, released.comeback) {
            (Comeback::Back { since: a, .. }, Comeback::Back { since: b, .. }) if a == b => {
                *comeback = released.comeback;
            }
            (other, _) => self.changes.push(PoolComeback { comeback: other, ..released.clone() }),
        }
    }

    /// Whether there are such pools as [`Self::due`] would find.
    pub fn is_due(&self, now: SystemTime) -> bool {
        self.entries.values().any(|entry| entry.is_due(now))
    }

    /// The pools, in ascending order, of whose comebacks more is over at `now` than was when they
    /// were last seen.
    pub fn due(&self, now: SystemTime) -> Vec<PoolId> {
        let due = self.entries.iter().filter(|(_, entry)| entry.is_due(now));
        let mut due: Vec<PoolId> = due.map(|(id, _)| *id).collect();
        due.sort_unstable();
        due
    }

    /// What has changed since this was last asked, in the order in which it did.
    pub fn take_changes(&mut self) -> Vec<PoolComeback> {
        std::mem::take(&mut self.changes)
    }

    /// Whether nothing has changed since then.
    pub fn is_written_down(&self) -> bool {
        self.changes.is_empty()
    }
}

/// The pools that policies wait for, and for how long.
fn waits_of(names: &[Box<[SteeredName]>]) -> HashMap<PoolId, Waits> {
    let mut all = HashMap::new();
    for name in names.iter().flatten() {
        gather(&name.policy, &mut all);
        if let AllDown::Policy(policy) = &name.all_down {
            gather(policy, &mut all);
        }
    }
    all
}

fn gather(policy: &Policy, all: &mut HashMap<PoolId, Waits>) {
    let mut add = |more: Waits| {
        policy.any_pool(&mut |pool| {
            let waits = all.entry(pool).or_default();
            waits.failbacks |= more.failbacks;
            waits.ramps |= more.ramps;
            false
        });
    };
    match policy {
        Policy::Pool(_) => {}
        Policy::Failover(branches) => branches.iter().for_each(|branch| gather(branch, all)),
        Policy::HeldFailover(held) => {
            add(Waits { failbacks: held.bit, ramps: 0 });
            held.branches.iter().for_each(|branch| gather(branch, all));
        }
        Policy::Weighted(weighted) => {
            weighted.branches.iter().for_each(|branch| gather(&branch.policy, all));
        }
        Policy::Ramped(ramped) => {
            add(Waits { failbacks: 0, ramps: ramped.ramp.bit() });
            ramped.weighted.branches.iter().for_each(|branch| gather(&branch.policy, all));
        }
        Policy::RoundRobin(round_robin) => {
            round_robin.branches.iter().for_each(|branch| gather(branch, all));
        }
        Policy::Placed(placed) => placed.branches.iter().for_each(|branch| gather(branch, all)),
    }
}
