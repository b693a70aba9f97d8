//! Finding what a zone has for a name.

use super::node::{CUT, DNAME, WILDCARD};
use super::{Node, Referral, Zone};
use crate::wire::{QName, RrSet, RrSets, are_same_and_short, rtype};

/// What a zone has for a name, and at which suffix of the name, by its index.
pub enum Found<'z> {
    /// The name exists; or, below another suffix than the first, that is the whole name, there is
    /// a wildcard that stands for it.
    Node(Node<'z>, usize),
    /// A delegation at or above the name.
    Cut(Referral<'z>, usize),
    /// A DNAME above the name (RFC 6672).
    Dname(RrSet<'z>, usize),
    /// The name does not exist.
    Missing,
}

impl Zone {
    /// Finds a name that is at or below the apex (RFC 1034 4.3.2, RFC 4592, RFC 6672).
    ///
    /// A delegation's own DS belongs to this side of the cut: `asked` tells whether that is asked.
    #[inline]
    pub fn find(&self, name: &QName, asked: u16) -> Found<'_> {
        match self.exact(name) {
            Some(node) if !node.is(CUT) || asked == rtype::DS => Found::Node(node, 0),
            Some(_) => self.find_encloser(name, 0),
            None => self.find_encloser(name, 1),
        }
    }

    /// The very name, if it exists. Kept out of its callers, which have no registers to spare.
    #[inline(never)]
    fn exact(&self, name: &QName) -> Option<Node<'_>> {
        let wanted = name.part(0, self.apex.as_wire().len())?;
        let first = self.store.first(name.hash(0))?;
        match first.name().is_some_and(|there| are_same_and_short(there, wanted)) {
            true => Some(first),
            false => self.suffix(name, 0),
        }
    }

    /// The name without its first `depth` labels, if it exists.
    #[inline(never)]
    fn suffix(&self, name: &QName, depth: usize) -> Option<Node<'_>> {
        let wanted = name.part(depth, self.apex.as_wire().len())?;
        self.store.find(name.hash(depth), |there| there == wanted)
    }

    /// What holds for a name because of its closest encloser, that is the longest suffix that
    /// exists in the zone, of which it has lost `least` labels at least.
    #[inline(never)]
    fn find_encloser(&self, name: &QName, least: usize) -> Found<'_> {
        let Some(below_apex) = name.labels().checked_sub(self.apex_labels) else {
            return Found::Missing;
        };
        let Some(mut encloser) = self.store.apex() else { return Found::Missing };
        // What is longer than any name that exists need not be looked for. Of the rest, what is
        // above a name that exists does exist (RFC 4592 2.2.2), so that each look halves it.
        let mut from = below_apex.saturating_sub(self.store.deepest).max(least);
        let mut depth = below_apex;
        while from < depth {
            let middle = from.midpoint(depth);
            match self.suffix(name, middle) {
                Some(node) => (encloser, depth) = (node, middle),
                None => from = middle + 1,
            }
        }
        self.below(encloser, name, depth)
    }

    /// What holds for a name below its closest encloser, or at it if that is a delegation.
    fn below<'z>(&'z self, encloser: Node<'z>, name: &QName, depth: usize) -> Found<'z> {
        if !encloser.is(CUT | DNAME | WILDCARD) {
            return Found::Missing;
        }
        if let Some(referral) = encloser.referral() {
            return Found::Cut(referral, depth);
        }
        if encloser.is(DNAME)
            && let Some(dname) = encloser.set(rtype::DNAME)
        {
            return Found::Dname(dname, depth);
        }
        let rest = name.part(depth, self.apex.as_wire().len());
        let is_it = |there: &[u8]| there.strip_prefix(b"\x01*") == rest;
        match self.store.find(name.wildcard_hash(depth), is_it) {
            Some(wildcard) => Found::Node(wildcard, depth),
            None => Found::Missing,
        }
    }

    /// The SOA for negative answers, with the TTL of RFC 2308.
    #[inline]
    pub fn negative(&self) -> RrSet<'_> {
        RrSets::new(&self.negative, 1).next().unwrap_or_default()
    }
}
