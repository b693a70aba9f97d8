//! What a person wants of an override: the body of a `PUT`, checked.

use std::net::SocketAddr;
use std::time::SystemTime;

use axum::http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::error::Category;
use utoipa::ToSchema;

use super::access::Caller;
use super::problem::Problem;
use crate::duration::parse_duration;
use crate::finding::words::misleads;
use crate::health::{Override, OverrideState};
use crate::state::{Author, Role};
use crate::timestamp;

/// The header in which a client names the person who uses it; the daemon writes it down and
/// cannot check it.
pub const USER_HEADER: &str = "steersman-user";

const LONGEST_REASON_CHARACTERS: usize = 500;
const LONGEST_USER_CHARACTERS: usize = 64;

/// The body of `PUT /api/v1/overrides/{kind}/{name}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OverrideWish, example = json!({"state": "drain", "for": "2h", "reason": "kernel update"}))]
pub struct Change {
    /// What is said.
    pub state: OverrideState,
    /// For how long, e.g. `2h`; none: until it is cleared.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<String>,
    /// Why.
    pub reason: String,
    /// Whether it is wanted though it breaks safety rules, which is for admins.
    #[serde(default, skip_serializing_if = "is_false")]
    pub force: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Makes of it the override that begins `now`.
pub(super) fn read(change: &Change, now: SystemTime) -> Result<Override, Problem> {
    let reason = reason(&change.reason)?;
    let until = change.lifetime.as_deref().map(|text| end(now, text)).transpose()?;
    let lifetime = until.and_then(|until| until.duration_since(now).ok());
    Ok(Override::new(change.state, &reason, now, lifetime))
}

/// When it ends of which a person says for how long it is.
pub(super) fn end(now: SystemTime, text: &str) -> Result<SystemTime, Problem> {
    let unfit = |detail: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail);
    let lifetime = parse_duration(text)
        .map_err(|expected| unfit(format!("for: found {text:?}; {expected}")))?;
    let until = now.checked_add(lifetime).filter(|until| timestamp::is_writable(*until));
    until.filter(|_| !lifetime.is_zero()).ok_or_else(|| {
        unfit(format!("for: found {text:?}; expected more than nothing and less than for ever"))
    })
}

/// Checks what a person gives for a reason.
pub(super) fn reason(text: &str) -> Result<String, Problem> {
    let unfit = |detail: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail);
    let reason = text.trim();
    if reason.is_empty() {
        return Err(unfit("reason: found nothing; expected why, in a few words".into()));
    }
    if reason.chars().count() > LONGEST_REASON_CHARACTERS {
        return Err(unfit(format!(
            "reason: expected at most {LONGEST_REASON_CHARACTERS} characters"
        )));
    }
    if reason.chars().any(misleads) {
        return Err(unfit("reason: expected one line without control characters".into()));
    }
    Ok(reason.into())
}

/// The same of whom gives one only if they like.
pub(super) fn reason_if_any(text: Option<&str>) -> Result<Option<String>, Problem> {
    text.map(reason).transpose()
}

/// Who asks, for the audit log.
pub(super) fn author(caller: &Caller, peer: SocketAddr, headers: &HeaderMap) -> Author {
    let user = headers.get(USER_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // Without blanks, nobody can write another address behind a name than the one they have.
    let graphic = user.chars().filter(char::is_ascii_graphic);
    let user: String = graphic.take(LONGEST_USER_CHARACTERS).collect();
    // Nobody is taken for the daemon itself.
    let is_name = !user.is_empty() && user != Author::daemon().by;
    let by = if is_name { user } else { caller.name.clone() };
    let token = Some(caller.name.clone());
    Author { by, token, from: Some(peer), reason: None, forces: false, breaks: Vec::new() }
}

/// The same, who wants it though it breaks safety rules, if so it is.
pub(super) fn forcing(author: Author, forces: bool, caller: &Caller) -> Result<Author, Problem> {
    if forces && caller.role < Role::Admin {
        let detail = format!(
            "force: the token {} is good for {} only; safety rules are broken by an admin",
            caller.name, caller.role
        );
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    Ok(Author { forces, ..author })
}

/// The body of `POST /api/v1/tokens`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "ci", "role": "operator"}))]
pub struct TokenWish {
    /// Its name.
    #[schema(pattern = "^[A-Za-z0-9._-]{1,64}$")]
    pub name: String,
    /// What it is good for.
    pub role: Role,
    /// For how long, e.g. `90d`; none: until it is taken back.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The body of a `POST` that says all by its path; there need not be one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "the disk is new"}))]
pub struct Why {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Reads a body.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // A list would be taken for the members in their order.
    if body.trim_ascii_start().starts_with(b"[") {
        let detail = "the body: found a list; expected an object";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    serde_json::from_slice(body).map_err(|error| {
        let status = match error.classify() {
            Category::Data => StatusCode::UNPROCESSABLE_ENTITY,
            Category::Io | Category::Syntax | Category::Eof => StatusCode::BAD_REQUEST,
        };
        Problem::new(status, format!("the body: {error}"))
    })
}
