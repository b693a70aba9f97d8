//! Names to the blocks of a zone's memory (see [`crate::zone::node`]).

use crate::wire::{Name, Owner, RrSetBuilder, RrSets, TooLarge};
use crate::zone::node::{CUT, HEAD_BYTES, STEERED};
use crate::zone::records::Records;
use crate::zone::store::{Store, UNIT_BYTES};

/// The blocks so far.
pub(super) struct Blocks {
    bytes: Vec<u8>,
    names: usize,
}

/// Where the block of a name begins, or a part of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Offset(usize);

impl Blocks {
    /// None yet, and room for those of some records.
    pub(super) fn of(records: &Records) -> Self {
        // What a name and a set have besides the owner and the data.
        const MORE_BYTES: usize = HEAD_BYTES + 8 + 12;
        let mut bytes = Vec::with_capacity(records.bytes_of_all() + records.len() * MORE_BYTES);
        // What free slots point to.
        bytes.resize(UNIT_BYTES, 0);
        Self { bytes, names: 0 }
    }

    /// Begins the block of a name, in lower case and without the labels of the apex.
    pub(super) fn begin(&mut self, name: &[u8]) -> Offset {
        self.bytes.resize(self.bytes.len().next_multiple_of(UNIT_BYTES), 0);
        let offset = Offset(self.bytes.len());
        // A name has at most 255 bytes.
        self.bytes.extend_from_slice(&[0, name.len() as u8, 0, 0]);
        self.bytes.extend_from_slice(name);
        self.names += 1;
        offset
    }

    /// Says that something is unusual about a name.
    pub(super) fn mark(&mut self, name: Offset, flag: u8) {
        self.bytes[name.0] |= flag;
    }

    /// Says which steered name the name is that was begun last.
    pub(super) fn steered(&mut self, name: Offset, index: usize) {
        self.mark(name, STEERED);
        // There are far fewer than four thousand million.
        self.bytes.extend_from_slice(&(index as u32).to_le_bytes());
    }

    /// Says that the name that was begun last is delegated; returns where the number of its sets
    /// of addresses is to be said.
    pub(super) fn delegated(&mut self, name: Offset) -> Offset {
        self.mark(name, CUT);
        self.bytes.extend_from_slice(&[0; 4]);
        Offset(self.bytes.len() - 4)
    }

    /// Says how many sets of glue and of other addresses there are.
    pub(super) fn addresses(&mut self, offset: Offset, glue: u16, extra: u16) {
        self.bytes[offset.0..offset.0 + 2].copy_from_slice(&glue.to_le_bytes());
        self.bytes[offset.0 + 2..offset.0 + 4].copy_from_slice(&extra.to_le_bytes());
    }

    /// Says how many record sets a name answers with.
    pub(super) fn sets(&mut self, name: Offset, count: u16) {
        self.bytes[name.0 + 2..name.0 + HEAD_BYTES].copy_from_slice(&count.to_le_bytes());
    }

    /// Adds a record set to the name that was begun last.
    pub(super) fn set<'r>(
        &mut self,
        kind: (u16, u32),
        owner: Owner<'_>,
        context: &[u8],
        rdata: impl Iterator<Item = &'r [u8]>,
    ) -> Result<(), TooLarge> {
        let start = self.bytes.len();
        let encoded = encode(&mut self.bytes, kind, owner, context, rdata);
        if encoded.is_err() {
            self.bytes.truncate(start);
        }
        encoded
    }

    /// Where the next record set will stand.
    pub(super) fn end(&self) -> Offset {
        Offset(self.bytes.len())
    }

    /// How many bytes the sets from there on take in a message.
    pub(super) fn wire_bytes(&self, start: Offset, sets: u16) -> usize {
        RrSets::new(&self.bytes[start.0..], sets)
            .filter_map(|set| set.wire())
            .map(<[u8]>::len)
            .sum()
    }

    /// The memory of the zone, if it is not too large.
    pub(super) fn finish(self, apex: &Name, seed: u64) -> Option<Store> {
        Store::new(self.bytes, self.names, apex, seed)
    }
}

/// Encodes a record set at the end of `out`.
pub(super) fn encode<'r>(
    out: &mut Vec<u8>,
    kind: (u16, u32),
    owner: Owner<'_>,
    context: &[u8],
    rdata: impl Iterator<Item = &'r [u8]>,
) -> Result<(), TooLarge> {
    let mut set = RrSetBuilder::new(out, kind, owner, context);
    for rdata in rdata {
        set.push(rdata)?;
    }
    set.finish();
    Ok(())
}
