//! Record sets encoded when their zone is loaded, so that answering is a copy and a few patches.
//!
//! Owner names and compressible names in record data point back into the name that was asked, or
//! into the link of a chain that was written last. Where that name stands is known only when the
//! answer is written; the pointers' places, and how far before the end of that name they point,
//! are known at load. Nearly all pointers are owners that are the asked name itself: these stand
//! at the start of each record and point to where the question stands in every message, so that
//! mostly nothing is left to patch. The others are kept as patches.
//!
//! A zone keeps its sets one behind the other, each as
//!
//! | bytes | what |
//! |---|---|
//! | 2 | the type |
//! | 2 | how many records; [`OWNERS_ASKED`] is added where each owner is the asked name |
//! | 2 | how many bytes the records have |
//! | 2 | how many patches there are |
//! | as said | the records in wire form |
//! | 3 each | the patches: where (2), and how many bytes before the end of the asked name (1) |
//!
//! with the numbers in little-endian order.

use super::{rtype, tail};

/// No set has so many records that their number would need this bit.
const OWNERS_ASKED: u16 = 0x8000;
const HEADER_BYTES: usize = 8;
const PATCH_BYTES: usize = 3;
/// The most bytes that a set may have, and a delegation with its glue: header, longest question and
/// OPT must fit beside it.
pub const MAX_WIRE_BYTES: usize = 65_535 - 512;
/// A compression pointer to the question, which follows the header of every message.
const TO_QUESTION: [u8; 2] = [0xc0, 0x0c];

/// One compression pointer to fill in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Where the two bytes stand in the set's wire form.
    pub at: u16,
    /// How many bytes before the end of the asked name the pointer points to.
    pub back: u8,
}

/// All records of one owner and type, as its zone keeps them: the bytes from where the set begins,
/// which is all that has to be handed on.
#[derive(Clone, Copy, Default)]
pub struct RrSet<'z>(&'z [u8]);

impl<'z> RrSet<'z> {
    /// Type, number of records with [`OWNERS_ASKED`], bytes of the records, number of patches.
    #[inline]
    fn header(&self) -> [u16; 4] {
        let header = u64::from_le_bytes(self.0.first_chunk().copied().unwrap_or_default());
        [header as u16, (header >> 16) as u16, (header >> 32) as u16, (header >> 48) as u16]
    }

    /// The record type.
    #[inline]
    pub fn rtype(&self) -> u16 {
        self.header()[0]
    }

    /// How many records.
    #[inline]
    pub fn count(&self) -> u16 {
        self.header()[1] & !OWNERS_ASKED
    }

    /// Whether each owner is the name that was asked: a pointer to where the question stands, and
    /// to be filled in only where the set is about a later name of a chain.
    pub fn owners_asked(&self) -> bool {
        self.header()[1] & OWNERS_ASKED != 0
    }

    /// Whether its bytes are right as they are in an answer about the very name that was asked.
    #[inline]
    pub fn is_ready(&self) -> bool {
        let [_, count, _, patches] = self.header();
        count & OWNERS_ASKED != 0 && patches == 0
    }

    /// The records in wire form; those of a zone's set are there.
    #[inline]
    pub fn wire(&self) -> Option<&'z [u8]> {
        let [_, _, length, _] = self.header();
        self.0.get(HEADER_BYTES..HEADER_BYTES + usize::from(length))
    }

    /// The pointers to fill in, besides owners that are the asked name.
    pub fn patches(&self) -> impl Iterator<Item = Patch> + use<'z> {
        let [_, _, length, _] = self.header();
        let from = HEADER_BYTES + usize::from(length);
        let (patches, _) = self.0.get(from..self.length()).unwrap_or_default().as_chunks();
        patches.iter().map(|&[a, b, back]| Patch { at: u16::from_le_bytes([a, b]), back })
    }

    /// How many bytes there are of it.
    #[inline]
    fn length(&self) -> usize {
        let [_, _, length, patches] = self.header().map(usize::from);
        HEADER_BYTES + length + patches * PATCH_BYTES
    }
}

/// Some sets that stand one behind the other.
#[derive(Clone, Copy, Default)]
pub struct RrSets<'z> {
    /// They begin here; more may follow.
    bytes: &'z [u8],
    left: u16,
}

impl<'z> RrSets<'z> {
    /// The first `count` sets of `bytes`.
    pub fn new(bytes: &'z [u8], count: u16) -> Self {
        Self { bytes, left: count }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// What follows the sets.
    pub fn rest(mut self) -> &'z [u8] {
        while self.next().is_some() {}
        self.bytes
    }
}

impl<'z> Iterator for RrSets<'z> {
    type Item = RrSet<'z>;

    #[inline]
    fn next(&mut self) -> Option<RrSet<'z>> {
        self.left = self.left.checked_sub(1)?;
        let set = RrSet(self.bytes);
        self.bytes = self.bytes.get(set.length()..)?;
        Some(set)
    }
}

