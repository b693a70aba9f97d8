//! How everything stands, as `GET /api/v1/status` shows it.
//!
//! Times are RFC 3339 in UTC.

mod endpoint;
mod overview;
mod pool;
mod probe;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::health::{Inventory, Override, Overrides, Region, Target};
use crate::notice::SilenceText;
use crate::timestamp::to_rfc3339_seconds as to_rfc3339;

pub use endpoint::{EndpointStatus, ProbeFacts, StandingText, StateText};
pub use overview::{
    Counts, EndpointList, Overview, PoolEndpoints, PoolOverview, overview, some_pools,
};
pub use pool::{ComebackStatus, Families, PoolStatus, RampStatus, RequiredPool, pool_statuses};
pub use probe::{ChangeStatus, CourseText, ProbeStatus, RecentStatus, RoundTripStatus};

/// How the whole daemon stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
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
    pub dnstap: Option<QueryLogStatus>,
    /// The file of why questions were answered so, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision_log: Option<QueryLogStatus>,
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
    /// Who is told of what happens, and how that goes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub webhooks: Vec<WebhookStatus>,
    /// What they tell nobody of at present.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub silences: Vec<SilenceText>,
}

/// How a webhook stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookStatus {
    /// Its name.
    pub name: String,
    /// `json`, `slack` or `pagerduty`.
    pub form: String,
    /// The other end, without what may be a secret.
    pub to: String,
    /// How many messages wait.
    pub queued: usize,
    /// Of when the first of them is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<String>,
    /// When one was last delivered; none: not since the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_delivery: Option<String>,
    /// What has gone wrong since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<WebhookError>,
}

/// What went wrong with a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookError {
    /// When.
    pub at: String,
    /// What.
    pub what: String,
}

/// How it stands with a remote that is followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueryLogStatus {
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefusedCommit {
    /// Its hash.
    pub commit: String,
    /// Since when it is refused.
    pub since: String,
    /// All that is wrong with it, each with file, line and column.
    pub why: Vec<String>,
}

/// A window of maintenance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
    /// Of one that is refused: which safety rules keep it where it is, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_by: Option<String>,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// How a region stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
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

/// An override.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
