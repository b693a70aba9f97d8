//! Writing a reply into a buffer: sections in order, within a limit.

use crate::wire::{HEADER_BYTES, RrSet, rtype};

/// It does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// Which section a record set belongs to; they are written in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Answer.
    Answer,
    /// Authority.
    Authority,
    /// Additional.
    Additional,
}

/// Where the name that a record set points into stands in the reply.
#[derive(Clone, Copy, Debug)]
pub struct NameAt {
    /// Its first byte.
    pub start: u16,
    /// One past its root label.
    pub end: u16,
}

/// A reply that is being written: the question stands already, the header comes last.
pub struct Reply<'o> {
    out: &'o mut [u8],
    length: usize,
    limit: usize,
    question_end: usize,
    counts: [u16; 3],
}

impl<'o> Reply<'o> {
    /// Begins with the question, for which there is room; the records may reach up to `limit`,
    /// which is not beyond the buffer.
    pub fn new(out: &'o mut [u8], question: &[u8], limit: usize) -> Self {
        let question_end = HEADER_BYTES + question.len();
        copy(&mut out[HEADER_BYTES..question_end], question);
        Self { out, length: question_end, limit, question_end, counts: [0; 3] }
    }

    /// Copies a record set and points its names into `name`.
    #[inline]
    pub fn put(&mut self, section: Section, set: RrSet<'_>, name: NameAt) -> Result<(), Full> {
        let (wire, start) = (set.wire().ok_or(Full)?, self.length);
        let (ready, count) = (set.is_ready(), set.count());
        let end = start + wire.len();
        if end > self.limit {
            return Err(Full);
        }
        let records = &mut self.out[start..end];
        copy(records, wire);
        if !ready || usize::from(name.start) != HEADER_BYTES {
            patch(records, set, name)?;
        }
        self.length = end;
        self.count(section, count);
        Ok(())
    }

    /// Writes one record whose owner stands at `owner` in the reply and whose data is ready;
    /// returns where the data stands.
    #[inline]
    pub fn put_record(
        &mut self,
        section: Section,
        owner: u16,
        (rtype, ttl_seconds): (u16, u32),
        rdata: &[u8],
    ) -> Result<usize, Full> {
        let start = self.length;
        let end = start + 12 + rdata.len();
        if end > self.limit {
            return Err(Full);
        }
        let [o1, o2] = pointer(owner)?;
        let [t1, t2] = rtype.to_be_bytes();
        let [s1, s2, s3, s4] = ttl_seconds.to_be_bytes();
        let [l1, l2] = u16::try_from(rdata.len()).map_err(|_| Full)?.to_be_bytes();
        let record = &mut self.out[start..end];
        record[..12].copy_from_slice(&[o1, o2, t1, t2, 0, 1, s1, s2, s3, s4, l1, l2]);
        record[12..].copy_from_slice(rdata);
        self.length = end;
        self.count(section, 1);
        Ok(start + 12)
    }

    /// Writes one record of the Chaos class in the same way.
    pub fn put_chaos(&mut self, owner: u16, kind: (u16, u32), rdata: &[u8]) -> Result<(), Full> {
        let at = self.length;
        self.put_record(Section::Answer, owner, kind, rdata)?;
        self.out[at + 4..at + 6].copy_from_slice(&rtype::CH.to_be_bytes());
        Ok(())
    }

    /// Lowers the TTL of the only record that was written last, a negative answer's SOA.
    pub fn cap_ttl(&mut self, record_at: usize, ttl_seconds: u32) {
        if let Some(field) = self.out.get_mut(record_at + 6..record_at + 10)
            && let Ok(bytes) = <[u8; 4]>::try_from(&*field)
        {
            let capped = u32::from_be_bytes(bytes).min(ttl_seconds);
            field.copy_from_slice(&capped.to_be_bytes());
        }
    }

    /// Drops every record again, as a truncated reply does (RFC 2181 9).
    pub fn clear(&mut self) {
        self.length = self.question_end;
        self.counts = [0; 3];
    }

    /// Appends the OPT record, for which the limit has left room: `write` says how long it is.
    pub fn append_opt(&mut self, write: impl FnOnce(&mut [u8]) -> Option<usize>) -> usize {
        let length = self.out.get_mut(self.length..).and_then(write);
        self.count(Section::Additional, u16::from(length.is_some()));
        self.length += length.unwrap_or(0);
        length.unwrap_or(0)
    }

    /// Writes the header, of which the counts are known here; says how long the reply is.
    pub fn finish(self, first_word: [u8; 4]) -> usize {
        let [i1, i2, f1, f2] = first_word;
        let question = u8::from(self.question_end > HEADER_BYTES);
        let [[n1, n2], [u1, u2], [d1, d2]] = self.counts.map(u16::to_be_bytes);
        if let Some(header) = self.out.first_chunk_mut() {
            *header = [i1, i2, f1, f2, 0, question, n1, n2, u1, u2, d1, d2];
        }
        self.length
    }

    /// What is written so far.
    pub fn written(&self) -> &[u8] {
        &self.out[..self.length]
    }

    /// Bytes so far, the header's included.
    pub fn length(&self) -> usize {
        self.length.max(HEADER_BYTES)
    }

    fn count(&mut self, section: Section, records: u16) {
        // A message of 64 KiB has no room for 65,536 records of 11 bytes or more.
        self.counts[section as usize] = self.counts[section as usize].saturating_add(records);
    }
}

/// Copies a question or a record set to a place that has its length.
#[inline]
fn copy(to: &mut [u8], from: &[u8]) {
    // The commonest are two moves, which may overlap, in place of a call.
    if let 16..=32 = from.len()
        && let (Some(first), Some(last)) = (from.first_chunk::<16>(), from.last_chunk::<16>())
    {
        if let Some(to) = to.first_chunk_mut() {
            *to = *first;
        }
        if let Some(to) = to.last_chunk_mut() {
            *to = *last;
        }
        return;
    }
    to.copy_from_slice(from);
}

/// Points the names of a record set into `name`.
fn patch(records: &mut [u8], set: RrSet<'_>, name: NameAt) -> Result<(), Full> {
    if set.owners_asked() {
        point_owners(records, pointer(name.start)?);
    }
    for patch in set.patches() {
        let target = name.end.checked_sub(patch.back.into()).ok_or(Full)?;
        let at = usize::from(patch.at);
        records[at..at + 2].copy_from_slice(&pointer(target)?);
    }
    Ok(())
}

/// Points the owner of each record somewhere.
fn point_owners(mut records: &mut [u8], pointer: [u8; 2]) {
    while let Some(record) = records.first_chunk_mut::<12>() {
        let [o1, o2, .., l1, l2] = record;
        [*o1, *o2] = pointer;
        let length = 12 + usize::from(u16::from_be_bytes([*l1, *l2]));
        records = records.get_mut(length..).unwrap_or_default();
    }
}

/// A compression pointer, which reaches the first 16 KiB of a message (RFC 1035 4.1.4).
fn pointer(target: u16) -> Result<[u8; 2], Full> {
    if target < 0x4000 { Ok((0xc000 | target).to_be_bytes()) } else { Err(Full) }
}
