//! The routes, and what each makes of a request.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, Extension, FromRequest as _, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use super::access::{self, Caller, Door};
use super::answers::{
    AuditPage, NewToken, OverrideList, Reloaded, ReturnedTo, TokenList, TokenStatus,
};
use super::change::{self, TokenWish};
use super::control::{Control, ExplainRequest, not_durable};
use super::drills;
use super::events::{self, Streams};
use super::kept::Kept;
use super::look;
use super::maintenance;
use super::page;
use super::problem::Problem;
use super::server::Peer;
use super::signing;
use super::silences;
use super::status::OverrideStatus;
use crate::health::Target;
use crate::question::parse_rtype;
use crate::state::{Author, StateError};
use crate::wire::Name;

/// More than any request needs.
const BODY_LIMIT_BYTES: usize = 64 * 1024;

/// The most entries of the audit log in one answer.
const AUDIT_ENTRIES: usize = 1000;

/// The most pools whose endpoints are in one answer.
const POOLS: usize = 64;

pub(super) type Answer = Result<Response, Problem>;

/// What the handlers share.
#[derive(Clone)]
pub(super) struct Shared {
    control: Arc<dyn Control>,
    /// How long a client may take to send a body.
    body_timeout: Duration,
    streams: Streams,
    pub(super) door: Door,
    /// What many ask for.
    pub(super) kept: Arc<Kept>,
}

/// All routes, behind the token.
pub(super) fn router(
    control: Arc<dyn Control>,
    door: Door,
    body_timeout: Duration,
    streams: Streams,
) -> Router {
    let shared = Shared { control, body_timeout, streams, door, kept: Arc::default() };
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/api/v1/status", get(status))
        .route("/api/v1/overview", get(overview))
        .route("/api/v1/endpoints", get(endpoints))
        .route("/api/v1/explain", get(explain))
        .route("/api/v1/names", get(look::names))
        .route("/api/v1/map", get(look::map))
        .route("/api/v1/preview", post(look::preview))
        .route("/api/v1/maintenance", get(maintenance::list))
        .route("/api/v1/maintenance/{name}", put(maintenance::plan).delete(maintenance::call_off))
        .route("/api/v1/drills", get(drills::list).post(drills::begin))
        .route("/api/v1/drills/{id}", get(drills::show).delete(drills::end))
        .route("/api/v1/webhooks", get(silences::webhooks))
        .route("/api/v1/webhooks/{name}/test", post(silences::test))
        .route("/api/v1/silences", get(silences::list))
        .route("/api/v1/silences/{*target}", put(silences::set).delete(silences::remove))
        .route("/api/v1/overrides", get(overrides))
        .route("/api/v1/overrides/{kind}/{*name}", put(set_override).delete(clear_override))
        .route("/api/v1/failback/{pool}", post(failback))
        .route("/api/v1/heartbeats/{*endpoint}", post(beat))
        .route("/api/v1/reload", post(reload))
        .route("/api/v1/audit", get(audit))
        .route("/api/v1/tokens", get(tokens).post(grant))
        .route("/api/v1/tokens/{name}", delete(revoke))
        .route("/api/v1/events", get(events))
        .route(
            signing::SESSION_PATH,
            get(signing::who_am_i).post(signing::sign_in).delete(signing::sign_out),
        )
        .merge(page::routes())
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
        .layer(middleware::from_fn_with_state(shared.kept.clone(), forget))
        .layer(middleware::from_fn_with_state(shared.door.clone(), access::check))
        .layer(middleware::from_fn(keep_to_itself))
        .with_state(shared)
}

impl Shared {
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

    pub(super) async fn body(&self, request: Request) -> Result<Bytes, Problem> {
        match tokio::time::timeout(self.body_timeout, Bytes::from_request(request, &())).await {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(rejection)) => Err(Problem::new(rejection.status(), rejection.body_text())),
            Err(_) => {
                Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time"))
            }
        }
    }
}

async fn ready(State(shared): State<Shared>) -> Answer {
    match shared.call(|control| control.ready()).await? {
        Ok(()) => Ok("ready\n".into_response()),
        Err(missing) => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, missing)),
    }
}

