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
    table: Box<[Slot]>,
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
        Self { zones, table, depths }
    }

    /// The zone that a question is answered from, by its index: the one with the longest apex at
    /// or above the name, but for DS the one above the cut (RFC 4035 3.1.4.1).
    #[inline]
    pub fn find(&self, name: &QName, asked: u16) -> Option<usize> {
        if asked == rtype::DS {
            return self.find_for_ds(name);
        }
        self.longest(name, name.labels())
    }

    #[cold]
    fn find_for_ds(&self, name: &QName) -> Option<usize> {
        let above = name.labels().checked_sub(1).and_then(|most| self.longest(name, most));
        above.or_else(|| self.at(name, 0))
    }

    /// The zone with the longest apex at or above the name that has at most so many labels.
    #[inline]
    fn longest(&self, name: &QName, mut most: usize) -> Option<usize> {
        loop {
            let labels = self.depth(most)?;
            // The name has `most` labels at least.
            let found = self.at(name, name.labels() - labels);
            if found.is_some() {
                return found;
            }
            most = labels.checked_sub(1)?;
        }
    }

    /// The largest number of labels that some apex may have, but not more than `most`.
    #[inline]
    fn depth(&self, most: usize) -> Option<usize> {
        let mut depths = self.depths;
        if most < MANY {
            depths &= (2 << most) - 1;
        } else if depths >> MANY != 0 {
            return Some(most);
        }
        depths.checked_ilog2().map(|labels| labels as usize)
    }

    /// The zone whose apex is the name without its first `depth` labels.
    #[inline(always)]
    fn at(&self, name: &QName, depth: usize) -> Option<usize> {
        let (hash, mask) = (name.hash(depth), self.table.len() - 1);
        let mut slot = hash as usize & mask;
        loop {
            let Slot { hash: there, zone: index } = self.table[slot];
            let zone = self.zones.get(index as usize)?;
            if there == hash && are_same(zone.apex.as_wire(), name.suffix(depth)) {
                return Some(index as usize);
            }
            slot = (slot + 1) & mask;
        }
    }

    /// All zones, by index.
    #[inline]
    pub fn all(&self) -> &[Arc<Zone>] {
        &self.zones
    }
}
