//! Silences and webhooks, with good and bad input.

use super::*;

#[tokio::test]
async fn silences_are_set_shown_and_taken_away() {
    let running = Running::start().await;
    let put = |path: &'static str, body: &'static str| {
        let request = running.request(Method::PUT, path).bearer_auth(TOKEN).body(body);
        async { request.send().await.unwrap() }
    };
    const GOOD: &str = r#"{"for":"2h","reason":"we know"}"#;
    let set = put("/api/v1/silences/region:us-*", GOOD).await;
    assert_eq!(set.status(), 201);
    let text: Value = set.json().await.unwrap();
    assert_eq!((&text["target"], &text["reason"]), (&"region:us-*".into(), &"we know".into()));
    assert_eq!(put("/api/v1/silences/region:us-*", GOOD).await.status(), 200);
    assert_eq!(put("/api/v1/silences/endpoint:web/2001:db8:0::1", GOOD).await.status(), 201);
    let list = running.get("/api/v1/silences").await.text().await.unwrap();
    assert!(list.contains("endpoint:web/2001:db8::1") && list.contains("region:us-*"), "{list}");
    for (body, wanted) in [
        (r#"{"for":"2 hours","reason":"x"}"#, "for: found \"2 hours\"; expected a whole number"),
        (r#"{"for":"0s","reason":"x"}"#, "expected more than nothing and less than for ever"),
        (r#"{"for":"2h","reason":" "}"#, "reason: found nothing"),
        (r#"{"for":"2h","reason":"x","force":true}"#, "unknown field `force`"),
    ] {
        let detail = problem(put("/api/v1/silences/*", body).await, 422).await;
        assert!(detail.contains(wanted), "{body}: {detail}");
    }
    let detail = problem(put("/api/v1/silences/everything", GOOD).await, 422).await;
    assert!(detail.starts_with("found \"everything\"; expected region:NAME, "), "{detail}");
    running.fake.inside().disk_full = true;
    problem(put("/api/v1/silences/*", GOOD).await, 503).await;
    let delete =
        || running.request(Method::DELETE, "/api/v1/silences/region:us-*").bearer_auth(TOKEN);
    assert_eq!(delete().send().await.unwrap().status(), 204);
    let detail = problem(delete().send().await.unwrap(), 404).await;
    assert_eq!(detail, "there is no silence of region:us-*");
    problem(
        running.request(Method::PUT, "/api/v1/silences/*").body(GOOD).send().await.unwrap(),
        401,
    )
    .await;
}

#[tokio::test]
async fn webhooks_are_tried() {
    let running = Running::start().await;
    assert_eq!(running.get("/api/v1/webhooks").await.text().await.unwrap(), r#"{"webhooks":[]}"#);
    let test = |path: &'static str| {
        let request = running.request(Method::POST, path).bearer_auth(TOKEN);
        async { request.send().await.unwrap() }
    };
    let detail = problem(test("/api/v1/webhooks/ops/test").await, 502).await;
    assert_eq!(detail, "ops: connection refused");
    let detail = problem(test("/api/v1/webhooks/spo/test").await, 404).await;
    assert_eq!(detail, "no webhook spo; expected ops");
}
