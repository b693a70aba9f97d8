//! Reading a question out of a packet, in place (RFC 1035 4.1, RFC 6891).

use super::answer::Reason;
use super::edns::{BadOption, Edns};
use crate::wire::{HEADER_BYTES, OPCODE_BITS, QName, rtype};

/// Why a question is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// FORMERR.
    Malformed,
    /// No question at all: FORMERR, unless it is about a cookie (RFC 7873 5.4).
    NoQuestion,
    /// An option of EDNS that is malformed: FORMERR.
    Option(BadOption),
    /// An operation besides QUERY: NOTIMP.
    Operation,
    /// A version of EDNS that is not served: BADVERS.
    EdnsVersion,
}

/// One question, or what stands in the place of one.
pub struct Question<'p> {
    /// The question as sent: name, type and class; empty where there is not one good question.
    pub bytes: &'p [u8],
    /// The type asked.
    pub qtype: u16,
    /// The class asked.
    pub qclass: u16,
    /// What EDNS says; none without an OPT record.
    pub edns: Option<Edns<'p>>,
    /// Why it is not answered.
    pub fault: Option<Fault>,
}

/// Why a packet that asks nothing gets no reply at all, if it is such a one.
pub fn silence(packet: &[u8]) -> Option<Reason> {
    match packet.get(..HEADER_BYTES) {
        None => Some(Reason::Garbage),
        Some(header) => (header[2] & 0x80 != 0).then_some(Reason::Response),
    }
}

impl<'p> Question<'p> {
    /// Nothing read yet.
    pub fn new() -> Self {
        Self { bytes: &[], qtype: 0, qclass: 0, edns: None, fault: None }
    }

    /// Reads a packet that has a header, and its question's name into `name`.
    #[inline]
    pub fn read(&mut self, packet: &'p [u8], name: &mut QName) {
        let Some((header, body)) = packet.split_first_chunk::<HEADER_BYTES>() else {
            self.fault = Some(Fault::Malformed);
            return;
        };
        let &[_, _, operation, _, q1, q2, ref counts @ ..] = header;
        let questions = u16::from_be_bytes([q1, q2]);
        if questions != 1 || self.read_question(body, name).is_none() {
            let is_none = questions == 0;
            self.fault = Some(if is_none { Fault::NoQuestion } else { Fault::Malformed });
        }
        // Behind a question that cannot be read, records cannot be found.
        if *counts != [0; 6] && (self.fault.is_none() || questions == 0) {
            self.read_records(&body[self.bytes.len()..], *counts);
        }
        if operation & OPCODE_BITS != 0 && self.fault != Some(Fault::EdnsVersion) {
            self.fault = Some(Fault::Operation);
        }
    }

    /// For a question over TCP or TLS, where a malformed keepalive option is a fault.
    #[inline(never)]
    pub fn check_keepalive(&mut self) {
        if matches!(self.fault, None | Some(Fault::NoQuestion)) {
            self.fault = self.edns.as_mut().and_then(Edns::check_keepalive).or(self.fault);
        }
    }

    /// Whether it has a keepalive option, good or not.
    #[inline(never)]
    pub fn has_keepalive(&self) -> bool {
        self.edns.as_ref().is_some_and(Edns::has_keepalive)
    }

    fn read_question(&mut self, body: &'p [u8], name: &mut QName) -> Option<()> {
        // A pointer could only point into the header, so it is malformed.
        let name_length = name.set(body)?;
        let &[t1, t2, c1, c2] = body.get(name_length..)?.first_chunk()?;
        self.bytes = body.get(..name_length + 4)?;
        self.qtype = u16::from_be_bytes([t1, t2]);
        self.qclass = u16::from_be_bytes([c1, c2]);
        Some(())
    }

    /// Walks the records after the question, for the sake of the one OPT record (RFC 6891 6.1.1).
    #[inline(never)]
    fn read_records(&mut self, mut rest: &'p [u8], [a1, a2, u1, u2, d1, d2]: [u8; 6]) {
        let count = |high, low| u32::from(u16::from_be_bytes([high, low]));
        let before_additional = count(a1, a2) + count(u1, u2);
        for index in 0..before_additional + count(d1, d2) {
            let Some((rtype, length, fixed, data)) = read_record(rest) else {
                self.fault = Some(Fault::Malformed);
                return;
            };
            if rtype == rtype::OPT {
                let owner_is_root = rest.first() == Some(&0);
                if index < before_additional || !owner_is_root || self.edns.is_some() {
                    self.fault = Some(Fault::Malformed);
                    return;
                }
                let (edns, fault) = Edns::read(fixed, data);
                self.edns = Some(edns);
                self.fault = fault.or(self.fault);
            }
            rest = &rest[length..];
        }
    }
}

/// The record at the start of `bytes`: its type, its length, the ten bytes after its owner, and
/// its data.
fn read_record(bytes: &[u8]) -> Option<(u16, usize, &[u8], &[u8])> {
    let name_length = any_name(bytes)?;
    let fixed = bytes.get(name_length..name_length + 10)?;
    let data_length = usize::from(u16::from_be_bytes([fixed[8], fixed[9]]));
    let start = name_length + 10;
    let data = bytes.get(start..start + data_length)?;
    Some((u16::from_be_bytes([fixed[0], fixed[1]]), start + data_length, fixed, data))
}

/// The length of what stands for a name at the start of `bytes`, be it compressed or not. Pointers
/// are not followed: what they name does not matter here.
fn any_name(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match usize::from(*bytes.get(at)?) {
            0 => return Some(at + 1),
            length if length >= 0xc0 => return bytes.get(at + 1).map(|_| at + 2),
            length if length > 63 || at > 255 => return None,
            length => at += 1 + length,
        }
    }
}
