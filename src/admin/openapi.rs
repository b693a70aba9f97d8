//! The description of all routes (OpenAPI 3.1): what stands beside each handler, and what is so of all of them.

use std::sync::OnceLock;

use axum::http::{Method, StatusCode};
use utoipa::OpenApi as _;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Components, Content, Header, Object, OpenApi, Ref, RefOr, Response, Type};

use super::access;
use super::problem::Problem;
use super::routes;
use super::signing::{SECRET_HEADER, SESSION_PATH};
use crate::history::Event;
use crate::state::Role;

const PROBLEM: &str = "application/problem+json";
const TOKEN: &str = "token";
const COOKIE: &str = "cookie";
const SECRET: &str = "secret";

/// What is so of the whole.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Steersman's admin endpoint",
        description = "How everything stands, and what people say of it. Times are RFC 3339 in UTC. Errors are \
            `application/problem+json` (RFC 9457). One request goes on each connection. Any method that a path does \
            not have gets 405, and any other path 404, both as a problem.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    tags(
        (name = "daemon", description = "The daemon as a whole"),
        (name = "standing", description = "How everything stands"),
        (name = "names", description = "What share of whose clients is told what"),
        (name = "overrides", description = "What people, and endpoints, say"),
        (name = "maintenance", description = "Planned maintenance"),
        (name = "drills", description = "Drills"),
        (name = "events", description = "What happens"),
        (name = "webhooks", description = "Who is told of it elsewhere"),
        (name = "audit", description = "Who changed what"),
        (name = "tokens", description = "Who may do what"),
        (name = "sessions", description = "Who is signed in on the page"),
        (name = "page", description = "The page"),
    ),
    components(schemas(Problem, Event)),
)]
struct Whole;

/// All of it as JSON, which ends with a line feed.
///
/// # Errors
///
/// It cannot be written as JSON.
pub fn text() -> Result<String, Problem> {
    static TEXT: OnceLock<String> = OnceLock::new();
    if let Some(text) = TEXT.get() {
        return Ok(text.clone());
    }
    let text = description().to_pretty_json().map_err(|error| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("no description: {error}"))
    })?;
    Ok(TEXT.get_or_init(|| text + "\n").clone())
}

fn description() -> OpenApi {
    let mut whole = Whole::openapi();
    whole.merge(routes::descriptions());
    // A path that holds slashes is a parameter as any other to those who read this.
    let paths = std::mem::take(&mut whole.paths.paths);
    let paths = paths.into_iter().map(|(path, item)| (path.replace("{*", "{"), item));
    whole.paths.paths = paths.collect();
    for (path, item) in &mut whole.paths.paths {
        for (method, operation) in operations(item) {
            complete(operation, &method, path);
        }
    }
    let components = whole.components.get_or_insert_with(Components::new);
    let secret =
        format!("Beside a cookie, the secret of its session, which `GET {SESSION_PATH}` tells.");
    let cookie =
        "Of a session of the page, for the default port; over TLS its name begins with `__Host-`.";
    let token = HttpAuthScheme::Bearer;
    components.add_security_scheme(TOKEN, SecurityScheme::Http(Http::new(token)));
    let cookie = ApiKeyValue::with_description("steersman-8053", cookie);
    components.add_security_scheme(COOKIE, SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    let secret = ApiKeyValue::with_description(SECRET_HEADER, &secret);
    components.add_security_scheme(SECRET, SecurityScheme::ApiKey(ApiKey::Header(secret)));
    whole
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let all = [
        (Method::GET, &mut item.get),
        (Method::PUT, &mut item.put),
        (Method::POST, &mut item.post),
        (Method::DELETE, &mut item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Adds who may, by what asks them, and what may be answered before a handler has a say.
fn complete(operation: &mut Operation, method: &Method, path: &str) {
    let tag = operation.tags.iter().flatten().next().cloned().unwrap_or_default();
    let id = operation.operation_id.take().unwrap_or_default();
    operation.operation_id = Some(format!("{tag}_{id}"));
    if !access::is_for_everybody(method, path) {
        let role = access::needed(method, path);
        let note = format!("Needs a token of the role `{role}`.");
        operation.description = Some(match operation.description.take() {
            Some(text) => format!("{text}\n\n{note}"),
            None => note,
        });
        operation.extensions = Some(Extensions::builder().add("x-role", role.to_string()).build());
        demand_a_token(operation, method, role);
    }
    let takes_something = operation.parameters.is_some() || operation.request_body.is_some();
    if takes_something {
        may(operation, "400", "The path, the query or the body cannot be read.");
    }
    if operation.request_body.is_some() {
        may(operation, "408", "The body did not arrive in time.");
        may(operation, "413", "The body is larger than 64 KiB.");
    }
    if !is_page(path) {
        may(operation, "500", "A bug; the log of the daemon has more.");
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && (status.starts_with('4') || status.starts_with('5'))
        {
            let problem = Content::new(Some(Ref::from_schema_name("Problem")));
            response.content.insert(PROBLEM.into(), problem.into());
        }
    }
}

fn is_page(path: &str) -> bool {
    super::page::has(path)
}

fn demand_a_token(operation: &mut Operation, method: &Method, role: Role) {
    let by_token = SecurityRequirement::new::<_, [&str; 0], &str>(TOKEN, []);
    let mut by_cookie = SecurityRequirement::new::<_, [&str; 0], &str>(COOKIE, []);
    if !access::is_harmless(method) {
        by_cookie = by_cookie.add::<_, [&str; 0], &str>(SECRET, []);
    }
    operation.security = Some(vec![by_token, by_cookie]);
    let mut denied = Response::new("No token, or not a right one.");
    let challenge = Header::new(Object::with_type(Type::String));
    denied.headers.insert("www-authenticate".into(), challenge.into());
    operation.responses.responses.insert("401".into(), denied.into());
    if role > Role::Viewer || !access::is_harmless(method) {
        let why = "The role of the token may not do this; or it came with a cookie, and not from the page.";
        may(operation, "403", why);
    }
    may(operation, "503", "There is no token that could let anybody in.");
}

/// Adds an answer, unless it is described.
fn may(operation: &mut Operation, status: &str, why: &str) {
    let all = &mut operation.responses.responses;
    all.entry(status.into()).or_insert_with(|| Response::new(why).into());
}
