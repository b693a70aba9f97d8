//! The routes that tell what share of whose clients is told what.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse as _;
use serde::Deserialize;

use super::asked::{Asked, Body, bad};
use super::control::Control;
use super::problem::Problem;
use super::routes::{Answer, Shared, json};
use super::shares::{
    AddressType, MOST_NAMES, NameList, NameMap, NamesRequest, Preview, PreviewWish,
};
use super::turns::Long;
use crate::wire::Name;

/// Which names are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct NamesQuery {
    /// Those in which this occurs.
    #[serde(default)]
    containing: String,
    /// So many at most; default 1000.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// The steered names
///
/// What share of their clients is told what while all is well, and now, and what was answered since the start.
#[utoipa::path(get, path = "/api/v1/names", tag = "names",
    params(NamesQuery, ("if-none-match" = Option<String>, Header, description = "The etag of the answer that the client has.")), responses(
    (status = 200, description = "In the order of names.", body = NameList,
        headers(("etag" = String, description = "Of this answer."))),
    (status = 304, description = "It is what the client has, as it says by If-None-Match."),
    (status = 503, description = "Others ask for the same, and it takes long.",
        headers(("retry-after" = u64, description = "In seconds."))),
))]
pub(super) async fn list(
    State(shared): State<Shared>,
    Asked(NamesQuery { containing, limit }): Asked<NamesQuery>,
    uri: Uri,
    headers: HeaderMap,
) -> Answer {
    let limit = limit.unwrap_or(MOST_NAMES);
    if limit == 0 || limit > MOST_NAMES {
        return Err(bad(format!("limit: found {limit}; expected 1 to {MOST_NAMES}")));
    }
    let wanted = NamesRequest { containing: containing.to_lowercase(), limit };
    let make = shared.call_in_turn(Long::Shares, move |control| json(&control.names(&wanted)));
    shared.kept.answer(&uri.to_string(), &headers, async { make.await? }).await
}

/// Which name is wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct MapQuery {
    /// The name.
    #[param(example = "www.example.com")]
    name: String,
    /// The type that is asked; default `A`.
    #[param(inline)]
    r#type: Option<AddressType>,
}

/// What the clients of each country are told by a steered name
#[utoipa::path(get, path = "/api/v1/map", tag = "names",
    params(MapQuery, ("if-none-match" = Option<String>, Header, description = "The etag of the answer that the client has.")), responses(
    (status = 200, description = "By country.", body = NameMap,
        headers(("etag" = String, description = "Of this answer."))),
    (status = 304, description = "It is what the client has, as it says by If-None-Match."),
    (status = 404, description = "No such name is steered here."),
    (status = 503, description = "Others ask for the same, and it takes long.",
        headers(("retry-after" = u64, description = "In seconds."))),
))]
pub(super) async fn map(
    State(shared): State<Shared>,
    Asked(MapQuery { name, r#type }): Asked<MapQuery>,
    uri: Uri,
    headers: HeaderMap,
) -> Answer {
    let owner = Name::parse(&name, &Name::root())
        .map_err(|error| bad(format!("name: found {name:?}: {error}")))?;
    let rtype = r#type.unwrap_or(AddressType::A);
    let make = shared.call_in_turn(Long::Shares, move |control| {
        let unknown = || Problem::new(StatusCode::NOT_FOUND, format!("{name} is not steered here"));
        json(&control.map(&owner, rtype).ok_or_else(unknown)?)
    });
    shared.kept.answer(&uri.to_string(), &headers, async { make.await? }).await
}

/// What an override would move, before it is set
///
/// Without a `state`, what would move if the one on the target were cleared. Nothing is changed.
#[utoipa::path(post, path = "/api/v1/preview", tag = "names", request_body = PreviewWish, responses(
    (status = 200, description = "What would move.", body = Preview),
    (status = 404, description = "There is no such region, pool or endpoint."),
    (status = 422, description = "The body says what cannot be."),
    (status = 503, description = "Others ask for the same, and it takes long.",
        headers(("retry-after" = u64, description = "In seconds."))),
))]
pub(super) async fn preview(State(shared): State<Shared>, Body(wish): Body<PreviewWish>) -> Answer {
    let target = wish.target()?;
    let about = target.clone();
    let looked = move |control: &dyn Control| control.preview(&about, wish.state);
    let preview = shared.call_in_turn(Long::Shares, looked).await?;
    let preview = preview.map_err(|refusal| refusal.problem(&target))?;
    Ok(Json(preview).into_response())
}
