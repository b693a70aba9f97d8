//! How each pool stands, summed whenever a verdict or an override changes.
//!
//! A query only reads the sums: whether a pool is up for a family, and the record data of the
//! endpoints to answer, already in wire form.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::paces::Back;
use super::set::{Needs, Set};
use super::ties::Ties;
use super::weighted::sticky_draw;
use crate::health::{EndpointId, Family, Inventory, PoolId, Seen, StandingNow};

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
pub struct Pools {
    lots: Arc<[Arc<[PoolState]>]>,
    ties: Arc<Ties>,
    /// While any of them is on its way out or back for maintenance.
    leaving: Option<Arc<Leaving>>,
}

/// How the pools stand for each tenth of the clients, while some pools have only part of theirs.
#[derive(Debug)]
struct Leaving {
    /// Those pools.
    pools: Vec<PoolId>,
    /// For clients of each tenth.
    tenths: [Pools; TENTHS],
}

/// Into so many parts clients are divided.
pub const TENTHS: usize = 10;

/// Which tenth a client is of has nothing to do with any other draw.
const TENTH_SALT: u64 = 0x7465_6e74_6873;

impl Pools {
    /// Sums every pool, none of which was ever out.
    pub fn new(inventory: &Inventory, standing: impl Fn(EndpointId) -> StandingNow) -> Self {
        Self::seen_by(inventory, standing, |_, _, _| None)
    }

    /// Sums every pool; `see` is told how each stands, and knows how it came back.
    pub fn seen_by(
        inventory: &Inventory,
        standing: impl Fn(EndpointId) -> StandingNow,
        mut see: impl FnMut(PoolId, Family, Seen) -> Option<Back>,
    ) -> Self {
        let (count, ties) = (inventory.pools.len(), Ties::new(inventory));
        let mut states: Vec<Option<PoolState>> = (0..count).map(|_| None).collect();
        for id in ties.all(count) {
            let state_of = |id: PoolId| states.get(id as usize)?.as_ref();
            let state = sum(inventory, id, state_of, &standing, &mut see);
            states[id as usize] = Some(state);
        }
        let mut states = states.into_iter().flatten();
        let lot = |_| states.by_ref().take(LOT).collect();
        let lots = (0..count).step_by(LOT).map(lot).collect();
        Self { lots, ties: Arc::new(ties), leaving: None }
    }

    /// These pools, in ascending order, and all that hang on them by what they require.
    pub fn and_dependents(&self, pools: &[PoolId]) -> Vec<PoolId> {
        let mut all = self.ties.with_dependents(pools);
        all.sort_unstable();
        all
    }

    /// The same, with some pools summed anew, and with them all that hang on them.
    pub fn with(
        &self,
        changed: &[PoolId],
        inventory: &Inventory,
        standing: impl Fn(EndpointId) -> StandingNow,
        mut see: impl FnMut(PoolId, Family, Seen) -> Option<Back>,
    ) -> Self {
        let mut lots: Vec<Arc<[PoolState]>> = self.lots.to_vec();
        let is_there = |id: &PoolId| self.get(*id).is_some();
        for id in self.ties.with_dependents(changed).into_iter().filter(is_there) {
            let state = sum(inventory, id, |id| state_in(&lots, id), &standing, &mut see);
            let at = id as usize;
            // The first change within a lot copies it.
            let lot = lots.get_mut(at / LOT).map(Arc::make_mut);
            if let Some(pool) = lot.and_then(|lot| lot.get_mut(at % LOT)) {
                *pool = state;
            }
        }
        Self { lots: lots.into(), ties: Arc::clone(&self.ties), leaving: None }
    }

    /// The same, where some pools stand otherwise for some tenths of the clients.
    #[must_use]
    pub fn with_leaving(self, pools: Vec<PoolId>, tenths: [Self; TENTHS]) -> Self {
        Self { leaving: Some(Arc::new(Leaving { pools, tenths })), ..self }
    }

    /// How they stand for each tenth of the clients, where that is not the same for all.
    pub fn tenths(&self) -> Option<&[Self; TENTHS]> {
        self.leaving.as_ref().map(|leaving| &leaving.tenths)
    }

    /// How they stand for a client who asks for a name that may answer some of them, and how long the
    /// prefix of the network is for which that holds; none where they stand alike for all.
    #[inline]
    pub(super) fn of_client(&self, slots: &[PoolId], client: IpAddr) -> Option<(&Self, u8)> {
        self.leaving.as_ref().and_then(|leaving| leaving.of_client(slots, client))
    }

