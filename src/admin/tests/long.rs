//! Those who ask for what takes long, many at a time.

use std::time::Duration;

use super::*;

const REPORT: &str = "/api/v1/report?since=30d";

/// One looks at a report for as long as they like, and others ask for it too.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_what_takes_long_keeps_nobody_else_waiting() {
    let patience = Duration::from_millis(200);
    let limits = Limits { turn_timeout: patience, ..Limits::default() };
    let running = Running::start_with(root(), limits).await;
    let long = Arc::clone(&running.fake.inside().long);
    let held = long.lock().await;
    let ask = || tokio::spawn(running.request(Method::GET, REPORT).bearer_auth(TOKEN).send());
    let (mut one, mut other) = (ask(), ask());
    // Whoever comes first has the turn, and the other one is told so.
    let (refused, first) = tokio::select! {
        refused = &mut one => (refused, other),
        refused = &mut other => (refused, one),
    };
    let refused = refused.unwrap().unwrap();
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "1");
    let problem: Problem = refused.json().await.unwrap();
    assert_eq!(problem.retry_after_s, Some(1));
    assert!(problem.detail.contains("try again in 1 s"), "{problem:?}");
    // Whoever acts, and whoever looks at something else, has to wait for none of them.
    assert_eq!(running.put("pool/web", r#"{"state":"up","reason":"x"}"#).await.status(), 201);
    assert_eq!(running.get("/metrics").await.status(), 200);
    assert_eq!(running.get("/api/v1/audit").await.status(), 200);
    let wish = r#"{"state":"drain","target":"pool:web"}"#;
    assert_eq!(running.ask(Method::POST, "/api/v1/preview", wish).await.status(), 200);
    drop(held);
    assert_eq!(first.await.unwrap().unwrap().status(), 200);
    assert_eq!(running.get(REPORT).await.status(), 200);
}
