//! The routes that tell what share of whose clients is told what.

use axum::Json;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::change;
use super::problem::Problem;
use super::routes::{Answer, Shared, json};
use super::shares::{AddressType, MOST_NAMES, NamesRequest, PreviewWish};
use crate::wire::Name;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamesQuery {
    #[serde(default)]
    containing: String,
    limit: Option<usize>,
}

pub(super) async fn names(State(shared): State<Shared>, uri: Uri, headers: HeaderMap) -> Answer {
    let NamesQuery { containing, limit } = query(&uri)?;
    let limit = limit.unwrap_or(MOST_NAMES);
    if limit == 0 || limit > MOST_NAMES {
        return Err(bad(format!("limit: found {limit}; expected 1 to {MOST_NAMES}")));
    }
    let wanted = NamesRequest { containing: containing.to_lowercase(), limit };
    let make = shared.call(move |control| json(&control.names(&wanted)));
    shared.kept.answer(&uri.to_string(), &headers, async { make.await? }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MapQuery {
    name: String,
    r#type: Option<AddressType>,
}

pub(super) async fn map(State(shared): State<Shared>, uri: Uri, headers: HeaderMap) -> Answer {
    let MapQuery { name, r#type } = query(&uri)?;
    let owner = Name::parse(&name, &Name::root())
        .map_err(|error| bad(format!("name: found {name:?}: {error}")))?;
    let rtype = r#type.unwrap_or(AddressType::A);
    let make = shared.call(move |control| {
        let unknown = || Problem::new(StatusCode::NOT_FOUND, format!("{name} is not steered here"));
        json(&control.map(&owner, rtype).ok_or_else(unknown)?)
    });
    shared.kept.answer(&uri.to_string(), &headers, async { make.await? }).await
}

pub(super) async fn preview(State(shared): State<Shared>, request: Request) -> Answer {
    let wish: PreviewWish = change::parse(&shared.body(request).await?)?;
    let target = wish.target()?;
    let about = target.clone();
    let preview = shared.call(move |control| control.preview(&about, wish.state)).await?;
    let preview = preview.map_err(|refusal| refusal.problem(&target))?;
    Ok(Json(preview).into_response())
}

pub(super) fn query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    let Query(query) = Query::<T>::try_from_uri(uri).map_err(|error| bad(error.body_text()))?;
    Ok(query)
}

fn bad(detail: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, detail)
}
