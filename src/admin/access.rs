//! Who may do what: everything but the two health checks and the page itself needs a token, or a
//! cookie that stands for one, and each token has a role.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq as _;

use super::page;
use super::problem::Problem;
use super::sessions::{Session, Sessions};
use super::signing::{self, SECRET_HEADER, SESSION_PATH};
use crate::clock;
use crate::state::{Granted, Role, Token, Tokens};

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
    /// The token; none: that of the file.
    pub(super) granted: Option<Granted>,
}

/// Who is let in, and who is signed in.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) access: Access,
    pub(super) sessions: Arc<Sessions>,
    /// Whether it is asked over TLS, by whomever.
    pub(super) over_tls: bool,
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

    fn whose(&self, given: &[u8]) -> Result<Option<Caller>, Problem> {
        let is_root =
            self.root.as_ref().is_ok_and(|token| given.ct_eq(token.reveal().as_bytes()).into());
        if is_root {
            return Ok(Some(Caller { name: ROOT.into(), role: Role::Admin, granted: None }));
        }
        let named = self.named();
        let Some((name, granted)) = named.whose(given) else { return Ok(None) };
        if let Some(until) = granted.until.as_ref().filter(|_| has_expired(granted)) {
            return Err(denied(&format!("the token {name} was good until {until}")));
        }
        let (name, role, granted) = (name.into(), granted.role, Some(granted.clone()));
        Ok(Some(Caller { name, role, granted }))
    }

    /// Whose token this is, or why nobody is let in by it.
    pub(super) fn caller(&self, given: &[u8]) -> Result<Caller, Problem> {
        if let (Err(why), true) = (&self.root, self.named().is_empty()) {
            return Err(shut(why));
        }
        match (self.whose(given)?, &self.root) {
            (Some(caller), _) => Ok(caller),
            (None, Ok(_)) => Err(denied("this is no token of this daemon")),
            (None, Err(why)) => Err(shut(why)),
        }
    }

    /// Whether the token that somebody came with is still good.
    fn is_good(&self, caller: &Caller) -> bool {
        match &caller.granted {
            None => self.root.is_ok(),
            Some(granted) => {
                self.named().get(&caller.name) == Some(granted) && !has_expired(granted)
            }
        }
    }
}

fn has_expired(granted: &Granted) -> bool {
    granted.has_expired(clock::wall_now())
}

impl Door {
    /// Who asks.
    fn caller(&self, method: &Method, headers: &HeaderMap) -> Result<Caller, Problem> {
        if let (Err(why), true) = (&self.access.root, self.access.named().is_empty()) {
            return Err(shut(why));
        }
        let Some(given) = headers.get(header::AUTHORIZATION) else {
            let session = self.session(headers).ok_or_else(|| {
                denied("expected the header Authorization: Bearer TOKEN, or a cookie of the page")
            })?;
            // A cookie comes along whoever made the browser ask.
            if !is_harmless(method) {
                signing::same_page(headers, self.over_tls)?;
                let secret = headers.get(SECRET_HEADER).map(HeaderValue::as_bytes);
                if !secret.is_some_and(|secret| session.is_secret(secret)) {
                    let detail = format!(
                        "with a cookie, expected the header {SECRET_HEADER} with the secret of the session"
                    );
                    return Err(Problem::new(StatusCode::FORBIDDEN, detail));
                }
            }
            return Ok(session.caller);
        };
        let Some(given) = bearer(given.as_bytes()) else {
            return Err(denied("the Authorization header is not of the form Bearer TOKEN"));
        };
        self.access.caller(given)
    }

    /// The session that a request's cookies name, as long as its token is good.
    pub(super) fn session(&self, headers: &HeaderMap) -> Option<Session> {
        let cookies = signing::cookies(headers);
        let session = self.sessions.of(&cookies)?;
        if self.access.is_good(&session.caller) {
            return Some(session);
        }
        self.sessions.end(&cookies);
        None
    }
}

/// Lets a request on, with whoever it comes from, or answers it.
pub(super) async fn check(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    if is_for_everybody(method, path) {
        return next.run(request).await;
    }
    let needed = needed(method, path);
    match door.caller(method, request.headers()).and_then(|caller| allowed(caller, needed)) {
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

/// The health checks, the page, which holds nothing of the daemon's, and the way in.
pub(super) fn is_for_everybody(method: &Method, path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
        || page::has(path)
        || (path == SESSION_PATH && *method == Method::POST)
}

pub(super) fn is_harmless(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// Whoever looks changes nothing; and who may do what is not for everybody who may do something.
pub(super) fn needed(method: &Method, path: &str) -> Role {
    match path.starts_with("/api/v1/tokens") {
        true => Role::Admin,
        // One only looks, at what a body asks for; and whoever came in may leave.
        false if matches!(path, "/api/v1/preview" | SESSION_PATH) => Role::Viewer,
        false if is_harmless(method) => Role::Viewer,
        false => Role::Operator,
    }
}

fn allowed(caller: Caller, needed: Role) -> Result<Caller, Problem> {
    let Caller { name, role, .. } = &caller;
    match *role >= needed {
        true => Ok(caller),
        false => Err(Problem::new(
            StatusCode::FORBIDDEN,
            format!("the token {name} has the role {role}; this needs {needed}"),
        )),
    }
}

fn denied(detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, detail)
}

fn shut(why: &str) -> Problem {
    let detail = format!("there is no admin token, so nobody can be let in by it: {why}");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
}

/// The token of `Bearer TOKEN`; the scheme's case does not matter (RFC 9110 11.1).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}
