//! What two states of the files answer differently: for every steered name, for all clients, while all is
//! well and while any one region has failed.
//!
//! Clients are weighed by the number of their addresses, by the databases of the later side. Of failures
//! only those are told by which something else moves than while all is well.

mod compare;
mod markdown;
mod text;
mod words;

use serde::Serialize;

pub use self::compare::compare;
pub use self::markdown::markdown;
pub use self::text::text;

/// The differences.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diff {
    /// The revision of the earlier side.
    pub before: String,
    /// The revision of the later side.
    pub after: String,
    /// How many names were compared.
    pub compared: usize,
    /// The names with a difference, in the order of names.
    pub names: Vec<NameDiff>,
    /// The pools of both sides that answer other endpoints while all is well.
    pub pools: Vec<PoolDiff>,
}

impl Diff {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.pools.is_empty()
    }
}

/// How a name differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NameDiff {
    /// The owner name, absolute.
    pub name: String,
    /// Whether it is steered on both sides.
    pub change: NameChange,
    /// Its TTLs in seconds, where they differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<(u32, u32)>,
    /// Who is told something else, by what has failed.
    pub cases: Vec<Case>,
}

/// Whether a name is steered on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NameChange {
    /// On the later one only.
    Added,
    /// On the earlier one only.
    Removed,
    /// On both.
    Changed,
}

/// Who is told something else while all is well, or while one region has failed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Case {
    /// The region that has failed.
    pub failed: Option<String>,
    /// The types of record of which this holds.
    pub types: Vec<&'static str>,
    /// All moves together.
    pub moved: Part,
    /// From what to what, the larger ones first.
    pub moves: Vec<MoveDiff>,
}

/// Parts of all clients, from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Part {
    /// By the number of IPv4 addresses.
    pub ipv4: f64,
    /// By the number of IPv6 addresses.
    pub ipv6: f64,
}

/// Clients who are told something else.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MoveDiff {
    /// The pool that they were told, or what else was said.
    pub from: String,
    /// And now. The same pool where its endpoints are others.
    pub to: String,
    /// How many they are.
    pub part: Part,
    /// Whether they are the same part of every country.
    pub everywhere: bool,
    /// Where they are, the most addresses first.
    pub countries: Vec<CountryDiff>,
    /// The address of one of them, for `explain --from`.
    pub example: String,
}

/// Clients of one country.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CountryDiff {
    /// ISO 3166-1 alpha-2; none where the country is not known.
    pub code: Option<String>,
    /// The country's name.
    pub name: String,
    /// The part of the country's addresses, from 0 to 1: of IPv4, or of IPv6 if it has no others.
    pub part: f64,
}

/// A pool that answers other endpoints.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PoolDiff {
    /// Its name.
    pub pool: String,
    /// Its endpoints as they were.
    pub before: Vec<String>,
    /// As they are now.
    pub after: Vec<String>,
}
