//! How pools stand.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::endpoint::endpoint_statuses;
use super::{EndpointStatus, OverrideStatus, ProbeFacts};
use crate::duration::format_duration;
use crate::health::{EndpointId, Inventory, Overrides, Pool, PoolId, Target};
use crate::steering::{Asked, Failback, Paces, PoolState, Pools, RAMP_STEPS, Ramp, Set};
use crate::timestamp::to_rfc3339_seconds as to_rfc3339;

/// How a pool stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PoolStatus {
    /// Its name.
    pub name: String,
    /// The region it is in.
    pub region: Option<String>,
    /// How its endpoints are probed.
    pub monitors: Vec<String>,
    /// The pools that must be up for it to be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<RequiredPool>,
    /// How many endpoints of a family make it up.
    pub min_healthy: u32,
    /// Whether it is up, for each family that it has.
    pub up: Families,
    /// The share of its endpoints below which it panics, e.g. `50%`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub panic_below: Option<String>,
    /// Whether it panics, for each family that it has; nothing where it never does.
    #[serde(default, skip_serializing_if = "Families::is_empty")]
    pub panics: Families,
    /// How it came back, for each family for which a policy waits for that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comebacks: Vec<ComebackStatus>,
    /// The override on it.
    #[serde(rename = "override")]
    pub overridden: Option<OverrideStatus>,
    /// Its endpoints, in the order of the file; empty where they are only counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<EndpointStatus>,
}

/// How a pool came back, while a policy waits for that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ComebackStatus {
    /// `a`, `aaaa` or `cname`.
    pub family: String,
    /// Since when it is up.
    pub since: String,
    /// Which failbacks hold it back: `manual`, or for how long it must be up, e.g. `10m`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failback: Vec<String>,
    /// Which ramps it goes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ramp: Vec<RampStatus>,
}

/// How far a pool has come on a ramp.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RampStatus {
    /// How long all of it takes, e.g. `5m`.
    pub over: String,
    /// The part of its share that it takes now, in per cent.
    pub percent: u8,
}

/// A pool that another one requires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequiredPool {
    /// Its name.
    pub name: String,
    /// Whether it is up for any family.
    pub up: bool,
}

/// What is so of a pool, for each kind of endpoint that it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Families {
    /// For A.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub a: Option<bool>,
    /// For AAAA.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aaaa: Option<bool>,
    /// For host names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cname: Option<bool>,
}

/// Every pool and its endpoints, from what the probes know and what people said.
pub fn pool_statuses(
    inventory: &Inventory,
    pools: (&Pools, &Paces),
    overrides: &Overrides,
    facts: impl Fn(EndpointId) -> ProbeFacts,
) -> Vec<PoolStatus> {
    let status = |(id, pool): (PoolId, &Pool)| {
        let endpoints = endpoint_statuses(inventory, overrides, id, &facts).collect();
        pool_status(inventory, pools, overrides, (id, pool), endpoints)
    };
    (0..).zip(&inventory.pools).map(status).collect()
}

pub(super) fn pool_status(
    inventory: &Inventory,
    (pools, paces): (&Pools, &Paces),
    overrides: &Overrides,
    (id, pool): (PoolId, &Pool),
    endpoints: Vec<EndpointStatus>,
) -> PoolStatus {
    let region = pool.region.and_then(|id| inventory.regions.get(id as usize));
    PoolStatus {
        name: pool.name.clone(),
        region: region.map(|region| region.name.clone()),
        monitors: monitors(inventory, pool),
        requires: required_pools(inventory, pool, pools),
        min_healthy: pool.min_healthy,
        up: families(pool, pools.get(id), Set::is_up),
        panic_below: pool.panic_below.map(|share| share.to_string()),
        panics: match pool.panic_below {
            Some(_) => families(pool, pools.get(id), |set| set.stands().panics),
            None => Families::default(),
        },
        comebacks: comebacks(pools.get(id), paces),
        overridden: OverrideStatus::on(overrides, &Target::Pool(pool.name.clone())),
        endpoints,
    }
}

/// The monitors that a pool names.
fn monitors(inventory: &Inventory, pool: &Pool) -> Vec<String> {
    if let Some(combined) = &pool.combined {
        return combined.names.clone();
    }
    let monitors = pool.monitors.iter().filter_map(|id| inventory.monitors.get(*id as usize));
    monitors.map(|monitor| monitor.name.clone()).collect()
}

fn comebacks(state: Option<&PoolState>, paces: &Paces) -> Vec<ComebackStatus> {
    let set = |asked| state.and_then(|state| state.set(asked));
    let mut sets: Vec<&Set> = [set(Asked::A), set(Asked::Aaaa)].into_iter().flatten().collect();
    // Host names stand behind both.
    sets.dedup_by_key(|set| set.family());
    let comeback = |set: &Set| {
        let back = set.back()?;
        let failback = |failback| match failback {
            Failback::Manual => "manual".into(),
            Failback::After(time) => format_duration(time),
        };
        let ramp = |(ramp, step): (Ramp, u8)| RampStatus {
            over: format_duration(ramp.time),
            // Of ten steps.
            percent: step * (100 / RAMP_STEPS),
        };
        Some(ComebackStatus {
            family: set.family().to_string(),
            since: to_rfc3339(back.since),
            failback: paces.failbacks_in(back.held).map(failback).collect(),
            ramp: paces.ramps_of(back).map(ramp).collect(),
        })
    };
    sets.into_iter().filter_map(comeback).collect()
}

fn required_pools(inventory: &Inventory, pool: &Pool, pools: &Pools) -> Vec<RequiredPool> {
    let required = |id: &PoolId| {
        let name = inventory.pools.get(*id as usize)?.name.clone();
        Some(RequiredPool { name, up: pools.get(*id).is_some_and(PoolState::is_up) })
    };
    pool.requires.iter().filter_map(required).collect()
}

fn families(pool: &Pool, state: Option<&PoolState>, test: impl Fn(&Set) -> bool) -> Families {
    let is_so = |asked| state.and_then(|state| state.set(asked)).map(&test);
    match pool.answers_hosts() {
        true => Families { cname: is_so(Asked::Alias), ..Families::default() },
        false => Families { a: is_so(Asked::A), aaaa: is_so(Asked::Aaaa), cname: None },
    }
}

impl Families {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
