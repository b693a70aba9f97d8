//! Reading a question out of a packet, in place (RFC 1035 4.1, RFC 6891).

use super::edns::Edns;
use crate::wire::rtype;

/// A header's length in bytes.
pub const HEADER_BYTES: usize = 12;
/// The bits of a header's third byte that tell the operation, 0 for QUERY.
const OPERATION: u8 = 0x78;

/// What a packet asks, as far as it can be told.
pub enum Query<'p> {
    /// No question at all: nothing may be sent.
    Silence {
        /// Whether it is a response, which is never answered, rather than too short.
        response: bool,
    },
    /// Something to reply to.
    Question(Question<'p>),
}

/// Why a question is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// FORMERR.
    Malformed,
    /// An operation besides QUERY: NOTIMP.
    Operation,
    /// A version of EDNS that is not served: BADVERS.
    EdnsVersion,
}

/// One question, or what stands in the place of one.
#[derive(Default)]
pub struct Question<'p> {
    /// The question as sent: name, type and class; empty where there is not one good question.
    pub bytes: &'p [u8],
    /// Bytes of the name.
    pub name_length: usize,
    /// The type asked.
    pub qtype: u16,
    /// The class asked.
    pub qclass: u16,
    /// What EDNS says; none without an OPT record.
    pub edns: Option<Edns<'p>>,
    /// Why it is not answered.
    pub fault: Option<Fault>,
}

/// Reads a packet.
pub fn read(packet: &[u8]) -> Query<'_> {
    let Some(header) = packet.get(..HEADER_BYTES) else {
        return Query::Silence { response: false };
    };
    if header[2] & 0x80 != 0 {
        return Query::Silence { response: true };
    }
    let count = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let (questions, body) = (count(4), &packet[HEADER_BYTES..]);
    let mut question = Some(body)
        .filter(|_| questions == 1)
        .and_then(read_question)
        .unwrap_or(Question { fault: Some(Fault::Malformed), ..Question::default() });
    // Behind a question that cannot be read, records cannot be found.
    if question.fault.is_none() || questions == 0 {
        let before_additional = u32::from(count(6)) + u32::from(count(8));
        let rest = &body[question.bytes.len()..];
        let records = read_records(rest, before_additional, u32::from(count(10)));
        question.edns = records.edns;
        question.fault = records.fault.or(question.fault);
    }
    if header[2] & OPERATION != 0 && question.fault != Some(Fault::EdnsVersion) {
        question.fault = Some(Fault::Operation);
    }
    Query::Question(question)
}

fn read_question(bytes: &[u8]) -> Option<Question<'_>> {
    let name_length = uncompressed_name(bytes)?;
    let &[t1, t2, c1, c2] = bytes.get(name_length..name_length + 4)? else { return None };
    Some(Question {
        bytes: bytes.get(..name_length + 4)?,
        name_length,
        qtype: u16::from_be_bytes([t1, t2]),
        qclass: u16::from_be_bytes([c1, c2]),
        edns: None,
        fault: None,
    })
}

/// What the records after the question say.
#[derive(Default)]
struct Records<'p> {
    edns: Option<Edns<'p>>,
    fault: Option<Fault>,
}

/// Walks the records after the question, for the sake of the one OPT record (RFC 6891 6.1.1).
fn read_records(mut rest: &[u8], before_additional: u32, additional: u32) -> Records<'_> {
    let mut records = Records::default();
    for index in 0..before_additional + additional {
        let Some((rtype, length, fixed, data)) = read_record(rest) else {
            records.fault = Some(Fault::Malformed);
            return records;
        };
        if rtype == rtype::OPT {
            let owner_is_root = rest.first() == Some(&0);
            if index < before_additional || !owner_is_root || records.edns.is_some() {
                records.fault = Some(Fault::Malformed);
                return records;
            }
            let (edns, fault) = Edns::read(fixed, data);
            records = Records { edns: Some(edns), fault };
        }
        rest = &rest[length..];
    }
    records
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

/// The length of the uncompressed name at the start of `bytes`. A pointer in a question could only
/// point into the header, so it is malformed.
fn uncompressed_name(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match usize::from(*bytes.get(at)?) {
            0 => return Some(at + 1),
            length if length > 63 || at + length + 2 > 255 => return None,
            length => at += 1 + length,
        }
    }
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
