//! Response rate limiting: how many replies of one kind a client network gets over UDP.
//!
//! The source of a UDP packet is easily forged, and whoever forges that of a victim has the reply
//! sent there. So each client network ([`Network`]) has a bucket of tokens for each kind of reply
//! (`alike` says which replies are of one kind); a reply takes one, and once none is left, only
//! every so many-th reply still goes out, cut to what brings an honest asker back over TCP. Which
//! names are asked makes no difference to how much a network gets at most.
//!
//! A [`Limiter`] belongs to one thread: fixed memory, no locks. It knows no clock and no chance;
//! both are arguments.

mod alike;
mod exempt;
mod network;
mod table;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub use network::Network;

use crate::dns::Answered;
use exempt::Exempt;
use table::Table;

/// What may be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Replies of one kind to one client network in a second, over all threads that share the
    /// limit; 0: no limit.
    pub responses_per_second: u32,
    /// Every so many-th reply beyond that is sent truncated, the others not at all; 0: none is.
    pub slip: u32,
    /// Networks without a limit: the first address and the length in bits of each.
    pub exempt: Vec<(IpAddr, u8)>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            responses_per_second: 200,
            slip: 2,
            exempt: vec![
                (Ipv4Addr::new(127, 0, 0, 0).into(), 8),
                (Ipv6Addr::LOCALHOST.into(), 128),
            ],
        }
    }
}

/// What happens to a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is sent.
    Send,
    /// It is sent truncated.
    Slip,
    /// It is not sent.
    Drop,
}

/// Limits the replies of one thread.
pub struct Limiter {
    exempt: Exempt,
    table: Table,
    slip: u32,
    /// How many replies are dropped before the next one slips.
    until_slip: u32,
    seed: [u64; 2],
}

impl Limiter {
    /// For one of so many threads, among which the packets of a network are spread evenly; none
    /// where there is no limit. Nobody who sends packets may know the seed.
    pub fn new(settings: &Settings, threads: usize, seed: [u64; 2]) -> Option<Self> {
        let &Settings { responses_per_second, slip, ref exempt } = settings;
        if responses_per_second == 0 {
            return None;
        }
        let table = Table::new(responses_per_second, threads);
        Some(Self { exempt: Exempt::new(exempt), table, slip, until_slip: slip, seed })
    }

    /// Decides on a reply that is ready to be sent to `source`. Milliseconds are asked for only
    /// where they matter, and count from any moment that stays the same.
    #[inline]
    pub fn judge(
        &mut self,
        source: &IpAddr,
        reply: &[u8],
        answered: &Answered,
        now_ms: impl FnOnce() -> u64,
    ) -> Action {
        if self.is_free(source, answered) {
            return Action::Send;
        }
        self.count(Network::of(*source), reply, answered, now_ms())
    }

    /// Whether it takes no token: whoever is exempt, whoever has shown by a cookie that no address is
    /// forged (RFC 7873 1), and what is not sent anyway.
    #[inline]
    fn is_free(&self, source: &IpAddr, answered: &Answered) -> bool {
        self.exempt.contains(source) || answered.cookie_is_good || answered.length == 0
    }

    #[inline]
    fn count(
        &mut self,
        network: Network,
        reply: &[u8],
        answered: &Answered,
        now_ms: u64,
    ) -> Action {
        let [seed, seed_of_likeness] = self.seed;
        let alike = alike::alike(reply, answered, seed_of_likeness);
        let key = fold(network.to_bits() ^ seed, alike ^ seed_of_likeness);
        if self.table.take(key, now_ms) { Action::Send } else { self.limited() }
    }

    fn limited(&mut self) -> Action {
        if self.slip == 0 {
            return Action::Drop;
        }
        self.until_slip -= 1;
        if self.until_slip > 0 {
            return Action::Drop;
        }
        self.until_slip = self.slip;
        Action::Slip
    }
}

/// Mixes two numbers, at least one of them keyed.
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product >> 64) as u64 ^ product as u64
}
