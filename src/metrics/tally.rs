//! Answers by steered name and pool: one row of counters for each thread and world.
//!
//! Worlds come and go; what was counted of one that is gone is kept by name, so that no counter
//! ever falls.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use super::family::Family;
use super::lock;
use crate::view::World;

/// Owner name and pool.
type Key = (String, String);
type Sums = BTreeMap<Key, u64>;

/// What the counters of a world's steered names are of: one for each slot of each name.
struct Layout {
    /// Only to be recognized by: a pointer that is not used again while this is held.
    world: Weak<World>,
    keys: Box<[Key]>,
}

impl Layout {
    fn new(world: &Arc<World>) -> Self {
        let mut keys = Vec::new();
        for name in world.steered.iter().flatten() {
            let first = name.first_slot as usize;
            keys.resize(keys.len().max(first + name.slots.len()), Key::default());
            for (key, pool) in keys[first..].iter_mut().zip(&name.slots) {
                let pool = world.inventory.pools.get(*pool as usize);
                let pool = pool.map_or_else(String::new, |pool| pool.name.clone());
                *key = (name.owner.to_string(), pool);
            }
        }
        Self { world: Arc::downgrade(world), keys: keys.into() }
    }

    fn is_of(&self, world: &Arc<World>) -> bool {
        std::ptr::eq(self.world.as_ptr(), Arc::as_ptr(world))
    }
}

/// One thread's counters for one world.
pub(super) struct Slab {
    layout: Arc<Layout>,
    counts: Box<[AtomicU64]>,
}

impl Slab {
    pub(super) fn is_of(&self, world: &Arc<World>) -> bool {
        self.layout.is_of(world)
    }

    /// The counter of a slot.
    pub(super) fn counter(&self, slot: u32) -> Option<&AtomicU64> {
        self.counts.get(slot as usize)
    }

    fn add_to(&self, sums: &mut Sums, wanted: fn(u64) -> bool) {
        for (key, count) in self.layout.keys.iter().zip(&self.counts) {
            let count = count.load(Ordering::Relaxed);
            if !wanted(count) {
                continue;
            }
            match sums.get_mut(key) {
                Some(sum) => *sum += count,
                None => drop(sums.insert(key.clone(), count)),
            }
        }
    }
}

/// All slabs, and the sums of those that are gone.
///
/// `past` is held for long, and never by a thread that answers; `present` only for moments.
#[derive(Default)]
pub(super) struct Tally {
    past: Mutex<Sums>,
    present: Mutex<Present>,
}

#[derive(Default)]
struct Present {
    newest: Option<Arc<Layout>>,
    slabs: Vec<Arc<Slab>>,
}

impl Tally {
    /// Lays a world's counters out before any thread comes to need them.
    pub(super) fn expect(&self, world: &Arc<World>) {
        let layout = Arc::new(Layout::new(world));
        lock(&self.present).newest = Some(layout);
        self.retire(&mut lock(&self.past));
    }

    /// Counters of a world for one thread.
    pub(super) fn slab(&self, world: &Arc<World>) -> Arc<Slab> {
        let newest = lock(&self.present).newest.clone();
        let layout = match newest.filter(|layout| layout.is_of(world)) {
            Some(layout) => layout,
            None => Arc::new(Layout::new(world)),
        };
        let counts = layout.keys.iter().map(|_| AtomicU64::new(0)).collect();
        let slab = Arc::new(Slab { layout, counts });
        lock(&self.present).slabs.push(Arc::clone(&slab));
        slab
    }

    /// Adds the slabs that no thread counts in any more to the past, and returns the others.
    fn retire(&self, past: &mut Sums) -> Vec<Arc<Slab>> {
        let mut gone = Vec::new();
        let mut present = lock(&self.present);
        for slab in std::mem::take(&mut present.slabs) {
            match Arc::try_unwrap(slab) {
                Ok(slab) => gone.push(slab),
                Err(slab) => present.slabs.push(slab),
            }
        }
        let slabs = present.slabs.clone();
        drop(present);
        for slab in gone {
            slab.add_to(past, |_| true);
        }
        slabs
    }

    /// What was counted so far, without those of which there were none: of very many names, few are asked.
    pub(super) fn counted(&self) -> Sums {
        self.sums(|count| count > 0)
    }

    fn sums(&self, wanted: fn(u64) -> bool) -> Sums {
        let mut past = lock(&self.past);
        let slabs = self.retire(&mut past);
        let known = past.iter().filter(|(_, count)| wanted(**count));
        let mut sums: Sums = known.map(|(key, count)| (key.clone(), *count)).collect();
        for slab in &slabs {
            slab.add_to(&mut sums, wanted);
        }
        // Before `past`, under which alone others look for slabs that nobody holds.
        drop(slabs);
        sums
    }

    pub(super) fn family(&self) -> Family {
        let sums = self.sums(|_| true);
        let mut family = Family::counter(
            "steersman_steered_answers_total",
            "Answers of steered names, by the pool that was chosen.",
        );
        for ((name, pool), count) in &sums {
            family.push("", &[("name", name), ("pool", pool)], *count as f64);
        }
        family
    }
}
