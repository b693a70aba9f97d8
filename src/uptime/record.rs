//! What is written down, a line each.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One thing that changed, and when (RFC 3339, UTC).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// When.
    pub at: String,
    /// What.
    #[serde(flatten)]
    pub kind: Kind,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Kind {
    /// How everything stands: at a start, with each day, and after the files have changed.
    Snapshot {
        /// Whether nobody has looked since the record before.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        start: bool,
        /// The pools, by name.
        pools: BTreeMap<String, PoolNow>,
    },
    /// An endpoint, by what its monitors say.
    Endpoint {
        /// `POOL/ADDRESS`.
        endpoint: String,
        /// What it is from now on.
        stand: Stand,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// When it was last heard to be well.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_good: Option<String>,
    },
    /// A pool, by probes and people.
    Pool {
        /// Its name.
        pool: String,
        /// `a`, `aaaa` or `cname`.
        family: String,
        /// What it is from now on.
        stand: Stand,
    },
    /// People or a plan want something away, or back; the reason of what follows.
    Wish {
        /// `region:…`, `pool:…` or `endpoint:…`.
        target: String,
        /// Whether it is a plan that wants it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        planned: bool,
        /// In words; none: it is over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// Answers of steered names since the record of this kind before: by name and pool.
    Answers {
        /// How many.
        names: BTreeMap<String, BTreeMap<String, u64>>,
    },
    /// Nothing has changed, and somebody looks.
    Alive,
    /// Nobody looks from now on.
    Stop,
}

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stand {
    /// Up.
    Up,
    /// Down.
    Down,
    /// Taken out by people or a plan.
    Away,
    /// Not heard of yet.
    Unknown,
}

/// How a pool and its endpoints stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolNow {
    /// The region that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// How it stands for `a`, `aaaa` and `cname`, where it has such endpoints.
    pub families: BTreeMap<String, Stand>,
    /// How its endpoints stand, by address.
    pub endpoints: BTreeMap<String, Stand>,
}
