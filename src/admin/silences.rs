//! The routes of webhooks and silences: look at them, try one, silence something for a time.

use std::time::SystemTime;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};

use super::access::Caller;
use super::change;
use super::control::not_durable;
use super::problem::Problem;
use super::routes::{Shared, named};
use super::server::Peer;
use super::status::WebhookStatus;
use crate::clock;
use crate::duration::parse_duration;
use crate::finding::words::one_of;
use crate::notice::{Pattern, Silence, SilenceText};
use crate::state::StateError;
use crate::timestamp;

type Answer = Result<Response, Problem>;

/// The answer to `GET /api/v1/webhooks`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookList {
    /// All of them, in the order of the file.
    pub webhooks: Vec<WebhookStatus>,
}

/// The answer to `POST /api/v1/webhooks/{name}/test`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tested {
    /// The webhook.
    pub webhook: String,
    /// The id of the message.
    pub id: String,
    /// The status of the answer.
    pub status: u16,
    /// What else the other end said, in one line.
    pub said: String,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// Why a test message has not arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TestError {
    /// There is no such webhook; `known` are those that there are.
    Unknown {
        /// Their names.
        known: Vec<String>,
    },
    /// It could not be sent, or was not taken.
    Failed(String),
}

/// The answer to `GET /api/v1/silences`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SilenceList {
    /// The silences in force, by target.
    pub silences: Vec<SilenceText>,
}

/// The body of `PUT /api/v1/silences/{target}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SilenceWish {
    /// For how long, e.g. `2h`.
    #[serde(rename = "for")]
    pub lifetime: String,
    /// Why.
    pub reason: String,
}

/// Why something was neither silenced nor told of again. Nothing has changed.
#[derive(Debug)]
pub enum SilenceError {
    /// There is none about this.
    Unknown,
    /// It could not be made durable.
    NotDurable(StateError),
}

impl SilenceError {
    fn problem(self, about: &Pattern) -> Problem {
        match self {
            Self::Unknown => {
                Problem::new(StatusCode::NOT_FOUND, format!("there is no silence of {about}"))
            }
            Self::NotDurable(error) => not_durable(&error),
        }
    }
}

impl TestError {
    fn problem(self, name: &str) -> Problem {
        match self {
            Self::Unknown { known } if known.is_empty() => Problem::new(
                StatusCode::NOT_FOUND,
                format!("no webhook {name}: steersman.toml has none"),
            ),
            Self::Unknown { known } => {
                let expected = one_of(known.iter().map(String::as_str));
                let detail = format!("no webhook {name}; expected {expected}");
                Problem::new(StatusCode::NOT_FOUND, detail)
            }
            Self::Failed(why) => Problem::new(StatusCode::BAD_GATEWAY, format!("{name}: {why}")),
        }
    }
}

pub(super) async fn webhooks(State(shared): State<Shared>) -> Answer {
    let webhooks = shared.call(|control| control.webhooks()).await?;
    Ok(Json(WebhookList { webhooks }).into_response())
}

pub(super) async fn test(
    State(shared): State<Shared>,
    name: Result<Path<String>, PathRejection>,
    Extension(peer): Extension<Peer>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Answer {
    let name = named(name)?;
    let by = change::author(&caller, peer.0, &headers);
    tracing::info!(webhook = name, %by, "a webhook is tried");
    let called = name.clone();
    let tested = shared.call(move |control| control.try_webhook(&called)).await?;
    Ok(Json(tested.map_err(|error| error.problem(&name))?).into_response())
}

pub(super) async fn list(State(shared): State<Shared>) -> Answer {
    let silences = shared.call(|control| control.silences()).await?;
    Ok(Json(SilenceList { silences }).into_response())
}

pub(super) async fn set(
    State(shared): State<Shared>,
    about: Result<Path<String>, PathRejection>,
    Extension(peer): Extension<Peer>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Answer {
    let about = pattern(about)?;
    let by = change::author(&caller, peer.0, request.headers());
    let wish: SilenceWish = change::parse(&shared.body(request).await?)?;
    let silence = read(&wish, by.by.clone(), clock::wall_now())?;
    let text = SilenceText::to_the_second(&about, &silence);
    let (on, who) = (about.clone(), by.clone());
    let was_there = shared.call(move |control| control.silence(on, silence, &who)).await?;
    let was_there = was_there.map_err(|refusal| refusal.problem(&about))?;
    tracing::info!(target_name = %about, until = text.until, reason = text.reason, %by, "silenced");
    let status = if was_there { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(text)).into_response())
}

pub(super) async fn remove(
    State(shared): State<Shared>,
    about: Result<Path<String>, PathRejection>,
    Extension(peer): Extension<Peer>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Answer {
    let about = pattern(about)?;
    let by = change::author(&caller, peer.0, &headers);
    let (on, who) = (about.clone(), by.clone());
    let done = shared.call(move |control| control.unsilence(&on, &who)).await?;
    done.map_err(|refusal| refusal.problem(&about))?;
    tracing::info!(target_name = %about, %by, "told of again");
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn pattern(path: Result<Path<String>, PathRejection>) -> Result<Pattern, Problem> {
    named(path)?.parse().map_err(|why| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why))
}

/// What a body wants, from now on.
fn read(wish: &SilenceWish, by: String, now: SystemTime) -> Result<Silence, Problem> {
    let unfit = |detail: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail);
    let reason = change::reason(&wish.reason)?;
    let text = &wish.lifetime;
    let lifetime = parse_duration(text)
        .map_err(|expected| unfit(format!("for: found {text:?}; {expected}")))?;
    let until = now.checked_add(lifetime).filter(|until| timestamp::is_writable(*until));
    match until.filter(|_| !lifetime.is_zero()) {
        Some(until) => Ok(Silence { reason, by, since: now, until }),
        None => Err(unfit(format!(
            "for: found {text:?}; expected more than nothing and less than for ever"
        ))),
    }
}
