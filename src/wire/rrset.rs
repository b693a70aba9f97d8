//! A record set encoded when its zone is loaded, so that answering is a copy and a few patches.
//!
//! Owner names and compressible names in record data point back into the name that was asked, or
//! into the link of a chain that was written last. Where that name stands is known only when the
//! answer is written; the pointers' places, and how far before the end of that name they point,
//! are known at load. Both are kept as patches.

use super::{Name, rtype};

/// One compression pointer to fill in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Where the two bytes stand in the set's wire form.
    pub at: u16,
    /// How many bytes before the end of the asked name the pointer points to; 0 is that name's
    /// start, which is the owner of an ordinary or wildcard answer.
    pub back: u8,
}

/// All records of one owner and type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RrSet {
    /// The record type.
    pub rtype: u16,
    /// How many records.
    pub count: u16,
    /// The records in wire form, each pointer a placeholder.
    pub wire: Box<[u8]>,
    /// The pointers, in the order in which they stand.
    pub patches: Box<[Patch]>,
}

/// Encodes a record set.
pub struct RrSetBuilder {
    set: Vec<u8>,
    patches: Vec<Patch>,
    rtype: u16,
    ttl_seconds: u32,
    count: u16,
}

/// How a record's owner is written.
pub enum Owner<'a> {
    /// The name that was asked: ordinary and wildcard answers.
    Asked,
    /// An ancestor of the name that was asked, or that name: authority sections and DNAME.
    Ancestor(&'a Name),
    /// Another name: glue. `context` is a lower-cased name at or above the asked one.
    Other {
        /// The owner itself.
        name: &'a Name,
        /// What its tail may be compressed against.
        context: &'a Name,
    },
}

/// The set is too large for any message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

impl RrSetBuilder {
    /// An empty set.
    pub fn new(rtype: u16, ttl_seconds: u32) -> Self {
        Self { set: Vec::new(), patches: Vec::new(), rtype, ttl_seconds, count: 0 }
    }

    /// Adds a record with uncompressed data.
    ///
    /// `context` is a lower-cased name that is the asked name or above it in whichever answer the
    /// set appears; names in the data of the RFC 1035 types are compressed against it.
    pub fn push(
        &mut self,
        owner: &Owner<'_>,
        rdata: &[u8],
        context: &Name,
    ) -> Result<(), TooLarge> {
        match owner {
            Owner::Asked => self.pointer(0)?,
            Owner::Ancestor(name) => self.pointer(name.as_wire().len())?,
            Owner::Other { name, context } => self.compressed_name(name.as_wire(), context)?,
        }
        self.set.extend_from_slice(&self.rtype.to_be_bytes());
        self.set.extend_from_slice(&rtype::IN.to_be_bytes());
        self.set.extend_from_slice(&self.ttl_seconds.to_be_bytes());
        let length_at = self.set.len();
        self.set.extend_from_slice(&[0, 0]);
        self.rdata(rdata, context)?;
        let length = u16::try_from(self.set.len() - length_at - 2).map_err(|_| TooLarge)?;
        self.set[length_at..length_at + 2].copy_from_slice(&length.to_be_bytes());
        self.count = self.count.checked_add(1).ok_or(TooLarge)?;
        Ok(())
    }

    /// The finished set.
    pub fn build(self) -> Result<RrSet, TooLarge> {
        // Header, longest question and OPT must fit beside it.
        if self.set.len() > 65_535 - 512 {
            return Err(TooLarge);
        }
        Ok(RrSet {
            rtype: self.rtype,
            count: self.count,
            wire: self.set.into(),
            patches: self.patches.into(),
        })
    }

    /// Compresses the names of those types whose data every reader must expand (RFC 3597 4),
    /// except CNAME and DNAME: chains go on from an uncompressed target.
    fn rdata(&mut self, rdata: &[u8], context: &Name) -> Result<(), TooLarge> {
        match self.rtype {
            rtype::NS | rtype::PTR => self.compressed_name(rdata, context),
            rtype::MX if rdata.len() > 2 => {
                self.set.extend_from_slice(&rdata[..2]);
                self.compressed_name(&rdata[2..], context)
            }
            rtype::SOA => {
                let first = name_length(rdata);
                let second = first + name_length(&rdata[first..]);
                self.compressed_name(&rdata[..first], context)?;
                self.compressed_name(&rdata[first..second], context)?;
                self.set.extend_from_slice(&rdata[second..]);
                Ok(())
            }
            _ => {
                self.set.extend_from_slice(rdata);
                Ok(())
            }
        }
    }

    /// Writes an uncompressed wire name with its longest common suffix with `context` as a
    /// pointer.
    fn compressed_name(&mut self, wire: &[u8], context: &Name) -> Result<(), TooLarge> {
        let mut at = 0;
        while wire[at] != 0 {
            let rest = &wire[at..];
            let target = context.as_wire();
            if rest.len() <= target.len() && is_suffix(&rest.to_ascii_lowercase(), target) {
                self.set.extend_from_slice(&wire[..at]);
                return self.pointer(rest.len());
            }
            at += 1 + usize::from(wire[at]);
        }
        self.set.extend_from_slice(wire);
        Ok(())
    }

    fn pointer(&mut self, back: usize) -> Result<(), TooLarge> {
        let at = u16::try_from(self.set.len()).map_err(|_| TooLarge)?;
        // A name has at most 255 bytes.
        self.patches.push(Patch { at, back: back as u8 });
        self.set.extend_from_slice(&[0xc0, 0x0c]);
        Ok(())
    }
}

/// Whether `tail` is a suffix of `name` at a label's start; both lower-cased wire forms.
fn is_suffix(tail: &[u8], name: &[u8]) -> bool {
    let mut rest = name;
    while rest.len() > tail.len() {
        rest = &rest[1 + usize::from(rest[0])..];
    }
    rest == tail
}

/// The length of the uncompressed name at the start of record data, which the reader has checked.
fn name_length(bytes: &[u8]) -> usize {
    let mut at = 0;
    while bytes[at] != 0 {
        at += 1 + usize::from(bytes[at]);
    }
    at + 1
}
