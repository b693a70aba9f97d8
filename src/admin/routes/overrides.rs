//! The routes by which people, and endpoints, say how things are to be.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use serde::Deserialize;

use super::daemon::ForceQuery;
use super::{Answer, Shared};
use crate::admin::answers::{OverrideList, ReturnedTo};
use crate::admin::asked::{Asked, Body, BodyIfAny, By, Named, WhyQuery};
use crate::admin::change::{self, Change, Why};
use crate::admin::problem::Problem;
use crate::admin::status::OverrideStatus;
use crate::health::Target;
use crate::state::Author;

/// The overrides in force
#[utoipa::path(get, path = "/api/v1/overrides", tag = "overrides",
    responses((status = 200, description = "By target.", body = OverrideList)))]
pub(super) async fn list(State(shared): State<Shared>) -> Answer {
    let overrides = shared.call(|control| control.overrides()).await?;
    let overrides = overrides.iter().map(|(target, what)| OverrideStatus::new(target, what));
    Ok(Json(OverrideList { overrides: overrides.collect() }).into_response())
}

/// Say what is so of a region, pool or endpoint
///
/// When the answer comes it is on disk, and in force in the next DNS answer.
#[utoipa::path(put, path = "/api/v1/overrides/{kind}/{*name}", tag = "overrides",
    params(
        ("kind" = String, Path, description = "What it is about.", pattern = "^(region|pool|endpoint)$", example = "pool"),
        ("name" = String, Path, description = "Its name; of an endpoint `POOL/ADDRESS`.", min_length = 1, example = "us-east"),
        ("steersman-user" = Option<String>, Header, description = "Who asks, for the audit log."),
    ),
    request_body = Change,
    responses(
        (status = 200, description = "It took the place of another one.", body = OverrideStatus),
        (status = 201, description = "It is set.", body = OverrideStatus),
        (status = 404, description = "There is no such region, pool or endpoint."),
        (status = 409, description = "It would break safety rules, which an admin can force: `forcible`."),
        (status = 422, description = "The body says what cannot be."),
        (status = 503, description = "It could not be made durable; nothing has changed."),
    ))]
pub(super) async fn set(
    State(shared): State<Shared>,
    Named(path): Named<(String, String)>,
    by: By,
    Body(change): Body<Change>,
) -> Answer {
    let target = target(&path)?;
    let what = change::read(&change, crate::clock::wall_now())?;
    let by = by.forcing(change.force)?;
    let set = OverrideStatus::new(&target, &what);
    let (on, who) = (target.clone(), by.clone());
    let before = shared.call(move |control| control.set_override(on, what, &who)).await?;
    let before =
        before.map_err(|refusal| refused(refusal.problem(&target), "set", &target, &by))?;
    tracing::info!(
        target_name = %target, state = %set.state, reason = %set.reason,
        until = set.until.as_deref(), %by, "override set"
    );
    let status = if before.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(set)).into_response())
}

/// What may be said of a clearing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClearQuery {
    #[serde(default)]
    force: bool,
    reason: Option<String>,
}

/// Take an override away
///
/// Also ends the holds of flap damping on the endpoints that are meant.
#[utoipa::path(delete, path = "/api/v1/overrides/{kind}/{*name}", tag = "overrides",
    params(
        ("kind" = String, Path, description = "What it is about.", pattern = "^(region|pool|endpoint)$", example = "pool"),
        ("name" = String, Path, description = "Its name; of an endpoint `POOL/ADDRESS`.", min_length = 1, example = "us-east"),
        ("steersman-user" = Option<String>, Header, description = "Who asks, for the audit log."),
        ForceQuery,
        WhyQuery,
    ),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "There is no override on that very target, and no hold."),
        (status = 409, description = "That would break safety rules, which an admin can force: `forcible`."),
        (status = 422, description = "The reason cannot be one."),
        (status = 503, description = "It could not be made durable; nothing has changed."),
    ))]
