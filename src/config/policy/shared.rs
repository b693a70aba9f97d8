//! What all policies of one load share.

use std::collections::HashMap;

use crate::config::place_maps::PlaceMaps;
use crate::finding::Finding;
use crate::health::{Inventory, PoolId};
use crate::place::Places;
use crate::steering::Paces;

/// How much of `pools.toml` can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum PoolsFile {
    /// All of it.
    Good,
    /// Only the names: their tables have findings of their own.
    Faulty,
    /// Nothing, not even the names.
    Unreadable,
    /// There is none.
    Missing,
}

/// What all policies of one load share.
pub(in crate::config) struct Shared<'a> {
    /// Regions and pools.
    pub(in crate::config) inventory: &'a Inventory,
    /// What is to be thought of them.
    pub(in crate::config) pools_file: PoolsFile,
    /// Where clients are.
    pub(in crate::config) places: &'a Places,
    pub(in crate::config) pools: HashMap<&'a str, PoolId>,
    pub(in crate::config) maps: PlaceMaps,
    /// The times of `failback` and `ramp` so far.
    pub(in crate::config) paces: Paces,
    pub(in crate::config) turns: u32,
    slots: u32,
    /// What can be loaded, but is hardly what was meant.
    pub(in crate::config) warnings: Vec<Finding>,
}

impl<'a> Shared<'a> {
    /// Nothing allotted yet.
    pub(in crate::config) fn new(
        inventory: &'a Inventory,
        pools_file: PoolsFile,
        places: &'a Places,
    ) -> Self {
        let pools = inventory.pools.iter().map(|pool| pool.name.as_str()).zip(0..).collect();
        Self {
            inventory,
            pools_file,
            places,
            pools,
            maps: PlaceMaps::default(),
            paces: Paces::default(),
            turns: 0,
            slots: 0,
            warnings: Vec::new(),
        }
    }

    /// The number of the first of a name's slots.
    pub(in crate::config) fn allot_slots(&mut self, count: usize) -> u32 {
        let first = self.slots;
        // Files of a bounded size do not name four thousand million pools.
        self.slots += count as u32;
        first
    }

    /// How many counters the round robins read so far have.
    pub(in crate::config) fn turns(&self) -> usize {
        self.turns as usize
    }
}
