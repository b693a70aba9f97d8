//! The routes that tell how everything stands.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::IntoResponse as _;
use serde::Deserialize;

use super::{Answer, Shared, json};
use crate::admin::asked::{Asked, bad};
use crate::admin::control::ExplainRequest;
use crate::admin::problem::Problem;
use crate::admin::status::{EndpointList, Overview, Status};
use crate::explain::Explanation;
use crate::question::parse_rtype;
use crate::wire::Name;

/// The most pools whose endpoints are in one answer.
const POOLS: usize = 64;

/// How everything stands
#[utoipa::path(get, path = "/api/v1/status", tag = "standing",
    responses((status = 200, description = "Regions, pools, endpoints and overrides.", body = Status)))]
pub(super) async fn status(State(shared): State<Shared>) -> Answer {
    Ok(Json(shared.call(|control| control.status()).await?).into_response())
}

/// How everything stands, in short
///
/// For what looks every second: of endpoints only how many stand how, and those that are not well.
#[utoipa::path(get, path = "/api/v1/overview", tag = "standing",
    params(("if-none-match" = Option<String>, Header, description = "The etag of the answer that the client has.")), responses(
    (status = 200, description = "In short.", body = Overview, headers(("etag" = String, description = "Of this answer."))),
    (status = 304, description = "It is what the client has, as it says by If-None-Match."),
))]
pub(super) async fn overview(State(shared): State<Shared>, headers: HeaderMap) -> Answer {
    let make = shared.call(|control| json(&control.overview()));
    shared.kept.answer("overview", &headers, async { make.await? }).await
}

/// The endpoints of pools
///
/// With how their last probes went. Pools that there are not are left out.
#[utoipa::path(get, path = "/api/v1/endpoints", tag = "standing",
    params(("pool" = Vec<String>, Query, description = "The name of a pool, once for each.", explode, min_items = 1, max_items = 64, example = json!(["us-east", "eu-west"])),
        ("if-none-match" = Option<String>, Header, description = "The etag of the answer that the client has.")),
    responses(
    (status = 200, description = "The endpoints, the first hundred of each pool.", body = EndpointList,
        headers(("etag" = String, description = "Of this answer."))),
    (status = 304, description = "It is what the client has, as it says by If-None-Match."),
))]
pub(super) async fn endpoints(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
) -> Answer {
    let query = uri.query().unwrap_or_default();
    let pools = pools_of(query)?;
    let make = shared.call(move |control| json(&control.endpoints(&pools)));
    shared.kept.answer(&uri.to_string(), &headers, async { make.await? }).await
}

/// The names of `pool=NAME&pool=NAME`.
fn pools_of(query: &str) -> Result<Vec<String>, Problem> {
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

/// A question.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ExplainQuery {
    /// The name that is asked.
    #[param(example = "www.example.com")]
    name: String,
    /// The type that is asked; default `A`.
    #[param(example = "AAAA")]
    r#type: Option<String>,
    /// The client, `ADDR` or `ADDR/LEN`; default `127.0.0.1`, whose place is unknown.
    #[param(example = "192.0.2.0/24")]
    from: Option<String>,
}

/// The answer to a question, and each step that led to it
///
/// Made by the function that answers packets. It takes no turn of a round robin and counts nothing.
#[utoipa::path(get, path = "/api/v1/explain", tag = "standing", params(ExplainQuery), responses(
    (status = 200, description = "The answer.", body = Explanation),
    (status = 422, description = "What cannot be asked."),
))]
pub(super) async fn explain(
    State(shared): State<Shared>,
    Asked(query): Asked<ExplainQuery>,
) -> Answer {
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
