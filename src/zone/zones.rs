//! All zones that are served, and finding the one for a name.

use std::sync::Arc;

use super::Zone;
use crate::wire::{QName, are_same, rtype};

/// Says that a slot is free.
const NONE: u32 = u32::MAX;
/// The highest bit of [`Zones::depths`], which stands for all apexes with so many labels or more.
const MANY: usize = 63;

/// All zones that are served, by apex.
#[derive(Debug)]
pub struct Zones {
    zones: Vec<Arc<Zone>>,
    /// Open addressing; half of it is free at least.
    table: Box<[Slot]>,
    /// One less than the length of the table, which is a power of two.
    mask: usize,
    /// Bit n is set where some apex has n labels; the last bit stands for all longer ones.
    depths: u64,
}

/// A place of the table: the hash of an apex, and the index of its zone, `NONE` where free.
#[derive(Clone, Copy, Debug)]
struct Slot {
    hash: u64,
    zone: u32,
}

impl Zones {
    /// Indexes zones of different apexes by hashes keyed with `seed`, the one that each of them
    /// was built with.
    pub fn new(zones: Vec<Arc<Zone>>, seed: u64) -> Self {
        let free = Slot { hash: 0, zone: NONE };
        let mut table = vec![free; (zones.len() * 2).next_power_of_two().max(2)].into_boxed_slice();
        let mut name = QName::new(seed);
        let mut depths = 0;
        let mask = table.len() - 1;
        for (index, zone) in zones.iter().enumerate() {
            name.set(zone.apex.as_wire());
            depths |= 1 << name.labels().min(MANY);
            let mut slot = name.hash(0) as usize & mask;
            while table[slot].zone != NONE {
                slot = (slot + 1) & mask;
            }
            table[slot] = Slot { hash: name.hash(0), zone: index as u32 };
        }
        Self { zones, table, mask, depths }
    }

    /// The zone that a question is answered from, by its index: the one with the longest apex at
    /// or above the name, but for DS the one above the cut (RFC 4035 3.1.4.1).
    ///
    /// Kept out of its callers, which have no registers to spare.
    #[inline(never)]
    pub fn find(&self, name: &QName, asked: u16) -> Option<usize> {
        // Mostly there is an apex with as many labels as are first looked for, in the first slot
        // that is looked at.
        let depth = self.next_depth(name, 0)?;
        let hash = name.hash(depth);
        if asked != rtype::DS
            && let Some(slot) = self.table.get(hash as usize & self.mask)
            && slot.hash == hash
            && self.is_at(slot.zone, name, depth)
        {
            return Some(slot.zone as usize);
        }
        self.search(name, asked)
    }

    #[inline(never)]
    fn search(&self, name: &QName, asked: u16) -> Option<usize> {
        let first = usize::from(asked == rtype::DS && name.labels() > 0);
        let mut depth = first;
        while let Some(next) = self.next_depth(name, depth) {
            let found = self.at(name, next);
            if found.is_some() {
                return found;
            }
            depth = next + 1;
        }
        if first > 0 { self.at(name, 0) } else { None }
    }

    /// How many labels to leave out of a name, `least` at least, for it to have as many labels as
    /// some apex.
    #[inline]
    fn next_depth(&self, name: &QName, least: usize) -> Option<usize> {
        let most = name.labels().checked_sub(least)?;
        if most >= MANY && self.depths >> MANY != 0 {
            return Some(least);
        }
        // The bits of more labels than there are, and of `MANY`, are shifted out.
        let depths = self.depths << 1 << (MANY - 1 - most.min(MANY - 1));
        (depths != 0).then(|| name.labels() - most.min(MANY - 1) + depths.leading_zeros() as usize)
    }

    /// The zone whose apex is the name without its first `depth` labels.
    fn at(&self, name: &QName, depth: usize) -> Option<usize> {
        let hash = name.hash(depth);
        let mut at = hash as usize & self.mask;
        loop {
            let slot = self.table.get(at)?;
            if slot.zone == NONE {
                return None;
            }
            if slot.hash == hash && self.is_at(slot.zone, name, depth) {
                return Some(slot.zone as usize);
            }
            at = (at + 1) & self.mask;
        }
    }

    /// Whether the apex of a zone is the name without its first `depth` labels.
    #[inline]
    fn is_at(&self, zone: u32, name: &QName, depth: usize) -> bool {
        let (zone, suffix) = (self.zones.get(zone as usize), name.part(depth, 0));
        zone.zip(suffix).is_some_and(|(zone, suffix)| are_same(zone.apex.as_wire(), suffix))
    }

    /// All zones, by index.
    #[inline]
    pub fn all(&self) -> &[Arc<Zone>] {
        &self.zones
    }
}
