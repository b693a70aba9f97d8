//! Records to a zone, or to everything that is wrong with them.

mod blocks;
mod check;
mod encode;
mod group;
mod order;
#[cfg(test)]
mod tests;

use self::blocks::{Blocks, Offset};
use self::check::Checks;
use self::encode::Encoder;
use self::group::Group;
use self::order::Order;
use super::Zone;
use super::node::{DNAME, WILDCARD};
use super::records::Records;
use crate::finding::Finding;
use crate::wire::{Name, rtype};

/// A steered name as the zone must know it.
#[derive(Clone, Debug)]
pub struct Steered {
    /// The owner, absolute, in lower case.
    pub owner: Name,
    /// What it answers.
    pub types: SteeredTypes,
    /// The steering file, and where the owner stands in it (line and column).
    pub file: String,
    /// Line and column of the owner in the steering file.
    pub position: (u32, u32),
}

/// What a steered name answers, and so what the master file may not give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SteeredTypes {
    /// A and AAAA.
    Addresses,
    /// CNAME, now or when pools change: nothing else may stand there (RFC 1034 3.6.2).
    Hosts,
}

/// Builds the zone of an apex from its records and steered names, whose order [`super::Node`]s
/// refer to; its table is keyed with `seed`.
///
/// Every finding stands at a record or at a steered name. Where records are incomplete, nothing is
/// said to be missing; what is there is checked, but makes no zone that could be served.
pub fn build(
    apex: &Name,
    records: &Records,
    steered: &[Steered],
    seed: u64,
) -> Result<Zone, Vec<Finding>> {
    let apex = apex.to_lowercase();
    let order = Order::new(&apex, records, steered);
    let mut builder = Builder {
        order: &order,
        checks: Checks::new(&apex, records, steered),
        blocks: Blocks::of(records),
        above: Vec::new(),
        negative: Vec::new(),
    };
    builder.checks.outsiders(&order);
    builder.walk();
    let Builder { mut checks, blocks, negative, .. } = builder;
    if !checks.findings.is_empty() || records.incomplete {
        return Err(checks.findings.into_sorted());
    }
    let Some(store) = blocks.finish(&apex, seed) else {
        checks.too_many_names();
        return Err(checks.findings.into_sorted());
    };
    let (apex_labels, records) = (apex.labels().count(), records.len());
    Ok(Zone { apex, apex_labels, records, store, negative: negative.into() })
}

/// Walks through the owners in an order that gives parents before their children.
struct Builder<'a> {
    order: &'a Order<'a>,
    checks: Checks<'a>,
    blocks: Blocks,
    /// The names from the apex down to the one that was made last.
    above: Vec<Level>,
    negative: Vec<u8>,
}

/// A name on the way down.
struct Level {
    /// Length of its key, see [`order`].
    key_length: usize,
    /// Where its block is; none below a delegation, where nothing is ever looked for.
    block: Option<Offset>,
    /// Length of the key of the topmost delegation at or above it.
    cut: Option<usize>,
    /// The DNAME at or above it: index of the record.
    dname: Option<usize>,
}

impl Builder<'_> {
    fn walk(&mut self) {
        self.enter(0, &[]);
        let (mut group, mut last) = (Group::default(), Vec::new());
        let mut at = 0;
        while let Some(next) = self.order.group(at, &mut group) {
            at = next;
            let shared = common_prefix(&last, &group.key);
            while self.above.len() > 1 && self.above.last().is_some_and(|l| l.key_length > shared) {
                self.above.pop();
            }
            self.descend(&group);
            self.fill(&group);
            last.clone_from(&group.key);
        }
        if self.negative.is_empty() {
            self.checks.no_soa();
        }
    }

    /// Makes the names from the last common ancestor down to one, empty ones on the way.
    fn descend(&mut self, Group { key, name, .. }: &Group) {
        loop {
            let have = self.above.last().map_or(0, |level| level.key_length);
            let Some(label) = key.get(have) else { return };
            let next = have + 1 + usize::from(*label);
            // What of the key is left over are the labels to the left, with their lengths.
            self.enter(next, &name[key.len() - next..key.len()]);
        }
    }

    /// Makes a name, given without the labels of the apex.
    fn enter(&mut self, key_length: usize, name: &[u8]) {
        let parent = self.above.last();
        let (cut, dname) = parent.map_or((None, None), |parent| (parent.cut, parent.dname));
        let block = match cut {
            Some(_) => None,
            None => Some(self.blocks.begin(name)),
        };
        if let Some(parent) = parent.and_then(|parent| parent.block)
            && name.starts_with(b"\x01*")
        {
            self.blocks.mark(parent, WILDCARD);
        }
        self.above.push(Level { key_length, block, cut, dname });
    }

    /// Gives the name entered last what it has.
    fn fill(&mut self, group: &Group) {
        let Some(level) = self.above.last_mut() else { return };
        self.checks.dname_above(group, level.dname);
        let Some(block) = level.block else {
            self.checks.occluded(group, level.cut.unwrap_or_default());
            return;
        };
        let apex = group.key.is_empty();
        let delegation = !apex && !group.is_wildcard() && group.set(rtype::NS).is_some();
        self.checks.owner(group, apex, delegation);
        let blocks = &mut self.blocks;
        let mut encoder = Encoder { order: self.order, checks: &mut self.checks, blocks };
        if delegation {
            level.cut = Some(level.key_length);
            encoder.delegation(block, group);
            return;
        }
        encoder.answers(block, group);
        if let Some(dname) = group.set(rtype::DNAME) {
            level.dname = level.dname.or(Some(group.first(dname)));
            self.blocks.mark(block, DNAME);
        }
        if let Some(soa) = group.set(rtype::SOA).filter(|_| apex) {
            self.negative = encode::negative(group, soa, &mut self.checks);
        }
    }
}

fn common_prefix(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(a, b)| a == b).count()
}