async fn metrics(State(shared): State<Shared>) -> Answer {
    let text = shared.call(|control| control.metrics()).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

async fn status(State(shared): State<Shared>) -> Answer {
    Ok(Json(shared.call(|control| control.status()).await?).into_response())
}

async fn overview(State(shared): State<Shared>, headers: HeaderMap) -> Answer {
    let make = shared.call(|control| json(&control.overview()));
    shared.kept.answer("overview", &headers, async { make.await? }).await
}

async fn endpoints(State(shared): State<Shared>, uri: Uri, headers: HeaderMap) -> Answer {
    let query = uri.query().unwrap_or_default();
    let pools = pools_of(query)?;
    let make = shared.call(move |control| json(&control.endpoints(&pools)));
    shared.kept.answer(&uri.to_string(), &headers, async { make.await? }).await
}

/// The names of `pool=NAME&pool=NAME`.
fn pools_of(query: &str) -> Result<Vec<String>, Problem> {
    let bad = |detail| Problem::new(StatusCode::BAD_REQUEST, detail);
    let mut pools = Vec::new();
    for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if key != "pool" {
            return Err(bad(format!("found {key:?}; expected pool=NAME, once for each pool")));
        }
        pools.push(value.into_owned());
    }
    if pools.is_empty() || pools.len() > POOLS {
        return Err(bad(format!("found {} pools; expected 1 to {POOLS}", pools.len())));
    }
    Ok(pools)
}

