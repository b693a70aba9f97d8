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

/// One name of a zone.
#[derive(Clone, Copy, Debug)]
pub struct Node<'z> {
    /// Its name without the labels of the apex.
    pub(super) name: &'z [u8],
    flags: u8,
    /// What the four bytes after the name say.
    more: [u8; 4],
    sets: RrSets<'z>,
}

impl<'z> Node<'z> {
    /// The one whose block begins here.
    #[inline]
    pub(super) fn new(block: &'z [u8]) -> Option<Self> {
        let (&[flags, length, s1, s2], rest) = block.split_first_chunk::<HEAD_BYTES>()?;
        let (name, mut rest) = rest.split_at_checked(usize::from(length))?;
        let mut more = [0; 4];
        if flags & (CUT | STEERED) != 0 {
            (more, rest) = rest.split_first_chunk().map(|(more, rest)| (*more, rest))?;
        }
        Some(Self { name, flags, more, sets: RrSets::new(rest, u16::from_le_bytes([s1, s2])) })
    }

    /// Whether it has one of these flags.
    #[inline]
    pub(super) fn is(&self, flags: u8) -> bool {
        self.flags & flags != 0
    }

    /// What follows its block.
    pub(super) fn rest(&self) -> &'z [u8] {
        match self.referral() {
            Some(referral) => referral.extra().rest(),
            None => self.sets.rest(),
        }
    }

    /// Whether there is nothing here, and the name exists only because of names below it.
    pub fn is_empty(&self) -> bool {
        self.sets.is_empty() && !self.is(CUT | STEERED)
    }

    /// The record set of a type.
    #[inline]
    pub fn set(&self, rtype: u16) -> Option<RrSet<'z>> {
        self.sets.of_type(rtype)
    }

    /// Whether a question for a type is answered by a record set here; ANY by whichever.
    pub fn has(&self, asked: u16) -> bool {
        self.sets().any(|set| set.rtype == asked || asked == rtype::ANY)
    }

    /// All record sets here, by type; of a delegation only those on this side of the cut.
    #[inline]
    pub fn sets(&self) -> RrSets<'z> {
        self.sets
    }

    /// Index of its steered name within the zone.
    #[inline]
    pub fn steered(&self) -> Option<usize> {
        self.is(STEERED).then(|| u32::from_le_bytes(self.more) as usize)
    }

    /// What it is delegated to.
    pub(super) fn referral(&self) -> Option<Referral<'z>> {
        let [g1, g2, e1, e2] = self.more;
        self.is(CUT).then(|| Referral {
            sets: self.sets.rest(),
            glue: u16::from_le_bytes([g1, g2]),
            extra: u16::from_le_bytes([e1, e2]),
        })
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
