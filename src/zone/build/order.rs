//! Records and steered names in an order in which parents come before their children and each
//! subtree is together.
//!
//! That order is the one of their keys: the labels of the owner below the apex, from the right to
//! the left, in lower case, each after its length. The key of a parent begins the keys of all its
//! children.

use std::cmp::Ordering;

use super::Steered;
use super::group::Group;
use crate::wire::{MAX_LABELS, Name, rtype, tail};
use crate::zone::records::Records;

/// What stands within the zone, in order.
pub(super) struct Order<'a> {
    apex: &'a Name,
    records: &'a Records,
    steered: &'a [Steered],
    /// The beginnings of the keys, and what they are of; none where the records are in order as
    /// they are, which costs neither time nor memory.
    sorted: Option<Vec<(u64, Item)>>,
    /// Indices of the records outside the zone.
    pub(super) outside: Vec<usize>,
    /// Indices of the SOA records below the apex.
    pub(super) low_soas: Vec<usize>,
}

/// A steered name by its index, or behind all of these a record by its index, which is the order
/// in which they stand within one owner. Four thousand million of them do not fit into memory.
type Item = u32;

impl<'a> Order<'a> {
    /// Orders what is at or below the apex, which is in lower case.
    pub(super) fn new(apex: &'a Name, records: &'a Records, steered: &'a [Steered]) -> Self {
        let (outside, low_soas) = (Vec::new(), Vec::new());
        let mut order = Self { apex, records, steered, sorted: None, outside, low_soas };
        let (mut in_order, mut last, mut last_owner) = (steered.is_empty(), &[][..], &[][..]);
        for (index, record) in records.iter().enumerate() {
            // The owner of several records in turn is kept once.
            if std::ptr::eq(record.owner, last_owner) && record.rtype != rtype::SOA {
                continue;
            }
            let Some(name) = within(record.owner, apex) else {
                order.outside.push(index);
                continue;
            };
            if record.rtype == rtype::SOA && !name.is_empty() {
                order.low_soas.push(index);
            }
            in_order = in_order && compare(last, name) != Ordering::Greater;
            (last, last_owner) = (name, record.owner);
        }
        if !in_order || !order.outside.is_empty() {
            order.sorted = Some(order.sort());
        }
        order
    }

    fn sort(&self) -> Vec<(u64, Item)> {
        let count = self.steered.len() + self.records.len();
        let mut sorted = Vec::with_capacity(count);
        for item in 0..count as Item {
            sorted.extend(within(self.owner(item), self.apex).map(|name| (prefix(name), item)));
        }
        sorted.sort_unstable_by(|&(a, x), &(b, y)| {
            a.cmp(&b).then_with(|| compare(self.name(x), self.name(y))).then(x.cmp(&y))
        });
        sorted
    }

    fn item(&self, at: usize) -> Option<Item> {
        match &self.sorted {
            Some(sorted) => sorted.get(at).map(|(_, item)| *item),
            None => (at < self.records.len()).then_some(at as Item),
        }
    }

    fn owner(&self, item: Item) -> &'a [u8] {
        match self.steered.get(item as usize) {
            Some(steered) => steered.owner.as_wire(),
            None => self.records.get(item as usize - self.steered.len()).owner,
        }
    }

    /// The owner of an item that is in order, without the labels of the apex.
    fn name(&self, item: Item) -> &'a [u8] {
        within(self.owner(item), self.apex).unwrap_or_default()
    }

    /// Puts all that the owner at a place has into `group`; returns the place of the next owner,
    /// none if there is nothing at this place.
    pub(super) fn group(&self, start: usize, group: &mut Group) -> Option<usize> {
        let first = self.owner(self.item(start)?);
        group.begin(within(first, self.apex).unwrap_or_default(), self.apex);
        let mut at = start;
        while let Some(item) = self.item(at).filter(|i| self.owner(*i).eq_ignore_ascii_case(first))
        {
            match (item as usize).checked_sub(self.steered.len()) {
                Some(index) => group.members.push(index as u32),
                None => group.add_steered(item as usize),
            }
            at += 1;
        }
        group.make_sets(self.records);
        Some(at)
    }

    /// Puts all that a name in lower case has into `group`; says whether there is anything.
    pub(super) fn find(&self, name: &[u8], group: &mut Group) -> bool {
        let Some(name) = within(name, self.apex) else { return false };
        let (mut from, mut to) = (0, self.sorted.as_ref().map_or(self.records.len(), Vec::len));
        while from < to {
            let middle = from + (to - from) / 2;
            match self.item(middle) {
                Some(item) if compare(self.name(item), name) == Ordering::Less => from = middle + 1,
                _ => to = middle,
            }
        }
        let is_it = self.item(from).is_some_and(|item| self.name(item).eq_ignore_ascii_case(name));
        is_it && self.group(from, group).is_some()
    }
}

