//! Questions made by hand.

use std::net::IpAddr;
use std::str::FromStr;

use hickory_proto::rr::RecordType;

use super::reply::reply_at;
use super::{Reply, name};
use crate::dns::Transport;
use crate::view::View;

/// When questions are asked unless they say so, in Unix seconds.
pub const NOW: u32 = 1_800_000_000;

/// A packet that asks.
#[derive(Clone, Debug)]
pub struct Packet {
    pub id: u16,
    /// Flags and operation.
    pub flags: u16,
    /// Questions, each of name, type and class.
    pub questions: Vec<(Vec<u8>, u16, u16)>,
    /// Records of the answer, authority and additional section in wire form.
    pub records: [Vec<Vec<u8>>; 3],
    pub transport: Transport,
    pub source: IpAddr,
    /// When it comes, in Unix seconds.
    pub now: u32,
}

/// A question for a name and a type, e.g. `WWW.example. AAAA`, in class IN, by UDP.
pub fn ask(text: &str) -> Packet {
    let (name_text, rtype) = text.split_once(' ').unwrap();
    let number = rtype.strip_prefix("TYPE").and_then(|number| number.parse().ok());
    let rtype = number.unwrap_or_else(|| RecordType::from_str(rtype).unwrap().into());
    ask_wire(name(name_text).as_wire(), rtype)
}

pub fn ask_wire(name: &[u8], rtype: u16) -> Packet {
    Packet {
        id: 0x1234,
        flags: 0,
        questions: vec![(name.to_vec(), rtype, 1)],
        records: Default::default(),
        transport: Transport::Udp,
        source: [198, 51, 100, 7].into(),
        now: NOW,
    }
}

impl Packet {
    pub fn over(mut self, transport: Transport) -> Self {
        self.transport = transport;
        self
    }

    pub fn tcp(self) -> Self {
        self.over(Transport::Tcp)
    }

    pub fn from(mut self, source: &str) -> Self {
        self.source = source.parse().unwrap();
        self
    }

    pub fn at(mut self, now: u32) -> Self {
        self.now = now;
        self
    }

    pub fn flags(mut self, flags: u16) -> Self {
        self.flags = flags;
        self
    }

    pub fn record(mut self, section: usize, record: Vec<u8>) -> Self {
        self.records[section].push(record);
        self
    }

    /// Adds an OPT record with this UDP size and these options.
    pub fn edns(self, size: u16, options: &[(u16, &[u8])]) -> Self {
        self.record(2, opt(size, [0, 0, 0, 0], &options_wire(options)))
    }

    /// Adds a client subnet option in its wire form.
    pub fn subnet(self, data: &[u8]) -> Self {
        self.edns(1232, &[(8, data)])
    }

    pub fn wire(&self) -> Vec<u8> {
        let counts = self.records.iter().map(|records| records.len() as u16);
        let mut wire = Vec::new();
        for word in [self.id, self.flags, self.questions.len() as u16].into_iter().chain(counts) {
            wire.extend(word.to_be_bytes());
        }
        for (name, rtype, class) in &self.questions {
            wire.extend(name);
            wire.extend(rtype.to_be_bytes());
            wire.extend(class.to_be_bytes());
        }
        wire.extend(self.records.iter().flatten().flatten());
        wire
    }

    /// The reply of a view, with draw 0.
    pub fn of(&self, view: &View) -> Reply {
        let mut reply = reply_at(self.now, view, &self.wire(), self.transport, self.source, 65_535);
        reply.asked = self.questions.first().map_or_else(Vec::new, |question| question.0.clone());
        reply
    }
}

pub fn options_wire(options: &[(u16, &[u8])]) -> Vec<u8> {
    let mut wire = Vec::new();
    for (code, data) in options {
        wire.extend(code.to_be_bytes());
        wire.extend((data.len() as u16).to_be_bytes());
        wire.extend(*data);
    }
    wire
}

/// An OPT record: its TTL field is extended response code, version and flags.
pub fn opt(size: u16, ttl: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut wire = vec![0, 0, 41];
    wire.extend(size.to_be_bytes());
    wire.extend(ttl);
    wire.extend((data.len() as u16).to_be_bytes());
    wire.extend(data);
    wire
}
