//! The routes of drills: begin one, look at it, end it before its time.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asked::{Body, By, Named};
use super::change;
use super::control::{OverrideError, not_durable};
use super::problem::Problem;
use super::routes::{Answer, Shared};
use crate::drill::{self, Report};
use crate::duration::parse_duration;
use crate::health::Target;
use crate::state::StateError;

/// A drill takes long enough to be seen, and not so long that it is forgotten.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The body of `POST /api/v1/drills`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DrillWish, example = json!({"target": "region:us-east", "for": "1s", "reason": "a drill of every quarter"}))]
pub struct DrillText {
    /// `region:NAME`, `pool:NAME` or `endpoint:POOL/ADDRESS`.
    pub target: String,
    /// For how long, e.g. `10m`.
    #[serde(rename = "for")]
    pub lifetime: String,
    /// Why.
    pub reason: String,
    /// Whether it is wanted though it breaks safety rules, or leaves names without any candidate.
    #[serde(default)]
    pub force: bool,
}

/// What is to be taken away, for how long, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrillWish {
    /// What.
    pub target: Target,
    /// For how long.
    pub lifetime: Duration,
    /// Why.
    pub reason: String,
}

/// The answer to `GET /api/v1/drills`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DrillList {
    /// The latest first.
    pub drills: Vec<Report>,
}

/// Why a drill does not begin. Nothing has changed.
#[derive(Debug)]
pub enum DrillError {
    /// The daemon does not answer yet.
    NotAnswering,
    /// One is under way.
    AnotherOne,
    /// There is an override on that very target.
    Overridden,
    /// Nobody would be told anything else.
    NobodyMoves,
    /// Every candidate would be down.
    NothingLeft {
        /// For so many names.
        names: usize,
    },
    /// The override is refused.
    Override(OverrideError),
}

impl From<OverrideError> for DrillError {
    fn from(error: OverrideError) -> Self {
        Self::Override(error)
    }
}

impl DrillError {
    fn problem(self, target: &Target) -> Problem {
        let conflict = |detail: String| Problem::new(StatusCode::CONFLICT, detail);
        match self {
            Self::NotAnswering => Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "the daemon does not answer yet; see /readyz",
            ),
            Self::AnotherOne => {
                conflict("another drill is under way; wait for its end, or end it".into())
            }
            Self::Overridden => {
                conflict(format!("there is an override on {target}; clear it first"))
            }
            Self::NobodyMoves => conflict(format!(
                "no client of any name is sent to {target} now, so there is nothing to measure"
            )),
            Self::NothingLeft { names } => conflict(format!(
                "without {target} every candidate would be down for clients of {names} names; an admin \
                 can force it"
            ))
            .forcible(),
            Self::Override(error) => error.problem(target),
        }
    }
}

/// Why a drill does not end. Nothing has changed.
#[derive(Debug)]
pub enum DrillEndError {
    /// None of that number is under way.
    NotUnderWay,
    /// Nothing is away any more because of it; its clients are on their way back.
    IsReturning,
    /// It could not be made durable.
    NotDurable(StateError),
}

impl DrillEndError {
    fn problem(self, id: &str) -> Problem {
        match self {
            Self::NotUnderWay => {
                Problem::new(StatusCode::NOT_FOUND, format!("no drill {id} is under way"))
            }
            Self::IsReturning => Problem::new(
                StatusCode::CONFLICT,
                format!(
                    "what drill {id} took away is being put back already: nothing is left to end"
                ),
            ),
            Self::NotDurable(error) => not_durable(&error),
        }
    }
}

/// Begin a drill
#[utoipa::path(post, path = "/api/v1/drills", tag = "drills", request_body = DrillText,
    params(("steersman-user" = Option<String>, Header, description = "Who asks, for the audit log.")),
    responses(
        (status = 201, description = "It has begun: the report so far.", body = Report),
        (status = 404, description = "There is no such region, pool or endpoint."),
        (status = 409, description = "Why it does not begin; `forcible` where an admin can force it."),
        (status = 422, description = "The body says what cannot be."),
        (status = 503, description = "The daemon does not answer yet, or it could not be made durable."),
    ))]
