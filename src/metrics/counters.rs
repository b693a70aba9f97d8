//! What one thread counts of the packets that it answers.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::family::Family;
use super::tally::{Slab, Tally};
use crate::dns::{Answered, Reason, Transport};
use crate::rate_limit::Network;
use crate::view::World;
use crate::wire::Rcode;

/// Why a packet or its reply was dropped by the sockets, whatever was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discard {
    /// It came from port 0, where nobody can be answered.
    PortZero,
    /// A message over TCP, TLS or QUIC that is shorter than a header.
    ShortMessage,
    /// The system would not send the reply.
    SendFailed,
    /// The client network has had enough replies like it.
    RateLimited,
}

pub(super) const TRANSPORTS: [Transport; 5] =
    [Transport::Udp, Transport::Tcp, Transport::Tls, Transport::Https, Transport::Quic];

/// All reasons, in the order of their declaration.
const REASONS: [Reason; 14] = [
    Reason::Garbage,
    Reason::Response,
    Reason::Malformed,
    Reason::NotImplemented,
    Reason::BadVersion,
    Reason::Refused,
    Reason::Static,
    Reason::Steered,
    Reason::Degraded,
    Reason::Referral,
    Reason::NoData,
    Reason::NxDomain,
    Reason::ServFail,
    Reason::Cookie,
];

const DISCARDS: [Discard; 4] =
    [Discard::PortZero, Discard::ShortMessage, Discard::SendFailed, Discard::RateLimited];

/// The response codes that are told apart.
const RCODES: [Rcode; 10] = [
    Rcode::NOERROR,
    Rcode::FORMERR,
    Rcode::SERVFAIL,
    Rcode::NXDOMAIN,
    Rcode::NOTIMP,
    Rcode::REFUSED,
    Rcode::YXDOMAIN,
    Rcode::NOTAUTH,
    Rcode::BADVERS,
    Rcode::BADCOOKIE,
];

/// Where a response code is counted: those that are not told apart, behind those that are.
fn rcode_index(rcode: Rcode) -> usize {
    RCODES.iter().position(|told| *told == rcode).unwrap_or(RCODES.len())
}

/// A transport as metrics name it.
pub fn transport_label(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "udp",
        Transport::Tcp => "tcp",
        Transport::Tls => "dot",
        Transport::Https => "doh",
        Transport::Quic => "doq",
    }
}

fn discard_label(discard: Discard) -> &'static str {
    match discard {
        Discard::PortZero => "port_zero",
        Discard::ShortMessage => "short_message",
        Discard::SendFailed => "send_failed",
        Discard::RateLimited => "rate_limited",
    }
}

pub(super) type ByTransport<T> = [T; TRANSPORTS.len()];

/// The memory of one thread's counters, away from that of others.
#[derive(Default)]
#[repr(align(128))]
pub(super) struct Block {
    answers: ByTransport<[[AtomicU64; RCODES.len() + 1]; REASONS.len()]>,
    silent: ByTransport<[AtomicU64; REASONS.len()]>,
    discarded: ByTransport<[AtomicU64; DISCARDS.len()]>,
    slipped: AtomicU64,
    /// The network whose reply was limited last; 0 if none was since somebody looked.
    limited_network: AtomicU64,
}

/// Replies over UDP that were more than the rate limit allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimited {
    /// Not sent.
    pub dropped: u64,
    /// Sent truncated.
    pub slipped: u64,
}

/// The counters of one thread, which alone writes them.
pub struct Counters {
    block: Arc<Block>,
    tally: Arc<Tally>,
    slab: Option<Arc<Slab>>,
}

impl Counters {
    pub(super) fn new(block: Arc<Block>, tally: Arc<Tally>) -> Self {
        Self { block, tally, slab: None }
    }

    /// Says which world the next answers are from; costs nothing while it stays the same.
    pub fn enter(&mut self, world: &Arc<World>) {
        if !self.slab.as_ref().is_some_and(|slab| slab.is_of(world)) {
            self.slab = Some(self.tally.slab(world));
        }
    }

    /// Counts what came of a packet.
    pub fn count(&mut self, transport: Transport, answered: &Answered) {
        let (transport, reason) = (transport as usize, answered.reason as usize);
        if answered.length == 0 {
            add_one(&self.block.silent[transport][reason]);
            return;
        }
        add_one(&self.block.answers[transport][reason][rcode_index(answered.rcode)]);
        if let (Some(slot), Some(slab)) = (answered.slot, &self.slab)
            && let Some(counter) = slab.counter(slot)
        {
            add_one(counter);
        }
    }

