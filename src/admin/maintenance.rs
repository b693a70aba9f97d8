//! The routes of planned maintenance: plan it, look at it, call it off.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asked::{Asked, Body, By, Named, WhyQuery};
use super::change;
use super::control::{OverrideError, not_durable};
use super::problem::Problem;
use super::routes::{Answer, Shared};
use super::status::MaintenanceStatus;
use crate::finding::words::plain_name;
use crate::health::Target;
use crate::maintenance::{WindowText, Wrong};
use crate::safety::{Broken, in_words};
use crate::state::StateError;

/// The answer to `GET /api/v1/maintenance`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MaintenanceList {
    /// Windows that are to come or under way.
    pub maintenance: Vec<MaintenanceStatus>,
}

/// Why maintenance was neither planned nor called off. Nothing has changed.
#[derive(Debug)]
pub enum PlanError {
    /// Fields of it are wrong.
    Wrong(Vec<Wrong>),
    /// What it is about is not in the files.
    Override(Target, OverrideError),
    /// The files have one of that name.
    InFiles,
    /// There is none of that name.
    Unknown,
    /// It begins at once, and would break safety rules.
    Breaks(Vec<Broken>),
    /// It could not be made durable.
    NotDurable(StateError),
}

impl PlanError {
    fn problem(self, name: &str, text: Option<&WindowText>) -> Problem {
        if let Self::NotDurable(error) = &self {
            tracing::error!(maintenance = name, %error, "neither planned nor called off");
        }
        match self {
            Self::Wrong(wrong) => {
                let found = |field| text.and_then(|text| text.value(field));
                let wrong = wrong.iter().map(|Wrong { field, expected }| match found(*field) {
                    Some(found) => format!("{field}: found {found:?}; expected {expected}"),
                    None => format!("{field}: expected {expected}"),
                });
                let detail = wrong.collect::<Vec<_>>().join("; ");
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
            }
            Self::Override(target, error) => error.problem(&target),
            Self::InFiles => Problem::new(
                StatusCode::CONFLICT,
                format!("{name} stands in zones/maintenance.toml; change it there"),
            ),
            Self::Unknown => {
                Problem::new(StatusCode::NOT_FOUND, format!("no maintenance {name} is planned"))
            }
            Self::Breaks(rules) => {
                let broken = in_words(&rules);
                let detail = format!(
                    "nothing has changed, since this window begins at once and would break {broken}; \
                     plan it for another time, or have an admin force a drain"
                );
                Problem::new(StatusCode::CONFLICT, detail)
            }
            Self::NotDurable(error) => not_durable(&error),
        }
    }
}

/// Planned maintenance
#[utoipa::path(get, path = "/api/v1/maintenance", tag = "maintenance",
    responses((status = 200, description = "To come, or under way.", body = MaintenanceList)))]
pub(super) async fn list(State(shared): State<Shared>) -> Answer {
    let maintenance = shared.call(|control| control.maintenance()).await?;
    Ok(Json(MaintenanceList { maintenance }).into_response())
}

/// Plan maintenance
///
/// In place of what had the name. When the answer comes it is on disk, and in force if it has begun. A window that begins to
/// leave at once is held against the safety rules now, any other when it begins.
#[utoipa::path(put, path = "/api/v1/maintenance/{name}", tag = "maintenance",
    params(
        ("name" = String, Path, description = "Its name.", min_length = 1, example = "us-east-patches"),
        ("steersman-user" = Option<String>, Header, description = "Who asks, for the audit log."),
    ),
    request_body = WindowText,
    responses(
        (status = 201, description = "It is planned, and stands so.", body = MaintenanceStatus),
        (status = 404, description = "There is no such region or pool."),
        (status = 409, description = "It begins at once and would break safety rules, or the files have one of that name."),
        (status = 422, description = "Its name or the body says what cannot be."),
        (status = 503, description = "It could not be made durable; nothing has changed."),
    ))]
pub(super) async fn plan(
    State(shared): State<Shared>,
    Named(name): Named<String>,
    by: By,
    Body(text): Body<WindowText>,
) -> Answer {
    let by = by.author();
    let unfit = |what: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what);
    plain_name(&name)
        .map_err(|expected| unfit(format!("name: found {name:?}; expected {expected}")))?;
    let text = WindowText { reason: change::reason(&text.reason)?, ..text };
    let (called, who, wish) = (name.clone(), by.clone(), text.clone());
    let done = shared.call(move |control| control.plan(&called, wish, &who)).await?;
    let planned = done.map_err(|refusal| refusal.problem(&name, Some(&text)))?;
    tracing::info!(maintenance = name, target_name = text.target, %by, "maintenance planned");
    Ok((StatusCode::CREATED, Json(planned)).into_response())
}

/// Call maintenance off
#[utoipa::path(delete, path = "/api/v1/maintenance/{name}", tag = "maintenance",
    params(
        ("name" = String, Path, description = "Its name.", min_length = 1, example = "us-east-patches"),
        ("steersman-user" = Option<String>, Header, description = "Who asks, for the audit log."),
        WhyQuery,
    ),
    responses(
        (status = 204, description = "It is called off."),
        (status = 404, description = "None of that name is planned."),
        (status = 409, description = "It stands in the files."),
        (status = 422, description = "The reason cannot be one."),
        (status = 503, description = "It could not be made durable; nothing has changed."),
    ))]
pub(super) async fn call_off(
    State(shared): State<Shared>,
    Named(name): Named<String>,
    by: By,
    Asked(WhyQuery { reason }): Asked<WhyQuery>,
) -> Answer {
    let by = by.because(reason.as_deref())?.author();
    let (called, who) = (name.clone(), by.clone());
    let done = shared.call(move |control| control.call_off(&called, &who)).await?;
    done.map_err(|refusal| refusal.problem(&name, None))?;
    tracing::info!(maintenance = name, %by, "maintenance called off");
    Ok(StatusCode::NO_CONTENT.into_response())
}
