//! The routes, and what all of them share. Each is described where it is answered, and served and described by
//! one list.

mod daemon;
mod overrides;
mod standing;
mod tokens;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use serde::Serialize;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::access::{self, Door};
use super::control::Control;
use super::events::{self, Streams};
use super::kept::Kept;
use super::problem::Problem;
use super::server::Limits;
use super::turns::{Long, Turns};
use super::{drills, look, maintenance, page, signing, silences, uptime};

/// More than any request needs.
const BODY_LIMIT_BYTES: usize = 64 * 1024;

pub(super) type Answer = Result<Response, Problem>;

/// What the handlers share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) control: Arc<dyn Control>,
    /// How long a client may take to send a body.
    pub(super) body_timeout: Duration,
    /// Of those who ask for what takes long.
    pub(super) turns: Turns,
    pub(super) streams: Streams,
    pub(super) door: Door,
    /// What many ask for.
    pub(super) kept: Arc<Kept>,
}

/// Every route with its description.
fn described() -> OpenApiRouter<Shared> {
    OpenApiRouter::default()
        .routes(routes!(daemon::alive))
        .routes(routes!(daemon::ready))
        .routes(routes!(daemon::metrics))
        .routes(routes!(daemon::openapi))
        .routes(routes!(daemon::reload))
        .routes(routes!(standing::status))
        .routes(routes!(standing::overview))
        .routes(routes!(standing::endpoints))
        .routes(routes!(standing::explain))
        .routes(routes!(look::list))
        .routes(routes!(look::map))
        .routes(routes!(look::preview))
        .routes(routes!(uptime::report))
        .routes(routes!(maintenance::list))
        .routes(routes!(maintenance::plan, maintenance::call_off))
        .routes(routes!(drills::list, drills::begin))
        .routes(routes!(drills::show, drills::end))
        .routes(routes!(silences::webhooks))
        .routes(routes!(silences::test))
        .routes(routes!(silences::list))
        .routes(routes!(silences::set, silences::remove))
        .routes(routes!(overrides::list))
        .routes(routes!(overrides::set, overrides::clear))
        .routes(routes!(overrides::failback))
        .routes(routes!(overrides::beat))
        .routes(routes!(tokens::entries))
        .routes(routes!(tokens::list, tokens::grant))
        .routes(routes!(tokens::revoke))
        .routes(routes!(events::follow))
        .routes(routes!(signing::who_am_i, signing::sign_in, signing::sign_out))
        .merge(page::routes())
}

/// What is described with the routes, and nothing that is so of all of them.
pub(super) fn descriptions() -> OpenApi {
    described().into_openapi()
}

/// All routes, behind the token.
pub(super) fn router(
    control: Arc<dyn Control>,
    door: Door,
    limits: Limits,
    streams: Streams,
) -> Router {
    let (body_timeout, turns) = (limits.body_timeout, Turns::new(limits.turn_timeout));
    let shared = Shared { control, body_timeout, turns, streams, door, kept: Arc::default() };
    let (routes, _) = described().split_for_parts();
    routes
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
        .layer(middleware::from_fn_with_state(shared.kept.clone(), forget))
        .layer(middleware::from_fn_with_state(shared.door.clone(), access::check))
        .layer(middleware::from_fn(keep_to_itself))
        .with_state(shared)
}

impl Shared {
    /// The same for what takes long, when it is its turn.
    pub(super) async fn call_in_turn<T: Send + 'static>(
        &self,
        what: Long,
        call: impl FnOnce(&dyn Control) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = self.turns.wait(what).await?;
        // It ends with the work, also of those who have gone away meanwhile.
        self.call(move |control| {
            let _turn = turn;
            call(control)
        })
        .await
    }

    /// Calls the daemon on a thread that may block.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&dyn Control) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let control = self.control.clone();
        tokio::task::spawn_blocking(move || call(control.as_ref())).await.map_err(|error| {
            tracing::error!(%error, "an admin request failed");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "see the log of the daemon")
        })
    }
}

pub(super) fn json(answer: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(answer).map_err(|error| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("no JSON: {error}"))
    })
}

async fn unknown_path(uri: Uri) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("there is nothing at {}", uri.path()))
}

async fn unknown_method(method: Method, uri: Uri) -> Problem {
    let detail = format!("{} cannot be asked with {method}", uri.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
}

/// Whoever changes something sees it: what is kept for many is of before.
async fn forget(State(kept): State<Arc<Kept>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let looks = matches!(*request.method(), Method::GET | Method::HEAD);
    let changes = !looks
        && path != "/api/v1/preview"
        && path != signing::SESSION_PATH
        // They come often, and what comes of them comes later.
        && !path.starts_with("/api/v1/heartbeats/");
    let response = next.run(request).await;
    if changes {
        kept.forget();
    }
    response
}

/// Everything here is about this very moment, and nothing for other pages to show or load; the page's
/// own files say otherwise where they may.
async fn keep_to_itself(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
