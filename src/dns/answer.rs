//! The answer to a packet.

use std::net::IpAddr;

use crate::steering::Draw;
use crate::view::View;
use crate::wire::QName;

/// How a question came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Replies are limited to 512 bytes or what EDNS allows.
    Udp,
    /// Replies may have 65,535 bytes.
    Tcp,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Asker {
    /// The source address.
    pub source: IpAddr,
    /// How the question came.
    pub transport: Transport,
}

/// Why the reply is what it is; every packet ends in exactly one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Shorter than a header, or otherwise no question at all: nothing is sent.
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
    /// A steered name's choice while every candidate is down.
    Degraded,
    /// A referral.
    Referral,
    /// The name exists, such data does not.
    NoData,
    /// The name does not exist.
    NxDomain,
    /// A steered name without anything up, told to fail.
    ServFail,
}

/// What came of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Bytes of the reply; 0: send nothing.
    pub length: usize,
    /// Why.
    pub reason: Reason,
    /// The reply's response code (RFC 6895 2.3), its extended bits included.
    pub rcode: u16,
    /// For a steered answer: zone, steered name within it, and slot of the pool.
    pub steered: Option<(u32, u32, u16)>,
}

/// Memory that one thread uses again for every packet.
pub struct Scratch {
    /// The name that is being looked up.
    pub name: QName,
}

impl Scratch {
    /// For answering from views whose tables are keyed with `seed`.
    pub fn new(seed: u64) -> Self {
        Self { name: QName::new(seed) }
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
) -> Verdict {
    let _ = (view, packet, asker, draw, scratch, out);
    Verdict { length: 0, reason: Reason::Garbage, rcode: 0, steered: None }
}
