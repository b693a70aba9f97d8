//! Finding what a zone has for a name.

use super::node::{CUT, DNAME, WILDCARD};
use super::{Node, Referral, Zone};
use crate::wire::{QName, RrSet, RrSets, are_same, rtype};

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
    /// A delegation's own DS belongs to this side of the cut: `rtype` tells whether that is asked.
    #[inline]
    pub fn find(&self, name: &QName, asked: u16) -> Found<'_> {
        match self.closest_encloser(name) {
            Some((0, node)) if !node.is(CUT) || asked == rtype::DS => Found::Node(node, 0),
            Some((depth, node)) => self.above(name, depth, node),
            None => Found::Missing,
        }
    }

    /// The longest existing suffix of a name within the zone, and how many labels were cut off.
    #[inline]
    fn closest_encloser(&self, name: &QName) -> Option<(usize, Node<'_>)> {
        let below_apex = name.labels().checked_sub(self.apex_labels)?;
        // Longer ones than any that exists need not be looked for.
        let mut depth = below_apex.saturating_sub(self.store.deepest);
        while depth < below_apex {
            let wanted = self.within(name, depth)?;
            let node = self.store.find(name.hash(depth), |there| are_same(there, wanted));
            if let Some(node) = node {
                return Some((depth, node));
            }
            depth += 1;
        }
        Some((depth, self.store.apex()?))
    }

    /// A suffix of a name without the labels of the apex.
    #[inline]
    fn within<'n>(&self, name: &'n QName, depth: usize) -> Option<&'n [u8]> {
        let suffix = name.suffix(depth);
        suffix.get(..suffix.len().checked_sub(self.apex.as_wire().len())?)
    }

    /// What holds for a name because of its closest encloser.
    fn above<'z>(&'z self, name: &QName, depth: usize, encloser: Node<'z>) -> Found<'z> {
        if let Some(referral) = encloser.referral() {
            return Found::Cut(referral, depth);
        }
        if encloser.is(DNAME)
            && let Some(dname) = encloser.set(rtype::DNAME)
        {
            return Found::Dname(dname, depth);
        }
        if !encloser.is(WILDCARD) {
            return Found::Missing;
        }
        let is_it = |there: &[u8]| there.strip_prefix(b"\x01*") == self.within(name, depth);
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
