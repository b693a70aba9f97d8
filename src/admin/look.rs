//! The routes that tell what share of whose clients is told what.

use axum::Json;
use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::change;
use super::problem::Problem;
use super::routes::Shared;
use super::shares::{AddressType, MOST_NAMES, NamesRequest, PreviewWish};
use crate::wire::Name;

type Answer = Result<Response, Problem>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamesQuery {
    #[serde(default)]
    containing: String,
    limit: Option<usize>,
}

pub(super) async fn names(State(shared): State<Shared>, uri: Uri) -> Answer {
    let NamesQuery { containing, limit } = query(&uri)?;
    let limit = limit.unwrap_or(MOST_NAMES);
    if limit == 0 || limit > MOST_NAMES {
        return Err(bad(format!("limit: found {limit}; expected 1 to {MOST_NAMES}")));
    }
    let wanted = NamesRequest { containing: containing.to_lowercase(), limit };
    Ok(Json(shared.call(move |control| control.names(&wanted)).await?).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MapQuery {
    name: String,
    r#type: Option<AddressType>,
}

pub(super) async fn map(State(shared): State<Shared>, uri: Uri) -> Answer {
    let MapQuery { name, r#type } = query(&uri)?;
    let owner = Name::parse(&name, &Name::root())
        .map_err(|error| bad(format!("name: found {name:?}: {error}")))?;
    let rtype = r#type.unwrap_or(AddressType::A);
    let map = shared.call(move |control| control.map(&owner, rtype)).await?;
    let unknown = || Problem::new(StatusCode::NOT_FOUND, format!("{name} is not steered here"));
    Ok(Json(map.ok_or_else(unknown)?).into_response())
}

pub(super) async fn preview(State(shared): State<Shared>, request: Request) -> Answer {
    let wish: PreviewWish = change::parse(&shared.body(request).await?)?;
    let target = wish.target()?;
    let about = target.clone();
    let preview = shared.call(move |control| control.preview(&about, wish.state)).await?;
    let preview = preview.map_err(|refusal| refusal.problem(&target))?;
    Ok(Json(preview).into_response())
}

fn query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    let Query(query) = Query::<T>::try_from_uri(uri).map_err(|error| bad(error.body_text()))?;
    Ok(query)
}

fn bad(detail: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, detail)
}
