//! Records and steered names in an order in which parents come before their children and each
//! subtree is together.
//!
//! That order is the one of their keys: the labels of the owner from the right to the left, in
//! lower case, each after its length. The key of a parent begins the keys of all its children.

use std::collections::BTreeSet;

use super::Steered;
use crate::wire::{Name, rtype};
use crate::zone::read::{Record, Records};

/// The key of a name.
pub(super) fn key(name: &Name) -> Vec<u8> {
    let mut key = Vec::with_capacity(name.as_wire().len());
    append_key(&mut key, name);
    key
}

fn append_key(out: &mut Vec<u8>, name: &Name) {
    let wire = name.as_wire();
    let mut starts = [0; 128];
    let (mut at, mut labels) = (0, 0);
    while wire[at] != 0 {
        starts[labels] = at;
        labels += 1;
        at += 1 + usize::from(wire[at]);
    }
    for start in starts[..labels].iter().rev() {
        let end = start + 1 + usize::from(wire[*start]);
        let from = out.len();
        out.extend_from_slice(&wire[*start..end]);
        // Lengths are at most 63 and so never taken for letters.
        out[from..].make_ascii_lowercase();
    }
}

/// What stands within the zone, in order.
pub(super) struct Order<'a> {
    records: &'a Records,
    /// All keys, one after the other.
    keys: Vec<u8>,
    items: Vec<Item>,
}

struct Item {
    key_start: usize,
    key_length: u8,
    what: What,
}

/// In the order in which they stand within one owner.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// Index of the steered name.
    Steered(usize),
    /// Type and index of the record.
    Record(u16, usize),
}

/// All that one owner has.
pub(super) struct Group<'a> {
    pub(super) key: &'a [u8],
    /// The owner in lower case.
    pub(super) name: Name,
    /// Its steered names, by their index: more than one is a mistake.
    pub(super) steered: Option<usize>,
    pub(super) steered_again: Vec<usize>,
    /// Its record sets in ascending order of type.
    pub(super) sets: Vec<Set<'a>>,
    /// Where the next group begins.
    pub(super) end: usize,
}

/// All different records of one owner and type.
pub(super) struct Set<'a> {
    pub(super) rtype: u16,
    /// The least of all (RFC 2181 5.2).
    pub(super) ttl_seconds: u32,
    /// At least one, in the order of the file.
    pub(super) records: Vec<&'a Record>,
    /// Index of the first of them.
    pub(super) first: usize,
}

impl<'a> Order<'a> {
    /// Orders what is at or below the apex, which is in lower case.
    pub(super) fn new(apex: &Name, records: &'a Records, steered: &'a [Steered]) -> Self {
        let apex_key = key(apex);
        let mut keys = Vec::new();
        let mut items = Vec::with_capacity(records.list.len() + steered.len());
        let mut add = |name: &Name, what| {
            let key_start = keys.len();
            append_key(&mut keys, name);
            if keys[key_start..].starts_with(&apex_key) {
                // A name has at most 255 bytes, its key one less.
                let key_length = (keys.len() - key_start) as u8;
                items.push(Item { key_start, key_length, what });
            } else {
                keys.truncate(key_start);
            }
        };
        for (index, name) in steered.iter().enumerate() {
            add(&name.owner, What::Steered(index));
        }
        for (index, record) in records.list.iter().enumerate() {
            add(&record.owner, What::Record(record.rtype, index));
        }
        items.sort_unstable_by(|a, b| (key_of(&keys, a), a.what).cmp(&(key_of(&keys, b), b.what)));
        Self { records, keys, items }
    }

    /// The group that begins at an index.
    pub(super) fn group(&self, start: usize) -> Option<Group<'_>> {
        let key = key_of(&self.keys, self.items.get(start)?);
        let mut group = Group {
            key,
            name: name_of(key)?,
            steered: None,
            steered_again: Vec::new(),
            sets: Vec::new(),
            end: start,
        };
        for item in &self.items[start..] {
            if key_of(&self.keys, item) != key {
                break;
            }
            group.end += 1;
            match item.what {
                What::Steered(index) if group.steered.is_none() => group.steered = Some(index),
                What::Steered(index) => group.steered_again.push(index),
                What::Record(rtype, index) => group.add(rtype, index, &self.records.list[index]),
            }
        }
        for set in &mut group.sets {
            set.drop_duplicates();
        }
        Some(group)
    }

    /// All that a name has.
    pub(super) fn find(&self, name: &Name) -> Option<Group<'_>> {
        let key = key(name);
        let start = self.items.partition_point(|item| key_of(&self.keys, item) < &key[..]);
        self.group(start).filter(|group| group.key == key)
    }
}

fn key_of<'k>(keys: &'k [u8], item: &Item) -> &'k [u8] {
    &keys[item.key_start..item.key_start + usize::from(item.key_length)]
}

/// The name of a key.
fn name_of(key: &[u8]) -> Option<Name> {
    let mut wire = vec![0; key.len() + 1];
    let mut at = 0;
    while let Some(label) = key.get(at) {
        let next = at + 1 + usize::from(*label);
        wire[key.len() - next..key.len() - at].copy_from_slice(&key[at..next]);
        at = next;
    }
    Name::from_wire(&wire).ok()
}

impl<'a> Group<'a> {
    fn add(&mut self, rtype: u16, index: usize, record: &'a Record) {
        match self.sets.last_mut().filter(|set| set.rtype == rtype) {
            Some(set) => {
                set.ttl_seconds = set.ttl_seconds.min(record.ttl_seconds);
                set.records.push(record);
            }
            None => self.sets.push(Set {
                rtype,
                ttl_seconds: record.ttl_seconds,
                records: vec![record],
                first: index,
            }),
        }
    }

    /// The set of a type.
    pub(super) fn set(&self, rtype: u16) -> Option<&Set<'a>> {
        self.sets.iter().find(|set| set.rtype == rtype)
    }
}

impl Set<'_> {
    /// A record that stands twice counts once (RFC 2181 5); two SOA records are two.
    fn drop_duplicates(&mut self) {
        if self.records.len() > 1 && self.rtype != rtype::SOA {
            let mut seen = BTreeSet::new();
            self.records.retain(|record| seen.insert(comparable(record)));
        }
    }
}

/// Record data in which names are in lower case, for the types that are little else.
fn comparable(record: &Record) -> Vec<u8> {
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
