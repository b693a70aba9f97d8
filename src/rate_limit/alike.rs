//! Which replies are of one kind, and so share a bucket.
//!
//! | reply | counted together |
//! |---|---|
//! | records, NODATA, SERVFAIL | those to the same question with the same EDNS options |
//! | referral | those to the same delegation |
//! | NXDOMAIN | those from the same zone; where an alias led there, those by the same alias |
//! | any other error | all of them |
//!
//! With the same options, since a resolver that tells client networks (RFC 7871) asks for each of
//! them anew. The first three have [`LANES`] buckets each, among which questions, delegations and
//! zones are spread by a keyed hash: a resolver that asks for many names gets as many times the
//! rate, and whoever makes up names to get at more gets no more than that.

use super::fold;
use crate::dns::{Answered, Reason};
use crate::wire::HEADER_BYTES;

/// Buckets of one kind that one network has; a power of two.
pub(super) const LANES: u64 = 16;

/// Type and class, behind the name of a question.
const TYPE_AND_CLASS_BYTES: usize = 4;
/// The bits of a name's byte that make it a compression pointer.
const POINTER: u8 = 0xc0;
/// An OPT record without options.
const BARE_OPT_BYTES: usize = 11;

/// Kinds of replies, each with buckets of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Answer,
    Referral,
    NxDomain,
    Error,
}

impl Kind {
    fn of(reason: Reason) -> Self {
        match reason {
            Reason::Static
            | Reason::Steered
            | Reason::Degraded
            | Reason::NoData
            | Reason::ServFail => Self::Answer,
            Reason::Referral => Self::Referral,
            Reason::NxDomain => Self::NxDomain,
            Reason::Garbage
            | Reason::Response
            | Reason::Malformed
            | Reason::NotImplemented
            | Reason::BadVersion
            | Reason::Refused
            | Reason::Cookie => Self::Error,
        }
    }
}

/// A small number that replies of one kind have in common.
#[inline]
pub(super) fn alike(reply: &[u8], answered: &Answered, seed: u64) -> u64 {
    let kind = Kind::of(answered.reason);
    let bytes = |from: usize, to: usize| reply.get(from..to).unwrap_or_default();
    let question_end = answered.question_end;
    let hash = match kind {
        Kind::Answer => {
            let question = digest::<SMALL_LETTERS>(seed, bytes(HEADER_BYTES, question_end));
            match answered.opt_bytes.saturating_sub(BARE_OPT_BYTES) {
                0 => question,
                options => {
                    let from = answered.length.saturating_sub(options);
                    digest::<0>(question, bytes(from, answered.length))
                }
            }
        }
        Kind::Referral | Kind::NxDomain => {
            let name_end = question_end.saturating_sub(TYPE_AND_CLASS_BYTES);
            let owner = owner(reply, question_end).unwrap_or(name_end);
            digest::<SMALL_LETTERS>(seed, bytes(owner, name_end))
        }
        Kind::Error => 0,
    };
    kind as u64 * LANES + hash / (u64::MAX / LANES + 1)
}

/// Where the owner of the first record stands, if that is the name asked or one above it: the
/// delegation, the zone of a SOA, or the alias that leads to it. None where there is no record.
fn owner(reply: &[u8], question_end: usize) -> Option<usize> {
    let [high, low] = *reply.get(question_end..)?.first_chunk()?;
    (high >= POINTER).then(|| usize::from(u16::from_be_bytes([high & !POINTER, low])))
}

/// What makes big letters small, and some other bytes something else, which does not matter here.
const SMALL_LETTERS: u64 = u64::from_ne_bytes([0x20; 8]);

/// Hashes some bytes, with these bits set in each eight of them.
#[inline]
fn digest<const SET: u64>(seed: u64, bytes: &[u8]) -> u64 {
    let add = |hash: u64, one: u64, other: u64| fold(hash ^ (one | SET), seed ^ (other | SET));
    let add_pair = |hash, pair: &[u8; 16]| {
        let pair = u128::from_le_bytes(*pair);
        add(hash, pair as u64, (pair >> 64) as u64)
    };
    if let (Some((first, rest)), Some(last)) = (bytes.split_first_chunk(), bytes.last_chunk()) {
        let mut hash = add_pair(seed, first);
        if rest.len() > 16 {
            hash = rest.as_chunks().0.iter().fold(hash, add_pair);
        }
        // Here and below some bytes are taken twice, which does no harm.
        return add_pair(hash, last);
    }
    let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) => add(seed, word(first), word(last)),
        _ => add(seed, bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0),
    }
}
