//! What [`choose`](super::choose) comes to over all draws, turns and client networks: which pools are
//! answered, each with its share.
//!
//! | policy | shares |
//! |---|---|
//! | pool | the whole |
//! | `failover` | the whole to the first that is up |
//! | `weighted` | by weight among those that are up, sticky or not |
//! | `weighted` with a `ramp` | the same, but what comes back has so many parts of it as it has come far |
//! | `round_robin` | equal among those that are up |
//! | `geo`, `nearest` | the whole to the first that is up along the client's chain |

use std::net::IpAddr;

use super::choose::{LastResort, Walk};
use super::draw::{Chance, Draw, Turns};
use super::policy::{Branch, Policy, Ramped, SteeredName, Weighted};
use super::pools::{Asked, Pools, TENTHS};
use super::ramp;
use super::trace::NoTrace;
use crate::health::PoolId;

/// What may be said to one client.
#[derive(Clone, Debug, PartialEq)]
pub struct Odds {
    /// Each of what may be said with its share of all draws, in the order of the policy; together 1.
    pub shares: Vec<(Outcome, f64)>,
    /// Whether every candidate was down.
    pub all_down: bool,
}

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// Endpoints of this pool.
    Pool(PoolId),
    /// That there is no such data.
    NoData,
    /// That the server failed.
    ServFail,
}

/// The odds for one client and one kind of question. While pools leave or come back for maintenance, those of
/// clients of all networks that are placed like it.
pub fn odds(name: &SteeredName, pools: &Pools, asked: Asked, client: IpAddr) -> Odds {
    let Some(tenths) = pools.tenths() else { return odds_in(name, pools, asked, client) };
    let mut all = Odds { shares: Vec::new(), all_down: false };
    for pools in tenths {
        let odds = odds_in(name, pools, asked, client);
        all.all_down |= odds.all_down;
        for (outcome, share) in odds.shares {
            add_share(&mut all.shares, outcome, share / TENTHS as f64);
        }
    }
    all
}

fn odds_in(name: &SteeredName, pools: &Pools, asked: Asked, client: IpAddr) -> Odds {
    let turns = Turns::default();
    let chance = Chance { draw: Draw::new(0), turns: &turns };
    let mut trace = NoTrace;
    let mut walk = Walk::new(pools, asked, client, &chance, &mut trace);
    let said = |outcome, all_down| Odds { shares: vec![(outcome, 1.0)], all_down };
    if walk.is_up(&name.policy) {
        return Odds { shares: shares(&mut walk, &name.policy), all_down: false };
    }
    let (policy, is_up) = match walk.last_resort(name) {
        LastResort::NoCandidate => return said(Outcome::NoData, false),
        LastResort::NoData => return said(Outcome::NoData, true),
        LastResort::ServFail => return said(Outcome::ServFail, true),
        LastResort::Policy(last) => (last, walk.is_up(last)),
        LastResort::AsIfUp(policy) => (policy, false),
    };
    match is_up || walk.count_as_up(policy) {
        true => Odds { shares: shares(&mut walk, policy), all_down: true },
        false => said(Outcome::NoData, true),
    }
}

type Walking<'a, 'w> = Walk<'a, 'w, NoTrace>;

/// Those of a policy that is up.
fn shares<'a>(walk: &mut Walking<'a, '_>, policy: &'a Policy) -> Vec<(Outcome, f64)> {
    let mut sums = Vec::new();
    add(walk, policy, 1.0, &mut sums);
    sums
}

/// Adds what a policy makes of a share.
fn add<'a>(
    walk: &mut Walking<'a, '_>,
    policy: &'a Policy,
    share: f64,
    to: &mut Vec<(Outcome, f64)>,
) {
    let whole = |walk: &mut Walking<'a, '_>, branch: Option<&'a Policy>, to: &mut Vec<_>| {
        if let Some(branch) = branch {
            add(walk, branch, share, to);
        }
    };
    match policy {
        Policy::Pool(leaf) => {
            add_share(to, Outcome::Pool(leaf.pool), share);
        }
        Policy::Failover(branches) => {
            let first = branches.iter().find(|branch| walk.is_up(branch));
            whole(walk, first, to);
        }
        Policy::HeldFailover(held) => {
            let branches = &held.branches;
            let first = branches.iter().find(|branch| walk.has_come_back(branch, held.bit));
            let first = first.or_else(|| branches.iter().find(|branch| walk.is_up(branch)));
            whole(walk, first, to);
        }
        Policy::Placed(placed) => {
            let (chain, _) = placed.map.chain(walk.client.to_canonical());
            let mut chain = chain.iter().filter_map(|i| placed.branches.get(usize::from(*i)));
            let first = chain.find(|branch| walk.is_up(branch));
            whole(walk, first, to);
        }
        Policy::RoundRobin(round_robin) => {
            let up: Vec<_> = round_robin.branches.iter().filter(|b| walk.is_up(b)).collect();
            for branch in &up {
                add(walk, branch, share / up.len() as f64, to);
            }
        }
        Policy::Weighted(weighted) => {
            let up = up(walk, weighted);
            for (branch, part) in parts(&up) {
                add(walk, &branch.policy, share * part, to);
            }
        }
        Policy::Ramped(ramped) => {
            for (branch, part) in ramped_parts(walk, ramped) {
                add(walk, &branch.policy, share * part, to);
            }
        }
    }
}

fn add_share(to: &mut Vec<(Outcome, f64)>, outcome: Outcome, share: f64) {
    match to.iter_mut().find(|(of, _)| *of == outcome) {
        Some((_, sum)) => *sum += share,
        None => to.push((outcome, share)),
    }
}

fn up<'a>(walk: &mut Walking<'a, '_>, weighted: &'a Weighted) -> Vec<&'a Branch> {
    weighted.branches.iter().filter(|branch| walk.is_up(&branch.policy)).collect()
}

/// Each with its part of the whole, by weight; equal parts if all weights are 0.
fn parts<'a>(branches: &[&'a Branch]) -> Vec<(&'a Branch, f64)> {
    let sum: u64 = branches.iter().map(|branch| u64::from(branch.weight)).sum();
    let part = |branch: &Branch| match sum {
        0 => 1.0 / branches.len() as f64,
        _ => f64::from(branch.weight) / sum as f64,
    };
    let all = branches.iter().map(|branch| (*branch, part(branch)));
    all.filter(|(_, part)| *part > 0.0).collect()
}

/// The same on a ramp: see the table in `ramp`.
fn ramped_parts<'a>(walk: &mut Walking<'a, '_>, ramped: &'a Ramped) -> Vec<(&'a Branch, f64)> {
    let up = up(walk, &ramped.weighted);
    let step = |branch: &Branch| ramp::step(walk, &branch.policy, ramped.ramp);
    let steps: Vec<u8> = up.iter().map(|branch| step(branch)).collect();
    let Some(of) = steps.iter().max().copied() else { return Vec::new() };
    let established = up.iter().zip(&steps).filter(|(_, step)| **step >= of);
    let established: Vec<&Branch> = established.map(|(branch, _)| *branch).collect();
    let mut all = Vec::new();
    let mut rest = 0.0;
    for (branch, part) in parts(&up) {
        let step = f64::from(step(branch).min(of)) / f64::from(of.max(1));
        all.push((branch, part * step));
        rest += part * (1.0 - step);
    }
    all.extend(parts(&established).into_iter().map(|(branch, part)| (branch, part * rest)));
    all.retain(|(_, part)| *part > 0.0);
    all
}
