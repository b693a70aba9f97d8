//! What requests are answered with, beside the status.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem::FileError;
use super::status::OverrideStatus;
use crate::state::{Chain, Entry, Role, Trail};

/// The answer to `GET /api/v1/overrides`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OverrideList {
    /// The overrides in force, by target.
    pub overrides: Vec<OverrideStatus>,
}

/// The answer to `POST /api/v1/reload`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reloaded {
    /// Name of what is served now.
    pub revision: String,
}

/// The answer to `GET /api/v1/audit`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditPage {
    /// Entries, the oldest first.
    pub entries: Vec<Entry>,
    /// Whether there are more after these.
    pub more: bool,
    /// What is wrong with the whole log, the first hundred of it; nothing: every entry is as it was written.
    pub wrong: Vec<FileError>,
    /// How much is wrong in all.
    pub wrong_in_all: usize,
    /// The number of the last entry.
    pub length: u64,
    /// Its hash.
    pub head: String,
}

impl AuditPage {
    pub(super) fn new(trail: Trail) -> Self {
        let Trail { entries, more, wrong, wrong_in_all, chain } = trail;
        let wrong = wrong.into_iter().map(FileError::from).collect();
        let Chain { length, head } = chain;
        Self { entries, more, wrong, wrong_in_all, length, head }
    }
}

/// The answer to `GET /api/v1/tokens`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenList {
    /// The tokens beside that of the file, by name.
    pub tokens: Vec<TokenStatus>,
}

/// What may be known of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenStatus {
    /// Its name.
    pub name: String,
    /// What it is good for.
    pub role: Role,
    /// Until when (RFC 3339); none: until it is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// The answer to `POST /api/v1/tokens`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewToken {
    /// Its name.
    pub name: String,
    /// What it is good for.
    pub role: Role,
    /// Until when (RFC 3339); none: until it is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// The token itself.
    pub token: String,
}

/// The answer to `POST /api/v1/failback/{pool}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReturnedTo {
    /// The pool.
    pub pool: String,
    /// The families for which it was held back: `a`, `aaaa` or `cname`.
    pub families: Vec<String>,
}
