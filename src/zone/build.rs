//! Records to a zone, or to everything that is wrong with them.

mod check;
mod encode;
mod order;
#[cfg(test)]
mod tests;

use self::check::Checks;
use self::encode::Encoder;
use self::order::{Group, Order};
use super::read::Records;
use super::{NONE, Node, Zone};
use crate::finding::Finding;
use crate::wire::{Name, QName, RrSet, rtype};

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
        nodes: Vec::new(),
        above: Vec::new(),
        negative: None,
    };
    builder.checks.outsiders();
    builder.walk(&apex);
    let (findings, negative) = (builder.checks.findings, builder.negative);
    match negative {
        Some(negative) if findings.is_empty() && !records.incomplete => Ok(Zone {
            apex_labels: apex.labels().count(),
            apex,
            records: records.list.len(),
            table: table(&builder.nodes, seed),
            nodes: builder.nodes,
            negative,
        }),
        _ => Err(findings.into_sorted()),
    }
}

/// Walks through the owners in an order that gives parents before their children.
struct Builder<'a> {
    order: &'a Order<'a>,
    checks: Checks<'a>,
    nodes: Vec<Node>,
    /// The nodes from the apex down to the one made last.
    above: Vec<Level>,
    negative: Option<RrSet>,
}

/// A node on the way down.
struct Level {
    /// Length of its key, see [`order`].
    key_length: usize,
    node: u32,
    /// The DNAME at or above it: index of the record.
    dname: Option<usize>,
}

impl Builder<'_> {
    fn walk(&mut self, apex: &Name) {
        self.enter(order::key(apex).len(), apex.as_wire());
        let mut at = 0;
        let mut last_key = order::key(apex);
        while let Some(group) = self.order.group(at) {
            at = group.end;
            let shared = common_prefix(&last_key, group.key);
            while self.above.len() > 1 && self.above.last().is_some_and(|l| l.key_length > shared) {
                self.above.pop();
            }
            self.descend(group.key, group.name.as_wire());
            last_key.clear();
            last_key.extend_from_slice(group.key);
            self.fill(&group);
        }
        if self.negative.is_none() {
            self.checks.no_soa();
        }
    }

    /// Makes the nodes from the last common ancestor down to a name, empty ones on the way.
    fn descend(&mut self, key: &[u8], wire: &[u8]) {
        loop {
            let have = self.above.last().map_or(0, |level| level.key_length);
            let Some(label) = key.get(have) else { return };
            let next = have + 1 + usize::from(*label);
            // What of the key is left over are the labels to the left, with their lengths.
            self.enter(next, &wire[key.len() - next..]);
        }
    }

    fn enter(&mut self, key_length: usize, wire: &[u8]) {
        // Four thousand million names do not fit into memory.
        let node = self.nodes.len() as u32;
        let (mut cut, mut dname) = (NONE, None);
        if let Some(parent) = self.above.last() {
            dname = parent.dname;
            let parent = &mut self.nodes[parent.node as usize];
            cut = parent.cut;
            if wire.starts_with(b"\x01*") {
                parent.wildcard = node;
            }
        }
        self.above.push(Level { key_length, node, dname });
        self.nodes.push(Node {
            name: wire.into(),
            sets: Box::default(),
            referral: None,
            cut,
            wildcard: NONE,
            steered: NONE,
        });
    }

    /// Gives the node entered last what its owner has.
    fn fill(&mut self, group: &Group<'_>) {
        let Some((node, above)) = self.nodes.split_last_mut() else { return };
        let Some(level) = self.above.last_mut() else { return };
        let apex = above.is_empty();
        self.checks.dname_above(group, level.dname);
        if let Some(cut) = above.get(node.cut as usize) {
            self.checks.occluded(group, cut);
            return;
        }
        let delegation = !apex && !group.name.is_wildcard() && group.set(rtype::NS).is_some();
        self.checks.owner(group, apex, delegation);
        let mut encoder = Encoder { order: self.order, checks: &mut self.checks };
        if delegation {
            node.cut = level.node;
            node.referral = encoder.referral(group);
            node.sets = encoder.sets(group, |rtype| rtype == rtype::DS);
        } else {
            level.dname = level.dname.or(group.set(rtype::DNAME).map(|set| set.first));
            node.sets = encoder.sets(group, |_| true);
            node.steered = group.steered.map_or(NONE, |index| index as u32);
        }
        if let Some(soa) = group.set(rtype::SOA).filter(|_| apex) {
            self.negative = encoder.negative(group, soa);
        }
    }
}

fn common_prefix(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(a, b)| a == b).count()
}

/// The index of all nodes by the hashes of their names.
fn table(nodes: &[Node], seed: u64) -> Box<[u32]> {
    let mut table = vec![NONE; (nodes.len() * 2).next_power_of_two()].into_boxed_slice();
    let mut name = QName::new(seed);
    for (at, node) in nodes.iter().enumerate() {
        name.set(&node.name);
        Zone::index(&mut table, nodes, at as u32, name.hash(0));
    }
    table
}
