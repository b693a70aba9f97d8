//! Why something is taken back, or done again: whoever wants to say it can.

use super::*;

const PATHS: [(Method, &str, &str); 7] = [
    (Method::DELETE, "/api/v1/overrides/pool/web", ""),
    (Method::DELETE, "/api/v1/maintenance/patches", ""),
    (Method::DELETE, "/api/v1/silences/pool:web", ""),
    (Method::DELETE, "/api/v1/tokens/ci", ""),
    (Method::POST, "/api/v1/failback/web", "{}"),
    (Method::POST, "/api/v1/reload", "{}"),
    (Method::POST, "/api/v1/tokens", r#"{"name":"x","role":"viewer"}"#),
];

/// The same request with a reason.
fn with(reason: &str, method: &Method, path: &str, body: &str) -> (String, String) {
    match *method {
        Method::DELETE => {
            let text: String = url::form_urlencoded::byte_serialize(reason.as_bytes()).collect();
            (format!("{path}?reason={text}"), body.into())
        }
        _ => {
            let mut body: Value = serde_json::from_str(body).unwrap();
            body["reason"] = reason.into();
            (path.into(), body.to_string())
        }
    }
}

#[tokio::test]
async fn every_change_may_have_a_reason_and_needs_none() {
    let running = Running::start().await;
    let last = || running.fake.inside().reasons.pop();
    for (method, path, body) in PATHS {
        running.ask(method.clone(), path, body).await;
        assert_eq!(last(), Some(None), "{method} {path}");
        let (there, said) = with(" the disk: ö&new ", &method, path, body);
        running.ask(method.clone(), &there, &said).await;
        assert_eq!(last(), Some(Some("the disk: ö&new".into())), "{method} {path}");
        for wrong in ["", " ", "two\nlines", &"x".repeat(501)] {
            let (there, said) = with(wrong, &method, path, body);
            let detail = problem(running.ask(method.clone(), &there, &said).await, 422).await;
            assert!(detail.starts_with("reason: "), "{method} {path}: {detail}");
            assert_eq!(last(), None, "{method} {path}: {wrong:?}");
        }
    }
}

/// As it was before there were reasons.
#[tokio::test]
async fn a_post_that_says_all_by_its_path_needs_no_body() {
    let running = Running::start().await;
    for path in ["/api/v1/failback/web", "/api/v1/reload"] {
        for body in ["", "null", "{}"] {
            assert_eq!(running.ask(Method::POST, path, body).await.status(), 200, "{path} {body}");
        }
        problem(running.ask(Method::POST, path, "because").await, 400).await;
        problem(running.ask(Method::POST, path, r#"{"why":"x"}"#).await, 422).await;
    }
}
