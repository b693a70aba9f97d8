//! Finding the zone and the node for a name.
use std::sync::Arc;

use super::{NONE, Node, Referral, Zone};
use crate::wire::{QName, RrSet, rtype};

/// What a zone has for a name.
pub enum Found<'z> {
    /// The name exists, or a wildcard stands for it.
    Node(&'z Node),
    /// A delegation at or above the name, and where it stands, in lower-case wire form.
    Cut(&'z Referral, &'z [u8]),
    /// A DNAME above the name (RFC 6672), and the index of the asked name's suffix that owns it.
    Dname(&'z RrSet, usize),
    /// The name does not exist.
    Missing,
}

impl Zone {
    /// Finds a name that is at or below the apex (RFC 1034 4.3.2, RFC 4592, RFC 6672).
    ///
    /// A delegation's own DS belongs to this side of the cut: `rtype` tells whether that is asked.
    pub fn find(&self, name: &QName, asked: u16) -> Found<'_> {
        let Some((depth, node)) = self.closest_encloser(name) else { return Found::Missing };
        if node.cut != NONE {
            let cut = &self.nodes[node.cut as usize];
            let at_the_cut = depth == 0 && cut.name.len() == node.name.len();
            if let (Some(referral), false) = (&cut.referral, at_the_cut && asked == rtype::DS) {
                return Found::Cut(referral, &cut.name);
            }
        }
        if depth == 0 {
            return Found::Node(node);
        }
        // A wildcard's DNAME is plain data (RFC 4592 4.4): it is encoded for whatever is asked.
        if let Some(dname) = node.set(rtype::DNAME).filter(|_| !node.name.starts_with(b"\x01*")) {
            return Found::Dname(dname, depth);
        }
        match self.nodes.get(node.wildcard as usize) {
            Some(wildcard) => Found::Node(wildcard),
            None => Found::Missing,
        }
    }

    /// The longest existing suffix of a name within the zone, and how many labels were cut off.
    fn closest_encloser(&self, name: &QName) -> Option<(usize, &Node)> {
        (0..=name.labels().checked_sub(self.apex_labels)?)
            .find_map(|depth| Some((depth, self.node(name.suffix(depth), name.hash(depth))?)))
    }

    fn node(&self, name: &[u8], hash: u64) -> Option<&Node> {
        let mask = self.table.len() - 1;
        let mut slot = hash as usize & mask;
        // The table is never full, so a free slot ends the search.
        while let Some(node) = self.nodes.get(self.table[slot] as usize) {
            if *node.name == *name {
                return Some(node);
            }
            slot = (slot + 1) & mask;
        }
        None
    }

    /// Puts the index of the last node into the table.
    pub(super) fn index(table: &mut [u32], nodes: &[Node], at: u32, hash: u64) {
        let mask = table.len() - 1;
        let mut slot = hash as usize & mask;
        while nodes.get(table[slot] as usize).is_some() {
            slot = (slot + 1) & mask;
        }
        table[slot] = at;
    }

    /// The SOA for negative answers, with the TTL of RFC 2308.
    pub fn negative(&self) -> &RrSet {
        &self.negative
    }
}

impl Node {
    /// Its name in lower-case wire form: that of the wildcard where one stands for others.
    pub fn owner(&self) -> &[u8] {
        &self.name
    }

    /// Whether there is nothing here, and the name exists only because of names below it.
    pub fn is_empty(&self) -> bool {
        self.sets.is_empty() && self.referral.is_none() && self.steered == NONE
    }

    /// The record set of a type.
    pub fn set(&self, rtype: u16) -> Option<&RrSet> {
        // Few types stand at a name: looking at each is the fastest search.
        self.sets.iter().find(|set| set.rtype == rtype)
    }

    /// Whether a question for a type is answered by a record set here; ANY by whichever.
    pub fn has(&self, asked: u16) -> bool {
        self.sets.iter().any(|set| set.rtype == asked || asked == rtype::ANY)
    }

    /// All record sets here, by type.
    pub fn sets(&self) -> &[RrSet] {
        &self.sets
    }

    /// Index of its steered name within the zone.
    pub fn steered(&self) -> Option<usize> {
        (self.steered != NONE).then_some(self.steered as usize)
    }
}

impl Referral {
    /// The NS set, for the authority section.
    pub fn name_servers(&self) -> &RrSet {
        &self.name_servers
    }

    /// Addresses that must fit (RFC 9471).
    pub fn glue(&self) -> &[RrSet] {
        &self.glue
    }

    /// Addresses that need not fit.
    pub fn extra(&self) -> &[RrSet] {
        &self.extra
    }
}

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
            depths |= 1 << name.labels().min(63);
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
    pub fn find(&self, name: &QName, asked: u16) -> Option<usize> {
        let first = usize::from(asked == rtype::DS && name.labels() > 0);
        (first..=name.labels())
            .find_map(|depth| self.at(name, depth))
            .or_else(|| (first > 0).then(|| self.at(name, 0)).flatten())
    }

    fn at(&self, name: &QName, depth: usize) -> Option<usize> {
        if self.depths >> (name.labels() - depth).min(63) & 1 == 0 {
            return None;
        }
        let (hash, mask) = (name.hash(depth), self.table.len() - 1);
        let mut slot = hash as usize & mask;
        loop {
            let Slot { hash: there, zone: index } = self.table[slot];
            let zone = self.zones.get(index as usize)?;
            if there == hash && zone.apex.as_wire() == name.suffix(depth) {
                return Some(index as usize);
            }
            slot = (slot + 1) & mask;
        }
    }

    /// All zones, by index.
    pub fn all(&self) -> &[Arc<Zone>] {
        &self.zones
    }
}
