//! Every route with good and bad input.

use std::time::Duration;

use super::*;
use crate::finding::Finding;
use crate::health::{OverrideState, Target};
use crate::state::{Action, Chain, Entry, Part, Trail};

const DRAIN: &str = r#"{"state":"drain","reason":"new kernel"}"#;

#[tokio::test]
async fn only_the_health_checks_are_open() {
    let running = Running::start().await;
    for (path, text) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let response = running.request(Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.text().await.unwrap(), text);
    }
    let authorizations = [
        None,
        Some(""),
        Some("Bearer"),
        Some("Bearer "),
        Some("Bearer 0123456789abcdef0123456789abcdeX"),
        Some("Bearer 0123456789abcdef"),
        Some("Basic 0123456789abcdef0123456789abcdef"),
        Some("0123456789abcdef0123456789abcdef"),
    ];
    for authorization in authorizations {
        for (method, path) in [
            (Method::GET, "/metrics"),
            (Method::GET, "/api/v1/status"),
            (Method::GET, "/api/v1/explain?name=a"),
            (Method::GET, "/api/v1/overrides"),
            (Method::PUT, "/api/v1/overrides/pool/web"),
            (Method::DELETE, "/api/v1/overrides/pool/web"),
            (Method::POST, "/api/v1/failback/web"),
            (Method::POST, "/api/v1/reload"),
            (Method::GET, "/api/v1/overview"),
            (Method::GET, "/api/v1/endpoints?pool=web"),
            (Method::GET, "/api/v1/session"),
            (Method::DELETE, "/api/v1/session"),
            (Method::GET, "/page"),
            (Method::GET, "/page/"),
            (Method::GET, "//"),
            (Method::GET, "/healthz/"),
            (Method::GET, "//healthz"),
        ] {
            let mut request = running.request(method, path).body(DRAIN);
            if let Some(value) = authorization {
                request = request.header("authorization", value);
            }
            let response = request.send().await.unwrap();
            assert!(response.headers()["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
            problem(response, 401).await;
        }
    }
    assert_eq!(running.fake.overrides().iter().count(), 0);
    let request = running.request(Method::GET, "/metrics");
    let response = request.header("authorization", format!("bearer  {TOKEN}")).send().await;
    assert_eq!(response.unwrap().status(), 200);
}

#[tokio::test]
async fn without_a_token_nobody_is_let_in_but_health_is_told() {
    let access = Access::new(Err("disk full".into()), Tokens::default());
    let running = Running::start_with(access, Limits::default()).await;
    assert!(problem(running.get("/api/v1/status").await, 503).await.contains("disk full"));
    assert_eq!(running.get("/healthz").await.status(), 200);
}

#[tokio::test]
async fn what_is_not_ready_says_what_is_missing() {
    let running = Running::start().await;
    running.fake.inside().not_ready = Some("3 of 5 endpoints were not probed yet".into());
    let detail = problem(running.get("/readyz").await, 503).await;
    assert_eq!(detail, "3 of 5 endpoints were not probed yet");
    assert_eq!(running.get("/healthz").await.status(), 200);
}

#[tokio::test]
async fn metrics_are_prometheus_text() {
    let response = Running::start().await.get("/metrics").await;
    assert!(
        response.headers()["content-type"].to_str().unwrap().starts_with("text/plain; version=")
    );
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.text().await.unwrap(), "steersman_up 1\n");
}

#[tokio::test]
async fn status_shows_verdicts_and_what_comes_of_overrides() {
    let running = Running::start().await;
    running.put("endpoint/web/192.0.2.1", DRAIN).await;
    let status = json(running.get("/api/v1/status").await).await;
    assert_eq!(status["revision"], "r1");
    let web = &status["pools"][0];
    assert_eq!(web["region"], "us-east");
    assert_eq!(web["up"], serde_json::json!({"a": false, "aaaa": true}));
    assert_eq!(status["pools"][1]["up"], serde_json::json!({"cname": true}));
    let rows: Vec<_> = web["endpoints"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["name"].clone(), e["verdict"].clone(), e["standing"].clone()))
        .collect();
    assert_eq!(
        serde_json::json!(rows),
        serde_json::json!([
            ["web/192.0.2.1", "up", "drained"],
            ["web/192.0.2.2", "down", "down"],
            ["web/2001:db8::10", "up", "up"],
        ])
    );
    assert_eq!(web["endpoints"][0]["override"]["reason"], "new kernel");
    assert_eq!(web["endpoints"][1]["last_error"], "connection refused");
    assert_eq!(web["endpoints"][1]["since"], "1970-01-01T00:00:00Z");
    assert_eq!(web["endpoints"][2]["last_round_trip_ms"], 1.5);
    running.put("region/us-east", r#"{"state":"down","reason":"x"}"#).await;
    let status = json(running.get("/api/v1/status").await).await;
    assert_eq!(status["regions"][0]["override"]["state"], "down");
    assert_eq!(status["pools"][0]["up"], serde_json::json!({"a": false, "aaaa": false}));
}

