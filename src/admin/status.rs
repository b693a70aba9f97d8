//! How everything stands, as `GET /api/v1/status` shows it.
//!
//! Times are RFC 3339 in UTC.

mod overview;
mod probe;

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::duration::format_duration;
use crate::health::{
    EndpointId, Inventory, Override, Overrides, Pool, PoolId, Region, Standing, StandingNow, State,
    Target, Verdict,
};
use crate::steering::{Asked, Failback, Paces, PoolState, Pools, RAMP_STEPS, Ramp, Set};
use crate::timestamp::to_rfc3339_seconds as to_rfc3339;

pub use overview::{
    Counts, EndpointList, Overview, PoolEndpoints, PoolOverview, overview, some_pools,
};
pub use probe::{ChangeStatus, CourseText, ProbeStatus, RecentStatus, RoundTripStatus};

/// How the whole daemon stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Name of what is served.
    pub revision: String,
    /// When the daemon started.
    pub started: String,
    /// Whether every endpoint was probed once and all sockets are open.
    pub ready: bool,
    /// Whether nobody is heard of any more, so that verdicts stay as they are.
    #[serde(default, skip_serializing_if = "is_false")]
    pub network_lost: bool,
    /// The remote that the zones come from, if they come from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<GitStatus>,
    /// The collector that gets copies of questions and replies, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dnstap: Option<ToldStatus>,
    /// The file of why questions were answered so, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision_log: Option<ToldStatus>,
    /// Why overrides are refused, if they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_unavailable: Option<String>,
    /// The regions, in the order of the file.
    pub regions: Vec<RegionStatus>,
    /// The pools, in the order of the file.
    pub pools: Vec<PoolStatus>,
    /// All overrides in force, also those on what the files no longer have.
    pub overrides: Vec<OverrideStatus>,
    /// Planned maintenance that is under way or still to come.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub maintenance: Vec<MaintenanceStatus>,
}

/// How it stands with a remote that is followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GitStatus {
    /// Where it is.
    pub remote: String,
    /// The branch that is followed.
    pub branch: String,
    /// The commit that is served.
    pub commit: Option<String>,
    /// When the branch was last fetched; none: not since the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetched: Option<String>,
    /// Why it cannot be fetched now, if it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreachable: Option<String>,
    /// The newest commit, if that is not served for what is wrong with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<RefusedCommit>,
}

/// How it stands with what is told of questions and answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldStatus {
    /// The socket or file.
    pub place: String,
    /// Whether the collector is there, or the file could be written the last time.
    pub works: bool,
    /// Why not, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// Questions that were told of.
    pub told: u64,
    /// Questions that were not, though chance wanted that.
    pub dropped: u64,
}

/// A commit that is not served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedCommit {
    /// Its hash.
    pub commit: String,
    /// Since when it is refused.
    pub since: String,
    /// All that is wrong with it, each with file, line and column.
    pub why: Vec<String>,
}

/// A window of maintenance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaintenanceStatus {
    /// Its name.
    pub name: String,
    /// What is away: `region:…` or `pool:…`.
    pub target: String,
    /// `planned`, `leaving`, `away` or `returning`; or `refused`, by a safety rule.
    pub stage: String,
    /// Of its clients, so many per cent are left to it.
    pub percent: u32,
    /// When it begins, the next time or this time.
    pub start: String,
    /// When it ends.
    pub end: String,
    /// Why.
    pub reason: String,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// How a region stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegionStatus {
    /// Its name.
    pub name: String,
    /// Where it is, if that is known: latitude and longitude in degrees, north and east positive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<[f64; 2]>,
    /// The override on it.
    #[serde(rename = "override")]
    pub overridden: Option<OverrideStatus>,
}

/// How a pool stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RampStatus {
    /// How long all of it takes, e.g. `5m`.
    pub over: String,
    /// The part of its share that it takes now, in per cent.
    pub percent: u8,
}

/// A pool that another one requires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequiredPool {
    /// Its name.
    pub name: String,
    /// Whether it is up for any family.
    pub up: bool,
}

/// What is so of a pool, for each kind of endpoint that it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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

/// How an endpoint stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EndpointStatus {
    /// `pool/address`.
    pub name: String,
    /// Its address or host name.
    pub address: String,
    /// Its weight.
    pub weight: u32,
    /// What probes say: `up` or `down`.
    pub verdict: StateText,
    /// Since when they say so.
    pub since: Option<String>,
    /// Whether outcomes contradict the verdict at the moment.
    pub in_doubt: bool,
    /// What comes of verdict and overrides.
    pub standing: StandingText,
    /// Whether the last probe failed, be it the endpoint's fault or this side's.
    #[serde(default)]
    pub failing: bool,
    /// What went wrong with the last probe that failed, however long ago.
    pub last_error: Option<String>,
    /// How long the last probe took, in milliseconds.
    pub last_round_trip_ms: Option<f64>,
    /// Until when it is held down for having fallen again and again, whatever probes say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_until: Option<String>,
    /// What each monitor knows of it.
    #[serde(default)]
    pub probes: Vec<ProbeStatus>,
    /// The override on the endpoint itself.
    #[serde(rename = "override")]
    pub overridden: Option<OverrideStatus>,
}

