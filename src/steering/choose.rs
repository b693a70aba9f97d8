//! The choice: a policy, how the pools stand, a client and a draw to endpoints, TTL and scope.

use std::net::IpAddr;

use super::draw::{Chance, Draw, Turns};
use super::policy::{AllDown, Leaf, Policy, SteeredName};
use super::pools::{Asked, Pools};
use super::set::Set;
use super::trace::{Step, Trace};
use super::{failover, placed, ramp, round_robin, weighted};
use crate::health::{Answers, Standing};

/// What was chosen.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// The endpoints, or why there are none.
    pub pick: Pick<'a>,
    /// How long the answer may be kept, in seconds, 1 at least unless the name's own TTL is 0.
    pub ttl_seconds: u32,
    /// How wide a client network would be given the same kind of choice; 0: every client.
    pub scope: u8,
    /// Whether every candidate was down.
    pub all_down: bool,
}

/// The endpoints that were chosen, or why there are none.
#[derive(Clone, Copy, Debug)]
pub enum Pick<'a> {
    /// `count` endpoints of `set`, beginning with `first` and going round.
    Endpoints {
        /// The pool, as the policy names it.
        leaf: Leaf,
        /// Its endpoints.
        set: &'a Set,
        /// The first to answer.
        first: u32,
        /// How many to answer.
        count: u32,
    },
    /// No candidate has an endpoint of the asked family, or every one is down and the name says
    /// that then there is no data.
    NoData,
    /// Every candidate is down and the name says that then the server fails.
    ServFail,
}

/// Chooses for one question about a steered name.
pub fn choose<'a, T: Trace>(
    name: &'a SteeredName,
    pools: &'a Pools,
    asked: Asked,
    client: IpAddr,
    chance: &Chance<'_>,
    trace: &mut T,
) -> Choice<'a> {
    match pools.of_client(&name.slots, client) {
        None => choose_among(name, pools, asked, client, chance, trace),
        Some(tenth) => choose_in_tenth(name, tenth, asked, client, chance, trace),
    }
}

#[cold]
fn choose_in_tenth<'a, T: Trace>(
    name: &'a SteeredName,
    (pools, network_bits): (&'a Pools, u8),
    asked: Asked,
    client: IpAddr,
    chance: &Chance<'_>,
    trace: &mut T,
) -> Choice<'a> {
    trace.step(Step::Tenth);
    let choice = choose_among(name, pools, asked, client, chance, trace);
    Choice { scope: choice.scope.max(network_bits), ..choice }
}

#[inline(always)] // As in the one place that matters.
fn choose_among<'a, T: Trace>(
    name: &'a SteeredName,
    pools: &'a Pools,
    asked: Asked,
    client: IpAddr,
    chance: &Chance<'_>,
    trace: &mut T,
) -> Choice<'a> {
    let mut walk = Walk::new(pools, asked, client, chance, trace);
    let (pick, all_down) = match walk.pick(&name.policy) {
        Some(picked) => (walk.endpoints(picked), false),
        None => {
            // What looking for anything that is up has used of it decided nothing.
            walk.draw = chance.draw;
            walk.when_all_down(name)
        }
    };
    // What surely passes before a verdict can change, but never nothing at all.
    let ttl_seconds = name.ttl_seconds.min(walk.hold_seconds.max(1));
    Choice { pick, ttl_seconds, scope: walk.scope, all_down }
}

/// A pool that was picked, as the policy names it, and its endpoints.
pub(super) type Picked<'a> = (&'a Leaf, &'a Set);

/// One walk through a policy, and what it has looked at so far.
pub(super) struct Walk<'a, 'w, T> {
    pub(super) pools: &'a Pools,
    pub(super) asked: Asked,
    pub(super) client: IpAddr,
    /// What counts as up.
    level: Standing,
    /// The bits of those failovers to which nothing counts as up that they do not return to yet.
    held: u16,
    /// The least of what was looked at.
    hold_seconds: u32,
    pub(super) scope: u8,
    pub(super) draw: Draw,
    pub(super) turns: &'w Turns,
    pub(super) trace: &'w mut T,
}

