//! The choice: a policy, how the pools stand, a client and a draw to endpoints, TTL and scope.

use std::net::IpAddr;
use std::time::Duration;

use super::draw::{Chance, Draw, Turns};
use super::policy::{AllDown, Leaf, Policy, SteeredName};
use super::pools::{Asked, Pools, Selection, Set};
use super::trace::{Step, Trace};
use super::{failover, placed, round_robin, weighted};
use crate::health::{Answers, PoolId, Standing};

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
    /// `count` endpoints of `selection`, beginning with `first` and going round.
    Endpoints {
        /// The pool.
        pool: PoolId,
        /// Its index into [`SteeredName::slots`].
        slot: u16,
        /// What its endpoints are.
        set: &'a Set,
        /// The endpoints to choose among.
        selection: &'a Selection,
        /// The first to answer.
        first: usize,
        /// How many to answer.
        count: usize,
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
    chance: Chance<'_>,
    trace: &mut T,
) -> Choice<'a> {
    let mut walk = Walk {
        pools,
        asked,
        client: client.to_canonical(),
        level: Standing::Up,
        hold: None,
        scope: 0,
        draw: chance.draw,
        turns: chance.turns,
        trace,
    };
    let found = walk.pick(&name.policy);
    let (pick, all_down) = match found {
        Some(pick) => (pick, false),
        None => walk.when_all_down(name),
    };
    let ttl_seconds = match walk.hold {
        // Whole seconds that surely pass before a verdict can change, but never none at all.
        Some(hold) => {
            let whole = u32::try_from(hold.as_secs()).unwrap_or(u32::MAX);
            name.ttl_seconds.min(whole.max(1))
        }
        None => name.ttl_seconds,
    };
    Choice { pick, ttl_seconds, scope: walk.scope, all_down }
}

/// One walk through a policy, and what it has looked at so far.
pub(super) struct Walk<'a, 'w, T> {
    pools: &'a Pools,
    pub(super) asked: Asked,
    pub(super) client: IpAddr,
    /// What counts as up.
    level: Standing,
    hold: Option<Duration>,
    pub(super) scope: u8,
    pub(super) draw: Draw,
    pub(super) turns: &'w Turns,
    pub(super) trace: &'w mut T,
}

impl<'a, T: Trace> Walk<'a, '_, T> {
    /// The endpoints that a policy gives, if it has any that are up.
    pub(super) fn pick(&mut self, policy: &'a Policy) -> Option<Pick<'a>> {
        match policy {
            Policy::Pool(leaf) => self.pick_pool(*leaf),
            Policy::Failover(branches) => failover::pick(self, branches),
            Policy::Weighted(weighted) => weighted::pick(self, weighted),
            Policy::RoundRobin(round_robin) => round_robin::pick(self, round_robin),
            Policy::Placed(placed) => placed::pick(self, placed),
        }
    }

    /// Whether a policy has any endpoint that is up: that is, whether `pick` would find one.
    pub(super) fn is_up(&mut self, policy: &'a Policy) -> bool {
        match policy {
            Policy::Pool(leaf) => {
                let level = self.level;
                self.look_at(*leaf).is_some_and(|set| set.selection(level).is_some())
            }
            Policy::Failover(branches) => branches.iter().any(|branch| self.is_up(branch)),
            Policy::Weighted(weighted) => {
                weighted.branches.iter().any(|branch| self.is_up(&branch.policy))
            }
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

    fn look_at(&mut self, leaf: Leaf) -> Option<&'a Set> {
        let set = self.pools.get(leaf.pool).and_then(|state| state.set(self.asked));
        let stands = set.map(Set::stands);
        self.trace.step(Step::Pool { pool: leaf.pool, stands });
        if let Some(hold) = set.and_then(|set| set.hold) {
            self.hold = Some(self.hold.map_or(hold, |least| least.min(hold)));
        }
        set
    }

    fn pick_pool(&mut self, leaf: Leaf) -> Option<Pick<'a>> {
        let set = self.look_at(leaf)?;
        let selection = set.selection(self.level)?;
        let (first, count) = match set.answers {
            Answers::One => (selection.drawn(self.draw.take(selection.total_weight())), 1),
            Answers::All => {
                let count = selection.rdata.len();
                (self.draw.take(count as u64) as usize, count)
            }
        };
        Some(Pick::Endpoints { pool: leaf.pool, slot: leaf.slot, set, selection, first, count })
    }

    /// What to say when nothing is up, and whether that is because candidates are down rather
    /// than missing.
    fn when_all_down(&mut self, name: &'a SteeredName) -> (Pick<'a>, bool) {
        if !self.is_candidate(&name.policy) {
            let (pools, asked) = (self.pools, self.asked);
            let some_pool_could = name.policy.any_pool(&mut |pool| {
                pools.get(pool).is_some_and(|state| state.set(asked).is_some())
            });
            if !some_pool_could {
                // No client anywhere would be told anything else.
                self.scope = 0;
            }
            return (Pick::NoData, false);
        }
        let pick = match &name.all_down {
            AllDown::NoData => {
                self.trace.step(Step::AllDownNoData);
                Pick::NoData
            }
            AllDown::ServFail => {
                self.trace.step(Step::AllDownServFail);
                Pick::ServFail
            }
            AllDown::Serve => self.pick_as_if_up(&name.policy),
            AllDown::Policy(last) => {
                self.trace.step(Step::LastResort);
                match self.pick(last) {
                    Some(pick) => pick,
                    None => self.pick_as_if_up(last),
                }
            }
        };
        (pick, true)
    }

    /// Chooses as if all were up: drained endpoints after those that merely fail their probes,
    /// and those that a person forced down last.
    fn pick_as_if_up(&mut self, policy: &'a Policy) -> Pick<'a> {
        for level in [Standing::Down, Standing::Drained, Standing::ForcedDown] {
            self.level = level;
            if self.is_up(policy) {
                self.trace.step(Step::AllDown(level));
                if let Some(pick) = self.pick(policy) {
                    return pick;
                }
            }
        }
        Pick::NoData
    }
}
