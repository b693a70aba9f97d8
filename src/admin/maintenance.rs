//! The routes of planned maintenance: plan it, look at it, call it off.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};

use super::access::Caller;
use super::change;
use super::control::{OverrideError, not_durable};
use super::problem::Problem;
use super::routes::{Shared, named};
use super::server::Peer;
use super::status::MaintenanceStatus;
use crate::health::Target;
use crate::maintenance::{WindowText, Wrong};
use crate::state::{StateError, token_name};

type Answer = Result<Response, Problem>;

/// The answer to `GET /api/v1/maintenance`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// It could not be made durable.
    NotDurable(StateError),
}

impl PlanError {
    fn problem(self, name: &str) -> Problem {
        match self {
            Self::Wrong(wrong) => {
                let wrong = wrong.iter().map(|w| format!("{}: expected {}", w.field, w.expected));
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
            Self::NotDurable(error) => not_durable(&error),
        }
    }
}

pub(super) async fn list(State(shared): State<Shared>) -> Answer {
    let maintenance = shared.call(|control| control.status()).await?.maintenance;
    Ok(Json(MaintenanceList { maintenance }).into_response())
}

pub(super) async fn plan(
    State(shared): State<Shared>,
    name: Result<Path<String>, PathRejection>,
    Extension(peer): Extension<Peer>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Answer {
    let name = named(name)?;
    let unfit = |what: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what);
    token_name(&name).map_err(|why| unfit(format!("name: {why}")))?;
    let by = change::author(&caller, peer.0, request.headers());
    let text: WindowText = change::parse(&shared.body(request).await?)?;
    let text = WindowText { reason: change::reason(&text.reason)?, ..text };
    let (called, who, wish) = (name.clone(), by.clone(), text.clone());
    let done = shared.call(move |control| control.plan(&called, wish, &who)).await?;
    done.map_err(|refusal| refusal.problem(&name))?;
    tracing::info!(maintenance = name, target_name = text.target, %by, "maintenance planned");
    Ok((StatusCode::CREATED, Json(text)).into_response())
}

pub(super) async fn call_off(
    State(shared): State<Shared>,
    name: Result<Path<String>, PathRejection>,
    Extension(peer): Extension<Peer>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Answer {
    let name = named(name)?;
    let by = change::author(&caller, peer.0, &headers);
    let (called, who) = (name.clone(), by.clone());
    let done = shared.call(move |control| control.call_off(&called, &who)).await?;
    done.map_err(|refusal| refusal.problem(&name))?;
    tracing::info!(maintenance = name, %by, "maintenance called off");
    Ok(StatusCode::NO_CONTENT.into_response())
}
