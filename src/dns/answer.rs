//! The answer to a packet.

use std::net::IpAddr;
use std::time::Duration;

use super::chain::{Chain, Conclusion, MAX_LINKS};
use super::chaos;
use super::edns::{ExtendedError, ReplyOpt};
use super::query::{self, Question};
use super::refusal::unanswerable;
use super::reply::{NameAt, Reply};
use super::trace::Trace;
use crate::steering::{Chance, Draw, NoTrace};
use crate::view::View;
use crate::wire::{HEADER_BYTES, QName, RESPONSE_BIT, Rcode, TRUNCATED_BIT};

/// The largest UDP reply, whatever the asker could take (DNS flag day 2020), and the size that
/// replies announce, in bytes.
pub const MAX_UDP_BYTES: u16 = 1232;
/// The largest UDP reply without EDNS (RFC 1035 4.2.1), in bytes.
const PLAIN_UDP_BYTES: u16 = 512;
const MAX_TCP_BYTES: usize = 65_535;

const AUTHORITATIVE_BIT: u8 = 0x04;
/// Opcode and RD, which a reply repeats.
const REPEATED_HIGH: u8 = 0x79;
/// CD, which a reply repeats (RFC 4035 3.2.2).
const REPEATED_LOW: u8 = 0x10;

/// How a question came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Replies are limited to 512 bytes or what EDNS allows.
    Udp,
    /// Replies may have 65,535 bytes.
    Tcp,
    /// The same, by DNS over TLS (RFC 7858).
    Tls,
    /// The same, by DNS over HTTPS (RFC 8484).
    Https,
    /// The same, by DNS over QUIC (RFC 9250).
    Quic,
}

/// Who asks, and when.
#[derive(Clone, Copy, Debug)]
pub struct Asker {
    /// The source address.
    pub source: IpAddr,
    /// How the question came.
    pub transport: Transport,
    /// The time in Unix seconds, of which cookies tell 32 bits.
    pub unix_seconds: u32,
    /// How long the connection may be silent, where there is one: for those who want to know
    /// (RFC 7828).
    pub idle_timeout: Option<Duration>,
}

/// Why the reply is what it is; every packet ends in exactly one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Shorter than a header: nothing is sent.
    Garbage,
    /// A response: nothing is sent.
    Response,
    /// Malformed.
    Malformed,
    /// An operation that is not served.
    NotImplemented,
    /// An unknown EDNS version.
    BadVersion,
    /// Outside all zones, or of a kind that is not served.
    Refused,
    /// Data from a zone file.
    Static,
    /// A steered name's choice among what is up.
    Steered,
    /// A steered name's answer while every candidate is down.
    Degraded,
    /// A referral.
    Referral,
    /// The name exists, such data does not.
    NoData,
    /// The name does not exist.
    NxDomain,
    /// A steered name without anything up, told to fail.
    ServFail,
    /// No question, but a cookie to make or to check (RFC 7873 5.4).
    Cookie,
}

impl Reason {
    /// As metrics and explanations name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Garbage => "garbage",
            Self::Response => "response",
            Self::Malformed => "malformed",
            Self::NotImplemented => "not_implemented",
            Self::BadVersion => "bad_version",
            Self::Refused => "refused",
            Self::Static => "static",
            Self::Steered => "steered",
            Self::Degraded => "degraded",
            Self::Referral => "referral",
            Self::NoData => "nodata",
            Self::NxDomain => "nxdomain",
            Self::ServFail => "servfail",
            Self::Cookie => "cookie",
        }
    }
}

/// What came of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Bytes of the reply; 0: send nothing.
    pub length: usize,
    /// Why.
    pub reason: Reason,
    /// The reply's response code.
    pub rcode: Rcode,
    /// For a steered answer: which slot of all steered names, see
    /// [`SteeredName::first_slot`](crate::steering::SteeredName::first_slot).
    pub slot: Option<u32>,
    /// Whether the asker has shown by a server cookie that its address is its own (RFC 7873).
    pub cookie_is_good: bool,
    /// Bytes of header and question, behind which the records stand.
    pub question_end: usize,
    /// Bytes of the OPT record that ends the reply; 0 without one.
    pub opt_bytes: usize,
}

impl Answered {
    /// Nothing is sent.
    pub fn silence(reason: Reason) -> Self {
        Self {
            length: 0,
            reason,
            rcode: Rcode::NOERROR,
            slot: None,
            cookie_is_good: false,
            question_end: 0,
            opt_bytes: 0,
        }
    }
}

/// Memory that one thread uses again for every packet.
pub struct Scratch {
    /// The name looked up now.
    pub(super) name: QName,
    /// Where the names before it stand in the reply.
    pub(super) before: [NameAt; MAX_LINKS - 1],
}

impl Scratch {
    /// For answering from views whose tables are keyed with `seed`.
    pub fn new(seed: u64) -> Self {
        let before = [NameAt { start: 0, end: 0 }; MAX_LINKS - 1];
        Self { name: QName::new(seed), before }
    }

    /// The key that it was made for.
    pub fn seed(&self) -> u64 {
        self.name.seed()
    }
}

/// Answers one packet.
///
/// `out` is where the reply goes; a reply never has more bytes than `out`, nor more than the
/// transport and the asker's EDNS size allow. Never an answer to a response, never a panic.
pub fn answer(
    view: &View,
    packet: &[u8],
    asker: &Asker,
    draw: Draw,
    scratch: &mut Scratch,
    out: &mut [u8],
) -> Answered {
    let chance = Chance { draw, turns: &view.world.turns };
    answer_traced(view, packet, asker, chance, scratch, out, &mut NoTrace)
}

