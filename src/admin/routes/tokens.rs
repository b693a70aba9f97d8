//! The routes that tell who did what, and say who may.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use serde::Deserialize;

use super::{Answer, Shared};
use crate::admin::answers::{AuditPage, NewToken, TokenList, TokenStatus};
use crate::admin::asked::{Asked, Body, By, Named, WhyQuery, bad};
use crate::admin::change::{TokenWish, end};
use crate::admin::control::not_durable;
use crate::admin::problem::Problem;
use crate::admin::turns::Long;
use crate::clock;
use crate::state::{Author, Part, StateError, token_name};
use crate::timestamp::to_rfc3339_seconds;

/// The most entries of the audit log in one answer, and of what is wrong with it.
const AUDIT_ENTRIES: usize = 1000;
const AUDIT_WRONG: usize = 100;

/// Which entries are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditQuery {
    /// Those after the one with this number.
    #[serde(default)]
    #[param(format = "uint64")]
    after: u64,
    /// So many at most; default 1000.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// Who changed what
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(AuditQuery), responses(
    (status = 200, description = "Entries, the oldest first.", body = AuditPage),
    (status = 503, description = "The log cannot be read; or others take long over it.",
        headers(("retry-after" = u64, description = "In seconds, where others take long."))),
))]
pub(super) async fn entries(
    State(shared): State<Shared>,
    Asked(AuditQuery { after, limit }): Asked<AuditQuery>,
) -> Answer {
    let limit = limit.unwrap_or(AUDIT_ENTRIES);
    if limit == 0 || limit > AUDIT_ENTRIES {
        return Err(bad(format!("limit: found {limit}; expected 1 to {AUDIT_ENTRIES}")));
    }
    let part = Part { after, entries: limit, wrong: AUDIT_WRONG };
    let trail = shared.call_in_turn(Long::Audit, move |control| control.audit(part)).await?;
    let trail = trail.map_err(|error| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, format!("no audit log: {error}"))
    })?;
    Ok(Json(AuditPage::new(trail)).into_response())
}

/// The tokens beside that of the file
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens",
    responses((status = 200, description = "Names and roles.", body = TokenList)))]
pub(super) async fn list(State(shared): State<Shared>) -> Answer {
    let named = shared.door.access.named();
    let tokens = named.iter().map(|(name, granted)| TokenStatus {
        name: name.to_owned(),
        role: granted.role,
        until: granted.until.clone(),
    });
    Ok(Json(TokenList { tokens: tokens.collect() }).into_response())
}

/// Make a token
///
/// One of the same name is good no more.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens", request_body = TokenWish,
    params(("steersman-user" = Option<String>, Header, description = "Who asks, for the audit log.")),
    responses(
        (status = 201, description = "The token, which is shown this once.", body = NewToken),
        (status = 422, description = "The body says what cannot be."),
        (status = 503, description = "It could not be made durable; nothing has changed."),
    ))]
pub(super) async fn grant(
    State(shared): State<Shared>,
    by: By,
    Body(TokenWish { name, role, lifetime, reason }): Body<TokenWish>,
) -> Answer {
    let by = by.because(reason.as_deref())?.author();
    token_name(&name)
        .map_err(|why| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, format!("name: {why}")))?;
    let now = clock::wall_now();
    let until = lifetime.as_deref().map(|text| end(now, text)).transpose()?;
    let (called, who) = (name.clone(), by.clone());
    let token = shared.call(move |control| control.grant(&called, role, until, &who)).await?;
    let token = token.map_err(|error| refused(&error, &name, &by))?;
    let until = until.map(to_rfc3339_seconds);
    tracing::info!(name, %role, until, reason = by.reason, %by, "token made");
    let token = token.reveal().to_owned();
    Ok((StatusCode::CREATED, Json(NewToken { name, role, until, token })).into_response())
}

/// Take a token back
#[utoipa::path(delete, path = "/api/v1/tokens/{name}", tag = "tokens",
    params(
        ("name" = String, Path, description = "Its name.", min_length = 1, example = "ci"),
        ("steersman-user" = Option<String>, Header, description = "Who asks, for the audit log."),
        WhyQuery,
    ),
    responses(
        (status = 204, description = "It is good no more."),
        (status = 404, description = "There is none of that name."),
        (status = 422, description = "The reason cannot be one."),
        (status = 503, description = "It could not be made durable; nothing has changed."),
    ))]
pub(super) async fn revoke(
    State(shared): State<Shared>,
    Named(name): Named<String>,
    by: By,
    Asked(WhyQuery { reason }): Asked<WhyQuery>,
) -> Answer {
    let by = by.because(reason.as_deref())?.author();
    let (called, who) = (name.clone(), by.clone());
    let was_there = shared.call(move |control| control.revoke(&called, &who)).await?;
    if !was_there.map_err(|error| refused(&error, &name, &by))? {
        let detail = format!("there is no token {name:?}");
        return Err(Problem::new(StatusCode::NOT_FOUND, detail));
    }
    tracing::info!(name, reason = by.reason, %by, "token taken back");
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn refused(error: &StateError, name: &str, by: &Author) -> Problem {
    tracing::error!(name, %by, %error, "token neither made nor taken back");
    not_durable(error)
}
