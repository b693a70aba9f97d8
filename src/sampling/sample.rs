//! One question with its reply, and its form in words.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::ring::LENGTH_BITS;
use crate::dns::Transport;

/// The words before the bytes of both messages.
const HEAD: usize = 11;
/// Bits for the length of a message in bytes.
const MESSAGE_BITS: u32 = 20;
const MESSAGE_MASK: u64 = (1 << MESSAGE_BITS) - 1;
const QUERY_AT: u32 = LENGTH_BITS;
const REPLY_AT: u32 = QUERY_AT + MESSAGE_BITS;
const TRANSPORT_AT: u32 = REPLY_AT + MESSAGE_BITS;

/// In the word of ports: whether an address is of IPv4, and whether ours is known.
const PEER_IS_V4: u64 = 1 << 32;
const LOCAL_IS_V4: u64 = 1 << 33;
const LOCAL_IS_KNOWN: u64 = 1 << 34;

/// Between whom a question went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// Whoever asked.
    pub peer: SocketAddr,
    /// Where it was asked; none where that is not known.
    pub local: Option<SocketAddr>,
}

/// A question with its reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample<'a> {
    /// The number of the view that it was answered from; 0 where nobody wants to know.
    pub view: u64,
    /// What chance had to say in the answer.
    pub draw: u64,
    /// When it had come, since the beginning of 1970.
    pub asked_at: Duration,
    /// When the reply was ready.
    pub answered_at: Duration,
    /// Between whom.
    pub ends: Ends,
    /// How it came.
    pub transport: Transport,
    /// How long the connection may be silent, where clients are told that, in whole milliseconds.
    pub idle_timeout: Option<Duration>,
    /// The question as it came.
    pub query: &'a [u8],
    /// The reply as it went; empty where there was none.
    pub reply: &'a [u8],
}

impl Sample<'_> {
    /// Its length in words.
    pub(super) fn words(&self) -> usize {
        HEAD + self.query.len().div_ceil(8) + self.reply.len().div_ceil(8)
    }

    /// Writes it to so many words.
    pub(super) fn write(&self, words: &[AtomicU64]) {
        let Ends { peer, local } = self.ends;
        let (peer_ip, peer_is_v4) = to_bits(peer.ip());
        let (local_ip, local_is_v4) = local.map_or((0, false), |local| to_bits(local.ip()));
        let local_port = local.map_or(0, |local| local.port());
        let flag = |bit: u64, is_set: bool| if is_set { bit } else { 0 };
        let idle = self.idle_timeout.map_or(0, |idle| 1 + idle.as_millis() as u64);
        let head: [u64; HEAD] = [
            words.len() as u64
                | (self.query.len() as u64) << QUERY_AT
                | (self.reply.len() as u64) << REPLY_AT
                | (self.transport as u64) << TRANSPORT_AT,
            self.view,
            self.draw,
            self.asked_at.as_nanos() as u64,
            self.answered_at.as_nanos() as u64,
            peer_ip as u64,
            (peer_ip >> 64) as u64,
            local_ip as u64,
            (local_ip >> 64) as u64,
            u64::from(peer.port())
                | u64::from(local_port) << 16
                | flag(PEER_IS_V4, peer_is_v4)
                | flag(LOCAL_IS_V4, local_is_v4)
                | flag(LOCAL_IS_KNOWN, local.is_some()),
            idle,
        ];
        let (first, rest) = words.split_at(HEAD.min(words.len()));
        for (word, value) in first.iter().zip(head) {
            word.store(value, Ordering::Relaxed);
        }
        let (query, reply) = rest.split_at(self.query.len().div_ceil(8).min(rest.len()));
        write_bytes(query, self.query);
        write_bytes(reply, self.reply);
    }

    /// Reads one back; `bytes` is memory for the messages. None of what was never written.
    pub(super) fn read<'b>(words: &[u64], bytes: &'b mut Vec<u8>) -> Option<Sample<'b>> {
        let (head, rest) = words.split_first_chunk::<HEAD>()?;
        let &[lengths, view, draw, asked_at, answered_at, p0, p1, l0, l1, ports, idle] = head;
        bytes.clear();
        bytes.extend(rest.iter().flat_map(|word| word.to_le_bytes()));
        let length = |at: u32| ((lengths >> at) & MESSAGE_MASK) as usize;
        let (query, reply) = (length(QUERY_AT), length(REPLY_AT));
        let (before, behind) = bytes.split_at_checked(query.div_ceil(8) * 8)?;
        let address = |low: u64, high: u64, v4: u64, port: u64| {
            let bits = u128::from(high) << 64 | u128::from(low);
            SocketAddr::new(from_bits(bits, ports & v4 != 0), port as u16)
        };
        let local = address(l0, l1, LOCAL_IS_V4, ports >> 16);
        Some(Sample {
            view,
            draw,
            asked_at: Duration::from_nanos(asked_at),
            answered_at: Duration::from_nanos(answered_at),
            ends: Ends {
                peer: address(p0, p1, PEER_IS_V4, ports),
                local: (ports & LOCAL_IS_KNOWN != 0).then_some(local),
            },
            transport: transport(lengths >> TRANSPORT_AT),
            idle_timeout: idle.checked_sub(1).map(Duration::from_millis),
            query: before.get(..query)?,
            reply: behind.get(..reply)?,
        })
    }
}

