//! The routes of drills: begin one, look at it, end it before its time.

use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, body::Body};
use serde::{Deserialize, Serialize};

use super::access::Caller;
use super::change;
use super::control::OverrideError;
use super::problem::Problem;
use super::routes::{Shared, named};
use super::server::Peer;
use crate::drill::{self, Report};
use crate::duration::parse_duration;
use crate::health::Target;

type Answer = Result<Response, Problem>;

/// A drill takes long enough to be seen, and not so long that it is forgotten.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The body of `POST /api/v1/drills`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
            )),
            Self::Override(error) => error.problem(target),
        }
    }
}

pub(super) async fn begin(
    State(shared): State<Shared>,
    Extension(peer): Extension<Peer>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Answer {
    let by = change::author(&caller, peer.0, request.headers());
    let text: DrillText = change::parse(&shared.body(request).await?)?;
    let by = change::forcing(by, text.force, &caller)?;
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

pub(super) async fn list(State(shared): State<Shared>) -> Answer {
    let drills = shared.call(|control| control.drills()).await?;
    Ok(Json(DrillList { drills }).into_response())
}

/// `ID`, `ID.md` or `ID.svg`.
pub(super) async fn show(
    State(shared): State<Shared>,
    path: Result<Path<String>, PathRejection>,
) -> Answer {
    let name = named(path)?;
    let (id, form) = match (name.strip_suffix(".md"), name.strip_suffix(".svg")) {
        (Some(id), _) => (id, Form::Markdown),
        (_, Some(id)) => (id, Form::Svg),
        _ => (name.as_str(), Form::Json),
    };
    let drills = shared.call(|control| control.drills()).await?;
    let report = drills.into_iter().find(|report| report.id == id).ok_or_else(|| unknown(id))?;
    let text = |kind: &'static str, text: String| {
        ([(header::CONTENT_TYPE, kind)], Body::from(text)).into_response()
    };
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

pub(super) async fn end(
    State(shared): State<Shared>,
    path: Result<Path<String>, PathRejection>,
) -> Answer {
    let id = named(path)?;
    let wanted = id.clone();
    match shared.call(move |control| control.end_drill(&wanted)).await? {
        true => Ok(StatusCode::ACCEPTED.into_response()),
        false => Err(unknown(&id)),
    }
}

fn unknown(id: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("no drill {id} is under way or kept"))
}
