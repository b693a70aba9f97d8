//! A pool's endpoints of one family: those to answer, and how all of them stand.
//!
//! Which are answered, by what stands in the pool:
//!
//! | up | `min_healthy` | `panic_below` | the pool | answered |
//! |---|---|---|---|---|
//! | 4 of 4 | 1 | 50% | up | the 4 |
//! | 2 of 4 | 1 | 50% | up | the 2: half is not below half |
//! | 1 of 4 | 1 | 50% | up, and panics | all 4 |
//! | 1 of 4 | 1 | none | up | the 1 |
//! | 1 of 4 | 2 | 50% | down | nothing, but as a last resort: `min_healthy` comes first |
//! | 0 of 4 | 1 | 50% | down | the same |
//! | 1 of 4, 1 drained | 1 | 50% | up, and panics | the 3 that nobody took out |
//! | 1 of 4, 2 drained | 1 | 50% | up | the 1, which is half of those that nobody took out |

use std::net::IpAddr;
use std::time::Duration;

use smallvec::SmallVec;

use super::paces::Back;
use super::trace::PoolStands;
use crate::health::{
    Answers, Endpoint, EndpointAddress, Family, Pool, Seen, Standing, StandingNow,
};

/// A pool's endpoints of one family: those to answer, and how all of them stand.
///
/// What answers read fills the first line of the processor's cache, if the endpoints are few.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub struct Set {
    rdata: Rdata,
    /// How many there are to answer.
    count: u32,
    /// Where one is drawn, and not all are equal: sums of weights up to and with each.
    cumulative: Box<[u64]>,
    /// While one of them is in doubt, the shortest time in which a verdict could change, in whole
    /// seconds; the largest number while none is.
    pub hold_seconds: u32,
    /// As good as what is answered: up where enough of them are.
    pub standing: Standing,
    /// How many of them an answer holds.
    pub answers: Answers,
    /// The bits of those failovers that do not return to it yet; see [`Back::held`].
    pub held: u16,
    /// How many there are, and how they stand.
    stands: PoolStands,
    /// How it came back, while any policy waits for that.
    back: Option<Box<Back>>,
}

/// Record data of endpoints, in the order of the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rdata {
    /// IPv4 addresses.
    V4(SmallVec<[[u8; 4]; 4]>),
    /// IPv6 addresses.
    V6(SmallVec<[[u8; 16]; 1]>),
    /// Names in wire form.
    Host(Box<[Box<[u8]>]>),
}

impl Set {
    pub(super) fn new(
        pool: &Pool,
        family: Family,
        needs: Needs,
        standing: impl Fn(u32) -> StandingNow,
    ) -> Option<Self> {
        let members: Vec<Member<'_>> = (0u32..)
            .zip(&pool.endpoints)
            .filter(|(_, endpoint)| endpoint.address.family() == family)
            .map(|(index, endpoint)| Member { endpoint, now: standing(index) })
            .collect();
        let count = |standing| members.iter().filter(|m| m.now.standing == standing).count() as u32;
        let forced_up = count(Standing::ForcedUp);
        let healthy = forced_up + count(Standing::Up);
        // Whoever forces a pool up knows what it requires.
        let is_forced_up = forced_up >= pool.min_healthy;
        let needs = if is_forced_up { Needs::NONE } else { needs };
        let up = healthy >= pool.min_healthy && needs.are_met;
        let at_work = healthy + count(Standing::Down);
        let taken_out = count(Standing::Drained) + count(Standing::ForcedDown);
        let few = pool.panic_below.is_some_and(|share| share.is_missed_by(healthy, at_work));
        let stands = PoolStands {
            up,
            panics: up && few,
            healthy,
            total: members.len() as u32,
            drained: count(Standing::Drained),
            forced_down: count(Standing::ForcedDown),
            seen: match up {
                true if is_forced_up => Seen::ForcedUp,
                true => Seen::Up,
                false if healthy + taken_out < pool.min_healthy => Seen::Failing,
                false if needs.are_met_but_for_people => Seen::TakenOut,
                false => Seen::Lacking,
            },
            hold: members.iter().filter_map(|m| m.now.hold).chain(needs.hold).min(),
        };
        let (standing, chosen) = chosen(&members, &stands)?;
        // A name has one CNAME at most (RFC 2181 10.1).
        let answers = if family == Family::Host { Answers::One } else { pool.answers };
        let (chosen, cumulative) = match answers {
            Answers::One => weighed(chosen),
            Answers::All => (chosen, Box::default()),
        };
        let hold_seconds =
            stands.hold.map_or(u32::MAX, |hold| u32::try_from(hold.as_secs()).unwrap_or(u32::MAX));
        let rdata = rdata(family, chosen.iter().map(|member| &member.endpoint.address));
        // As many as there are in an inventory that counts them in so many bits.
        let count = chosen.len() as u32;
        let (held, back) = (0, None);
        Some(Self { rdata, count, cumulative, hold_seconds, standing, answers, held, stands, back })
    }

    /// The same, where `see` knows how it came back.
    pub(super) fn seen_by(mut self, see: impl FnOnce(Family, Seen) -> Option<Back>) -> Self {
        self.back = see(self.family(), self.stands.seen).map(Box::new);
        self.held = self.back.as_ref().map_or(0, |back| back.held);
        self
    }

    /// How it came back, while any policy waits for that.
    pub fn back(&self) -> Option<&Back> {
        self.back.as_deref()
    }