fn write_bytes(words: &[AtomicU64], bytes: &[u8]) {
    let (whole, rest) = bytes.as_chunks::<8>();
    for (word, bytes) in words.iter().zip(whole) {
        word.store(u64::from_le_bytes(*bytes), Ordering::Relaxed);
    }
    if let Some(word) = words.get(whole.len()) {
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        word.store(u64::from_le_bytes(last), Ordering::Relaxed);
    }
}

fn to_bits(ip: IpAddr) -> (u128, bool) {
    match ip {
        IpAddr::V4(v4) => (v4.to_bits().into(), true),
        IpAddr::V6(v6) => (v6.to_bits(), false),
    }
}

fn from_bits(bits: u128, is_v4: bool) -> IpAddr {
    match is_v4 {
        true => IpAddr::V4((bits as u32).into()),
        false => IpAddr::V6(bits.into()),
    }
}

fn transport(number: u64) -> Transport {
    match number {
        0 => Transport::Udp,
        1 => Transport::Tcp,
        2 => Transport::Tls,
        3 => Transport::Https,
        _ => Transport::Quic,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn transports() -> impl Strategy<Value = Transport> {
        use Transport::{Https, Quic, Tcp, Tls, Udp};
        prop::sample::select(vec![Udp, Tcp, Tls, Https, Quic])
    }

    proptest! {
        #[test]
        fn a_sample_comes_back_as_it_went(
            numbers in any::<[u64; 4]>(),
            peer in any::<(IpAddr, u16)>(),
            local in any::<Option<(IpAddr, u16)>>(),
            transport in transports(),
            idle in prop::option::of(0_u64..1 << 40),
            query in prop::collection::vec(any::<u8>(), 0..70),
            reply in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..70),
                Just(vec![7; 65_535]),
            ],
        ) {
            let [view, draw, asked_at, answered_at] = numbers;
            let sample = Sample {
                view,
                draw,
                asked_at: Duration::from_nanos(asked_at),
                answered_at: Duration::from_nanos(answered_at),
                ends: Ends { peer: peer.into(), local: local.map(SocketAddr::from) },
                transport,
                idle_timeout: idle.map(Duration::from_millis),
                query: &query,
                reply: &reply,
            };
            let words: Vec<AtomicU64> =
                (0..sample.words()).map(|_| AtomicU64::new(u64::MAX)).collect();
            sample.write(&words);
            let words: Vec<u64> = words.into_iter().map(AtomicU64::into_inner).collect();
            let mut bytes = Vec::new();
            prop_assert_eq!(Sample::read(&words, &mut bytes), Some(sample));
        }
    }
}
