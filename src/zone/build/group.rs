//! All that one owner has.

use std::collections::BTreeSet;
use std::ops::Range;

use super::order::make_key;
use crate::wire::{Name, rtype};
use crate::zone::records::{Record, Records};

/// Sets of more records than this are looked through for duplicates by a tree.
const FEW: usize = 8;

/// All that one owner has, in memory that is used again for the next one.
#[derive(Default)]
pub(super) struct Group {
    /// As in [`super::order`].
    pub(super) key: Vec<u8>,
    /// The owner in lower case, in wire form.
    pub(super) name: Vec<u8>,
    /// Its steered name, by its index.
    pub(super) steered: Option<usize>,
    /// More than one is a mistake.
    pub(super) steered_again: Vec<usize>,
    /// Its record sets in ascending order of type.
    pub(super) sets: Vec<Set>,
    /// Its records by their indices, set by set.
    pub(super) members: Vec<u32>,
    /// What stands in a set, if that is big.
    seen: BTreeSet<Vec<u8>>,
}

/// All different records of one owner and type.
#[derive(Clone, Debug)]
pub(super) struct Set {
    pub(super) rtype: u16,
    /// The least of all (RFC 2181 5.2).
    pub(super) ttl_seconds: u32,
    /// At least one, in the order of the file.
    members: Range<usize>,
}

impl Group {
    /// Begins with a name without the labels of its apex.
    pub(super) fn begin(&mut self, name: &[u8], apex: &Name) {
        make_key(name, &mut self.key);
        self.name.clear();
        self.name.extend_from_slice(name);
        self.name.extend_from_slice(apex.as_wire());
        self.name.make_ascii_lowercase();
        self.steered = None;
        self.steered_again.clear();
        self.sets.clear();
        self.members.clear();
    }

    pub(super) fn add_steered(&mut self, index: usize) {
        match self.steered {
            None => self.steered = Some(index),
            Some(_) => self.steered_again.push(index),
        }
    }

    /// Makes sets of all members.
    pub(super) fn make_sets(&mut self, records: &Records) {
        if self.members.len() > 1 {
            self.members.sort_unstable_by_key(|index| (records.get(*index as usize).rtype, *index));
        }
        let mut kept = 0;
        for at in 0..self.members.len() {
            let index = self.members[at];
            let record = records.get(index as usize);
            match self.sets.last_mut().filter(|set| set.rtype == record.rtype) {
                Some(set) => {
                    set.ttl_seconds = set.ttl_seconds.min(record.ttl_seconds);
                    let others = &self.members[set.members.clone()];
                    if is_duplicate(&record, others, records, &mut self.seen) {
                        continue;
                    }
                    set.members.end += 1;
                }
                None => {
                    if !self.seen.is_empty() {
                        self.seen.clear();
                    }
                    let (rtype, ttl_seconds) = (record.rtype, record.ttl_seconds);
                    self.sets.push(Set { rtype, ttl_seconds, members: kept..kept + 1 });
                }
            }
            self.members[kept] = index;
            kept += 1;
        }
        self.members.truncate(kept);
    }

    /// The set of a type.
    pub(super) fn set(&self, rtype: u16) -> Option<&Set> {
        self.sets.iter().find(|set| set.rtype == rtype)
    }

    /// The records of a set, by their indices.
    pub(super) fn members(&self, set: &Set) -> impl Iterator<Item = usize> + use<'_> {
        self.members[set.members.clone()].iter().map(|index| *index as usize)
    }

    /// The first record of a set, by its index.
    pub(super) fn first(&self, set: &Set) -> usize {
        self.members[set.members.start] as usize
    }

    pub(super) fn is_wildcard(&self) -> bool {
        self.name.starts_with(b"\x01*")
    }
}

impl Set {
    /// How many records there are.
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }
}

/// A record that stands twice counts once (RFC 2181 5); two SOA records are two. `seen` is empty
/// where a set begins.
fn is_duplicate(
    record: &Record<'_>,
    others: &[u32],
    records: &Records,
    seen: &mut BTreeSet<Vec<u8>>,
) -> bool {
    if record.rtype == rtype::SOA {
        return false;
    }
    let mut others = others.iter().map(|index| records.get(*index as usize));
    if others.len() <= FEW {
        return others.any(|other| {
            other.rdata.eq_ignore_ascii_case(record.rdata)
                && comparable(&other) == comparable(record)
        });
    }
    if seen.is_empty() {
        seen.extend(others.map(|other| comparable(&other)));
    }
    !seen.insert(comparable(record))
}

/// Record data in which names are in lower case, for the types that are little else.
fn comparable(record: &Record<'_>) -> Vec<u8> {
    let mut data = record.rdata.to_vec();
    let names = match record.rtype {
        rtype::NS | rtype::CNAME | rtype::PTR | rtype::DNAME => 0,
        rtype::MX => 2,
        rtype::SRV => 6,
        _ => return data,
    };
    if let Some(names) = data.get_mut(names..) {
        names.make_ascii_lowercase();
    }
    data
}