pub(super) async fn begin(
    State(shared): State<Shared>,
    by: By,
    Body(text): Body<DrillText>,
) -> Answer {
    let by = by.forcing(text.force)?;
    let wish = read(&text)?;
    let target = wish.target.clone();
    let begun = shared.call(move |control| control.begin_drill(wish, &by)).await?;
    let report = begun.map_err(|refusal| refusal.problem(&target))?;
    Ok((StatusCode::CREATED, Json(report)).into_response())
}

fn read(text: &DrillText) -> Result<DrillWish, Problem> {
    let unfit = |detail: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail);
    let target = text.target.parse().map_err(|error: String| unfit(format!("target: {error}")))?;
    let lifetime = parse_duration(&text.lifetime)
        .map_err(|expected| unfit(format!("for: found {:?}; {expected}", text.lifetime)))?;
    if !(SHORTEST..=LONGEST).contains(&lifetime) {
        let found = &text.lifetime;
        return Err(unfit(format!("for: found {found:?}; expected a time from 1s to 1d")));
    }
    Ok(DrillWish { target, lifetime, reason: change::reason(&text.reason)? })
}

/// Reports of drills
#[utoipa::path(get, path = "/api/v1/drills", tag = "drills",
    responses((status = 200, description = "The last hundred, the latest first.", body = DrillList)))]
pub(super) async fn list(State(shared): State<Shared>) -> Answer {
    let drills = shared.call(|control| control.drills()).await?;
    Ok(Json(DrillList { drills }).into_response())
}

/// The report of a drill
#[utoipa::path(get, path = "/api/v1/drills/{id}", tag = "drills",
    params(("id" = String, Path, description = "`ID`, or as Markdown `ID.md`, or as a drawing `ID.svg`.", min_length = 1)),
    responses(
        (status = 200, description = "The report.", content(
            (Report = "application/json"),
            (String = "text/markdown; charset=utf-8"),
            (String = "image/svg+xml"),
        )),
        (status = 404, description = "None of that number is under way or kept."),
    ))]
pub(super) async fn show(State(shared): State<Shared>, Named(name): Named<String>) -> Answer {
    let (id, form) = match (name.strip_suffix(".md"), name.strip_suffix(".svg")) {
        (Some(id), _) => (id, Form::Markdown),
        (_, Some(id)) => (id, Form::Svg),
        _ => (name.as_str(), Form::Json),
    };
    let drills = shared.call(|control| control.drills()).await?;
    let report = drills.into_iter().find(|report| report.id == id).ok_or_else(|| unknown(id))?;
    let text =
        |kind: &'static str, text: String| ([(header::CONTENT_TYPE, kind)], text).into_response();
    Ok(match form {
        Form::Json => Json(report).into_response(),
        Form::Markdown => text("text/markdown; charset=utf-8", drill::markdown(&report, None)),
        Form::Svg => text("image/svg+xml", drill::plot(&report)),
    })
}

enum Form {
    Json,
    Markdown,
    Svg,
}

/// End a drill before its time
///
/// When the answer comes, what it took away is back with the next DNS answer, and its clients are watched until they
/// are back. What an interrupted drill left away is put back so, too.
#[utoipa::path(delete, path = "/api/v1/drills/{id}", tag = "drills",
    params(
        ("id" = String, Path, description = "Its number.", min_length = 1),
        ("steersman-user" = Option<String>, Header, description = "Who asks, for the audit log."),
    ),
    responses(
        (status = 202, description = "It is put back at once."),
        (status = 404, description = "None of that number is under way."),
        (status = 409, description = "It is being put back already."),
        (status = 503, description = "It could not be made durable; nothing has changed, and it ends by its time."),
    ))]
pub(super) async fn end(State(shared): State<Shared>, Named(id): Named<String>, by: By) -> Answer {
    let by = by.author();
    let (wanted, who) = (id.clone(), by.clone());
    let ended = shared.call(move |control| control.end_drill(&wanted, &who)).await?;
    ended.map_err(|refusal| {
        if let DrillEndError::NotDurable(error) = &refusal {
            tracing::error!(drill = id, %by, %error, "drill not ended; it ends by its time");
        }
        refusal.problem(&id)
    })?;
    tracing::info!(drill = id, %by, "drill ended before its time");
    Ok(StatusCode::ACCEPTED.into_response())
}

fn unknown(id: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("no drill {id} is under way or kept"))
}
