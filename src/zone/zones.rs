//! All zones that are served, and finding the one for a name.

use std::sync::Arc;

use super::Zone;
use crate::wire::{MAX_LABELS, QName, are_same_and_short, rtype};

/// Says that a slot is free.
const NONE: u32 = u32::MAX;
const NO_APEX: u8 = u8::MAX;

/// All zones that are served, by apex.
#[derive(Debug)]
pub struct Zones {
    zones: Vec<Arc<Zone>>,
    /// Open addressing; half of it is free at least.
    table: Box<[Slot]>,
    /// One less than the length of the table, which is a power of two.
    mask: usize,
    /// For each number of labels: how many the apexes have that have most, but not more than so
    /// many; `NO_APEX` where all have more.
    longest: Box<[u8; MAX_LABELS]>,
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
        let mut longest = Box::new([NO_APEX; MAX_LABELS]);
        let mask = table.len() - 1;
        for (index, zone) in zones.iter().enumerate() {
            name.set(zone.apex.as_wire());
            // Both are below 128.
            longest[name.labels()] = name.labels() as u8;
            let mut slot = name.hash(0) as usize & mask;
            while table[slot].zone != NONE {
                slot = (slot + 1) & mask;
            }
            table[slot] = Slot { hash: name.hash(0), zone: index as u32 };
        }
        for labels in 1..MAX_LABELS {
            if longest[labels] == NO_APEX {
                longest[labels] = longest[labels - 1];
            }
        }
        Self { zones, table, mask, longest }
    }

    /// The zone that a question is answered from, and its index: the one with the longest apex at
    /// or above the name, but for DS the one above the cut (RFC 4035 3.1.4.1).
    ///
    /// Kept out of its callers, which have no registers to spare.
    #[inline(never)]
    pub fn find(&self, name: &QName, asked: u16) -> Option<(usize, &Zone)> {
        // Mostly there is an apex with as many labels as are first looked for, in the first slot
        // that is looked at.
        let depth = self.next_depth(name, 0)?;
        let slot = self.table.get(name.hash(depth) as usize & self.mask)?;
        match self.zone(slot, name, depth, are_same_and_short) {
            Some(found) if asked != rtype::DS => Some(found),
            _ => self.search(name, asked),
        }
    }

    #[inline(never)]
    fn search(&self, name: &QName, asked: u16) -> Option<(usize, &Zone)> {
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
        name.labels().checked_sub(usize::from(*self.longest.get(most)?))
    }

    /// The zone whose apex is the name without its first `depth` labels.
    fn at(&self, name: &QName, depth: usize) -> Option<(usize, &Zone)> {
        let mut at = name.hash(depth) as usize & self.mask;
        loop {
            let slot = self.table.get(at)?;
            if slot.zone == NONE {
                return None;
            }
            let zone = self.zone(slot, name, depth, <[u8]>::eq);
            if zone.is_some() {
                return zone;
            }
            at = (at + 1) & self.mask;
        }
    }

    /// The zone of a slot, if its apex is the name without its first `depth` labels.
    #[inline]
    fn zone(
        &self,
        slot: &Slot,
        name: &QName,
        depth: usize,
        are_same: impl Fn(&[u8], &[u8]) -> bool,
    ) -> Option<(usize, &Zone)> {
        if slot.hash != name.hash(depth) {
            return None;
        }
        let index = slot.zone as usize;
        let zone = self.zones.get(index)?;
        are_same(zone.apex.as_wire(), name.part(depth, 0)?).then_some((index, zone))
    }

    /// All zones, by index.
    #[inline]
    pub fn all(&self) -> &[Arc<Zone>] {
        &self.zones
    }
}