    /// Counts packets or replies that were dropped.
    pub fn discard(&mut self, transport: Transport, why: Discard, packets: usize) {
        let counter = &self.block.discarded[transport as usize][why as usize];
        add(counter, packets as u64);
    }

    /// Counts a reply over UDP that was limited: one that was dropped, or one that slipped, which
    /// is counted as an answer besides.
    pub fn rate_limited(&mut self, network: Network, slipped: bool) {
        self.block.limited_network.store(network.to_bits(), Ordering::Relaxed);
        if slipped {
            add_one(&self.block.slipped);
        } else {
            self.discard(Transport::Udp, Discard::RateLimited, 1);
        }
    }
}

fn add_one(counter: &AtomicU64) {
    add(counter, 1);
}

/// Adds to a counter that only this thread writes, so that it needs no locked instruction.
fn add(counter: &AtomicU64, count: u64) {
    counter.store(counter.load(Ordering::Relaxed) + count, Ordering::Relaxed);
}

fn sum(blocks: &[Arc<Block>], counter: impl Fn(&Block) -> &AtomicU64) -> u64 {
    blocks.iter().map(|block| counter(block).load(Ordering::Relaxed)).sum()
}

/// What was limited in all.
pub(super) fn rate_limited(blocks: &[Arc<Block>]) -> RateLimited {
    let (udp, limited) = (Transport::Udp as usize, Discard::RateLimited as usize);
    RateLimited {
        dropped: sum(blocks, |block| &block.discarded[udp][limited]),
        slipped: sum(blocks, |block| &block.slipped),
    }
}

/// For each thread the network that it limited last, where it did since the last call.
pub(super) fn take_limited_networks(blocks: &[Arc<Block>]) -> BTreeSet<Network> {
    let take = |block: &Arc<Block>| block.limited_network.swap(0, Ordering::Relaxed);
    blocks.iter().map(take).filter_map(Network::from_bits).collect()
}

/// The answers and the dropped packets of all threads.
pub(super) fn families(blocks: &[Arc<Block>]) -> [Family; 2] {
    let rcodes: Vec<String> =
        RCODES.iter().map(Rcode::to_string).chain(["other".to_owned()]).collect();
    let mut answers = Family::counter("steersman_answers_total", "Replies to packets.");
    let mut dropped = Family::counter(
        "steersman_dropped_packets_total",
        "Packets that were not replied to, and replies that could not be sent.",
    );
    for (t, transport) in TRANSPORTS.map(transport_label).into_iter().enumerate() {
        for (r, reason) in REASONS.map(Reason::name).into_iter().enumerate() {
            for (c, rcode) in rcodes.iter().enumerate() {
                let labels = [("transport", transport), ("rcode", rcode), ("reason", reason)];
                push_some(
                    &mut answers,
                    &labels,
                    sum(blocks, |block| &block.answers[t][r][c]) as f64,
                );
            }
            let labels = [("transport", transport), ("reason", reason)];
            push_some(&mut dropped, &labels, sum(blocks, |block| &block.silent[t][r]) as f64);
        }
        for (d, reason) in DISCARDS.map(discard_label).into_iter().enumerate() {
            let labels = [("transport", transport), ("reason", reason)];
            push_some(&mut dropped, &labels, sum(blocks, |block| &block.discarded[t][d]) as f64);
        }
    }
    [answers, dropped]
}

/// Leaves out what never happened: most combinations cannot.
fn push_some(family: &mut Family, labels: &[(&'static str, &str)], value: f64) {
    if value > 0.0 {
        family.push("", labels, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_sets_are_in_the_order_of_their_declaration() {
        for (index, reason) in REASONS.into_iter().enumerate() {
            assert_eq!(reason as usize, index, "{reason:?}");
        }
        for (index, transport) in TRANSPORTS.into_iter().enumerate() {
            assert_eq!(transport as usize, index, "{transport:?}");
        }
        for (index, discard) in DISCARDS.into_iter().enumerate() {
            assert_eq!(discard as usize, index, "{discard:?}");
        }
    }
}
