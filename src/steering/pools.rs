//! How each pool stands, summed whenever a verdict or an override changes.
//!
//! A query only reads the sums: whether a pool is up for a family, and the record data of the
//! endpoints to answer, already in wire form.

use std::net::IpAddr;
use std::sync::Arc;

use smallvec::SmallVec;

use super::trace::PoolStands;
use crate::health::{
    Answers, Endpoint, EndpointAddress, EndpointId, Inventory, Pool, PoolId, Standing, StandingNow,
};

/// What is asked of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Whatever the name stands for: CNAME and any type besides addresses, which only a pool of
    /// host names can answer.
    Alias,
}

/// Pools are shared by this many at a time: a change copies the pools of one lot, and the list of
/// all lots.
const LOT: usize = 16;

/// How all pools stand, by [`PoolId`]. Cheap to clone; one pool's change shares all other lots.
#[derive(Clone, Debug, Default)]
pub struct Pools(Arc<[Arc<[PoolState]>]>);

impl Pools {
    /// Sums every pool.
    pub fn new(inventory: &Inventory, standing: impl Fn(EndpointId) -> StandingNow) -> Self {
        let count = inventory.pools.len();
        let lot = |first| (first..count.min(first + LOT)).map(|id| sum(inventory, id, &standing));
        Self((0..count).step_by(LOT).map(|first| lot(first).collect()).collect())
    }

    /// The same, with some pools summed anew.
    pub fn with(
        &self,
        changed: &[PoolId],
        inventory: &Inventory,
        standing: impl Fn(EndpointId) -> StandingNow,
    ) -> Self {
        let mut lots: Vec<Arc<[PoolState]>> = self.0.to_vec();
        for id in changed.iter().map(|id| *id as usize) {
            // The first change within a lot copies it.
            let lot = lots.get_mut(id / LOT).map(Arc::make_mut);
            if let Some(pool) = lot.and_then(|lot| lot.get_mut(id % LOT)) {
                *pool = sum(inventory, id, &standing);
            }
        }
        Self(lots.into())
    }

    /// How one pool stands.
    pub fn get(&self, pool: PoolId) -> Option<&PoolState> {
        let pool = pool as usize;
        self.0.get(pool / LOT)?.get(pool % LOT)
    }
}

/// How one pool stands: what it answers to each [`Asked`].
#[derive(Clone, Debug)]
pub struct PoolState([Option<Set>; 3]);

fn sum(
    inventory: &Inventory,
    id: usize,
    standing: &impl Fn(EndpointId) -> StandingNow,
) -> PoolState {
    let pool = &inventory.pools[id];
    // It is an index of the inventory, which counts pools by such ids.
    let pool_id = id as PoolId;
    let set = |kind| Set::new(pool, kind, |index| standing(EndpointId { pool: pool_id, index }));
    if let Some(hosts) = set(Kind::Host) {
        return PoolState([Some(hosts.clone()), Some(hosts.clone()), Some(hosts)]);
    }
    let (v4, v6) = (set(Kind::V4), set(Kind::V6));
    // Addresses stand in the way of an alias whenever they would be answered.
    let up = v4.as_ref().filter(|set| set.is_up());
    let alias = up.or(v6.as_ref()).or(v4.as_ref()).cloned();
    PoolState([v4, v6, alias])
}

impl PoolState {
    /// The endpoints that could answer; none if the pool has none of that family.
    pub fn set(&self, asked: Asked) -> Option<&Set> {
        self.0[asked as usize].as_ref()
    }
}

/// What kind of record data an endpoint gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 4 bytes.
    V4,
    /// 16 bytes.
    V6,
    /// A name.
    Host,
}

/// A pool's endpoints of one kind: those to answer, and how all of them stand.
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
    /// How many there are, and how they stand.
    stands: PoolStands,
}

/// Record data of endpoints, in the order of the pool.
#[derive(Clone, Debug)]
pub enum Rdata {
    /// IPv4 addresses.
    V4(SmallVec<[[u8; 4]; 4]>),
    /// IPv6 addresses.
    V6(SmallVec<[[u8; 16]; 1]>),
    /// Names in wire form.
    Host(Box<[Box<[u8]>]>),
}

