//! How endpoints stand.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{OverrideStatus, ProbeStatus};
use crate::health::{
    EndpointId, Inventory, Overrides, PoolId, Standing, StandingNow, State, Target, Verdict,
};
use crate::timestamp::to_rfc3339_seconds as to_rfc3339;

/// How an endpoint stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
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

/// A verdict in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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

/// What comes of verdict and overrides, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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

pub(super) fn endpoint_statuses(
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