#[tokio::test]
async fn an_override_is_set_replaced_listed_and_cleared() {
    let running = Running::start().await;
    let body = r#"{"state":"drain","for":"2h","reason":" new kernel "}"#;
    let response = running.put("region/us-east", body).await;
    assert_eq!(response.status(), 201);
    let set: status::OverrideStatus = response.json().await.unwrap();
    assert_eq!((set.target.as_str(), set.state.as_str()), ("region:us-east", "drain"));
    assert_eq!(set.reason, "new kernel");
    {
        let overrides = running.fake.overrides();
        let what = overrides.get(&Target::Region("us-east".into())).unwrap();
        assert_eq!(
            what.until.unwrap().duration_since(what.since).unwrap(),
            Duration::from_secs(7200)
        );
        assert_eq!(set, status::OverrideStatus::new(&Target::Region("us-east".into()), what));
    }
    let response = running.put("region/us-east", r#"{"state":"up","reason":"done"}"#).await;
    assert_eq!(response.status(), 200);
    assert_eq!(json(response).await["until"], Value::Null);
    let list = json(running.get("/api/v1/overrides").await).await;
    assert_eq!(list["overrides"].as_array().unwrap().len(), 1);
    assert_eq!(list["overrides"][0]["state"], "up");
    let path = "/api/v1/overrides/region/us-east";
    let response = running.ask(Method::DELETE, path, "").await;
    assert_eq!(response.status(), 204);
    assert_eq!(response.text().await.unwrap(), "");
    let detail = problem(running.ask(Method::DELETE, path, "").await, 404).await;
    assert_eq!(detail, "no override on region:us-east");
}

#[tokio::test]
async fn who_asked_is_known() {
    let running = Running::start().await;
    running.put("pool/web", DRAIN).await;
    for user in ["alice", "bob at 192.0.2.1:53"] {
        let request = running.request(Method::DELETE, "/api/v1/overrides/pool/web");
        request.bearer_auth(TOKEN).header(USER_HEADER, user).send().await.unwrap();
        running.put("pool/web", DRAIN).await;
    }
    let by = running.fake.inside().by.clone();
    assert!(by[0].starts_with("admin at 127.0.0.1:"), "{by:?}");
    assert!(by[1].starts_with("alice at 127.0.0.1:"), "{by:?}");
    assert!(by[3].starts_with("bobat192.0.2.1:53 at 127.0.0.1:"), "{by:?}");
}

#[tokio::test]
async fn targets_are_read_however_they_are_written() {
    let running = Running::start().await;
    for (path, target) in [
        ("endpoint/web/192.0.2.1", "endpoint:web/192.0.2.1"),
        ("endpoint/web%2F192.0.2.1", "endpoint:web/192.0.2.1"),
        ("endpoint/web/2001:db8::10", "endpoint:web/2001:db8::10"),
        ("endpoint/web/2001%3ADB8%3A0%3A%3A10", "endpoint:web/2001:db8::10"),
        ("pool/a%20pool", "pool:a pool"),
        ("endpoint/a%20pool/CDN.net", "endpoint:a pool/cdn.net."),
    ] {
        let response = running.put(path, DRAIN).await;
        assert!(response.status().is_success(), "{path}: {}", response.text().await.unwrap());
        assert_eq!(json(response).await["target"], target);
    }
    for (path, status, detail) in [
        (
            "region/us-eats",
            404,
            "unknown target region:us-eats (did you mean region:us-east?); expected us-east",
        ),
        (
            "pool/wbe",
            404,
            "unknown target pool:wbe (did you mean pool:web?); expected one of web, a pool",
        ),
        ("endpoint/web/192.0.2.9", 404, "unknown target endpoint:web/192.0.2.9"),
        ("endpoint/web", 404, "expected endpoint:POOL/ADDRESS"),
        ("endpoint/web/", 404, "expected endpoint:POOL/ADDRESS"),
        ("planet/earth", 404, "expected /region/, /pool/ or /endpoint/"),
        ("region/%ff", 400, "UTF-8"),
    ] {
        let found = problem(running.put(path, DRAIN).await, status).await;
        assert!(found.contains(detail), "{path}: {found}");
    }
}

#[tokio::test]
async fn a_bad_body_changes_nothing() {
    let running = Running::start().await;
    let long = format!(r#"{{"state":"up","reason":"{}"}}"#, "x".repeat(501));
    let huge = format!(r#"{{"state":"up","reason":"{}"}}"#, "x".repeat(65_536));
    for (body, status, detail) in [
        ("", 400, "EOF"),
        ("{", 400, "EOF"),
        ("drain", 400, "line 1 column 1"),
        ("[]", 422, "the body"),
        (r#"{"state":"drain"}"#, 422, "missing field `reason`"),
        (r#"{"reason":"x"}"#, 422, "missing field `state`"),
        (r#"{"state":"gone","reason":"x"}"#, 422, "expected one of `up`, `down`, `drain`"),
        (r#"{"state":"up","reason":"x","fro":"2h"}"#, 422, "unknown field `fro`"),
        (r#"{"state":"up","reason":""}"#, 422, "reason: found nothing"),
        (r#"{"state":"up","reason":" \t "}"#, 422, "reason: found nothing"),
        (r#"{"state":"up","reason":"a\nb"}"#, 422, "control characters"),
        (r#"{"state":"up","reason":"a\u2028b"}"#, 422, "control characters"),
        (r#"{"state":"up","reason":"a\u202eb"}"#, 422, "control characters"),
        (
            r#"{"state":"up","reason":"x","for":"2"}"#,
            422,
            "for: found \"2\"; expected a whole number",
        ),
        (r#"{"state":"up","reason":"x","for":"0s"}"#, 422, "more than nothing"),
        (r#"{"state":"up","reason":"x","for":"9999999d"}"#, 422, "less than for ever"),
        (r#"{"state":"up","reason":"x","for":"99999999999d"}"#, 422, "less than for ever"),
        (r#"{"state":"up","reason":"x","for":7200}"#, 422, "expected a string"),
        (long.as_str(), 422, "at most 500"),
        (huge.as_str(), 413, "length limit"),
    ] {
        let found = problem(running.put("pool/web", body).await, status).await;
        assert!(found.contains(detail), "{body:.50}: {found}");
    }
    assert_eq!(running.fake.overrides().iter().count(), 0);
}

#[tokio::test]
async fn what_cannot_be_made_durable_is_refused() {
    let running = Running::start().await;
    running.fake.inside().disk_full = true;
    let detail = problem(running.put("pool/web", DRAIN).await, 503).await;
    assert!(detail.contains("nothing has changed"), "{detail}");
    assert!(detail.contains("state/audit.jsonl"), "{detail}");
}

#[tokio::test]
async fn the_audit_log_comes_in_pages() {
    let running = Running::start().await;
    let entry = |number| Entry {
        breaks: Vec::new(),
        number,
        at: "2026-01-01T00:00:00Z".into(),
        by: "alice".into(),
        token: Some("admin".into()),
        from: Some("127.0.0.1:1".into()),
        action: Action::Reload,
        target: None,
        reason: None,
        before: "r1".into(),
        after: "r2".into(),
        previous: "0".repeat(64),
    };
    running.fake.inside().trail = Trail {
        entries: (1..=5).map(entry).collect(),
        more: true,
        wrong: vec![Finding::at("audit.jsonl", (3, 1), "no checksum", "one")],
        wrong_in_all: 7,
        chain: Chain { length: 5, head: "abc".into() },
    };
    for (query, after, entries) in
        [("", 0, 1000), ("?after=2&limit=2", 2, 2), ("?after=5", 5, 1000)]
    {
        let page = json(running.get(&format!("/api/v1/audit{query}")).await).await;
        let wanted = Some(Part { after, entries, wrong: 100 });
        assert_eq!(running.fake.inside().wanted, wanted, "{query}");
        assert_eq!((page["entries"].as_array().unwrap().len(), &page["more"]), (5, &true.into()));
        assert_eq!((&page["length"], &page["head"]), (&5.into(), &"abc".into()));
        assert_eq!(page["wrong"][0]["text"], "audit.jsonl:3:1: no checksum; expected one");
        assert_eq!(page["wrong_in_all"], 7);
    }
    for query in ["?limit=0", "?limit=1001", "?limit=x", "?after=-1", "?colour=red"] {
        problem(running.get(&format!("/api/v1/audit{query}")).await, 400).await;
    }
}

#[tokio::test]
async fn reload_gives_the_revision_or_every_error() {
    let running = Running::start().await;
    let response = running.ask(Method::POST, "/api/v1/reload", "").await;
    assert_eq!(json(response).await["revision"], "r2");
    let finding = Finding::at("zones/pools.toml", (3, 7), "unknown key \"fal\"", "fall");
    running.fake.inside().findings = vec![finding.clone(), finding];
    let response = running.ask(Method::POST, "/api/v1/reload", "").await;
    assert_eq!(response.status(), 422);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["errors"].as_array().unwrap().len(), 2);
    assert_eq!(
        problem["errors"][0],
        serde_json::json!({
            "file": "zones/pools.toml", "line": 3, "column": 7, "found": "unknown key \"fal\"",
            "expected": "fall", "severity": "error", "text": "zones/pools.toml:3:7: unknown key \"fal\"; expected fall",
        })
    );
}

#[tokio::test]
async fn explain_reads_its_question() {
    let running = Running::start().await;
    let response = running.get("/api/v1/explain?name=www.example.com").await;
    assert_eq!(json(response).await["steps"][0], "one");
    running.get("/api/v1/explain?name=a%5C.b.&type=https&from=192.0.2.77%2F24").await;
    let asked = running.fake.inside().asked.clone();
    assert_eq!((asked[0].name.to_string().as_str(), asked[0].rtype), ("www.example.com.", 1));
    assert_eq!(asked[0].from, None);
    assert_eq!((asked[1].name.to_string().as_str(), asked[1].rtype), ("a\\.b.", 65));
    assert_eq!(asked[1].from.unwrap().to_string(), "192.0.2.0/24");
    for (query, status, detail) in [
        ("", 400, "missing field `name`"),
        ("?name=a&typ=A", 400, "unknown field `typ`"),
        ("?name=a..b", 400, "an empty label"),
        ("?name=a&type=AAAAA", 400, "expected a record type"),
        ("?name=a&from=here", 400, "expected ADDRESS"),
        ("?name=elsewhere", 404, "no zone here"),
    ] {
        let found = problem(running.get(&format!("/api/v1/explain{query}")).await, status).await;
        assert!(found.contains(detail), "{query}: {found}");
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let running = Running::start().await;
    for path in [
        "/page",
        "/page/app.mjs",
        "/api",
        "/api/v2/status",
        "/api/v1/status/",
        "/api/v1/overrides/pool",
    ] {
        problem(running.get(path).await, 404).await;
    }
    for (method, path, allowed) in [
        (Method::POST, "/api/v1/status", "GET,HEAD"),
        (Method::GET, "/api/v1/reload", "POST"),
        (Method::GET, "/api/v1/overrides/pool/web", "PUT,DELETE"),
        (Method::PUT, "/metrics", "GET,HEAD"),
        (Method::DELETE, "/healthz", "GET,HEAD"),
    ] {
        let response = running.ask(method, path, "").await;
        assert_eq!(response.headers()["allow"], allowed, "{path}");
        problem(response, 405).await;
    }
}

#[tokio::test]
async fn an_override_is_read_back_as_it_was_set() {
    let running = Running::start().await;
    for (state, expected) in
        [("up", OverrideState::Up), ("down", OverrideState::Down), ("drain", OverrideState::Drain)]
    {
        running.put("pool/web", &format!(r#"{{"state":"{state}","reason":"ö \"q\" \\"}}"#)).await;
        let overrides = running.fake.overrides();
        let what = overrides.get(&Target::Pool("web".into())).unwrap();
        assert_eq!((what.state, what.reason.as_str()), (expected, "ö \"q\" \\"));
    }
}

#[tokio::test]
async fn a_person_returns_to_a_pool() {
    let running = Running::start().await;
    let post = async |pool: &str| {
        let path = format!("/api/v1/failback/{pool}");
        let request = running.request(Method::POST, &path).bearer_auth(TOKEN);
        request.header("steersman-user", "alice").send().await.unwrap()
    };
    let as_the_daemon = running.request(Method::POST, "/api/v1/failback/web").bearer_auth(TOKEN);
    as_the_daemon.header("steersman-user", "steersman").send().await.unwrap();
    assert!(running.fake.inside().by[0].starts_with("admin at "), "nobody is the daemon itself");
    running.fake.inside().by.clear();
    let list = running.put("pool/web", r#"["drain", null, "x"]"#).await;
    assert!(problem(list, 422).await.contains("found a list; expected an object"));
    let response = post("web").await;
    assert_eq!(response.status(), 200);
    let said = json(response).await;
    assert_eq!(said, serde_json::json!({ "pool": "web", "families": ["a"] }));
    assert!(running.fake.inside().by[0].starts_with("alice at 127.0.0.1:"));
    let detail = problem(post("a%20pool").await, 409).await;
    assert!(detail.starts_with("no failback holds pool:a pool back: "), "{detail}");
    let detail = problem(post("wbe").await, 404).await;
    assert_eq!(
        detail,
        "unknown target pool:wbe (did you mean pool:web?); expected one of web, a pool"
    );
    running.fake.inside().disk_full = true;
    let detail = problem(post("web").await, 503).await;
    assert!(detail.starts_with("nothing has changed"), "{detail}");
    let response = running.get("/api/v1/failback/web").await;
    problem(response, 405).await;
}
