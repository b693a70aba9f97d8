//! A sample as messages of dnstap, in the form of protocol buffers.
//!
//! Of these a few fields of three kinds are needed (numbers, four bytes, and bytes with their length),
//! for which no compiler of protocol buffers has to be there.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::dns::Transport;
use crate::sampling::Sample;

/// `Dnstap`: its fields, and the one kind of it.
const IDENTITY: u32 = 1;
const VERSION: u32 = 2;
const MESSAGE: u32 = 14;
const TYPE: u32 = 15;
const TYPE_MESSAGE: u64 = 1;

/// `Message`: its fields.
const KIND: u32 = 1;
const SOCKET_FAMILY: u32 = 2;
const SOCKET_PROTOCOL: u32 = 3;
const QUERY_ADDRESS: u32 = 4;
const RESPONSE_ADDRESS: u32 = 5;
const QUERY_PORT: u32 = 6;
const RESPONSE_PORT: u32 = 7;
const QUERY_TIME_SEC: u32 = 8;
const QUERY_TIME_NSEC: u32 = 9;
const QUERY_MESSAGE: u32 = 10;
const RESPONSE_TIME_SEC: u32 = 12;
const RESPONSE_TIME_NSEC: u32 = 13;
const RESPONSE_MESSAGE: u32 = 14;

/// How a field is written.
const VARINT: u32 = 0;
const BYTES: u32 = 2;
const FIXED32: u32 = 5;

/// Which of the two messages of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `AUTH_QUERY`: what was asked.
    Query,
    /// `AUTH_RESPONSE`: what was answered.
    Response,
}

/// Writes messages of one server.
pub struct Encoder {
    /// What every message begins with: who says it.
    head: Vec<u8>,
    /// The message within the message, whose length stands before it.
    inner: Vec<u8>,
}

impl Encoder {
    /// For a server of this name, if it has one, and version.
    pub fn new(identity: Option<&str>, version: &str) -> Self {
        let mut head = Vec::new();
        if let Some(identity) = identity {
            bytes(&mut head, IDENTITY, identity.as_bytes());
        }
        bytes(&mut head, VERSION, version.as_bytes());
        number(&mut head, TYPE, TYPE_MESSAGE);
        Self { head, inner: Vec::new() }
    }

    /// Appends a message.
    pub fn write(&mut self, out: &mut Vec<u8>, kind: Kind, sample: &Sample<'_>) {
        self.inner.clear();
        message(&mut self.inner, kind, sample);
        out.extend(&self.head);
        bytes(out, MESSAGE, &self.inner);
    }
}

fn message(out: &mut Vec<u8>, kind: Kind, sample: &Sample<'_>) {
    let (peer, local) = (sample.ends.peer, sample.ends.local);
    number(out, KIND, if kind == Kind::Query { 1 } else { 2 });
    number(out, SOCKET_FAMILY, if peer.ip().to_canonical().is_ipv4() { 1 } else { 2 });
    number(out, SOCKET_PROTOCOL, protocol(sample.transport));
    end(out, (QUERY_ADDRESS, QUERY_PORT), peer);
    if let Some(local) = local {
        end(out, (RESPONSE_ADDRESS, RESPONSE_PORT), local);
    }
    time(out, (QUERY_TIME_SEC, QUERY_TIME_NSEC), sample.asked_at);
    match kind {
        Kind::Query => bytes(out, QUERY_MESSAGE, sample.query),
        Kind::Response => {
            time(out, (RESPONSE_TIME_SEC, RESPONSE_TIME_NSEC), sample.answered_at);
            bytes(out, RESPONSE_MESSAGE, sample.reply);
        }
    }
}

fn protocol(transport: Transport) -> u64 {
    match transport {
        Transport::Udp => 1,
        Transport::Tcp => 2,
        Transport::Tls => 3,
        Transport::Https => 4,
        Transport::Quic => 7,
    }
}

fn end(out: &mut Vec<u8>, (address, port): (u32, u32), end: SocketAddr) {
    match end.ip().to_canonical() {
        IpAddr::V4(v4) => bytes(out, address, &v4.octets()),
        IpAddr::V6(v6) => bytes(out, address, &v6.octets()),
    }
    if end.port() != 0 {
        number(out, port, end.port().into());
    }
}

fn time(out: &mut Vec<u8>, (seconds, nanoseconds): (u32, u32), time: Duration) {
    number(out, seconds, time.as_secs());
    key(out, nanoseconds, FIXED32);
    out.extend(time.subsec_nanos().to_le_bytes());
}

fn key(out: &mut Vec<u8>, field: u32, kind: u32) {
    varint(out, (field << 3 | kind).into());
}

fn number(out: &mut Vec<u8>, field: u32, number: u64) {
    key(out, field, VARINT);
    varint(out, number);
}

fn bytes(out: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    key(out, field, BYTES);
    varint(out, bytes.len() as u64);
    out.extend(bytes);
}

/// Seven bits in each byte, the lowest first, and a bit that says whether there are more.
fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampling::Ends;

    fn sample() -> Sample<'static> {
        Sample {
            view: 2,
            draw: 3,
            asked_at: Duration::new(300, 5),
            answered_at: Duration::new(301, 256),
            ends: Ends {
                peer: ([192, 0, 2, 1], 53).into(),
                local: Some("[2001:db8::1]:853".parse().unwrap()),
            },
            transport: Transport::Quic,
            idle_timeout: None,
            query: b"q",
            reply: b"reply",
        }
    }

    /// Byte by byte, as the definition has it; a reader of others reads them in `tests/daemon/seen`.
    #[test]
    fn messages_have_the_form_of_their_definition() {
        let mut encoder = Encoder::new(Some("ns1"), "v");
        let mut out = Vec::new();
        encoder.write(&mut out, Kind::Query, &sample());
        let ends = b"\x08\x01\x10\x01\x18\x07\x22\x04\xc0\0\x02\x01\x30\x35\
            \x2a\x10\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x38\xd5\x06";
        let asked = b"\x40\xac\x02\x4d\x05\0\0\0";
        let head = b"\x0a\x03ns1\x12\x01v\x78\x01\x72";
        let inner = [&ends[..], asked, b"\x52\x01q"].concat();
        assert_eq!(out, [&head[..], &[inner.len() as u8], &inner].concat());

        let mut encoder = Encoder::new(None, "v");
        out.clear();
        encoder.write(&mut out, Kind::Response, &sample());
        let mut ends = ends.to_vec();
        ends[1] = 2;
        let answered = b"\x60\xad\x02\x6d\0\x01\0\0\x72\x05reply";
        let inner = [&ends[..], asked, answered].concat();
        assert_eq!(out, [b"\x12\x01v\x78\x01\x72", &[inner.len() as u8][..], &inner].concat());
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let (mut encoder, mut out) = (Encoder::new(None, ""), Vec::new());
        let ends =
            Ends { peer: ("::ffff:192.0.2.1".parse::<IpAddr>().unwrap(), 0).into(), local: None };
        encoder.write(&mut out, Kind::Query, &Sample { ends, ..sample() });
        // Of IPv4, with neither port, nor our address.
        assert_eq!(out[6..18], *b"\x08\x01\x10\x01\x18\x07\x22\x04\xc0\0\x02\x01");
        assert_eq!(out[18], 0x40);
    }
}
