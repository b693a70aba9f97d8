//! What replies are held to, whatever was asked.

use hickory_proto::op::{Edns, Message};
use hickory_proto::serialize::binary::{BinDecodable as _, BinDecoder};
use steersman::dns::{Answered, MAX_UDP_BYTES, Transport, truncate};

use crate::question::{MOST_BYTES, Way};

const HEADER_BYTES: usize = 12;
const FLAG_TC: u8 = 0x02;
/// Response codes that are ever said: NOERROR to YXDOMAIN, NOTAUTH, BADVERS and BADCOOKIE.
const RCODES: [u16; 10] = [0, 1, 2, 3, 4, 5, 6, 9, 16, 23];
/// What the options of a reply may have beyond those of its question: identity, our part of a
/// cookie, how long a connection may be idle, and an extended error with its header.
const MOST_OPTIONS_BYTES: usize = 8 + 16 + 2 + 36;
const KEEPALIVE: u16 = 11;
const PADDING: u16 = 12;
/// A client subnet of family 0 and no length, which hickory cannot read.
const FAMILY_0: [u8; 8] = [0, 8, 0, 4, 0, 0, 0, 0];

/// The reply to a packet, or that there is none.
pub fn check(packet: &[u8], way: &Way, answered: &Answered, reply: &[u8]) {
    if packet.len() < HEADER_BYTES || packet[2] & 0x80 != 0 {
        assert!(reply.is_empty(), "a reply to a response, or to less than a header");
        return;
    }
    if reply.is_empty() {
        if way.transport == Transport::Quic && has_two(packet, KEEPALIVE) {
            // RFC 9250 4.3.3: the end of the connection.
            return;
        }
        assert!(way.room_bytes < usize::from(MAX_UDP_BYTES), "no reply, though there is room");
        return;
    }
    assert!(reply.len() <= way.room_bytes, "{} bytes", reply.len());
    header(packet, answered, reply);
    question(packet, answered, reply);
    let read = message(reply, answered);
    edns(packet, way, answered, &read);
    size(packet, way, reply);
    if way.transport == Transport::Udp {
        cut(packet, answered, reply);
    }
}

/// The id and the flags.
fn header(packet: &[u8], answered: &Answered, reply: &[u8]) {
    assert!(reply.len() >= HEADER_BYTES);
    assert_eq!(reply[..2], packet[..2], "the id");
    assert_eq!(reply[2] & 0xf9, 0x80 | packet[2] & 0x79, "QR, opcode and RD");
    assert_eq!(reply[3] & 0xf0, packet[3] & 0x10, "RA, Z, AD and CD");
    assert_eq!(u16::from(reply[3] & 0x0f), answered.rcode.0 & 0x0f, "the response code");
    assert!(RCODES.contains(&answered.rcode.0), "{:?}", answered.rcode);
    if reply[2] & FLAG_TC != 0 {
        let records = [reply[6..11].iter().sum::<u8>(), reply[11]];
        assert_eq!(records, [0, u8::from(answered.opt_bytes > 0)], "records beside TC");
    }
}

/// The question, byte by byte, or none at all.
fn question(packet: &[u8], answered: &Answered, reply: &[u8]) {
    let end = answered.question_end;
    match reply[4..6] {
        [0, 0] => assert_eq!(end, HEADER_BYTES),
        [0, 1] => {
            let mut name_end = HEADER_BYTES;
            while reply[name_end] != 0 {
                assert!(reply[name_end] < 64, "a pointer in the question");
                name_end += 1 + usize::from(reply[name_end]);
            }
            assert_eq!(end, name_end + 5);
            assert_eq!(reply.get(..end).map(|r| &r[HEADER_BYTES..]), packet.get(HEADER_BYTES..end));
        }
        _ => panic!("{} questions", reply[5]),
    }
}

/// What another reader makes of it; it must have read every byte.
fn message(reply: &[u8], answered: &Answered) -> Message {
    let mut bytes = reply.to_vec();
    let opt = &mut bytes[reply.len() - answered.opt_bytes..];
    if let Some(at) = opt.windows(FAMILY_0.len()).position(|option| option == FAMILY_0) {
        opt[at + 5] = 1;
    }
    let mut decoder = BinDecoder::new(&bytes);
    let read = Message::read(&mut decoder).expect("a reply that can be read");
    assert!(decoder.is_empty(), "{} bytes more", decoder.len());
    read
}

/// Who sends OPT gets one, of version 0, and nobody else. Whether the packet has one is said by
/// another reader, and by the three bytes without which there is none.
fn edns(packet: &[u8], way: &Way, answered: &Answered, read: &Message) {
    assert_eq!(read.edns.is_some(), answered.opt_bytes > 0);
    let Some(edns) = &read.edns else {
        assert!(answered.rcode.0 < 16, "an extended response code without OPT");
        return;
    };
    assert!(may_have_opt(packet), "OPT to whoever sent none");
    assert!(Message::from_vec(packet).map_or(true, |asked| asked.edns.is_some()), "the same");
    assert_eq!((edns.version(), edns.max_payload()), (0, MAX_UDP_BYTES));
    assert_eq!(u16::from(edns.rcode_high()), answered.rcode.0 >> 4);
    let mut told: Vec<u16> =
        edns.options().as_ref().iter().map(|(code, _)| (*code).into()).collect();
    for code in &told {
        let may_be_there = match *code {
            3 | 8 | 10 | 15 => true,
            KEEPALIVE => matches!(way.transport, Transport::Tcp | Transport::Tls),
            PADDING => !matches!(way.transport, Transport::Udp | Transport::Tcp),
            _ => false,
        };
        assert!(may_be_there, "option {code} over {:?}", way.transport);
        assert!(*code == 15 || has_two(packet, *code), "unasked {code}");
    }
    told.sort_unstable();
    told.dedup();
    assert_eq!(told.len(), edns.options().as_ref().len(), "an option twice");
}

/// Whether a number of two bytes stands anywhere in a packet.
fn has_two(packet: &[u8], number: u16) -> bool {
    packet.windows(2).any(|two| two == number.to_be_bytes())
}

fn may_have_opt(packet: &[u8]) -> bool {
    packet[HEADER_BYTES..].windows(3).any(|three| three == [0, 0, 41])
}

/// No longer than transport and asker allow.
fn size(packet: &[u8], way: &Way, reply: &[u8]) {
    let limit = if way.transport != Transport::Udp {
        assert_eq!(reply[2] & FLAG_TC, 0, "TC where there is no limit");
        MOST_BYTES
    } else if may_have_opt(packet) {
        // What cannot be read as a whole may still have an OPT record that can.
        let said = Message::from_vec(packet).map_or(MAX_UDP_BYTES, |asked| {
            asked.edns.as_ref().map_or(512, Edns::max_payload).clamp(512, MAX_UDP_BYTES)
        });
        said.into()
    } else {
        512
    };
    assert!(reply.len() <= limit, "{} of {limit} bytes", reply.len());
}

/// Cut as the rate limit does it, it is as good, and no longer than what was asked.
fn cut(packet: &[u8], answered: &Answered, reply: &[u8]) {
    let mut bytes = reply.to_vec();
    let left = truncate(&mut bytes, answered);
    bytes.truncate(left.length);
    assert!(bytes.len() <= packet.len() + MOST_OPTIONS_BYTES, "{} bytes", bytes.len());
    assert_eq!(bytes[2], reply[2] | FLAG_TC);
    header(packet, &left, &bytes);
    question(packet, &left, &bytes);
    assert_eq!(message(&bytes, &left).edns.is_some(), answered.opt_bytes > 0);
}
