//! Which pools hang on which others, by what they require.

use crate::health::{Inventory, PoolId};

/// Who hangs on whom; nothing at all where no pool requires another.
#[derive(Debug, Default)]
pub(super) struct Ties {
    /// For each pool the length of the longest way to one that requires none.
    rank: Vec<u32>,
    /// For each pool those that require it.
    dependents: Vec<Vec<PoolId>>,
}

impl Ties {
    pub(super) fn new(inventory: &Inventory) -> Self {
        let pools = &inventory.pools;
        if pools.iter().all(|pool| pool.requires.is_empty()) {
            return Self::default();
        }
        let mut dependents = vec![Vec::new(); pools.len()];
        for (id, pool) in (0..).zip(pools) {
            for required in &pool.requires {
                if let Some(of_it) = dependents.get_mut(*required as usize) {
                    of_it.push(id);
                }
            }
        }
        let rank = ranks(&pools.iter().map(|p| p.requires.len()).collect::<Vec<_>>(), &dependents);
        Self { rank, dependents }
    }

    /// All `count` pools, each after those that it requires.
    pub(super) fn all(&self, count: usize) -> Vec<PoolId> {
        // Counted by such ids.
        let mut all: Vec<PoolId> = (0..count as PoolId).collect();
        self.sort(&mut all);
        all
    }

    /// Some pools and all that hang on them, each after those that it requires.
    pub(super) fn with_dependents(&self, pools: &[PoolId]) -> Vec<PoolId> {
        let mut all = pools.to_vec();
        if self.rank.is_empty() {
            return all;
        }
        let mut next = 0;
        let mut seen = vec![false; self.rank.len()];
        while let Some(id) = all.get(next).map(|id| *id as usize) {
            next += 1;
            if seen.get(id).is_none_or(|seen| *seen) {
                continue;
            }
            seen[id] = true;
            all.extend(&self.dependents[id]);
        }
        self.sort(&mut all);
        all.dedup();
        all
    }

    fn sort(&self, pools: &mut [PoolId]) {
        if !self.rank.is_empty() {
            pools.sort_by_key(|id| (self.rank.get(*id as usize), *id));
        }
    }
}

/// The rank of each pool, from how many pools it requires, and who requires it. There are no
/// circles in an inventory; of one, no pool would get further than rank 0.
fn ranks(requires: &[usize], dependents: &[Vec<PoolId>]) -> Vec<u32> {
    let mut missing = requires.to_vec();
    let mut rank = vec![0; requires.len()];
    let free = (0..).zip(&missing).filter(|(_, missing)| **missing == 0);
    let mut ready: Vec<PoolId> = free.map(|(id, _)| id).collect();
    while let Some(id) = ready.pop() {
        for dependent in &dependents[id as usize] {
            let at = *dependent as usize;
            rank[at] = rank[at].max(rank[id as usize] + 1);
            missing[at] -= 1;
            if missing[at] == 0 {
                ready.push(*dependent);
            }
        }
    }
    rank
}
