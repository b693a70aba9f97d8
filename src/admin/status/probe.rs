//! What monitors know of an endpoint, as the status shows it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::StateText;

/// What one monitor knows of an endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProbeStatus {
    /// Its name.
    pub monitor: String,
    /// What it asks, as metrics and the log name it.
    pub target: String,
    /// What its probes say.
    pub verdict: StateText,
    /// Whether outcomes contradict that at the moment.
    pub in_doubt: bool,
    /// Since when they say so.
    pub since: Option<String>,
    /// When that last changed, since the daemon runs.
    pub last_change: Option<ChangeStatus>,
    /// How the last one failed that did, however long ago.
    #[serde(default)]
    pub last_error: Option<String>,
    /// How many probes have succeeded in a row, up to the last one.
    pub successes_in_a_row: u32,
    /// How many have failed in a row, up to the last one.
    pub failures_in_a_row: u32,
    /// When the next one begins; none while one is under way that has to end first.
    pub next_probe: Option<String>,
    /// How long the last ones took that succeeded.
    pub round_trip_ms: Option<RoundTripStatus>,
    /// How the last ones went, the oldest first; only where endpoints are asked for by their pools.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recent: Vec<RecentStatus>,
}

/// A probe that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RecentStatus {
    /// When, in seconds since 1970.
    pub at: u64,
    /// How long it took, in milliseconds.
    pub ms: f64,
    /// What came of it.
    pub course: CourseText,
}

/// What came of a probe, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CourseText {
    /// It succeeded.
    Passed,
    /// It failed.
    Failed,
    /// It says nothing of the endpoint.
    Void,
}

/// A change of a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangeStatus {
    /// When.
    pub at: String,
    /// Into what.
    pub to: StateText,
    /// How the probe failed that was the last straw.
    pub reason: Option<String>,
}

/// How long probes took, in milliseconds: the median, what nine in ten take at most, and what all
/// but one in a hundred do.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RoundTripStatus {
    /// Half of them take at most this.
    pub p50: f64,
    /// Nine in ten do.
    pub p90: f64,
    /// Ninety-nine in a hundred do.
    pub p99: f64,
    /// How many there are: the last hundred at most.
    pub count: usize,
}
