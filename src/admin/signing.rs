//! Signing in and out on the page, and whether a request comes from the page itself.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json, extract::Request, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::access::{Caller, Door};
use super::asked::body;
use super::change;
use super::problem::Problem;
use super::routes::{Answer, Shared};
use super::server::Peer;
use super::sessions::Session;
use crate::state::Role;

/// Where sessions begin and end.
pub(super) const SESSION_PATH: &str = "/api/v1/session";
/// The header that shows that a change comes from the page: no other page can know what is in it.
pub(super) const SECRET_HEADER: &str = "steersman-csrf";

/// The body of `POST /api/v1/session`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The token.
    pub token: String,
}

/// The answer to `GET` and `POST /api/v1/session`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionStatus {
    /// The name of the token.
    pub name: String,
    /// What it is good for.
    pub role: Role,
    /// What changes have to bring along in the header `steersman-csrf`; none without a cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csrf: Option<String>,
}

impl SessionStatus {
    fn of(session: Session) -> Self {
        let Caller { name, role, .. } = session.caller;
        Self { name, role, csrf: Some(session.secret) }
    }
}

/// Sign in on the page
///
/// Programs use the token itself, which needs none of this.
#[utoipa::path(post, path = "/api/v1/session", tag = "sessions", request_body = SignIn, responses(
    (status = 201, description = "Who is signed in, and a cookie.", body = SessionStatus,
        headers(("set-cookie" = String, description = "The session."))),
    (status = 401, description = "This is no token of this daemon."),
    (status = 403, description = "It does not come from the page."),
    (status = 415, description = "The body does not come as JSON."),
    (status = 422, description = "The body says what cannot be."),
    (status = 429, description = "Too many wrong tokens came from there.",
        headers(("retry-after" = u64, description = "In seconds."))),
    (status = 503, description = "There is no token that could let anybody in."),
))]
pub(super) async fn sign_in(
    State(shared): State<Shared>,
    Extension(Peer(peer)): Extension<Peer>,
    request: Request,
) -> Answer {
    let headers = request.headers().clone();
    same_page(&headers, shared.door.over_tls)?;
    // A form of another page cannot say so, and cannot sign anybody in as somebody else.
    if !is_json(&headers) {
        let detail = "expected the header Content-Type: application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    let Door { access, sessions, over_tls } = &shared.door;
    let SignIn { token } = change::parse(&body(request, &shared).await?)?;
    // With all of it there, so that whoever sends many at once is not looked at before they count.
    if let Err(wait) = sessions.may_try(peer.ip()) {
        return Err(too_many(wait.as_secs() + 1));
    }
    let caller = access.caller(token.trim().as_bytes()).inspect_err(|problem| {
        if problem.status == StatusCode::UNAUTHORIZED {
            sessions.tried_in_vain(peer.ip());
            tracing::warn!(from = %peer, "somebody tried to sign in with a wrong token");
        }
    })?;
    tracing::info!(name = caller.name, role = %caller.role, from = %peer, "signed in");
    let begun = sessions.begin(caller, *over_tls || is_over_tls(&headers));
    let (session, cookie) = begun.map_err(|error| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("no randomness: {error}"))
    })?;
    let response = (StatusCode::CREATED, Json(SessionStatus::of(session))).into_response();
    Ok(with_cookies(response, &[cookie]))
}

/// Who asks
#[utoipa::path(get, path = "/api/v1/session", tag = "sessions",
    responses((status = 200, description = "Who asks.", body = SessionStatus)))]
pub(super) async fn who_am_i(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Json<SessionStatus> {
    let by_cookie = !headers.contains_key(header::AUTHORIZATION);
    let session = by_cookie.then(|| shared.door.session(&headers)).flatten();
    Json(match session {
        Some(session) => SessionStatus::of(session),
        None => SessionStatus { name: caller.name, role: caller.role, csrf: None },
    })
}

/// Sign out
#[utoipa::path(delete, path = "/api/v1/session", tag = "sessions",
    responses((status = 204, description = "The session has ended.",
        headers(("set-cookie" = String, description = "Ends the cookie.")))))]
