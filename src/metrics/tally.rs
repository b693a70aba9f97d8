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

/// Which counters are those of a steered name: one for each of its slots.
struct SlotRange {
    first: usize,
    count: usize,
}

/// Where a world's steered names have their counters.
struct Layout {
    /// Only to be recognized by: a pointer that is not used again while this is held.
    world: Weak<World>,
    /// By zone and steered name.
    places: Vec<Vec<SlotRange>>,
    /// What each counter is of.
    keys: Box<[Key]>,
}

impl Layout {
    fn new(world: &Arc<World>) -> Self {
        let mut keys = Vec::new();
        let mut places = Vec::with_capacity(world.steered.len());
        for names in &world.steered {
            let mut of_zone = Vec::with_capacity(names.len());
            for name in names {
                of_zone.push(SlotRange { first: keys.len(), count: name.slots.len() });
                for &pool in &name.slots {
                    let pool = world.inventory.pools.get(pool as usize);
                    let pool = pool.map_or_else(String::new, |pool| pool.name.clone());
                    keys.push((name.owner.to_string(), pool));
                }
            }
            places.push(of_zone);
        }
        Self { world: Arc::downgrade(world), places, keys: keys.into() }
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

    /// The counter of a zone's steered name's pool.
    pub(super) fn counter(&self, (zone, name, slot): (u32, u32, u16)) -> Option<&AtomicU64> {
        let &SlotRange { first, count } =
            self.layout.places.get(zone as usize)?.get(name as usize)?;
        let slot = usize::from(slot);
        if slot < count { self.counts.get(first + slot) } else { None }
    }

    fn add_to(&self, sums: &mut Sums) {
        for (key, count) in self.layout.keys.iter().zip(&self.counts) {
            let count = count.load(Ordering::Relaxed);
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
            slab.add_to(past);
        }
        slabs
    }

    pub(super) fn family(&self) -> Family {
        let mut past = lock(&self.past);
        let slabs = self.retire(&mut past);
        let mut sums = past.clone();
        for slab in &slabs {
            slab.add_to(&mut sums);
        }
        // Before `past`, under which alone others look for slabs that nobody holds.
        drop(slabs);
        drop(past);
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
