//! Who may do what: everything but the two health checks needs the token.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq as _;

use super::problem::Problem;
use crate::state::Token;

/// Whether and how the endpoint can be used.
#[derive(Clone, Debug)]
pub enum Access {
    /// By whoever has the token.
    Token(Token),
    /// By nobody, and why: there is no token.
    Closed(String),
}

/// Lets a request on, or answers it.
pub(super) async fn check(State(access): State<Access>, request: Request, next: Next) -> Response {
    if matches!(request.uri().path(), "/healthz" | "/readyz") {
        return next.run(request).await;
    }
    match allowed(&access, request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) if problem.status == StatusCode::UNAUTHORIZED => {
            let mut response = problem.into_response();
            let challenge = HeaderValue::from_static("Bearer realm=\"steersman\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            response
        }
        Err(problem) => problem.into_response(),
    }
}

fn allowed(access: &Access, headers: &HeaderMap) -> Result<(), Problem> {
    let token = match access {
        Access::Token(token) => token,
        Access::Closed(why) => {
            return Err(Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                format!("there is no admin token, so nobody can be let in: {why}"),
            ));
        }
    };
    let denied = |detail| Err(Problem::new(StatusCode::UNAUTHORIZED, detail));
    let Some(given) = headers.get(header::AUTHORIZATION) else {
        return denied("expected the header Authorization: Bearer TOKEN");
    };
    let Some(given) = bearer(given.as_bytes()) else {
        return denied("the Authorization header is not of the form Bearer TOKEN");
    };
    if bool::from(given.ct_eq(token.reveal().as_bytes())) {
        Ok(())
    } else {
        denied("this is not the token of this daemon")
    }
}

/// The token of `Bearer TOKEN`; the scheme's case does not matter (RFC 9110 11.1).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}