pub(super) async fn sign_out(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let gone = shared.door.sessions.end(&cookies(&headers));
    with_cookies(StatusCode::NO_CONTENT.into_response(), &gone)
}

fn too_many(wait_s: u64) -> Problem {
    let detail = format!("too many wrong tokens from there; try again in {wait_s} s");
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, detail);
    Problem { retry_after_s: Some(wait_s), ..problem }
}

fn with_cookies(mut response: Response, cookies: &[String]) -> Response {
    let values = cookies.iter().filter_map(|cookie| HeaderValue::from_str(cookie).ok());
    for value in values {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

fn is_json(headers: &HeaderMap) -> bool {
    let given = text(headers, &header::CONTENT_TYPE);
    given.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// Whether the browser speaks TLS to what stands before us: it says itself.
fn is_over_tls(headers: &HeaderMap) -> bool {
    text(headers, &header::ORIGIN).starts_with("https://")
}

/// All cookies of a request, which may come in several headers.
pub(super) fn cookies(headers: &HeaderMap) -> String {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.collect::<Vec<_>>().join("; ")
}

/// Refuses what another page made the browser ask for. Browsers say from where it comes, and pages
/// cannot have them say something else.
pub(super) fn same_page(headers: &HeaderMap, over_tls: bool) -> Result<(), Problem> {
    let site = text(headers, &header::HeaderName::from_static("sec-fetch-site"));
    let (origin, host) = (text(headers, &header::ORIGIN), text(headers, &header::HOST));
    let is_same = match (site, origin) {
        ("same-origin" | "none", _) | ("", "") => true,
        // Over plain HTTP they only say the page's origin.
        ("", origin) => {
            let is_own = |(scheme, own): (&str, &str)| {
                own.eq_ignore_ascii_case(host) && (scheme == "https" || !over_tls)
            };
            origin.split_once("://").is_some_and(is_own)
        }
        _ => false,
    };
    match is_same {
        true => Ok(()),
        false => Err(Problem::new(
            StatusCode::FORBIDDEN,
            "this comes from a page elsewhere; use the daemon's own page, or a token",
        )),
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &header::HeaderName) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever has the network has any page over plain HTTP.
    #[test]
    fn over_tls_a_page_over_plain_http_is_another_one() {
        let from = |origin: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ORIGIN, origin.parse().unwrap());
            headers.insert(header::HOST, "ns1.example.com:8053".parse().unwrap());
            headers
        };
        let (plain, tls) =
            (from("http://ns1.example.com:8053"), from("https://ns1.example.com:8053"));
        // A proxy before it may speak TLS.
        assert!(same_page(&plain, false).is_ok() && same_page(&tls, false).is_ok());
        assert!(same_page(&plain, true).is_err() && same_page(&tls, true).is_ok());
    }

    #[test]
    fn only_the_page_itself_changes_anything() {
        for (site, origin, host, good) in [
            (None, None, "a:1", true),
            (Some("same-origin"), Some("http://a:1"), "a:1", true),
            (Some("none"), None, "a:1", true),
            // A proxy put another name there.
            (Some("same-origin"), Some("https://gtm.example.com"), "127.0.0.1:8053", true),
            (Some("same-site"), Some("http://a:2"), "a:1", false),
            (Some("cross-site"), Some("http://a:1"), "a:1", false),
            (Some("cross-site"), None, "a:1", false),
            (None, Some("http://a:1"), "a:1", true),
            (None, Some("http://A:1"), "a:1", true),
            (None, Some("http://a:2"), "a:1", false),
            (None, Some("http://a:1.evil.example"), "a:1", false),
            (None, Some("null"), "a:1", false),
        ] {
            let mut headers = HeaderMap::new();
            let mut set = |name: &'static str, value: Option<&str>| {
                if let Some(value) = value {
                    headers.insert(name, value.parse().unwrap());
                }
            };
            set("sec-fetch-site", site);
            set("origin", origin);
            set("host", Some(host));
            assert_eq!(same_page(&headers, false).is_ok(), good, "{site:?} {origin:?} {host}");
        }
    }
}
