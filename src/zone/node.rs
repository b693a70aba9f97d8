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

/// One name of a zone: the bytes from where its block begins, which is all that has to be handed
/// on.
#[derive(Clone, Copy)]
pub struct Node<'z>(&'z [u8]);

impl<'z> Node<'z> {
    /// The one whose block begins here.
    #[inline]
    pub(super) fn new(block: &'z [u8]) -> Self {
        Self(block)
    }

    /// Flags, bytes of the name, number of sets.
    #[inline]
    fn head(&self) -> (u8, usize, u16) {
        let head = u32::from_le_bytes(self.0.first_chunk().copied().unwrap_or_default());
        (head as u8, usize::from((head >> 8) as u8), (head >> 16) as u16)
    }

    /// Its name without the labels of the apex; it is there in a zone's memory.
    #[inline]
    pub(super) fn name(&self) -> Option<&'z [u8]> {
        let (_, length, _) = self.head();
        self.0.get(HEAD_BYTES..HEAD_BYTES + length)
    }

    /// Whether it has one of these flags.
    #[inline]
    pub(super) fn is(&self, flags: u8) -> bool {
        self.head().0 & flags != 0
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
        self.0.get(HEAD_BYTES + self.head().1..)?.first_chunk().copied()
    }

    /// Whether there is nothing here, and the name exists only because of names below it.
    pub fn is_empty(&self) -> bool {
        self.sets().is_empty() && !self.is(CUT | STEERED)
    }

    /// The record set of a type.
    pub fn set(&self, rtype: u16) -> Option<RrSet<'z>> {
        self.sets().find(|set| set.rtype() == rtype)
    }

    /// The record set that answers a question for a type: of that type, or else an alias. To ANY
    /// one set is enough of an answer (RFC 8482 4.1).
    #[inline]
    pub fn answer(&self, asked: u16) -> Option<RrSet<'z>> {
        let mut alias = None;
        // Few types stand at a name: looking at each is the fastest search.
        for set in self.whole_sets()? {
            if set.rtype() == asked || asked == rtype::ANY {
                return Some(set);
            }
            if set.rtype() == rtype::CNAME {
                alias = Some(set);
            }
        }
        alias
    }

    /// Whether a question for a type is answered by a record set here; ANY by whichever.
    pub fn has(&self, asked: u16) -> bool {
        self.sets().any(|set| set.rtype() == asked || asked == rtype::ANY)
    }

    /// All record sets here, by type; of a delegation only those on this side of the cut.
    #[inline]
    pub fn sets(&self) -> RrSets<'z> {
        self.whole_sets().unwrap_or_default()
    }

    /// The same; they are there in a zone's memory.
    #[inline]
    fn whole_sets(&self) -> Option<RrSets<'z>> {
        let (flags, length, count) = self.head();
        let more = if flags & (CUT | STEERED) != 0 { MORE_BYTES } else { 0 };
        Some(RrSets::new(self.0.get(HEAD_BYTES + length + more..)?, count))
    }

    /// Index of its steered name within the zone.
    #[inline]
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
#[derive(Clone, Copy)]
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
