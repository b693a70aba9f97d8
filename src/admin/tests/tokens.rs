//! Tokens with names and roles.

use super::*;
use crate::state::{Granted, Role};

const OTHERS: [(&str, Role, &str); 3] = [
    ("wall", Role::Viewer, "a-viewer-s-token-0123"),
    ("ci", Role::Operator, "an-operator-s-token-0123"),
    ("chief", Role::Admin, "an-admin-s-token-0123"),
];

async fn start(root: Result<Token, String>) -> Running {
    let mut tokens = Tokens::default();
    for (name, role, token) in OTHERS {
        tokens.grant(name.into(), Granted::new(role, &Token::new(token).unwrap(), None));
    }
    Running::start_with(Access::new(root, tokens), Limits::default()).await
}

const DRAIN: &str = r#"{"state":"drain","reason":"x"}"#;
const NEW: &str = r#"{"name":"new","role":"viewer"}"#;

/// What each request needs, and what comes of it where it is allowed.
#[tokio::test]
async fn each_role_may_do_so_much() {
    let running = start(Token::new(TOKEN)).await;
    for (method, path, body, needed, status) in [
        (Method::GET, "/api/v1/status", "", Role::Viewer, 200),
        (Method::GET, "/metrics", "", Role::Viewer, 200),
        (Method::GET, "/api/v1/events", "", Role::Viewer, 200),
        (Method::GET, "/api/v1/audit", "", Role::Viewer, 200),
        (Method::GET, "/api/v1/explain?name=a", "", Role::Viewer, 200),
        (Method::GET, "/api/v1/nothing", "", Role::Viewer, 404),
        (Method::PUT, "/api/v1/overrides/pool/web", DRAIN, Role::Operator, 201),
        (Method::DELETE, "/api/v1/overrides/pool/web", "", Role::Operator, 204),
        (Method::POST, "/api/v1/failback/web", "", Role::Operator, 200),
        (Method::POST, "/api/v1/heartbeats/web/192.0.2.1", "", Role::Operator, 204),
        (Method::POST, "/api/v1/reload", "", Role::Operator, 200),
        (Method::POST, "/api/v1/nothing", "", Role::Operator, 404),
        (Method::GET, "/api/v1/tokens", "", Role::Admin, 200),
        (Method::POST, "/api/v1/tokens", NEW, Role::Admin, 201),
        (Method::DELETE, "/api/v1/tokens/ci", "", Role::Admin, 204),
        (Method::GET, "/api/v1/tokens/ci", "", Role::Admin, 405),
        // There is no other way to them.
        (Method::GET, "/api/v1/%74okens", "", Role::Viewer, 404),
        (Method::POST, "/api/v1//tokens", NEW, Role::Operator, 404),
    ] {
        for (name, role, token) in OTHERS.into_iter().chain([("admin", Role::Admin, TOKEN)]) {
            // What is gone is not there for the next one.
            running.put("pool/web", DRAIN).await;
            let request = running.request(method.clone(), path).bearer_auth(token);
            let response = request.body(body.to_owned()).send().await.unwrap();
            let got = response.status().as_u16();
            let refused = got == 403;
            assert_eq!(refused, role < needed, "{method} {path} {name}: {got}");
            if refused {
                let detail = problem(response, 403).await;
                let wanted = format!("the token {name} has the role {role}; this needs {needed}");
                assert_eq!(detail, wanted);
            } else if path.contains("/overrides/") && method == Method::PUT {
                assert!(got == 200 || got == 201, "{got}");
            } else {
                assert_eq!(got, status, "{method} {path} {name}");
            }
        }
    }
}

#[tokio::test]
async fn tokens_are_shown_once_listed_without_themselves_and_taken_back() {
    let running = start(Token::new(TOKEN)).await;
    let made = json(running.ask(Method::POST, "/api/v1/tokens", NEW).await).await;
    let wanted =
        serde_json::json!({"name": "new", "role": "viewer", "token": "a-new-token-for-you"});
    assert_eq!(made, wanted);
    let listed = running.get("/api/v1/tokens").await.text().await.unwrap();
    let roles = r#"[{"name":"chief","role":"admin"},{"name":"ci","role":"operator"},{"name":"wall","role":"viewer"}]"#;
    assert_eq!(listed, format!(r#"{{"tokens":{roles}}}"#));
    let gone = running.ask(Method::DELETE, "/api/v1/tokens/nobody", "").await;
    assert_eq!(problem(gone, 404).await, "there is no token \"nobody\"");
    let by = running.fake.inside().by.clone();
    assert!(by[0].starts_with("new viewer by admin at 127.0.0.1:"), "{by:?}");
    running.fake.inside().disk_full = true;
    let full = running.ask(Method::POST, "/api/v1/tokens", NEW).await;
    assert!(problem(full, 503).await.contains("nothing has changed"));
    for (body, status) in [
        ("", 400),
        (r#"{"name":"x"}"#, 422),
        (r#"{"name":"x","role":"root"}"#, 422),
        (r#"{"name":"a b","role":"viewer"}"#, 422),
        (r#"{"name":"admin","role":"viewer"}"#, 422),
        (r#"{"name":"x","role":"viewer","for":"0s"}"#, 422),
        (r#"{"name":"x","role":"viewer","for":"ever"}"#, 422),
        (r#"{"name":"x","role":"viewer","until":"1d"}"#, 422),
    ] {
        problem(running.ask(Method::POST, "/api/v1/tokens", body).await, status).await;
    }
}

#[tokio::test]
async fn without_the_file_others_are_let_in_all_the_same() {
    let running = start(Err("disk full".into())).await;
    let by =
        |token: &'static str| running.request(Method::GET, "/api/v1/status").bearer_auth(token);
    assert_eq!(by("a-viewer-s-token-0123").send().await.unwrap().status(), 200);
    assert!(problem(by(TOKEN).send().await.unwrap(), 503).await.contains("disk full"));
}