    /// What they are.
    pub fn family(&self) -> Family {
        match self.rdata {
            Rdata::V4(_) => Family::V4,
            Rdata::V6(_) => Family::V6,
            Rdata::Host(_) => Family::Host,
        }
    }

    /// Whether enough of them are up.
    pub fn is_up(&self) -> bool {
        self.standing == Standing::Up
    }

    /// How its endpoints stand, in numbers.
    pub fn stands(&self) -> PoolStands {
        self.stands
    }

    /// How many there are to answer.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Whether it gives the same answers as another, equally often.
    pub fn answers_as(&self, other: &Self) -> bool {
        (&self.rdata, &self.cumulative, self.answers)
            == (&other.rdata, &other.cumulative, other.answers)
    }

    /// The record data of those to answer.
    pub fn rdata(&self) -> &Rdata {
        &self.rdata
    }

    /// The sum of all weights.
    pub fn total_weight(&self) -> u64 {
        self.cumulative.last().copied().unwrap_or(self.count.into())
    }

    /// The one that a number below the sum of weights falls to.
    pub fn drawn(&self, number: u64) -> usize {
        if self.cumulative.is_empty() {
            return number as usize;
        }
        self.cumulative.iter().position(|sum| number < *sum).unwrap_or(0)
    }
}

/// What a pool requires of others, and how that stands.
///
/// | own endpoints | what it requires | the pool |
/// |---|---|---|
/// | enough up | up | up |
/// | enough up | some of it down | down: as a last resort it stands as if probes called it down |
/// | enough forced up by a person | any | up |
/// | too few up | any | down |
#[derive(Clone, Copy, Debug)]
pub(super) struct Needs {
    /// Whether all that it requires is up.
    pub(super) are_met: bool,
    /// Whether all of it is up that people have not taken out.
    pub(super) are_met_but_for_people: bool,
    /// While that is in doubt, the shortest time in which it could change.
    pub(super) hold: Option<Duration>,
}

impl Needs {
    const NONE: Self = Self { are_met: true, are_met_but_for_people: true, hold: None };
}

struct Member<'a> {
    endpoint: &'a Endpoint,
    now: StandingNow,
}

/// Those to answer, and how they stand: what is up if enough is, and in a panic what probes call
/// down beside it; else the last resort, of which there is none in an empty pool.
fn chosen<'m, 'a>(
    members: &'m [Member<'a>],
    stands: &PoolStands,
) -> Option<(Standing, Vec<&'m Member<'a>>)> {
    let up: &[Standing] = &[Standing::ForcedUp, Standing::Up];
    let at_work: &[Standing] = &[Standing::ForcedUp, Standing::Up, Standing::Down];
    let choices: [(Standing, &[Standing]); 4] = [
        (Standing::Up, if stands.panics { at_work } else { up }),
        (Standing::Down, at_work),
        (Standing::Drained, &[Standing::Drained]),
        (Standing::ForcedDown, &[Standing::ForcedDown]),
    ];
    choices.into_iter().skip(usize::from(!stands.up)).find_map(|(standing, wanted)| {
        let chosen: Vec<_> = members.iter().filter(|m| wanted.contains(&m.now.standing)).collect();
        (!chosen.is_empty()).then_some((standing, chosen))
    })
}

/// Those that may be drawn, and the sums of their weights, none where all are equal. Weight 0 is
/// left out as long as any other is up, or any other is there where none is; else it is the least.
fn weighed<'m, 'a>(mut chosen: Vec<&'m Member<'a>>) -> (Vec<&'m Member<'a>>, Box<[u64]>) {
    let is_up = |member: &Member<'_>| member.now.standing <= Standing::Up;
    let some_up = chosen.iter().any(|member| is_up(member));
    let counts = |member: &&Member<'a>| member.endpoint.weight > 0 && (!some_up || is_up(member));
    if chosen.iter().any(counts) {
        chosen.retain(|member| member.endpoint.weight > 0);
    }
    let weights = || chosen.iter().map(|member| u64::from(member.endpoint.weight.max(1)));
    if weights().min() == weights().max() {
        return (chosen, Box::default());
    }
    let sums = weights().scan(0, |sum, weight| {
        *sum += weight;
        Some(*sum)
    });
    let sums = sums.collect();
    (chosen, sums)
}

/// The record data of addresses of one family.
fn rdata<'a>(family: Family, addresses: impl Iterator<Item = &'a EndpointAddress>) -> Rdata {
    let v4 = |address: &EndpointAddress| match address {
        EndpointAddress::Ip(IpAddr::V4(ip)) => Some(ip.octets()),
        _ => None,
    };
    let v6 = |address: &EndpointAddress| match address {
        EndpointAddress::Ip(IpAddr::V6(ip)) => Some(ip.octets()),
        _ => None,
    };
    let host = |address: &EndpointAddress| match address {
        EndpointAddress::Host { wire, .. } => Some(wire.clone()),
        EndpointAddress::Ip(_) => None,
    };
    match family {
        Family::V4 => Rdata::V4(addresses.filter_map(v4).collect()),
        Family::V6 => Rdata::V6(addresses.filter_map(v6).collect()),
        Family::Host => Rdata::Host(addresses.filter_map(host).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_answers_read_is_in_one_line_of_the_cache() {
        assert!(std::mem::offset_of!(Set, stands) <= 64);
        assert_eq!(size_of::<Option<Set>>(), size_of::<Set>());
    }
}
