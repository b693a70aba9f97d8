//! The routes about the daemon as a whole.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;
use serde::Deserialize;

use super::{Answer, Shared};
use crate::admin::answers::Reloaded;
use crate::admin::asked::{Asked, BodyIfAny, By};
use crate::admin::change::Why;
use crate::admin::openapi as description;
use crate::admin::problem::Problem;

/// Whether it is alive
#[utoipa::path(get, path = "/healthz", tag = "daemon",
    responses((status = 200, description = "It is alive.", body = String, example = "ok\n")))]
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// Whether every endpoint was probed once and all sockets are open
///
/// Once ready it stays so.
#[utoipa::path(get, path = "/readyz", tag = "daemon", responses(
    (status = 200, description = "It is ready.", body = String, example = "ready\n"),
    (status = 503, description = "It is not ready yet; the problem says what is missing."),
))]
pub(super) async fn ready(State(shared): State<Shared>) -> Answer {
    match shared.call(|control| control.ready()).await? {
        Ok(()) => Ok("ready\n".into_response()),
        Err(missing) => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, missing)),
    }
}

/// All counters, for Prometheus
#[utoipa::path(get, path = "/metrics", tag = "daemon", responses(
    (status = 200, description = "Metrics.", body = String, content_type = "text/plain; version=0.0.4; charset=utf-8"),
))]
pub(super) async fn metrics(State(shared): State<Shared>) -> Answer {
    let text = shared.call(|control| control.metrics()).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

/// This description
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "daemon", responses(
    (status = 200, description = "OpenAPI 3.1.", body = serde_json::Value),
))]
pub(super) async fn openapi() -> Answer {
    let json = [(header::CONTENT_TYPE, "application/json")];
    Ok((json, description::text()?).into_response())
}

/// What a change may break.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ForceQuery {
    /// Whether it is wanted though it breaks safety rules, which is for admins.
    #[serde(default)]
    pub(super) force: bool,
}

/// Load all files anew
///
/// Zones that come from git are fetched before. With any error nothing has changed.
#[utoipa::path(post, path = "/api/v1/reload", tag = "daemon",
    params(("steersman-user" = Option<String>, Header, description = "Who asks, for the audit log."), ForceQuery),
    request_body = Option<Why>, responses(
    (status = 200, description = "They are served.", body = Reloaded),
    (status = 422, description = "The files have errors, all of which are in the problem, or break safety rules and no more: `forcible`; or the body says what cannot be."),
))]
pub(super) async fn reload(
    State(shared): State<Shared>,
    by: By,
    Asked(ForceQuery { force }): Asked<ForceQuery>,
    BodyIfAny(Why { reason }): BodyIfAny<Why>,
) -> Answer {
    let by = by.because(reason.as_deref())?.forcing(force)?;
    let loaded = shared.call(move |control| control.reload(&by)).await?;
    let revision = loaded.map_err(Problem::of_files)?;
    Ok(Json(Reloaded { revision }).into_response())
}