pub(super) fn json(answer: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(answer).map_err(|error| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("no JSON: {error}"))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExplainQuery {
    name: String,
    r#type: Option<String>,
    from: Option<String>,
}

async fn explain(State(shared): State<Shared>, uri: Uri) -> Answer {
    let bad = |detail| Problem::new(StatusCode::BAD_REQUEST, detail);
    let Query(query) =
        Query::<ExplainQuery>::try_from_uri(&uri).map_err(|error| bad(error.body_text()))?;
    let name = Name::parse(&query.name, &Name::root())
        .map_err(|error| bad(format!("name: found {:?}: {error}", query.name)))?;
    let rtype = parse_rtype(query.r#type.as_deref().unwrap_or("A"))
        .map_err(|error| bad(format!("type: {error}")))?;
    let from = query.from.map(|from| from.parse()).transpose();
    let from = from.map_err(|error| bad(format!("from: {error}")))?;
    let question = ExplainRequest { name, rtype, from };
    let explanation = shared.call(move |control| control.explain(&question)).await??;
    Ok(Json(explanation).into_response())
}

async fn overrides(State(shared): State<Shared>) -> Answer {
    let overrides = shared.call(|control| control.overrides()).await?;
    let overrides = overrides.iter().map(|(target, what)| OverrideStatus::new(target, what));
    Ok(Json(OverrideList { overrides: overrides.collect() }).into_response())
}

async fn set_override(
    State(shared): State<Shared>,
    path: Result<Path<(String, String)>, PathRejection>,
    Extension(peer): Extension<Peer>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Answer {
    let target = target(path)?;
    let by = change::author(&caller, peer.0, request.headers());
    let body = shared.body(request).await?;
    let (what, forces) = change::read(&body, crate::clock::wall_now())?;
    let by = change::forcing(by, forces, &caller)?;
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

async fn clear_override(
    State(shared): State<Shared>,
    path: Result<Path<(String, String)>, PathRejection>,
    Extension(peer): Extension<Peer>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    uri: Uri,
) -> Answer {
    let target = target(path)?;
    let by = change::forcing(change::author(&caller, peer.0, &headers), force(&uri)?, &caller)?;
    let (on, who) = (target.clone(), by.clone());
    let cleared = shared.call(move |control| control.clear(&on, &who)).await?;
    let cleared =
        cleared.map_err(|refusal| refused(refusal.problem(&target), "cleared", &target, &by))?;
    if let Some(was) = cleared.overridden {
        tracing::info!(target_name = %target, state = %was.state, %by, "override cleared");
    }
    if cleared.holds > 0 {
        tracing::info!(target_name = %target, holds = cleared.holds, %by, "hold lifted");
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A person's wish that the disk refused is worth a line in the log.
fn refused(problem: Problem, wish: &str, target: &Target, by: &Author) -> Problem {
    if problem.status >= 500 {
        tracing::error!(target_name = %target, %by, error = %problem.detail, "override not {wish}");
    }
    problem
}

async fn failback(
    State(shared): State<Shared>,
    pool: Result<Path<String>, PathRejection>,
    Extension(peer): Extension<Peer>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Answer {
    let pool = named(pool)?;
    let by = change::author(&caller, peer.0, &headers);
    let (to, who) = (pool.clone(), by.clone());
    let families = shared.call(move |control| control.failback(&to, &who)).await?;
    let families = families.map_err(|refusal| {
        let problem = refusal.problem(&Target::Pool(pool.clone()));
        if problem.status >= 500 {
            tracing::error!(pool, %by, error = %problem.detail, "pool not returned to");
        }
        problem
    })?;
    tracing::info!(pool, %by, "a person returns to a pool");
    let families = families.iter().map(ToString::to_string).collect();
    Ok(Json(ReturnedTo { pool, families }).into_response())
}

async fn beat(
    State(shared): State<Shared>,
    endpoint: Result<Path<String>, PathRejection>,
) -> Answer {
    let endpoint = named(endpoint)?;
    shared.call(move |control| control.beat(&endpoint)).await??;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn reload(
    State(shared): State<Shared>,
    Extension(peer): Extension<Peer>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    uri: Uri,
) -> Answer {
    let by = change::forcing(change::author(&caller, peer.0, &headers), force(&uri)?, &caller)?;
    let loaded = shared.call(move |control| control.reload(&by)).await?;
    let revision = loaded.map_err(Problem::of_files)?;
    Ok(Json(Reloaded { revision }).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ForceQuery {
    #[serde(default)]
    force: bool,
}

/// Whether a change is wanted though it breaks safety rules.
fn force(uri: &Uri) -> Result<bool, Problem> {
    let bad = |detail| Problem::new(StatusCode::BAD_REQUEST, detail);
    let Query(query) =
        Query::<ForceQuery>::try_from_uri(uri).map_err(|error| bad(error.body_text()))?;
    Ok(query.force)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuditQuery {
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
}

async fn audit(State(shared): State<Shared>, uri: Uri) -> Answer {
    let bad = |detail| Problem::new(StatusCode::BAD_REQUEST, detail);
    let Query(query) =
        Query::<AuditQuery>::try_from_uri(&uri).map_err(|error| bad(error.body_text()))?;
    let limit = query.limit.unwrap_or(AUDIT_ENTRIES);
    if limit == 0 || limit > AUDIT_ENTRIES {
        return Err(bad(format!("limit: found {limit}; expected 1 to {AUDIT_ENTRIES}")));
    }
    let trail = shared.call(|control| control.audit()).await?;
    let trail = trail.map_err(|error| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, format!("no audit log: {error}"))
    })?;
    Ok(Json(AuditPage::new(trail, query.after, limit)).into_response())
}

async fn tokens(State(shared): State<Shared>) -> Answer {
    let named = shared.door.access.named();
    let tokens = named
        .iter()
        .map(|(name, granted)| TokenStatus { name: name.to_owned(), role: granted.role });
    Ok(Json(TokenList { tokens: tokens.collect() }).into_response())
}

async fn grant(
    State(shared): State<Shared>,
    Extension(peer): Extension<Peer>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Answer {
    let by = change::author(&caller, peer.0, request.headers());
    let TokenWish { name, role } = change::read_token(&shared.body(request).await?)?;
    let (called, who) = (name.clone(), by.clone());
    let token = shared.call(move |control| control.grant(&called, role, &who)).await?;
    let token = token.map_err(|error| refused_token(&error, &name, &by))?;
    tracing::info!(name, %role, %by, "token made");
    let token = token.reveal().to_owned();
    Ok((StatusCode::CREATED, Json(NewToken { name, role, token })).into_response())
}

async fn revoke(
    State(shared): State<Shared>,
    name: Result<Path<String>, PathRejection>,
    Extension(peer): Extension<Peer>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Answer {
    let name = named(name)?;
    let by = change::author(&caller, peer.0, &headers);
    let (called, who) = (name.clone(), by.clone());
    let was_there = shared.call(move |control| control.revoke(&called, &who)).await?;
    if !was_there.map_err(|error| refused_token(&error, &name, &by))? {
        let detail = format!("there is no token {name:?}");
        return Err(Problem::new(StatusCode::NOT_FOUND, detail));
    }
    tracing::info!(name, %by, "token taken back");
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn refused_token(error: &StateError, name: &str, by: &Author) -> Problem {
    tracing::error!(name, %by, %error, "token neither made nor taken back");
    not_durable(error)
}

async fn events(State(shared): State<Shared>, headers: HeaderMap, uri: Uri) -> Answer {
    events::stream(shared.control.history(), shared.streams, &headers, &uri)
}

/// What a path names.
pub(super) fn named<T>(path: Result<Path<T>, PathRejection>) -> Result<T, Problem> {
    let bad = |error: PathRejection| Problem::new(StatusCode::BAD_REQUEST, error.body_text());
    path.map(|Path(name)| name).map_err(bad)
}

/// The path of an override says what it is about.
fn target(path: Result<Path<(String, String)>, PathRejection>) -> Result<Target, Problem> {
    let (kind, name) = named(path)?;
    if !matches!(kind.as_str(), "region" | "pool" | "endpoint") {
        let detail = format!("found /{kind}/; expected /region/, /pool/ or /endpoint/");
        return Err(Problem::new(StatusCode::NOT_FOUND, detail));
    }
    let target: Result<Target, String> = format!("{kind}:{name}").parse();
    target.map_err(|error| Problem::new(StatusCode::NOT_FOUND, error))
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