    /// How one pool stands.
    pub fn get(&self, pool: PoolId) -> Option<&PoolState> {
        state_in(&self.lots, pool)
    }
}

impl Leaving {
    #[cold]
    fn of_client(&self, slots: &[PoolId], client: IpAddr) -> Option<(&Pools, u8)> {
        let is_concerned = slots.iter().any(|id| self.pools.contains(id));
        let (mut draw, bits) = sticky_draw(client, TENTH_SALT);
        let tenth = draw.take(TENTHS as u64) as usize;
        is_concerned.then(|| Some((self.tenths.get(tenth)?, bits)))?
    }
}

#[inline]
fn state_in(lots: &[Arc<[PoolState]>], pool: PoolId) -> Option<&PoolState> {
    let pool = pool as usize;
    lots.get(pool / LOT)?.get(pool % LOT)
}

/// How one pool stands: what it answers to each [`Asked`].
#[derive(Clone, Debug)]
pub struct PoolState([Option<Set>; 3]);

/// Sums a pool; `state_of` knows those that it requires, which have been summed before.
fn sum<'s>(
    inventory: &Inventory,
    id: PoolId,
    state_of: impl Fn(PoolId) -> Option<&'s PoolState>,
    standing: &impl Fn(EndpointId) -> StandingNow,
    see: &mut impl FnMut(PoolId, Family, Seen) -> Option<Back>,
) -> PoolState {
    let pool = &inventory.pools[id as usize];
    let required = || pool.requires.iter().filter_map(|id| state_of(*id));
    let needs = Needs {
        are_met: required().all(PoolState::is_up),
        are_met_but_for_people: required().all(PoolState::is_up_but_for_people),
        hold: required().filter_map(PoolState::hold).min(),
    };
    let mut set = |family| {
        let standing = |index| standing(EndpointId { pool: id, index });
        let set = Set::new(pool, family, needs, standing)?;
        Some(set.seen_by(|family, seen| see(id, family, seen)))
    };
    if let Some(hosts) = set(Family::Host) {
        return PoolState([Some(hosts.clone()), Some(hosts.clone()), Some(hosts)]);
    }
    let (v4, v6) = (set(Family::V4), set(Family::V6));
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

    /// The endpoints of each family that it has.
    pub fn sets(&self) -> impl Iterator<Item = &Set> {
        let [first, second, _] = &self.0;
        // Host names stand behind both.
        let second = second.as_ref().filter(|set| set.family() != Family::Host);
        first.iter().chain(second)
    }

    /// Those of one family.
    pub fn set_of(&self, family: Family) -> Option<&Set> {
        self.sets().find(|set| set.family() == family)
    }

    /// Whether it is up for any family that it has: that is what others require of it.
    pub fn is_up(&self) -> bool {
        self.0.iter().flatten().any(Set::is_up)
    }

    /// Whether it is, or would be if people had not taken some of it out.
    fn is_up_but_for_people(&self) -> bool {
        self.0
            .iter()
            .flatten()
            .any(|set| !matches!(set.stands().seen, Seen::Failing | Seen::Lacking))
    }

    /// The shortest time in which a verdict could change it for any family.
    fn hold(&self) -> Option<Duration> {
        self.0.iter().flatten().filter_map(|set| set.stands().hold).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::{Answers, Endpoint, EndpointAddress, Pool, Standing};

    fn inventory(pools: usize) -> Inventory {
        let address = EndpointAddress::Ip([192, 0, 2, 1].into());
        let pool = |n| Pool {
            name: format!("pool{n}"),
            region: None,
            monitors: Vec::new(),
            endpoints: vec![Endpoint { address: address.clone(), weight: 1, probe: None }],
            min_healthy: 1,
            combined: None,
            panic_below: None,
            requires: Vec::new(),
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
        let after = before.with(&[17, 30, 99], &inventory, all(Standing::Down), |_, _, _| None);
        assert_eq!(after.lots.len(), 7);
        for (lot, (old, new)) in before.lots.iter().zip(after.lots.iter()).enumerate() {
            assert_eq!(Arc::ptr_eq(old, new), ![1, 6].contains(&lot), "lot {lot}");
        }
        for id in 0..100 {
            let is_up = |pools: &Pools| pools.get(id).unwrap().set(Asked::A).unwrap().is_up();
            assert_eq!((is_up(&before), is_up(&after)), (true, ![17, 30, 99].contains(&id)));
        }
    }
}
