//! Where a zone keeps its names: one piece of memory, and a table that finds them in it.
//!
//! Blocks (see [`super::node`]) begin at multiples of [`UNIT_BYTES`], the apex's at the first, so
//! that a slot of the table has bits to spare: it holds the place of a block, and in the bits that
//! no place needs, a part of the hash of its name. A name that does not exist is hardly ever
//! compared with one that does, and a million names take eight megabytes of table.

use std::iter;

use super::node::Node;
use crate::wire::{Name, QName};

/// Where a block may begin.
pub(super) const UNIT_BYTES: usize = 4;
/// The apex's block, in units: there is none at 0, which is a free slot's place.
const APEX: u32 = 1;

/// Slots of a big table are far apart, and the processor fetches several at a time if nothing else
/// is to be done between them.
const HASHES_AT_ONCE: usize = 64;

/// All names of a zone.
#[derive(Debug)]
pub(super) struct Store {
    blocks: Box<[u8]>,
    /// Open addressing; its length is a power of two, and half of it is free at least.
    table: Box<[u32]>,
    /// The bits of a slot that are a place, in units.
    place_bits: u32,
    /// How many names there are.
    names: usize,
    /// Labels below the apex of the name that has most.
    pub(super) deepest: usize,
}

impl Store {
    /// Takes over blocks, and indexes them by hashes keyed with `seed`; none if there are more
    /// than a slot can tell apart, that is 16 GiB.
    pub(super) fn new(blocks: Vec<u8>, names: usize, apex: &Name, seed: u64) -> Option<Self> {
        let units = u32::try_from(blocks.len() / UNIT_BYTES).ok()?;
        let mut store = Self {
            blocks: blocks.into(),
            table: Box::default(),
            place_bits: u32::MAX >> (units | 1).leading_zeros(),
            names,
            deepest: 0,
        };
        (store.table, store.deepest) = store.index(apex, seed);
        Some(store)
    }

    /// The table, and how many labels below the apex the deepest name has.
    fn index(&self, apex: &Name, seed: u64) -> (Box<[u32]>, usize) {
        let mut table = vec![0; (self.names * 2).next_power_of_two()].into_boxed_slice();
        let (mask, mut deepest) = (table.len() - 1, 0);
        let (mut name, mut whole) = (QName::new(seed), Vec::new());
        let mut hashes = self.nodes().map(|(unit, node)| {
            whole.clear();
            whole.extend_from_slice(node.name().unwrap_or_default());
            whole.extend_from_slice(apex.as_wire());
            name.set(&whole);
            deepest = deepest.max(name.labels());
            (name.hash(0), unit)
        });
        let mut batch = Vec::with_capacity(HASHES_AT_ONCE);
        loop {
            batch.clear();
            batch.extend(hashes.by_ref().take(HASHES_AT_ONCE));
            if batch.is_empty() {
                break;
            }
            for &(hash, unit) in &batch {
                let mut slot = hash as usize & mask;
                while table[slot] != 0 {
                    slot = (slot + 1) & mask;
                }
                table[slot] = self.tag(hash) | unit;
            }
        }
        drop(hashes);
        (table, deepest - apex.labels().count())
    }

    /// The part of a hash that a slot has room for.
    #[inline]
    fn tag(&self, hash: u64) -> u32 {
        (hash >> 32) as u32 & !self.place_bits
    }

    /// The first name that may have a hash: mostly the only one.
    #[inline]
    pub(super) fn first(&self, hash: u64) -> Option<Node<'_>> {
        let unit = self.units(hash).next()?;
        self.node(unit)
    }

    /// Finds the name of a hash that is the right one.
    #[inline]
    pub(super) fn find(&self, hash: u64, is_it: impl Fn(&[u8]) -> bool) -> Option<Node<'_>> {
        let mut nodes = self.units(hash).filter_map(|unit| self.node(unit));
        nodes.find(|node| node.name().is_some_and(&is_it))
    }

    /// Where the names stand that may have a hash, as far as their slots tell.
    #[inline]
    fn units(&self, hash: u64) -> impl Iterator<Item = u32> {
        let (tag, mask) = (self.tag(hash), self.table.len().wrapping_sub(1));
        let mut at = hash as usize;
        iter::from_fn(move || {
            // A free slot ends the search.
            loop {
                let slot = *self.table.get(at & mask).filter(|slot| **slot != 0)?;
                at = at.wrapping_add(1);
                if slot & !self.place_bits == tag {
                    return Some(slot & self.place_bits);
                }
            }
        })
    }

    /// The name whose block is so many units from the start.
    #[inline]
    fn node(&self, unit: u32) -> Option<Node<'_>> {
        self.blocks.get(unit as usize * UNIT_BYTES..).map(Node::new)
    }

    /// What is at the apex.
    pub(super) fn apex(&self) -> Option<Node<'_>> {
        self.node(APEX)
    }

    /// All names and where they stand; the apex comes first.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (u32, Node<'_>)> {
        let mut unit = APEX;
        (0..self.names).map_while(move |_| {
            let (here, node) = (unit, self.node(unit)?);
            let end = self.blocks.len() - node.behind().len();
            // As many as were counted when the blocks were taken over.
            unit = end.div_ceil(UNIT_BYTES) as u32;
            Some((here, node))
        })
    }
}

#[cfg(test)]
mod tests;
