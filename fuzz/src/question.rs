//! Asking as the server would be asked.

use std::net::IpAddr;
use std::time::Duration;

use steersman::dns::{Answered, Asker, MAX_UDP_BYTES, Scratch, Transport, answer_traced};
use steersman::steering::{Chance, Draw, NoTrace, Turns};
use steersman::view::View;

use crate::reply;
use crate::world::SEED;

/// What cookies take the time for, in Unix seconds.
const NOW_SECONDS: u32 = 1_800_000_000;
/// The most bytes that any reply may have.
pub const MOST_BYTES: usize = 65_535;

/// Memory that is used again for every question.
pub struct Memory {
    scratch: Scratch,
    out: Vec<u8>,
}

impl Default for Memory {
    fn default() -> Self {
        Self { scratch: Scratch::new(SEED), out: vec![0; MOST_BYTES] }
    }
}

/// How a packet comes.
#[derive(Clone, Copy)]
pub struct Way {
    /// By which transport.
    pub transport: Transport,
    /// From where.
    pub source: IpAddr,
    /// All chance that there is.
    pub draw: u8,
    /// How many bytes there are for the reply.
    pub room_bytes: usize,
}

/// Answers a packet, and holds the reply to all laws. The same goes in, the same comes out.
pub fn ask<'m>(
    view: &View,
    packet: &[u8],
    way: Way,
    memory: &'m mut Memory,
) -> (Answered, &'m [u8]) {
    let Way { transport, source, draw, room_bytes } = way;
    let has_connection = transport == Transport::Tcp || transport == Transport::Tls;
    let idle_timeout = has_connection.then_some(Duration::from_secs(10));
    let asker = Asker { source, transport, unix_seconds: NOW_SECONDS, idle_timeout };
    // Turns of its own: what was answered before must not matter when a find is played again.
    let turns = Turns::new(view.world.turns.len());
    for counter in 0..turns.len() {
        (0..draw % 4).for_each(|_| _ = turns.next(counter));
    }
    let draw = Draw::new(u64::from(draw).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let chance = Chance { draw, turns: &turns };
    let Memory { scratch, out } = memory;
    let out = &mut out[..room_bytes];
    let answered = answer_traced(view, packet, &asker, chance, scratch, out, &mut NoTrace);
    let reply = &out[..answered.length];
    reply::check(packet, &way, &answered, reply);
    (answered, reply)
}

/// A plain question for a name in wire form.
pub fn plain(name: &[u8], rtype: u16) -> Vec<u8> {
    let header = [0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    [&header[..], name, &rtype.to_be_bytes(), &[0, 1]].concat()
}

/// What the head of an input says: which of four views, and how the packet comes.
pub fn way([transport, view, bits, draw, a, b]: [u8; 6]) -> (usize, Way) {
    let transport = match transport % 5 {
        0 => Transport::Udp,
        1 => Transport::Tcp,
        2 => Transport::Tls,
        3 => Transport::Https,
        _ => Transport::Quic,
    };
    let source = match bits & 1 {
        0 => IpAddr::from([10, a, 0, b]),
        _ => IpAddr::from([0x2001, 0xdb8, a.into(), 0, 0, 0, 0, b.into()]),
    };
    let room_bytes = match bits >> 1 {
        1 => usize::from(a),
        2 => usize::from(MAX_UDP_BYTES),
        _ => MOST_BYTES,
    };
    (usize::from(view % 4), Way { transport, source, draw, room_bytes })
}