/// As [`answer`], with turns of its own, and every step of the way told to `trace`.
pub fn answer_traced<T: Trace>(
    view: &View,
    packet: &[u8],
    asker: &Asker,
    chance: Chance<'_>,
    scratch: &mut Scratch,
    out: &mut [u8],
    trace: &mut T,
) -> Answered {
    if let Some(reason) = query::silence(packet) {
        return Answered::silence(reason);
    }
    let mut question = Question::new();
    question.read(packet, &mut scratch.name);
    match asker.transport {
        Transport::Tcp | Transport::Tls => question.check_keepalive(),
        // RFC 9250 4.3.3: the end of the connection, which gets no reply.
        Transport::Quic if question.has_keepalive() => {
            return Answered::silence(Reason::Malformed);
        }
        Transport::Udp | Transport::Https | Transport::Quic => {}
    }
    let incoming = Incoming { view, packet, question: &question, asker, chance: &chance };
    to_question(&incoming, scratch, out, trace)
}

/// One question and all that its answer depends on.
pub struct Incoming<'a> {
    /// The world that it is answered from.
    pub view: &'a View,
    packet: &'a [u8],
    /// What of the packet was read.
    pub question: &'a Question<'a>,
    asker: &'a Asker,
    /// What policies that leave it to chance, or to turns, go by.
    pub chance: &'a Chance<'a>,
}

impl Incoming<'_> {
    /// The client that policies steer.
    pub fn client(&self) -> IpAddr {
        let subnet = self.question.edns.as_ref().and_then(|edns| edns.options.subnet);
        subnet.and_then(|subnet| subnet.network()).unwrap_or(self.asker.source)
    }
}

fn to_question<T: Trace>(
    incoming: &Incoming<'_>,
    scratch: &mut Scratch,
    out: &mut [u8],
    trace: &mut T,
) -> Answered {
    let &Incoming { view, packet, question, asker, .. } = incoming;
    let opt = question.edns.as_ref().map(|edns| ReplyOpt::new(edns, view, asker));
    let room_for_opt = opt.as_ref().map_or(0, ReplyOpt::bytes);
    let limit = limit(question, asker.transport).min(out.len());
    let question_end = HEADER_BYTES + question.bytes.len();
    if question_end + room_for_opt > limit {
        // Only with a buffer smaller than any transport's.
        return Answered::silence(Reason::Malformed);
    }
    let mut reply = Reply::new(out, question.bytes, limit - room_for_opt);
    let mut said = Conclusion::new(Rcode::NOERROR, Reason::Refused);
    let mut truncated = false;
    match unanswerable(incoming, opt.as_ref(), &scratch.name) {
        None => truncated = from_zones(incoming, scratch, &mut reply, &mut said, trace),
        Some((_, Reason::Refused)) if chaos::answer(incoming, &scratch.name, &mut reply) => {
            (said.authoritative, said.reason) = (true, Reason::Static);
        }
        Some((rcode, reason)) => (said.rcode, said.reason) = (rcode, reason),
    }
    let (mut cookie_is_good, mut opt_bytes) = (false, 0);
    if let Some(opt) = &opt {
        cookie_is_good = opt.cookie_is_good();
        // Helps, but not at the cost of data: it gets what room is left.
        let room_bytes = (limit - room_for_opt).saturating_sub(reply.length());
        let error = ExtendedError::of(question, &said).filter(|error| error.bytes() <= room_bytes);
        let unpadded = reply.length() + opt.bytes() + error.map_or(0, ExtendedError::bytes);
        let padding_bytes = opt.padding_bytes(unpadded, limit);
        opt_bytes =
            reply.append_opt(|room| opt.write(room, said.rcode, said.scope, error, padding_bytes));
    }
    let Conclusion { rcode, authoritative, reason, slot, .. } = said;
    let flags = if authoritative { AUTHORITATIVE_BIT } else { 0 }
        | if truncated { TRUNCATED_BIT } else { 0 };
    let length = reply.finish(first_word(packet, rcode, flags));
    Answered { length, reason, rcode, slot, cookie_is_good, question_end, opt_bytes }
}

/// Writes what the zones say; says whether that was too long for UDP.
fn from_zones<T: Trace>(
    incoming: &Incoming<'_>,
    scratch: &mut Scratch,
    reply: &mut Reply<'_>,
    said: &mut Conclusion,
    trace: &mut T,
) -> bool {
    let full = Chain::new(incoming, scratch, reply, said, trace).resolve();
    if full.is_ok() {
        return false;
    }
    reply.clear();
    // Nobody is told what was chosen.
    said.slot = None;
    if incoming.asker.transport != Transport::Udp {
        said.rcode = Rcode::SERVFAIL;
        said.authoritative = false;
    }
    incoming.asker.transport == Transport::Udp
}

/// The largest reply in bytes.
fn limit(question: &Question<'_>, transport: Transport) -> usize {
    match transport {
        Transport::Tcp | Transport::Tls | Transport::Https | Transport::Quic => MAX_TCP_BYTES,
        Transport::Udp => usize::from(question.edns.as_ref().map_or(PLAIN_UDP_BYTES, |edns| {
            // Smaller sizes are taken for 512 (RFC 6891 6.2.3).
            edns.udp_bytes.clamp(PLAIN_UDP_BYTES, MAX_UDP_BYTES)
        })),
    }
}

/// Id, flags and the lower bits of the response code; the packet holds a header.
fn first_word(packet: &[u8], rcode: Rcode, flags: u8) -> [u8; 4] {
    let [id_high, id_low, high, low] = packet.first_chunk().copied().unwrap_or_default();
    let high = RESPONSE_BIT | high & REPEATED_HIGH | flags;
    [id_high, id_low, high, low & REPEATED_LOW | rcode.low_bits()]
}