/// What there is to say when nothing is up.
pub(super) enum LastResort<'a> {
    /// That there is no such data, for no candidate could answer this at all.
    NoCandidate,
    /// That there is no such data, for the name says so.
    NoData,
    /// That the server fails, for the name says so.
    ServFail,
    /// What this policy picks, or as if all of it were up.
    Policy(&'a Policy),
    /// What this one picks as if all were up.
    AsIfUp(&'a Policy),
}

impl<'a, 'w, T: Trace> Walk<'a, 'w, T> {
    /// A walk that has looked at nothing yet.
    #[inline(always)] // As in the one place that matters.
    pub(super) fn new(
        pools: &'a Pools,
        asked: Asked,
        client: IpAddr,
        chance: &Chance<'w>,
        trace: &'w mut T,
    ) -> Self {
        Self {
            pools,
            asked,
            client,
            level: Standing::Up,
            held: 0,
            hold_seconds: u32::MAX,
            scope: 0,
            draw: chance.draw,
            turns: chance.turns,
            trace,
        }
    }
}

impl<'a, T: Trace> Walk<'a, '_, T> {
    /// The pool that a policy picks, if it has any that is up.
    #[inline(always)] // Mostly it is a pool, and not worth a call.
    pub(super) fn pick(&mut self, policy: &'a Policy) -> Option<Picked<'a>> {
        match policy {
            Policy::Pool(leaf) => self.pick_pool(leaf),
            _ => self.pick_branch(policy),
        }
    }

    #[inline(never)]
    fn pick_branch(&mut self, policy: &'a Policy) -> Option<Picked<'a>> {
        match policy {
            Policy::Pool(leaf) => self.pick_pool(leaf),
            Policy::Failover(branches) => failover::pick(self, branches),
            Policy::Weighted(weighted) => weighted::pick(self, weighted),
            Policy::HeldFailover(held) => failover::pick_held(self, held),
            Policy::Ramped(ramped) => ramp::pick(self, ramped),
            Policy::RoundRobin(round_robin) => round_robin::pick(self, round_robin),
            Policy::Placed(placed) => placed::pick(self, placed),
        }
    }

    /// Whether a policy has any endpoint that is up: that is, whether `pick` would find one.
    #[inline]
    pub(super) fn is_up(&mut self, policy: &'a Policy) -> bool {
        match policy {
            Policy::Pool(leaf) => self.pool_if_up(*leaf).is_some(),
            _ => self.is_some_branch_up(policy),
        }
    }

    fn is_some_branch_up(&mut self, policy: &'a Policy) -> bool {
        match policy {
            Policy::Pool(leaf) => self.pool_if_up(*leaf).is_some(),
            Policy::Failover(branches) => branches.iter().any(|branch| self.is_up(branch)),
            Policy::HeldFailover(held) => held.branches.iter().any(|branch| self.is_up(branch)),
            Policy::Weighted(weighted) => weighted::is_up(self, weighted),
            Policy::Ramped(ramped) => weighted::is_up(self, &ramped.weighted),
            Policy::RoundRobin(round_robin) => {
                round_robin.branches.iter().any(|branch| self.is_up(branch))
            }
            Policy::Placed(placed) => placed::is_up(self, placed),
        }
    }

    /// Whether a policy has an endpoint that could answer this at all, up or down.
    pub(super) fn is_candidate(&mut self, policy: &'a Policy) -> bool {
        let level = std::mem::replace(&mut self.level, Standing::ForcedDown);
        let candidate = self.is_up(policy);
        self.level = level;
        candidate
    }

    /// Whether a policy has an endpoint that is up, and that a failover has returned to.
    pub(super) fn has_come_back(&mut self, policy: &'a Policy, failover: u16) -> bool {
        let held = std::mem::replace(&mut self.held, failover);
        let has_come_back = self.is_up(policy);
        self.held = held;
        has_come_back
    }

    /// What a pool answers, if it counts as up.
    #[inline]
    fn pool_if_up(&mut self, leaf: Leaf) -> Option<&'a Set> {
        let set = self.pools.get(leaf.pool).and_then(|state| state.set(self.asked));
        let stands = set.map(Set::stands);
        self.trace.step(Step::Pool { pool: leaf.pool, stands });
        let set = set?;
        self.hold_seconds = self.hold_seconds.min(set.hold_seconds);
        (set.standing <= self.level && set.held & self.held == 0).then_some(set)
    }

    #[inline]
    fn pick_pool(&mut self, leaf: &'a Leaf) -> Option<Picked<'a>> {
        Some((leaf, self.pool_if_up(*leaf)?))
    }

    /// Which endpoints of a pool answer.
    #[inline]
    fn endpoints(&mut self, (leaf, set): Picked<'a>) -> Pick<'a> {
        // Endpoints are counted in 32 bits, and so are their draws.
        let (first, count) = match set.answers {
            _ if set.count() == 1 => (0, 1),
            Answers::One => (set.drawn(self.draw.take(set.total_weight())) as u32, 1),
            Answers::All => (self.draw.take(set.count().into()) as u32, set.count()),
        };
        Pick::Endpoints { leaf: *leaf, set, first, count }
    }

    /// What to say when nothing is up, and whether that is because candidates are down rather
    /// than missing.
    #[inline(never)]
    fn when_all_down(&mut self, name: &'a SteeredName) -> (Pick<'a>, bool) {
        match self.last_resort(name) {
            LastResort::NoCandidate => (Pick::NoData, false),
            LastResort::NoData => (Pick::NoData, true),
            LastResort::ServFail => (Pick::ServFail, true),
            LastResort::Policy(last) => {
                let picked = self.pick(last).or_else(|| self.pick_as_if_up(last));
                (picked.map_or(Pick::NoData, |picked| self.endpoints(picked)), true)
            }
            LastResort::AsIfUp(policy) => {
                let picked = self.pick_as_if_up(policy);
                (picked.map_or(Pick::NoData, |picked| self.endpoints(picked)), true)
            }
        }
    }

    fn pick_as_if_up(&mut self, policy: &'a Policy) -> Option<Picked<'a>> {
        self.count_as_up(policy).then(|| self.pick(policy)).flatten()
    }

    /// Where to turn when nothing is up.
    pub(super) fn last_resort(&mut self, name: &'a SteeredName) -> LastResort<'a> {
        if !self.is_candidate(&name.policy) {
            let (pools, asked) = (self.pools, self.asked);
            let some_pool_could = name.policy.any_pool(&mut |pool| {
                pools.get(pool).is_some_and(|state| state.set(asked).is_some())
            });
            if !some_pool_could {
                // No client anywhere would be told anything else.
                self.scope = 0;
            }
            return LastResort::NoCandidate;
        }
        match &name.all_down {
            AllDown::NoData => {
                self.trace.step(Step::AllDownNoData);
                LastResort::NoData
            }
            AllDown::ServFail => {
                self.trace.step(Step::AllDownServFail);
                LastResort::ServFail
            }
            AllDown::Serve => LastResort::AsIfUp(&name.policy),
            AllDown::Policy(last) => {
                self.trace.step(Step::LastResort);
                LastResort::Policy(last)
            }
        }
    }

    /// Counts as up what it takes for a policy to have anything that is: drained endpoints after
    /// those that merely fail their probes, and those that a person forced down last.
    pub(super) fn count_as_up(&mut self, policy: &'a Policy) -> bool {
        for level in [Standing::Down, Standing::Drained, Standing::ForcedDown] {
            self.level = level;
            if self.is_up(policy) {
                self.trace.step(Step::AllDown(level));
                return true;
            }
        }
        false
    }
}