/// An owner without the labels of an apex in lower case; none if it is not at or below that apex.
fn within<'n>(owner: &'n [u8], apex: &Name) -> Option<&'n [u8]> {
    let apex = apex.as_wire();
    let tail = tail(owner, apex.len());
    let name = &owner[..owner.len() - tail.len()];
    // Mostly in lower case, which is told faster.
    (tail == apex || tail.eq_ignore_ascii_case(apex)).then_some(name)
}

/// Whether a name is one label below the apex, as nearly all are: its own key but for its case.
fn is_one_label(name: &[u8]) -> bool {
    name.first().is_some_and(|length| usize::from(*length) + 1 == name.len())
}

/// Where the labels of a name begin, without those of its apex, and how many they are.
fn labels(name: &[u8]) -> ([u8; MAX_LABELS], usize) {
    let mut starts = [0; MAX_LABELS];
    let (mut at, mut count) = (0, 0);
    while let Some(length) = name.get(at) {
        // A name has at most 255 bytes.
        starts[count] = at as u8;
        count += 1;
        at += 1 + usize::from(*length);
    }
    (starts, count)
}

/// A label of a name, after its length.
fn label(name: &[u8], start: u8) -> &[u8] {
    let start = usize::from(start);
    &name[start..=start + usize::from(name[start])]
}

/// Makes the key of a name without the labels of its apex.
pub(super) fn make_key(name: &[u8], key: &mut Vec<u8>) {
    key.clear();
    if is_one_label(name) {
        key.extend_from_slice(name);
    } else {
        let (starts, count) = labels(name);
        for start in starts[..count].iter().rev() {
            key.extend_from_slice(label(name, *start));
        }
    }
    // Lengths are at most 63 and so never taken for letters.
    key.make_ascii_lowercase();
}

/// How a key begins: names of different beginnings are in the order of these.
fn prefix(name: &[u8]) -> u64 {
    let mut prefix = [0; 8];
    let (starts, count) = labels(name);
    let key = starts[..count].iter().rev().flat_map(|start| label(name, *start));
    for (to, byte) in prefix.iter_mut().zip(key) {
        *to = byte.to_ascii_lowercase();
    }
    u64::from_be_bytes(prefix)
}

/// The order of the keys of two names without the labels of their apex.
fn compare(one: &[u8], other: &[u8]) -> Ordering {
    if is_one_label(one) && is_one_label(other) {
        return compare_labels(one, other);
    }
    let ((starts, count), (other_starts, other_count)) = (labels(one), labels(other));
    let pairs = starts[..count].iter().rev().zip(other_starts[..other_count].iter().rev());
    pairs
        .map(|(start, other_start)| compare_labels(label(one, *start), label(other, *other_start)))
        .find(|order| order.is_ne())
        .unwrap_or(count.cmp(&other_count))
}

fn compare_labels(one: &[u8], other: &[u8]) -> Ordering {
    let others = other.iter().map(u8::to_ascii_lowercase);
    one.iter().map(u8::to_ascii_lowercase).cmp(others)
}
