//! What a request says, as handlers want it: who asks, what its path names, its query and its body.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::access::Caller;
use super::change;
use super::problem::Problem;
use super::routes::Shared;
use super::server::Peer;
use crate::state::Author;

/// Who asks for a change.
pub(super) struct By {
    author: Author,
    caller: Caller,
}

impl By {
    /// As the audit log has them.
    pub(super) fn author(self) -> Author {
        self.author
    }

    /// The same, who say why, if they do.
    pub(super) fn because(mut self, reason: Option<&str>) -> Result<Self, Problem> {
        self.author.reason = change::reason_if_any(reason)?;
        Ok(self)
    }

    /// The same, who want it though it breaks safety rules, if so it is and they may.
    pub(super) fn forcing(self, forces: bool) -> Result<Author, Problem> {
        change::forcing(self.author, forces, &self.caller)
    }
}

impl<S: Sync> FromRequestParts<S> for By {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let peer = parts.extensions.get::<Peer>();
        match (peer, parts.extensions.get::<Caller>()) {
            (Some(Peer(peer)), Some(caller)) => {
                let author = change::author(caller, *peer, &parts.headers);
                Ok(Self { author, caller: caller.clone() })
            }
            _ => Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "nobody knows who asks")),
        }
    }
}

/// What the path names.
pub(super) struct Named<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let named = Path::<T>::from_request_parts(parts, state).await;
        named.map(|Path(name)| Self(name)).map_err(|error| bad(error.body_text()))
    }
}

/// What the query says; a key that nobody knows is wrong.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = Query::<T>::try_from_uri(&parts.uri);
        query.map(|Query(query)| Self(query)).map_err(|error| bad(error.body_text()))
    }
}

/// What the body says, in JSON, whatever the header calls it.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Shared> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        change::parse(&body(request, shared).await?).map(Self)
    }
}

/// The same; it may be missing, or `null`, which says nothing.
pub(super) struct BodyIfAny<T>(pub(super) T);

impl<T: DeserializeOwned + Default> FromRequest<Shared> for BodyIfAny<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        let bytes = body(request, shared).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        change::parse::<Option<T>>(&bytes).map(|said| Self(said.unwrap_or_default()))
    }
}

/// Why something is taken back.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WhyQuery {
    /// Why, for the audit log: one line of at most 500 characters.
    pub(super) reason: Option<String>,
}

/// A body that comes in time.
pub(super) async fn body(request: Request, shared: &Shared) -> Result<Bytes, Problem> {
    match tokio::time::timeout(shared.body_timeout, Bytes::from_request(request, &())).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(rejection)) => Err(Problem::new(rejection.status(), rejection.body_text())),
        Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time")),
    }
}

pub(super) fn bad(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, detail)
}
