//! Who may do what: everything but the two health checks needs a token, and each token has a role.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq as _;

use super::problem::Problem;
use crate::state::{Role, Token, Tokens};

/// Whoever has the token of the file.
const ROOT: &str = "admin";

/// Who is let in.
#[derive(Clone, Debug)]
pub struct Access {
    /// The token of the file, which may do everything, or why there is none.
    root: Result<Token, String>,
    named: Arc<RwLock<Tokens>>,
}

/// Who asks: by which token, and what that is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Caller {
    pub(super) name: String,
    pub(super) role: Role,
}

impl Access {
    /// For whoever has the token of the file, if there is one, or one of the others.
    pub fn new(root: Result<Token, String>, named: Tokens) -> Self {
        Self { root, named: Arc::new(RwLock::new(named)) }
    }

    /// All other tokens.
    pub fn named(&self) -> RwLockReadGuard<'_, Tokens> {
        // A token is added or taken away whole.
        self.named.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, to change them: in force with the next request.
    pub fn named_mut(&self) -> RwLockWriteGuard<'_, Tokens> {
        self.named.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn whose(&self, given: &[u8]) -> Option<Caller> {
        let is_root =
            self.root.as_ref().is_ok_and(|token| given.ct_eq(token.reveal().as_bytes()).into());
        if is_root {
            return Some(Caller { name: ROOT.into(), role: Role::Admin });
        }
        let named = self.named();
        named.whose(given).map(|(name, role)| Caller { name: name.into(), role })
    }
}

/// Lets a request on, with whoever it comes from, or answers it.
pub(super) async fn check(
    State(access): State<Access>,
    mut request: Request,
    next: Next,
) -> Response {
    if matches!(request.uri().path(), "/healthz" | "/readyz") {
        return next.run(request).await;
    }
    let needed = needed(request.method(), request.uri().path());
    match allowed(&access, request.headers(), needed) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) if problem.status == StatusCode::UNAUTHORIZED => {
            let mut response = problem.into_response();
            let challenge = HeaderValue::from_static("Bearer realm=\"steersman\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            response
        }
        Err(problem) => problem.into_response(),
    }
}

/// Whoever looks changes nothing; and who may do what is not for everybody who may do something.
fn needed(method: &Method, path: &str) -> Role {
    match path.starts_with("/api/v1/tokens") {
        true => Role::Admin,
        // It only looks, at what a body asks for.
        false if path == "/api/v1/preview" => Role::Viewer,
        false if matches!(*method, Method::GET | Method::HEAD) => Role::Viewer,
        false => Role::Operator,
    }
}

fn allowed(access: &Access, headers: &HeaderMap, needed: Role) -> Result<Caller, Problem> {
    let denied = |detail: &str| Problem::new(StatusCode::UNAUTHORIZED, detail);
    let shut = |why: &str| {
        let detail = format!("there is no admin token, so nobody can be let in by it: {why}");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    };
    if let (Err(why), true) = (&access.root, access.named().is_empty()) {
        return Err(shut(why));
    }
    let Some(given) = headers.get(header::AUTHORIZATION) else {
        return Err(denied("expected the header Authorization: Bearer TOKEN"));
    };
    let Some(given) = bearer(given.as_bytes()) else {
        return Err(denied("the Authorization header is not of the form Bearer TOKEN"));
    };
    match (access.whose(given), &access.root) {
        (Some(caller), _) if caller.role >= needed => Ok(caller),
        (Some(Caller { name, role }), _) => Err(Problem::new(
            StatusCode::FORBIDDEN,
            format!("the token {name} has the role {role}; this needs {needed}"),
        )),
        (None, Ok(_)) => Err(denied("this is no token of this daemon")),
        (None, Err(why)) => Err(shut(why)),
    }
}

/// The token of `Bearer TOKEN`; the scheme's case does not matter (RFC 9110 11.1).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}
