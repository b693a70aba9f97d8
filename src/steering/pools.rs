//! How each pool stands, summed whenever a verdict or an override changes.
//!
//! A query only reads the sums: whether a pool is up for a family, and the record data of the
//! endpoints to answer, already in wire form.

use std::sync::Arc;
use std::time::Duration;

use super::trace::PoolStands;
use crate::health::{
    Answers, EndpointAddress, EndpointId, Inventory, Pool, PoolId, Standing, StandingNow,
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

/// How all pools stand, by [`PoolId`]. Cheap to clone; one pool's change shares the others.
#[derive(Clone, Debug, Default)]
pub struct Pools(Arc<[Arc<PoolState>]>);

impl Pools {
    /// Sums every pool.
    pub fn new(inventory: &Inventory, standing: impl Fn(EndpointId) -> StandingNow) -> Self {
        let state = |id| Arc::new(PoolState::new(inventory, id, &standing));
        Self((0..inventory.pools.len() as PoolId).map(state).collect())
    }

    /// The same, with some pools summed anew.
    pub fn with(
        &self,
        changed: &[PoolId],
        inventory: &Inventory,
        standing: impl Fn(EndpointId) -> StandingNow,
    ) -> Self {
        let mut pools: Vec<Arc<PoolState>> = self.0.to_vec();
        for &id in changed {
            if let Some(pool) = pools.get_mut(id as usize) {
                *pool = Arc::new(PoolState::new(inventory, id, &standing));
            }
        }
        Self(pools.into())
    }

    /// How one pool stands.
    pub fn get(&self, pool: PoolId) -> Option<&PoolState> {
        self.0.get(pool as usize).map(AsRef::as_ref)
    }
}

/// How one pool stands.
#[derive(Clone, Debug)]
pub struct PoolState {
    v4: Option<Set>,
    v6: Option<Set>,
    hosts: Option<Set>,
}

impl PoolState {
    fn new(
        inventory: &Inventory,
        id: PoolId,
        standing: &impl Fn(EndpointId) -> StandingNow,
    ) -> Self {
        let pool = &inventory.pools[id as usize];
        let set = |kind| Set::new(pool, kind, |index| standing(EndpointId { pool: id, index }));
        Self { v4: set(Kind::V4), v6: set(Kind::V6), hosts: set(Kind::Host) }
    }

    /// The endpoints that could answer; none if the pool has none of that family.
    pub fn set(&self, asked: Asked) -> Option<&Set> {
        if self.hosts.is_some() {
            return self.hosts.as_ref();
        }
        match asked {
            Asked::A => self.v4.as_ref(),
            Asked::Aaaa => self.v6.as_ref(),
            // Addresses stand in the way of an alias whenever they would be answered.
            Asked::Alias => {
                self.v4.as_ref().filter(|set| set.up).or(self.v6.as_ref()).or(self.v4.as_ref())
            }
        }
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

/// A pool's endpoints of one kind.
#[derive(Clone, Debug)]
pub struct Set {
    /// What they are.
    pub kind: Kind,
    /// Whether enough of them are up.
    pub up: bool,
    /// How many there are, and how they stand.
    stands: PoolStands,
    /// While one of them is in doubt, the shortest time in which a verdict could change.
    pub hold: Option<Duration>,
    /// How many of them an answer holds.
    pub answers: Answers,
    /// How good the last resort is; never [`Standing::Up`].
    resort: Standing,
    healthy: Selection,
    last_resort: Selection,
}

/// Endpoints of one kind, ready to answer.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Record data in wire form, in the order of the pool.
    pub rdata: Box<[Box<[u8]>]>,
    /// Sums of weights up to and with each.
    cumulative: Box<[u64]>,
}

impl Set {
    fn new(pool: &Pool, kind: Kind, standing: impl Fn(u32) -> StandingNow) -> Option<Self> {
        let members: Vec<Member> = (0u32..)
            .zip(&pool.endpoints)
            .filter_map(|(index, endpoint)| {
                let (of_kind, rdata) = rdata(&endpoint.address);
                (of_kind == kind).then(|| Member {
                    rdata,
                    weight: endpoint.weight,
                    now: standing(index),
                })
            })
            .collect();
        if members.is_empty() {
            return None;
        }
        // A name has one CNAME at most (RFC 2181 10.1).
        let answers = if kind == Kind::Host { Answers::One } else { pool.answers };
        let in_standing = |wanted: &[Standing]| Selection::new(&members, answers, wanted);
        let (resort, last_resort) = [
            (Standing::Down, in_standing(&[Standing::Up, Standing::Down])),
            (Standing::Drained, in_standing(&[Standing::Drained])),
            (Standing::ForcedDown, in_standing(&[Standing::ForcedDown])),
        ]
        .into_iter()
        .find(|(_, selection)| !selection.rdata.is_empty())?;
        let count = |standing| members.iter().filter(|m| m.now.standing == standing).count() as u32;
        let stands = PoolStands {
            up: count(Standing::Up) >= pool.min_healthy,
            healthy: count(Standing::Up),
            total: members.len() as u32,
            drained: count(Standing::Drained),
            forced_down: count(Standing::ForcedDown),
            hold: members.iter().filter_map(|m| m.now.hold).min(),
        };
        Some(Self {
            kind,
            up: stands.up,
            hold: stands.hold,
            stands,
            answers,
            resort,
            healthy: in_standing(&[Standing::Up]),
            last_resort,
        })
    }

    /// How its endpoints stand, in numbers.
    pub fn stands(&self) -> PoolStands {
        self.stands
    }

    /// What to answer when everything up to `level` counts as up.
    pub fn selection(&self, level: Standing) -> Option<&Selection> {
        if self.up {
            return Some(&self.healthy);
        }
        (self.resort <= level).then_some(&self.last_resort)
    }
}

struct Member {
    rdata: Box<[u8]>,
    weight: u32,
    now: StandingNow,
}

fn rdata(address: &EndpointAddress) -> (Kind, Box<[u8]>) {
    match address {
        EndpointAddress::Ip(std::net::IpAddr::V4(ip)) => (Kind::V4, ip.octets().into()),
        EndpointAddress::Ip(std::net::IpAddr::V6(ip)) => (Kind::V6, ip.octets().into()),
        EndpointAddress::Host { wire, .. } => (Kind::Host, wire.clone()),
    }
}

impl Selection {
    /// Those members that stand as wanted. Where one is drawn, weight 0 is left out as long as
    /// there is any other; if there is none, all are equal.
    fn new(members: &[Member], answers: Answers, wanted: &[Standing]) -> Self {
        let chosen = || members.iter().filter(|member| wanted.contains(&member.now.standing));
        let weighed = answers == Answers::One && chosen().any(|member| member.weight > 0);
        let mut sum = 0;
        let (rdata, cumulative): (Vec<_>, Vec<_>) = chosen()
            .filter(|member| !weighed || member.weight > 0)
            .map(|member| {
                sum += if weighed { u64::from(member.weight) } else { 1 };
                (member.rdata.clone(), sum)
            })
            .unzip();
        Self { rdata: rdata.into(), cumulative: cumulative.into() }
    }

    /// The sum of all weights.
    pub fn total_weight(&self) -> u64 {
        self.cumulative.last().copied().unwrap_or(0)
    }

    /// The member that a number below the sum of weights falls to.
    pub fn drawn(&self, number: u64) -> usize {
        self.cumulative.iter().position(|sum| number < *sum).unwrap_or(0)
    }
}