/// How the owner of a set's records is written.
#[derive(Clone, Copy)]
pub enum Owner<'a> {
    /// The name that was asked: ordinary and wildcard answers; of a DNAME, what is looked up of it.
    Asked,
    /// An ancestor of the name that was asked, or that name: authority sections.
    Ancestor(&'a [u8]),
    /// Another name: glue, to be compressed as names in its data are.
    Other(&'a [u8]),
}

/// The set is too large for any message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

/// Encodes a record set at the end of some bytes.
///
/// Names are given in uncompressed wire form.
pub struct RrSetBuilder<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    rtype: u16,
    ttl_seconds: u32,
    owner: Owner<'a>,
    context: &'a [u8],
    count: u16,
    patches: Vec<Patch>,
}

impl<'a> RrSetBuilder<'a> {
    /// An empty set.
    ///
    /// `context` is a lower-cased name that is the asked name or above it in whichever answer the
    /// set appears; names in the data of the RFC 1035 types are compressed against it.
    pub fn new(
        out: &'a mut Vec<u8>,
        (rtype, ttl_seconds): (u16, u32),
        owner: Owner<'a>,
        context: &'a [u8],
    ) -> Self {
        let start = out.len();
        out.extend_from_slice(&[0; HEADER_BYTES]);
        Self { out, start, rtype, ttl_seconds, owner, context, count: 0, patches: Vec::new() }
    }

    /// Adds a record with uncompressed data.
    pub fn push(&mut self, rdata: &[u8]) -> Result<(), TooLarge> {
        match self.owner {
            Owner::Asked => self.out.extend_from_slice(&TO_QUESTION),
            Owner::Ancestor(name) => self.pointer(name.len())?,
            Owner::Other(name) => self.compressed_name(name)?,
        }
        let [t1, t2] = self.rtype.to_be_bytes();
        let [c1, c2] = rtype::IN.to_be_bytes();
        let [s1, s2, s3, s4] = self.ttl_seconds.to_be_bytes();
        self.out.extend_from_slice(&[t1, t2, c1, c2, s1, s2, s3, s4, 0, 0]);
        let data_at = self.out.len();
        self.rdata(rdata)?;
        let length = u16::try_from(self.out.len() - data_at).map_err(|_| TooLarge)?;
        self.out[data_at - 2..data_at].copy_from_slice(&length.to_be_bytes());
        if self.length() > MAX_WIRE_BYTES {
            return Err(TooLarge);
        }
        // Each record has twelve bytes at least.
        self.count += 1;
        Ok(())
    }

    /// Finishes the set: it stands behind what stood in the bytes before. If it is too large,
    /// whoever has been told so by [`Self::push`] drops what was written of it.
    pub fn finish(self) {
        let asked = matches!(self.owner, Owner::Asked);
        let count = self.count | if asked { OWNERS_ASKED } else { 0 };
        // Both are held by `push` to less than 16 bits: a pointer has two bytes.
        let (length, patches) = (self.length() as u16, self.patches.len() as u16);
        let header = [self.rtype, count, length, patches].map(u16::to_le_bytes);
        self.out[self.start..self.start + HEADER_BYTES].copy_from_slice(header.as_flattened());
        for Patch { at, back } in self.patches {
            let [a, b] = at.to_le_bytes();
            self.out.extend_from_slice(&[a, b, back]);
        }
    }

    /// Bytes of the records so far.
    fn length(&self) -> usize {
        self.out.len() - self.start - HEADER_BYTES
    }

    /// Compresses the names of those types whose data every reader must expand (RFC 3597 4),
    /// except CNAME and DNAME: chains go on from an uncompressed target.
    fn rdata(&mut self, rdata: &[u8]) -> Result<(), TooLarge> {
        match self.rtype {
            rtype::NS | rtype::PTR => self.compressed_name(rdata),
            rtype::MX if rdata.len() > 2 => {
                self.out.extend_from_slice(&rdata[..2]);
                self.compressed_name(&rdata[2..])
            }
            rtype::SOA => {
                let first = name_length(rdata);
                let second = first + name_length(&rdata[first..]);
                self.compressed_name(&rdata[..first])?;
                self.compressed_name(&rdata[first..second])?;
                self.out.extend_from_slice(&rdata[second..]);
                Ok(())
            }
            _ => {
                self.out.extend_from_slice(rdata);
                Ok(())
            }
        }
    }

    /// Writes a name with its longest common suffix with the context as a pointer.
    fn compressed_name(&mut self, wire: &[u8]) -> Result<(), TooLarge> {
        let mut at = 0;
        while wire[at] != 0 {
            let rest = &wire[at..];
            if tail(self.context, rest.len()).eq_ignore_ascii_case(rest) {
                self.out.extend_from_slice(&wire[..at]);
                return self.pointer(rest.len());
            }
            at += 1 + usize::from(wire[at]);
        }
        self.out.extend_from_slice(wire);
        Ok(())
    }

    fn pointer(&mut self, back: usize) -> Result<(), TooLarge> {
        let at = u16::try_from(self.length()).map_err(|_| TooLarge)?;
        // A name has at most 255 bytes.
        self.patches.push(Patch { at, back: back as u8 });
        self.out.extend_from_slice(&TO_QUESTION);
        Ok(())
    }
}

/// The length of the uncompressed name at the start of record data, which the reader has checked.
fn name_length(bytes: &[u8]) -> usize {
    let mut at = 0;
    while bytes[at] != 0 {
        at += 1 + usize::from(bytes[at]);
    }
    at + 1
}