/// An override.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverrideStatus {
    /// `region:NAME`, `pool:NAME` or `endpoint:POOL/ADDRESS`.
    pub target: String,
    /// `up`, `down` or `drain`.
    pub state: String,
    /// Why.
    pub reason: String,
    /// When it was set.
    pub since: String,
    /// When it ends; none: when it is cleared.
    pub until: Option<String>,
}

/// A verdict in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateText {
    /// Well.
    Up,
    /// Not well.
    Down,
}

impl From<State> for StateText {
    fn from(state: State) -> Self {
        match state {
            State::Up => Self::Up,
            State::Down => Self::Down,
        }
    }
}

/// A [`Standing`] in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StandingText {
    /// Answered.
    Up,
    /// Probes say that it is down.
    Down,
    /// A person took it out of new answers.
    Drained,
    /// A person said that it is down.
    ForcedDown,
}

/// What the probes know of an endpoint.
#[derive(Clone, Debug)]
pub struct ProbeFacts {
    /// The verdict of all its monitors together.
    pub verdict: Verdict,
    /// Since when that verdict has stood.
    pub since: Option<SystemTime>,
    /// Whether its pool is away for maintenance.
    pub away: bool,
    /// Whether the last probe failed.
    pub failing: bool,
    /// What went wrong with the last probe that failed.
    pub last_error: Option<String>,
    /// How long the last probe took.
    pub last_round_trip: Option<Duration>,
    /// Until when it is held down for having fallen again and again.
    pub held_until: Option<SystemTime>,
    /// One for each monitor.
    pub probes: Vec<ProbeStatus>,
}

impl OverrideStatus {
    /// An override on its target.
    pub fn new(target: &Target, what: &Override) -> Self {
        Self {
            target: target.to_string(),
            state: what.state.to_string(),
            reason: what.reason.clone(),
            since: to_rfc3339(what.since),
            until: what.until.map(to_rfc3339),
        }
    }

    fn on(overrides: &Overrides, target: &Target) -> Option<Self> {
        overrides.get(target).map(|what| Self::new(target, what))
    }
}

/// Every region, with the override on it.
pub fn region_statuses(inventory: &Inventory, overrides: &Overrides) -> Vec<RegionStatus> {
    let status = |region: &Region| RegionStatus {
        name: region.name.clone(),
        location: region.location.map(|at| [at.latitude, at.longitude]),
        overridden: OverrideStatus::on(overrides, &Target::Region(region.name.clone())),
    };
    inventory.regions.iter().map(status).collect()
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

fn pool_status(
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

fn endpoint_statuses(
    inventory: &Inventory,
    overrides: &Overrides,
    pool: PoolId,
    facts: impl Fn(EndpointId) -> ProbeFacts,
) -> impl Iterator<Item = EndpointStatus> {
    let count = inventory.pools.get(pool as usize).map_or(0, |pool| pool.endpoints.len());
    (0..).take(count).map(move |index| {
        let id = EndpointId { pool, index };
        endpoint_status(inventory, overrides, id, facts(id))
    })
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

fn endpoint_status(
    inventory: &Inventory,
    overrides: &Overrides,
    id: EndpointId,
    facts: ProbeFacts,
) -> EndpointStatus {
    let pool = &inventory.pools[id.pool as usize];
    let endpoint = &pool.endpoints[id.index as usize];
    let address = endpoint.address.text();
    let target = Target::Endpoint(pool.name.clone(), address.clone());
    let now = StandingNow::of(inventory, id, facts.verdict, overrides);
    let standing = if facts.away { now.away() } else { now }.standing;
    EndpointStatus {
        name: pool.endpoint_name(id.index as usize),
        address,
        weight: endpoint.weight,
        verdict: facts.verdict.state.into(),
        since: facts.since.map(to_rfc3339),
        in_doubt: facts.verdict.hold.is_some(),
        standing: match standing {
            Standing::ForcedUp | Standing::Up => StandingText::Up,
            Standing::Down => StandingText::Down,
            Standing::Drained => StandingText::Drained,
            Standing::ForcedDown => StandingText::ForcedDown,
        },
        failing: facts.failing,
        last_error: facts.last_error,
        probes: facts.probes,
        held_until: facts.held_until.map(to_rfc3339),
        last_round_trip_ms: facts.last_round_trip.map(|time| time.as_secs_f64() * 1000.0),
        overridden: OverrideStatus::on(overrides, &target),
    }
}
