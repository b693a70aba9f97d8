//! How everything stands in short, for pages that look every second, also at ten thousand endpoints:
//! of endpoints only how many stand how, and those that are not well.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::endpoint::endpoint_statuses;
use super::pool::pool_status;
use super::{
    EndpointStatus, GitStatus, MaintenanceStatus, OverrideStatus, PoolStatus, ProbeFacts,
    RegionStatus, StandingText, WebhookStatus, region_statuses,
};
use crate::health::{EndpointId, Inventory, Overrides, PoolId};
use crate::notice::SilenceText;
use crate::steering::{Paces, Pools};

/// Nobody reads more of those that are not well.
const UNWELL: usize = 100;
/// The most endpoints of one pool in one answer.
const OF_ONE_POOL: usize = 100;

/// The answer to `GET /api/v1/overview`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Overview {
    /// The version of the daemon.
    pub version: String,
    /// Name of what is served.
    pub revision: String,
    /// When the daemon started.
    pub started: String,
    /// Whether every endpoint was probed once and all sockets are open.
    pub ready: bool,
    /// Whether nobody is heard of any more, so that verdicts stay as they are.
    pub network_lost: bool,
    /// Why overrides are refused, if they are.
    pub state_unavailable: Option<String>,
    /// The repository that the zones come from; none where they are files of this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<GitStatus>,
    /// The regions, in the order of the file.
    pub regions: Vec<RegionStatus>,
    /// The pools, in the order of the file.
    pub pools: Vec<PoolOverview>,
    /// Endpoints that are down or in doubt, in the order of the file: the first hundred.
    pub unwell: Vec<EndpointStatus>,
    /// All overrides in force, also those on what the files no longer have.
    pub overrides: Vec<OverrideStatus>,
    /// Planned maintenance that is under way or still to come.
    pub maintenance: Vec<MaintenanceStatus>,
    /// Who is told of what happens, and how that goes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub webhooks: Vec<WebhookStatus>,
    /// What they tell nobody of at present.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub silences: Vec<SilenceText>,
}

/// How a pool stands, its endpoints only counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PoolOverview {
    /// The pool without its endpoints.
    #[serde(flatten)]
    pub pool: PoolStatus,
    /// Its endpoints.
    pub counts: Counts,
    /// Since when all verdicts of its endpoints are as they are.
    pub since: Option<String>,
}

/// How many endpoints stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Counts {
    /// Answered.
    pub up: u32,
    /// Down by what probes say.
    pub down: u32,
    /// Taken out of new answers by a person.
    pub drained: u32,
    /// Forced down by a person.
    pub forced_down: u32,
    /// Those of all these whose verdict is in doubt.
    pub in_doubt: u32,
}

/// The answer to `GET /api/v1/endpoints`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EndpointList {
    /// The pools that were asked for, of those that there are.
    pub pools: Vec<PoolEndpoints>,
}

/// The endpoints of a pool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PoolEndpoints {
    /// Its name.
    pub name: String,
    /// Its endpoints, in the order of the file: the first hundred.
    pub endpoints: Vec<EndpointStatus>,
    /// How many there are beyond these.
    pub left_out: usize,
}

impl Counts {
    fn add(&mut self, endpoint: &EndpointStatus) {
        let count = match endpoint.standing {
            StandingText::Up => &mut self.up,
            StandingText::Down => &mut self.down,
            StandingText::Drained => &mut self.drained,
            StandingText::ForcedDown => &mut self.forced_down,
        };
        *count += 1;
        self.in_doubt += u32::from(endpoint.in_doubt);
    }
}

/// All but what only the daemon as a whole knows.
pub fn overview(
    inventory: &Inventory,
    pools: (&Pools, &Paces),
    overrides: &Overrides,
    facts: impl Fn(EndpointId) -> ProbeFacts,
) -> Overview {
    let mut unwell = Vec::new();
    let mut seen = Vec::with_capacity(inventory.pools.len());
    for (id, pool) in (0..).zip(&inventory.pools) {
        let (mut counts, mut since) = (Counts::default(), None);
        for endpoint in endpoint_statuses(inventory, overrides, id, &facts) {
            counts.add(&endpoint);
            since = since.max(endpoint.since.clone());
            let is_well = endpoint.standing == StandingText::Up && !endpoint.in_doubt;
            if !is_well && unwell.len() < UNWELL {
                unwell.push(endpoint);
            }
        }
        let pool = pool_status(inventory, pools, overrides, (id, pool), Vec::new());
        seen.push(PoolOverview { pool, counts, since });
    }
    Overview {
        version: env!("CARGO_PKG_VERSION").into(),
        regions: region_statuses(inventory, overrides),
        pools: seen,
        unwell,
        overrides: overrides.iter().map(|(on, what)| OverrideStatus::new(on, what)).collect(),
        ..Overview::default()
    }
}

/// The endpoints of the pools that have these names.
pub fn some_pools(
    inventory: &Inventory,
    names: &[String],
    overrides: &Overrides,
    facts: impl Fn(EndpointId) -> ProbeFacts,
) -> EndpointList {
    let endpoints = |name: &String| {
        let id: PoolId = inventory.pool(name)?;
        let pool = inventory.pools.get(id as usize)?;
        let endpoints = endpoint_statuses(inventory, overrides, id, &facts).take(OF_ONE_POOL);
        Some(PoolEndpoints {
            name: name.clone(),
            endpoints: endpoints.collect(),
            left_out: pool.endpoints.len().saturating_sub(OF_ONE_POOL),
        })
    };
    EndpointList { pools: names.iter().filter_map(endpoints).collect() }
}