pub(super) async fn clear(
    State(shared): State<Shared>,
    Named(path): Named<(String, String)>,
    by: By,
    Asked(ClearQuery { force, reason }): Asked<ClearQuery>,
) -> Answer {
    let target = target(&path)?;
    let by = by.because(reason.as_deref())?.forcing(force)?;
    let (on, who) = (target.clone(), by.clone());
    let cleared = shared.call(move |control| control.clear(&on, &who)).await?;
    let cleared =
        cleared.map_err(|refusal| refused(refusal.problem(&target), "cleared", &target, &by))?;
    if let Some(was) = cleared.overridden {
        tracing::info!(target_name = %target, state = %was.state, reason = by.reason, %by, "override cleared");
    }
    if cleared.holds > 0 {
        tracing::info!(target_name = %target, holds = cleared.holds, reason = by.reason, %by, "hold lifted");
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The path of an override says what it is about.
fn target((kind, name): &(String, String)) -> Result<Target, Problem> {
    if !matches!(kind.as_str(), "region" | "pool" | "endpoint") {
        let detail = format!("found /{kind}/; expected /region/, /pool/ or /endpoint/");
        return Err(Problem::new(StatusCode::NOT_FOUND, detail));
    }
    let target: Result<Target, String> = format!("{kind}:{name}").parse();
    target.map_err(|error| Problem::new(StatusCode::NOT_FOUND, error))
}

/// A person's wish that the disk refused is worth a line in the log.
fn refused(problem: Problem, wish: &str, target: &Target, by: &Author) -> Problem {
    if problem.status >= 500 {
        tracing::error!(target_name = %target, %by, error = %problem.detail, "override not {wish}");
    }
    problem
}

/// Return to a pool that is up again and held back
#[utoipa::path(post, path = "/api/v1/failback/{pool}", tag = "overrides",
    params(
        ("pool" = String, Path, description = "The pool.", min_length = 1, example = "us-east"),
        ("steersman-user" = Option<String>, Header, description = "Who asks, for the audit log."),
    ),
    request_body = Option<Why>,
    responses(
        (status = 200, description = "It is answered from now on.", body = ReturnedTo),
        (status = 404, description = "There is no such pool."),
        (status = 409, description = "Nothing holds it back."),
        (status = 422, description = "The body says what cannot be."),
        (status = 503, description = "It could not be made durable; nothing has changed."),
    ))]
pub(super) async fn failback(
    State(shared): State<Shared>,
    Named(pool): Named<String>,
    by: By,
    BodyIfAny(Why { reason }): BodyIfAny<Why>,
) -> Answer {
    let by = by.because(reason.as_deref())?.author();
    let (to, who) = (pool.clone(), by.clone());
    let families = shared.call(move |control| control.failback(&to, &who)).await?;
    let families = families.map_err(|refusal| {
        let problem = refusal.problem(&Target::Pool(pool.clone()));
        if problem.status >= 500 {
            tracing::error!(pool, %by, error = %problem.detail, "pool not returned to");
        }
        problem
    })?;
    tracing::info!(pool, reason = by.reason, %by, "a person returns to a pool");
    let families = families.iter().map(ToString::to_string).collect();
    Ok(Json(ReturnedTo { pool, families }).into_response())
}

/// An endpoint says of itself that it is well
#[utoipa::path(post, path = "/api/v1/heartbeats/{*endpoint}", tag = "overrides",
    params(("endpoint" = String, Path, description = "`POOL/ADDRESS`.", min_length = 1, example = "eu-west/198.51.100.10")),
    responses(
        (status = 204, description = "It is heard."),
        (status = 404, description = "There is no such endpoint."),
        (status = 409, description = "None of its monitors is a heartbeat."),
    ))]
pub(super) async fn beat(State(shared): State<Shared>, Named(endpoint): Named<String>) -> Answer {
    shared.call(move |control| control.beat(&endpoint)).await??;
    Ok(StatusCode::NO_CONTENT.into_response())
}
