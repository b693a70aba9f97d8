//! How long an answer may be kept (RFC 8484 5.1).

use crate::wire::HEADER_BYTES;

/// The least TTL of a reply's answer section, or if that is empty of its authority section: there
/// a negative answer has its SOA, whose TTL is how long that holds. 0 where there is none.
pub(super) fn seconds(reply: &[u8]) -> u32 {
    least(reply).unwrap_or(0)
}

fn least(reply: &[u8]) -> Option<u32> {
    let count = |at: usize| Some(u16::from_be_bytes([*reply.get(at)?, *reply.get(at + 1)?]));
    let (questions, answers, authorities) = (count(4)?, count(6)?, count(8)?);
    let mut at = HEADER_BYTES;
    for _ in 0..questions {
        at = after_name(reply, at)? + 4;
    }
    let mut least = None;
    // They follow each other, so that with an answer the second is not reached.
    let records = if answers > 0 { answers } else { authorities };
    for _ in 0..records {
        let fixed = after_name(reply, at)?;
        let field = |from: usize| reply.get(fixed + from..);
        let ttl = u32::from_be_bytes(*field(4)?.first_chunk()?);
        let data_bytes = u16::from_be_bytes(*field(8)?.first_chunk()?);
        least = Some(least.map_or(ttl, |least: u32| least.min(ttl)));
        at = fixed + 10 + usize::from(data_bytes);
    }
    least
}

/// Where a name that begins at `at` has ended.
fn after_name(reply: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match usize::from(*reply.get(at)?) {
            0 => return Some(at + 1),
            pointer if pointer >= 0xc0 => return Some(at + 2),
            length => at += 1 + length,
        }
    }
}

#[cfg(test)]
mod tests {
    use hickory_proto::op::{Message, MessageType, OpCode, Query};
    use hickory_proto::rr::rdata::A;
    use hickory_proto::rr::{Name, RData, Record, RecordType};

    use super::*;

    fn record(ttl: u32) -> Record {
        let name = Name::from_ascii("www.example.com.").unwrap();
        Record::from_rdata(name, ttl, RData::A(A::new(192, 0, 2, 1)))
    }

    fn reply(answers: &[u32], authorities: &[u32]) -> Vec<u8> {
        let mut message = Message::new(0, MessageType::Response, OpCode::Query);
        let name = Name::from_ascii("www.example.com.").unwrap();
        message.add_query(Query::query(name, RecordType::A));
        message.answers = answers.iter().copied().map(record).collect();
        message.authorities = authorities.iter().copied().map(record).collect();
        message.additionals = vec![record(1)];
        message.to_vec().unwrap()
    }

    #[test]
    fn the_least_ttl_of_the_answer_counts() {
        assert_eq!(seconds(&reply(&[300, 20, 60], &[5])), 20);
        assert_eq!(seconds(&reply(&[], &[600, 90])), 90);
        assert_eq!(seconds(&reply(&[], &[])), 0);
    }

    #[test]
    fn what_is_cut_short_is_not_kept() {
        let whole = reply(&[300, 20], &[]);
        for length in 0..whole.len() {
            let seconds = seconds(&whole[..length]);
            assert!([0, 20].contains(&seconds), "{length}: {seconds}");
        }
    }
}
