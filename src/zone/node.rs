//! One name of a zone, as it stands in the zone's memory.
//!
//! A name has a block of bytes, numbers in little-endian order:
//!
//! | bytes | what |
//! |---|---|
//! | 1 | flags: what is unusual about it |
//! | 1 | how many bytes its name has |
//! | 2 | how many record sets it answers with |
//! | as said | its name in lower-case wire form, without the labels of the zone's apex |
//! | 4 | if delegated, how many sets of glue (2) and of other addresses (2); if steered, its index |
//! | as long as they are | its record sets in ascending order of type |
//! | as long as they are | if delegated: the NS set, then glue, then other addresses |

use crate::wire::{RrSet, RrSets, rtype};

/// It is delegated; its record sets are those on this side of the cut, that is DS.
pub(super) const CUT: u8 = 1;
/// It is steered.
pub(super) const STEERED: u8 = 1 << 1;
/// It has a DNAME that holds for what is below it.
pub(super) const DNAME: u8 = 1 << 2;
/// There is a wildcard just below it.
pub(super) const WILDCARD: u8 = 1 << 3;

/// Bytes before the name.
pub(super) const HEAD_BYTES: usize = 4;
/// Bytes after the name, if there are any.
const MORE_BYTES: usize = 4;

/// One name of a zone.
#[derive(Clone, Copy, Debug)]
pub struct Node<'z> {
    flags: u8,
    sets: u16,
    /// What follows the name, and the blocks behind this one.
    rest: &'z [u8],
}

impl<'z> Node<'z> {
    /// The one whose block begins here, and its name without the labels of the apex.
    pub(super) fn split(block: &'z [u8]) -> Option<(&'z [u8], Self)> {
        let (head, rest) = block.split_first_chunk::<HEAD_BYTES>()?;
        let head = u32::from_le_bytes(*head);
        let [flags, length, ..] = head.to_le_bytes();
        let (name, rest) = rest.split_at_checked(usize::from(length))?;
        Some((name, Self { flags, sets: (head >> 16) as u16, rest }))
    }

    /// Whether it has one of these flags.
    pub(super) fn is(&self, flags: u8) -> bool {
        self.flags & flags != 0
    }

    /// What follows its block.
    pub(super) fn behind(&self) -> &'z [u8] {
        match self.referral() {
            Some(referral) => referral.extra().rest(),
            None => self.sets().rest(),
        }
    }

    /// The four bytes that only some names have.
    fn more(&self) -> Option<[u8; MORE_BYTES]> {
        self.rest.first_chunk().copied()
    }

    /// Whether there is nothing here, and the name exists only because of names below it.
    pub fn is_empty(&self) -> bool {
        self.sets == 0 && !self.is(CUT | STEERED)
    }

    /// The record set of a type.
    pub fn set(&self, rtype: u16) -> Option<RrSet<'z>> {
        self.sets().of_type(rtype)
    }

    /// Whether a question for a type is answered by a record set here; ANY by whichever.
    pub fn has(&self, asked: u16) -> bool {
        self.sets().any(|set| set.rtype == asked || asked == rtype::ANY)
    }

    /// All record sets here, by type; of a delegation only those on this side of the cut.
    pub fn sets(&self) -> RrSets<'z> {
        let more = if self.is(CUT | STEERED) { MORE_BYTES } else { 0 };
        RrSets::new(self.rest.get(more..).unwrap_or_default(), self.sets)
    }

    /// Index of its steered name within the zone.
    pub fn steered(&self) -> Option<usize> {
        if !self.is(STEERED) {
            return None;
        }
        self.more().map(|index| u32::from_le_bytes(index) as usize)
    }

    /// What it is delegated to.
    pub(super) fn referral(&self) -> Option<Referral<'z>> {
        let [g1, g2, e1, e2] = self.more().filter(|_| self.is(CUT))?;
        let (glue, extra) = (u16::from_le_bytes([g1, g2]), u16::from_le_bytes([e1, e2]));
        Some(Referral { sets: self.sets().rest(), glue, extra })
    }
}

/// A delegation: what a referral carries (RFC 1034 4.3.2 step 3b).
#[derive(Clone, Copy, Debug)]
pub struct Referral<'z> {
    /// The NS set, then glue, then other addresses.
    sets: &'z [u8],
    glue: u16,
    extra: u16,
}

impl<'z> Referral<'z> {
    /// The NS set, for the authority section.
    pub fn name_servers(&self) -> RrSet<'z> {
        RrSets::new(self.sets, 1).next().unwrap_or_default()
    }

    /// Addresses of name servers below the cut, without which nobody could reach them
    /// (RFC 9471): a referral without them is truncated.
    pub fn glue(&self) -> RrSets<'z> {
        RrSets::new(RrSets::new(self.sets, 1).rest(), self.glue)
    }

    /// Addresses of name servers elsewhere in the zone, which help but need not fit.
    pub fn extra(&self) -> RrSets<'z> {
        RrSets::new(self.glue().rest(), self.extra)
    }
}