impl Set {
    fn new(pool: &Pool, kind: Kind, standing: impl Fn(u32) -> StandingNow) -> Option<Self> {
        let members: Vec<Member<'_>> = (0u32..)
            .zip(&pool.endpoints)
            .filter(|(_, endpoint)| kind_of(&endpoint.address) == kind)
            .map(|(index, endpoint)| Member { endpoint, now: standing(index) })
            .collect();
        let count = |standing| members.iter().filter(|m| m.now.standing == standing).count() as u32;
        let stands = PoolStands {
            up: count(Standing::Up) >= pool.min_healthy,
            healthy: count(Standing::Up),
            total: members.len() as u32,
            drained: count(Standing::Drained),
            forced_down: count(Standing::ForcedDown),
            hold: members.iter().filter_map(|m| m.now.hold).min(),
        };
        let (standing, chosen) = chosen(&members, stands.up)?;
        // A name has one CNAME at most (RFC 2181 10.1).
        let answers = if kind == Kind::Host { Answers::One } else { pool.answers };
        let (chosen, cumulative) = match answers {
            Answers::One => weighed(chosen),
            Answers::All => (chosen, Box::default()),
        };
        let hold_seconds =
            stands.hold.map_or(u32::MAX, |hold| u32::try_from(hold.as_secs()).unwrap_or(u32::MAX));
        let rdata = rdata(kind, chosen.iter().map(|member| &member.endpoint.address));
        // As many as there are in an inventory that counts them in so many bits.
        let count = chosen.len() as u32;
        Some(Self { rdata, count, cumulative, hold_seconds, standing, answers, stands })
    }

    /// What they are.
    pub fn kind(&self) -> Kind {
        match self.rdata {
            Rdata::V4(_) => Kind::V4,
            Rdata::V6(_) => Kind::V6,
            Rdata::Host(_) => Kind::Host,
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

struct Member<'a> {
    endpoint: &'a Endpoint,
    now: StandingNow,
}

/// Those to answer, and how they stand: what is up if enough is, else the last resort, of which
/// there is none in an empty pool.
fn chosen<'m, 'a>(members: &'m [Member<'a>], up: bool) -> Option<(Standing, Vec<&'m Member<'a>>)> {
    let choices: [(Standing, &[Standing]); 4] = [
        (Standing::Up, &[Standing::Up]),
        (Standing::Down, &[Standing::Up, Standing::Down]),
        (Standing::Drained, &[Standing::Drained]),
        (Standing::ForcedDown, &[Standing::ForcedDown]),
    ];
    choices.into_iter().skip(usize::from(!up)).find_map(|(standing, wanted)| {
        let chosen: Vec<_> = members.iter().filter(|m| wanted.contains(&m.now.standing)).collect();
        (!chosen.is_empty()).then_some((standing, chosen))
    })
}

/// Those that may be drawn, and the sums of their weights, none where all are equal. Weight 0 is
/// left out as long as there is any other; if there is none, all are equal.
fn weighed<'m, 'a>(mut chosen: Vec<&'m Member<'a>>) -> (Vec<&'m Member<'a>>, Box<[u64]>) {
    if chosen.iter().any(|member| member.endpoint.weight > 0) {
        chosen.retain(|member| member.endpoint.weight > 0);
    }
    let weights = || chosen.iter().map(|member| u64::from(member.endpoint.weight));
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

fn kind_of(address: &EndpointAddress) -> Kind {
    match address {
        EndpointAddress::Ip(IpAddr::V4(_)) => Kind::V4,
        EndpointAddress::Ip(IpAddr::V6(_)) => Kind::V6,
        EndpointAddress::Host { .. } => Kind::Host,
    }
}

/// The record data of addresses of one kind.
fn rdata<'a>(kind: Kind, addresses: impl Iterator<Item = &'a EndpointAddress>) -> Rdata {
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
    match kind {
        Kind::V4 => Rdata::V4(addresses.filter_map(v4).collect()),
        Kind::V6 => Rdata::V6(addresses.filter_map(v6).collect()),
        Kind::Host => Rdata::Host(addresses.filter_map(host).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory(pools: usize) -> Inventory {
        let address = EndpointAddress::Ip([192, 0, 2, 1].into());
        let pool = |n| Pool {
            name: format!("pool{n}"),
            region: None,
            monitors: Vec::new(),
            endpoints: vec![Endpoint { address: address.clone(), weight: 1, probe: None }],
            min_healthy: 1,
            combined: None,
            answers: Answers::All,
        };
        Inventory { pools: (0..pools).map(pool).collect(), ..Inventory::default() }
    }

    /// Whatever is asked of other pools reads the very memory that it read before.
    #[test]
    fn a_change_leaves_all_other_lots_where_they_are() {
        let inventory = inventory(100);
        let all = |standing| move |_| StandingNow { standing, hold: None };
        let before = Pools::new(&inventory, all(Standing::Up));
        let after = before.with(&[17, 30, 99], &inventory, all(Standing::Down));
        assert_eq!(after.0.len(), 7);
        for (lot, (old, new)) in before.0.iter().zip(after.0.iter()).enumerate() {
            assert_eq!(Arc::ptr_eq(old, new), ![1, 6].contains(&lot), "lot {lot}");
        }
        for id in 0..100 {
            let is_up = |pools: &Pools| pools.get(id).unwrap().set(Asked::A).unwrap().is_up();
            assert_eq!((is_up(&before), is_up(&after)), (true, ![17, 30, 99].contains(&id)));
        }
    }

    #[test]
    fn what_answers_read_is_in_one_line_of_the_cache() {
        assert!(std::mem::offset_of!(Set, stands) <= 64);
        assert_eq!(size_of::<Option<Set>>(), size_of::<Set>());
    }
}
