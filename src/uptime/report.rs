//! The report, as the API shows it. Times are RFC 3339 in UTC.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How available everything was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = UptimeReport)]
pub struct Report {
    /// From when.
    pub since: String,
    /// Until when.
    pub until: String,
    /// For how long of it somebody looked.
    pub observed_s: f64,
    /// When nobody did.
    pub gaps: Vec<Gap>,
    /// Regions, by name.
    pub regions: Vec<RegionUptime>,
    /// Pools and families, by name.
    pub pools: Vec<PoolUptime>,
    /// Endpoints, by name.
    pub endpoints: Vec<EndpointUptime>,
    /// Times at which pools were not up, the latest first.
    pub failovers: Vec<Failover>,
    /// How many there were in all.
    pub failovers_in_all: usize,
    /// Steered names, those that were asked most first.
    pub names: Vec<NameAnswers>,
    /// How many there are in all that were asked.
    pub names_in_all: usize,
}

/// A time in which nobody looked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Gap {
    /// From when.
    pub from: String,
    /// Until when.
    pub until: String,
}

/// For how long something stood how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Times {
    /// Up, of the time in which it was up or down; none if it was neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability: Option<f64>,
    /// Up.
    pub up_s: f64,
    /// Down.
    pub down_s: f64,
    /// Taken out by people or a plan, which counts neither for it nor against it.
    pub away_s: f64,
    /// Not heard of yet.
    pub unknown_s: f64,
    /// How often it went down.
    pub outages: u32,
    /// The longest time for which it was down.
    pub longest_outage_s: f64,
}

/// A region: up while any of its pools is up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RegionUptime {
    /// Its name.
    pub region: String,
    /// How it stood.
    #[serde(flatten)]
    pub times: Times,
}

/// A pool, for one family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PoolUptime {
    /// Its name.
    pub pool: String,
    /// `a`, `aaaa` or `cname`.
    pub family: String,
    /// Its region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// How it stood.
    #[serde(flatten)]
    pub times: Times,
}

/// An endpoint, by what its monitors said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EndpointUptime {
    /// `POOL/ADDRESS`.
    pub endpoint: String,
    /// Its region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// How it stood.
    #[serde(flatten)]
    pub times: Times,
}

/// A time in which a pool was not up, so that others were answered in its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Failover {
    /// The pool.
    pub pool: String,
    /// `a`, `aaaa` or `cname`.
    pub family: String,
    /// Its region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Whether it was taken out by people or a plan, and had not failed.
    pub planned: bool,
    /// When answers moved.
    pub from: String,
    /// When it was seen to be up again; none if it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// For how long it was not up, as far as anybody looked.
    pub lasted_s: f64,
    /// How long after its last endpoint was last heard to be well answers moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detected_s: Option<f64>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Answers of a steered name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NameAnswers {
    /// The name.
    pub name: String,
    /// How many.
    pub answers: u64,
    /// By pool.
    pub pools: Vec<PoolShare>,
}

/// The part of a pool in the answers of a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PoolShare {
    /// The pool.
    pub pool: String,
    /// Answers with it.
    pub answers: u64,
    /// Their part of all.
    pub achieved: f64,
    /// What the files of today give to it while all is well, if clients are as many everywhere as there
    /// are addresses; none: no such name or pool any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configured: Option<f64>,
}
