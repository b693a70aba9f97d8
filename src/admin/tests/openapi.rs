//! What is described is what is there, and all of it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::*;

const METHODS: [Method; 6] =
    [Method::GET, Method::PUT, Method::POST, Method::DELETE, Method::PATCH, Method::OPTIONS];

fn described() -> Value {
    serde_json::from_str(&description().unwrap()).unwrap()
}

/// A path with something in the place of each parameter, and with what else has to be said.
fn concrete(path: &str) -> String {
    let path = path.replace("{kind}", "pool").replace("{endpoint}", "web/192.0.2.1");
    let path = match path.split_once('{') {
        Some((start, rest)) => format!("{start}web{}", rest.split_once('}').unwrap().1),
        None => path,
    };
    path.replace("{name}", "web")
}

#[test]
fn the_file_is_what_the_code_gives() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");
    let committed = fs::read_to_string(file).unwrap_or_default();
    assert!(
        committed == description().unwrap(),
        "docs/openapi.json is not what the code gives; write it anew:\n\
         cargo run --quiet -- openapi > docs/openapi.json"
    );
}

/// By asking for all of it, by every method: what is described is answered as it says, and to nobody who has no
/// token unless it says so; nothing else is answered.
#[tokio::test]
async fn what_is_described_is_there() {
    let running = Running::start().await;
    let whole = described();
    for (template, item) in whole["paths"].as_object().unwrap() {
        let path = concrete(template);
        for method in METHODS {
            let operation = &item[method.as_str().to_lowercase()];
            let asked = running.ask(method.clone(), &path, "{}");
            let asked = tokio::time::timeout(Duration::from_secs(20), asked).await.unwrap();
            if operation.is_null() {
                problem(asked, 405).await;
                continue;
            }
            let status = asked.status().as_u16().to_string();
            let answer = &operation["responses"][&status];
            assert!(answer.is_object(), "{method} {path}: {status} is not described");
            // What stands behind it, such as the charset, tells nobody another kind.
            let bare = |kind: &str| kind.split(';').next().unwrap().to_owned();
            let kind = asked.headers().get("content-type");
            let kind = kind.map(|kind| bare(kind.to_str().unwrap()));
            let mut kinds = answer["content"].as_object().into_iter().flatten();
            let fits = match &kind {
                None => kinds.next().is_none(),
                Some(kind) => kinds.any(|(described, _)| bare(described) == *kind),
            };
            assert!(fits, "{method} {path}: {status} with {kind:?}");
            if status == "404" {
                let detail = problem(asked, 404).await;
                assert!(!detail.contains("there is nothing at"), "{method} {path}: {detail}");
            }
            let request = running.request(method.clone(), &path).send().await.unwrap();
            let is_closed = operation["security"].is_array();
            assert_eq!(request.status() == 401, is_closed, "{method} {path}: {request:?}");
        }
    }
}

/// A route has to be added together with its description.
#[test]
fn no_route_goes_without_a_description() {
    let room = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/admin"));
    let mut files = vec![];
    for folder in [room.to_owned(), room.join("routes"), room.join("status")] {
        files.extend(fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    }
    let sources: Vec<_> = files.into_iter().filter(|file| file.extension().is_some()).collect();
    assert!(sources.len() > 25, "{sources:?}");
    for file in sources {
        let text = fs::read_to_string(&file).unwrap();
        for call in [".route(", ".route_service(", ".nest(", ".nest_service(", ".fallback_service("]
        {
            assert!(!text.contains(call), "{}: {call}…) is not described", file.display());
        }
    }
}

#[tokio::test]
async fn whoever_may_look_may_read_it() {
    let running = Running::start().await;
    let served = running.get("/api/v1/openapi.json").await;
    assert_eq!(served.headers()["content-type"], "application/json");
    assert_eq!(served.text().await.unwrap(), description().unwrap());
    let stranger = running.request(Method::GET, "/api/v1/openapi.json").send().await.unwrap();
    problem(stranger, 401).await;
}

/// Each operation has a name of its own, and says who may.
#[test]
fn operations_are_told_apart() {
    let whole = described();
    assert_eq!(whole["openapi"], "3.1.0");
    let items = whole["paths"].as_object().unwrap().values();
    let operations = items.flat_map(|item| item.as_object().unwrap().values());
    let mut seen = std::collections::BTreeSet::new();
    for operation in operations {
        let id = operation["operationId"].as_str().unwrap();
        assert!(seen.insert(id), "{id} twice");
        assert_eq!(operation["x-role"].is_string(), operation["security"].is_array(), "{id}");
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{id}");
    }
    let role = |path: &str, method: &str| whole["paths"][path][method]["x-role"].clone();
    assert_eq!(role("/api/v1/status", "get"), "viewer");
    assert_eq!(role("/api/v1/overrides/{kind}/{name}", "put"), "operator");
    assert_eq!(role("/api/v1/tokens", "get"), "admin");
}
