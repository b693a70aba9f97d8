//! What share of the clients of a name is told what, as the API shows it. Shares are from 0 to 1, of IPv4
//! addresses and of draws.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem::Problem;
use crate::health::{OverrideState, Target};

/// Which of the steered names are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamesRequest {
    /// Those in which this occurs; empty: all.
    pub containing: String,
    /// So many at most.
    pub limit: usize,
}

/// The most names in one answer, and so many where nobody says how many.
pub const MOST_NAMES: usize = 1000;

/// Types of records that steered names have. A pool of host names answers both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub enum AddressType {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    #[serde(rename = "AAAA")]
    Aaaa,
}

/// `GET /api/v1/names`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NameList {
    /// In the order of names.
    pub names: Vec<NameStatus>,
    /// How many there are of those that were asked for.
    pub count: usize,
}

/// A steered name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NameStatus {
    /// The owner name, absolute.
    pub name: String,
    /// The types that it has.
    pub types: Vec<AddressType>,
    /// Its TTL, in seconds.
    pub ttl_seconds: u32,
    /// What its clients are told while all is well.
    pub configured: Vec<Share>,
    /// What they are told now.
    pub now: Vec<Share>,
    /// What was answered since the daemon started.
    pub achieved: Vec<Share>,
    /// How many answers that were.
    pub answers: u64,
    /// How many answers there were each second since anybody last asked; none the first time.
    pub answers_per_second: Option<f64>,
    /// The share of clients for whom every candidate is down.
    pub degraded: f64,
}

/// What some clients are told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Share {
    /// The pool that they are told; none: that there is no data, or that the server failed.
    pub pool: Option<String>,
    /// The region that it is in.
    pub region: Option<String>,
    /// How many of all they are.
    pub share: f64,
}

/// `GET /api/v1/map`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NameMap {
    /// The owner name, absolute.
    pub name: String,
    /// The type that is asked.
    pub r#type: AddressType,
    /// What the clients of each country are told, by ISO 3166-1 alpha-2 code; of its clients.
    pub countries: BTreeMap<String, Vec<Share>>,
    /// What those are told of whose country nothing is known.
    pub elsewhere: Vec<Share>,
}

/// The body of `POST /api/v1/preview`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"state": "drain", "target": "region:us-east"}))]
pub struct PreviewWish {
    /// What would be set; none: what is set would be cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<OverrideState>,
    /// `region:NAME`, `pool:NAME` or `endpoint:POOL/ADDRESS`.
    pub target: String,
}

impl PreviewWish {
    /// What it is about.
    pub(super) fn target(&self) -> Result<Target, Problem> {
        self.target.parse().map_err(|error: String| {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, format!("target: {error}"))
        })
    }
}

/// What would move.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Preview {
    /// The names whose clients would be told something else, those of most clients first.
    pub changes: Vec<NameChange>,
    /// How many such names there are; no more than 1000 are listed.
    pub names: usize,
    /// The names for whose clients every candidate would be down, though it is not now.
    pub degraded: usize,
    /// How many names were looked at.
    pub compared: usize,
}

/// What would move of one name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NameChange {
    /// The owner name, absolute.
    pub name: String,
    /// The type of which it holds.
    pub r#type: AddressType,
    /// The share of its clients who would be told something else.
    pub moved: f64,
    /// From what to what.
    pub moves: Vec<Moved>,
}

/// Clients who would be told something else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Moved {
    /// The pool that they are told; none: that there is no data, or that the server failed.
    pub from: Option<String>,
    /// The pool that they would be told. The same one where it would answer other endpoints.
    pub to: Option<String>,
    /// How many of all they are.
    pub share: f64,
    /// Their countries, most of them first, twelve at most.
    pub countries: Vec<String>,
}
