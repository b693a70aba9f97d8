//! Questions to bytes and bytes to replies, both by hickory, which has no part in answering.

use std::collections::BTreeSet;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::{ClientSubnet, EdnsCode, EdnsOption};
use hickory_proto::rr::{Name, Record, RecordType};
use hickory_proto::serialize::binary::BinDecodable as _;

use super::story::Asked;

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The response code.
    pub rcode: ResponseCode,
    /// Type, data and TTL of each record of the answer section.
    pub answers: Vec<(String, String, u32)>,
    /// The TTL of the SOA of a negative answer.
    pub soa_ttl: Option<u32>,
    /// The scope of the client subnet option.
    pub scope: Option<u8>,
}

/// The packet of a question.
pub fn packet(asked: &Asked, id: u16) -> Vec<u8> {
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    let name = Name::from_ascii(&asked.name).unwrap();
    message.add_query(Query::query(name, RecordType::from(asked.rtype)));
    if let Some(subnet) = asked.subnet {
        let mut edns = Edns::new();
        edns.set_max_payload(1232);
        let option = ClientSubnet::new(subnet.address, subnet.length, 0);
        edns.options_mut().insert(EdnsOption::Subnet(option));
        message.set_edns(edns);
    }
    message.to_vec().unwrap()
}

/// Reads the reply to a question of this id; none if it is another's.
pub fn reply(bytes: &[u8], id: u16) -> Option<Reply> {
    let message = Message::from_bytes(bytes).ok()?;
    if message.metadata.id != id || message.metadata.message_type != MessageType::Response {
        return None;
    }
    let answer = |r: &Record| (r.record_type().to_string(), r.data.to_string(), r.ttl);
    let soa = message.authorities.iter().find(|r| r.record_type() == RecordType::SOA);
    let scope = match message.edns.as_ref().and_then(|e| e.option(EdnsCode::Subnet)) {
        Some(EdnsOption::Subnet(subnet)) => Some(subnet.scope_prefix()),
        _ => None,
    };
    Some(Reply {
        rcode: message.metadata.response_code,
        answers: message.answers.iter().map(answer).collect(),
        soa_ttl: soa.map(|r| r.ttl),
        scope,
    })
}

impl Reply {
    /// The data of all answers.
    pub fn data(&self) -> BTreeSet<String> {
        self.answers.iter().map(|(_, data, _)| data.clone()).collect()
    }

    /// The TTL of the first answer, or of what says that there is none.
    pub fn ttl(&self) -> Option<u32> {
        self.answers.first().map(|(_, _, ttl)| *ttl).or(self.soa_ttl)
    }

    /// Whether the name exists and such data does not.
    pub fn is_nodata(&self) -> bool {
        self.rcode == ResponseCode::NoError && self.answers.is_empty() && self.soa_ttl.is_some()
    }
}
