//! The routes of webhooks and silences: look at them, try one, silence something for a time.

use std::time::SystemTime;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asked::{Asked, Body, By, Named, WhyQuery};
use super::change;
use super::control::not_durable;
use super::problem::Problem;
use super::routes::{Answer, Shared};
use super::status::WebhookStatus;
use crate::clock;
use crate::finding::words::one_of;
use crate::notice::{Pattern, Silence, SilenceText};
use crate::state::{Author, StateError};

/// The answer to `GET /api/v1/webhooks`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookList {
    /// All of them, in the order of the file.
    pub webhooks: Vec<WebhookStatus>,
}

/// The answer to `POST /api/v1/webhooks/{name}/test`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SilenceList {
    /// The silences in force, by target.
    pub silences: Vec<SilenceText>,
}

/// The body of `PUT /api/v1/silences/{target}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SilenceWish {
    /// For how long, e.g. `2h`.
    #[serde(rename = "for")]
    pub lifetime: String,
    /// Why.
    pub reason: String,
}

/// What came of `PUT /api/v1/silences/{target}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Silenced {
    /// As it is in force.
    #[serde(flatten)]
    pub silence: SilenceText,
    /// How many regions, pools, endpoints and steered names of the files are called so at present; 0 may be a slip of the pen.
    pub covers: usize,
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

/// Who is told of what happens, and how that goes
#[utoipa::path(get, path = "/api/v1/webhooks", tag = "webhooks",
    responses((status = 200, description = "In the order of the file.", body = WebhookList)))]
pub(super) async fn webhooks(State(shared): State<Shared>) -> Answer {
    let webhooks = shared.call(|control| control.webhooks()).await?;
    Ok(Json(WebhookList { webhooks }).into_response())
}

/// Send a message, to try a webhook
#[utoipa::path(post, path = "/api/v1/webhooks/{name}/test", tag = "webhooks",
    params(
        ("name" = String, Path, description = "Its name.", min_length = 1, example = "ops"),
        ("steersman-user" = Option<String>, Header, description = "Who asks, for the log."),
    ),
    responses(
        (status = 200, description = "The other end took it.", body = Tested),
        (status = 404, description = "There is no such webhook."),
        (status = 502, description = "It could not be sent, or was not taken."),
    ))]
pub(super) async fn test(
    State(shared): State<Shared>,
    Named(name): Named<String>,
    by: By,
) -> Answer {
    tracing::info!(webhook = name, by = %by.author(), "a webhook is tried");
    let called = name.clone();
    let tested = shared.call(move |control| control.try_webhook(&called)).await?;
    Ok(Json(tested.map_err(|error| error.problem(&name))?).into_response())
}

/// What webhooks tell nobody of at present
#[utoipa::path(get, path = "/api/v1/silences", tag = "webhooks",
    responses((status = 200, description = "By target.", body = SilenceList)))]
pub(super) async fn list(State(shared): State<Shared>) -> Answer {
    let silences = shared.call(|control| control.silences()).await?;
    Ok(Json(SilenceList { silences }).into_response())
}

/// Have webhooks tell nobody of something for a time
#[utoipa::path(put, path = "/api/v1/silences/{*target}", tag = "webhooks",
    params(
        ("target" = String, Path, min_length = 1, example = "region:us-east",
            description = "`region:…`, `pool:…`, `endpoint:…` or `name:…`, in each of which `*` stands for anything, or `*`."),
        ("steersman-user" = Option<String>, Header, description = "Who asks, for the audit log."),
    ),
    request_body = SilenceWish,
    responses(
        (status = 200, description = "It took the place of another one.", body = Silenced),
        (status = 201, description = "It is in force, and on disk.", body = Silenced),
        (status = 422, description = "The body or the target says what cannot be."),
        (status = 503, description = "It could not be made durable; nothing has changed."),
    ))]
pub(super) async fn set(
    State(shared): State<Shared>,
    Named(about): Named<String>,
    by: By,
    Body(wish): Body<SilenceWish>,
) -> Answer {
    let (about, by) = (pattern(&about)?, by.author());
    let silence = read(&wish, by.by.clone(), clock::wall_now())?;
    let text = SilenceText::to_the_second(&about, &silence);
    let (on, who) = (about.clone(), by.clone());
    let (was_there, covers) = shared
        .call(move |control| {
            let covers = control.covered(&on);
            (control.silence(on, silence, &who), covers)
        })
        .await?;
    let was_there = was_there.map_err(|refusal| refused(refusal, &about, &by))?;
    tracing::info!(target_name = %about, until = text.until, reason = text.reason, %by, "silenced");
    let status = if was_there { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(Silenced { silence: text, covers })).into_response())
}

/// Have them tell of it again
#[utoipa::path(delete, path = "/api/v1/silences/{*target}", tag = "webhooks",
    params(
        ("target" = String, Path, description = "As it was silenced.", min_length = 1, example = "region:us-east"),
        ("steersman-user" = Option<String>, Header, description = "Who asks, for the audit log."),
        WhyQuery,
    ),
    responses(
        (status = 204, description = "It is told of again."),
        (status = 404, description = "There is no such silence."),
        (status = 422, description = "There cannot be such a target, or such a reason."),
        (status = 503, description = "It could not be made durable; nothing has changed."),
    ))]
pub(super) async fn remove(
    State(shared): State<Shared>,
    Named(about): Named<String>,
    by: By,
    Asked(WhyQuery { reason }): Asked<WhyQuery>,
) -> Answer {
    let (about, by) = (pattern(&about)?, by.because(reason.as_deref())?.author());
    let (on, who) = (about.clone(), by.clone());
    let done = shared.call(move |control| control.unsilence(&on, &who)).await?;
    done.map_err(|refusal| refused(refusal, &about, &by))?;
    tracing::info!(target_name = %about, reason = by.reason, %by, "told of again");
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A person's wish that the disk refused is worth a line in the log.
fn refused(refusal: SilenceError, about: &Pattern, by: &Author) -> Problem {
    if let SilenceError::NotDurable(error) = &refusal {
        tracing::error!(target_name = %about, %by, %error, "neither silenced nor told of again");
    }
    refusal.problem(about)
}

fn pattern(text: &str) -> Result<Pattern, Problem> {
    text.parse().map_err(|why| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why))
}

/// What a body wants, from now on.
fn read(wish: &SilenceWish, by: String, now: SystemTime) -> Result<Silence, Problem> {
    let reason = change::reason(&wish.reason)?;
    let until = change::end(now, &wish.lifetime)?;
    Ok(Silence { reason, by, since: now, until })
}
