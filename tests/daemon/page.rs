//! The page at `/`, and who is signed in on it: cookies, other people's pages, and odd paths.

use std::net::SocketAddr;

use crate::support::daemon::Daemon;
use crate::support::http::{Response, exchange, request};
use crate::support::setup::{Setup, steady};
use crate::support::wait::until_eq;

pub const DRAIN: &str = r#"{"state":"drain","reason":"a test"}"#;
pub const OVERRIDE: &str = "/api/v1/overrides/pool/main";
pub const SESSION: &str = "/api/v1/session";
pub const JSON: &str = "Content-Type: application/json\r\n";

fn daemon() -> Daemon {
    let pools = steady("main", "192.0.2.1") + &steady("spare", "198.51.100.1");
    Setup::steering(&pools, "www.failover = [\"main\", \"spare\"]\n").ready()
}

/// A request with headers of its own.
pub fn send(to: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> Response {
    let text = format!(
        "{method} {path} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n{headers}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    exchange(to, text.as_bytes()).unwrap()
}

/// What a page has that is signed in.
pub struct SignedIn {
    pub cookie: String,
    pub secret: String,
}

impl SignedIn {
    pub fn with(daemon: &Daemon, token: &str, headers: &str) -> Self {
        let body = format!(r#"{{"token":"{token}"}}"#);
        let response = send(daemon.admin, "POST", SESSION, &format!("{JSON}{headers}"), &body);
        assert_eq!(response.status, 201, "{response:?}");
        let cookie = set_cookies(&response).remove(0);
        assert!(!response.body.contains(token) && !cookie.contains(token));
        Self { cookie, secret: response.json()["csrf"].as_str().unwrap().into() }
    }

    /// The headers that the page sends with a change.
    pub fn headers(&self) -> String {
        format!(
            "{}steersman-csrf: {}\r\nSec-Fetch-Site: same-origin\r\n",
            self.cookies(),
            self.secret
        )
    }

    pub fn cookies(&self) -> String {
        format!("Cookie: theme=dark; {}\r\n", self.cookie.split(';').next().unwrap())
    }
}

/// What is set, in lower case as everything of the header.
fn set_cookies(response: &Response) -> Vec<String> {
    let lines = response.head.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
    lines.map(str::to_owned).collect()
}

#[test]
fn the_page_is_there_for_everybody_and_may_load_nothing_from_elsewhere() {
    let daemon = daemon();
    let page = request(daemon.admin, "GET", "/", None, "").unwrap();
    assert_eq!(page.status, 200);
    for line in [
        "content-type: text/html; charset=utf-8",
        "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; \
         connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; \
         form-action 'self'",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "cache-control: no-cache",
    ] {
        assert!(page.head.contains(line), "{line}\n{}", page.head);
    }
    // Nothing that the policy would stop.
    assert!(!page.body.contains("style=") && !page.body.contains("onclick="));
    let mut scripts = 0;
    for path in page.body.split('"').filter(|text| text.starts_with("/page/")) {
        let path = path.split('#').next().unwrap();
        let file = request(daemon.admin, "GET", path, None, "").unwrap();
        assert_eq!(file.status, 200, "{path}");
        scripts += usize::from(file.head.contains("content-type: text/javascript"));
        let host = file.body.replace("http://www.w3.org/", "");
        assert!(!host.contains("http://") && !host.contains("https://"), "{path} names a host");
    }
    assert!(scripts > 5, "{scripts}");
    // It is sent once, and packed.
    let tag = page.head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap().to_owned();
    let again = send(
        daemon.admin,
        "GET",
        "/",
        &format!("If-None-Match: {}\r\n", tag.replace("w/", "W/")),
        "",
    );
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    let packed = send(daemon.admin, "GET", "/page/world.json", "Accept-Encoding: br, gzip\r\n", "");
    assert!(packed.head.contains("content-encoding: gzip"), "{}", packed.head);
    // What the API says is nothing to be framed, and nothing to be kept.
    let status = daemon.api("GET", "/api/v1/status", "");
    for line in [
        "content-security-policy: default-src 'none'; frame-ancestors 'none'",
        "cache-control: no-store",
        "x-content-type-options: nosniff",
    ] {
        assert!(status.head.contains(line), "{line}\n{}", status.head);
    }
}

#[test]
fn paths_lead_nowhere_else() {
    let daemon = daemon();
    for path in [
        "/page/../state/admin.token",
        "/page/%2e%2e/state/admin.token",
        "/page/..%2f..%2fetc/passwd",
        "/page//app.js",
        "/page/app.js/",
        "/page/app.js%00",
        "/page/",
        "/page",
        "//",
        "/index.html",
        "/page/world/package.json",
        "/page/index.html",
        "/PAGE/app.js",
        "/..;/api/v1/status",
        "/page/../api/v1/status",
    ] {
        let response = send(daemon.admin, "GET", path, "", "");
        assert_eq!(response.status, 401, "{path}: {response:?}");
    }
    for (method, path) in [("POST", "/"), ("PUT", "/page/app.js"), ("DELETE", "/")] {
        assert_eq!(send(daemon.admin, method, path, "", "").status, 405, "{method} {path}");
    }
}

#[test]
fn a_session_does_what_its_token_may_and_ends_with_it() {
    let daemon = daemon();
    let make = |name: &str, role: &str| {
        daemon.cli_ok(&["token", "add", name, "--role", role]).trim().to_owned()
    };
    let operator = SignedIn::with(&daemon, &make("ci", "operator"), "");
    let viewer = SignedIn::with(&daemon, &make("wall", "viewer"), "");
    let port = daemon.admin.port();
    assert!(viewer.cookie.starts_with(&format!("steersman-{port}=")), "{}", viewer.cookie);
    assert!(viewer.cookie.ends_with("; path=/; httponly; samesite=strict"), "{}", viewer.cookie);

    let put = |who: &SignedIn| send(daemon.admin, "PUT", OVERRIDE, &who.headers(), DRAIN).status;
    assert_eq!((put(&viewer), put(&operator)), (403, 201));
    assert_eq!(daemon.answer("www"), ["198.51.100.1"]);
    let mine = send(daemon.admin, "GET", SESSION, &operator.cookies(), "").json();
    assert_eq!((&mine["name"], &mine["role"]), (&"ci".into(), &"operator".into()));
    assert_eq!(mine["csrf"], operator.secret.as_str());
    let audit = daemon.cli_ok(&["audit"]);
    assert!(audit.contains("  ci at 127.0.0.1:"), "{audit}");

    // Signing out ends the session, whatever somebody kept of it.
    let out = send(daemon.admin, "DELETE", SESSION, &viewer.headers(), "");
    assert_eq!(out.status, 204);
    assert!(set_cookies(&out).iter().all(|cookie| cookie.ends_with("; max-age=0")), "{out:?}");
    assert_eq!(send(daemon.admin, "GET", SESSION, &viewer.cookies(), "").status, 401);
    // So does the end of its token, also where another one takes its name.
    daemon.cli_ok(&["token", "add", "ci", "--role", "admin"]);
    assert_eq!(send(daemon.admin, "GET", SESSION, &operator.cookies(), "").status, 401);
    // And that of the daemon.
    let root = SignedIn::with(&daemon, &daemon.token(), "");
    let mut daemon = daemon;
    daemon.kill();
    let daemon = daemon.start_again();
    assert_eq!(send(daemon.admin, "GET", SESSION, &root.cookies(), "").status, 401);
    assert!(!daemon.log.text().contains(&root.secret));
}

/// Over TLS, which the browser tells by its Origin, the cookie goes over nothing else.
#[test]
fn over_tls_the_cookie_is_bound_to_it() {
    let daemon = daemon();
    let origin = "Origin: https://gtm.example.com\r\nSec-Fetch-Site: same-origin\r\n";
    let page = SignedIn::with(&daemon, &daemon.token(), origin);
    assert!(page.cookie.starts_with("__host-steersman-"), "{}", page.cookie);
    assert!(
        page.cookie.ends_with("; path=/; httponly; samesite=strict; secure"),
        "{}",
        page.cookie
    );
    let cookies = page.cookies().replace("__host-", "__Host-");
    assert_eq!(send(daemon.admin, "GET", SESSION, &cookies, "").status, 200);
}

/// The browser sends the cookie along; what else has to be there, other pages cannot know or send.
#[test]
fn other_pages_change_nothing() {
    let daemon = daemon();
    let page = SignedIn::with(&daemon, &daemon.token(), "");
    let (cookies, secret) = (page.cookies(), format!("steersman-csrf: {}\r\n", page.secret));
    let own = format!("Origin: http://{}\r\n", daemon.admin);
    let next_port = format!("Origin: http://{}:{}\r\n", daemon.admin.ip(), daemon.admin.port() ^ 1);
    for (headers, status) in [
        (cookies.clone(), 403),
        (format!("{cookies}steersman-csrf: \r\n"), 403),
        (format!("{cookies}steersman-csrf: {}\r\n", "0".repeat(64)), 403),
        (format!("{cookies}{secret}Sec-Fetch-Site: cross-site\r\n"), 403),
        (format!("{cookies}{secret}Sec-Fetch-Site: same-site\r\n{own}"), 403),
        (format!("{cookies}{secret}Origin: https://evil.example\r\n"), 403),
        (format!("{cookies}{secret}Origin: null\r\n"), 403),
        (format!("{cookies}{secret}{next_port}"), 403),
        (secret.clone(), 401),
        (format!("{cookies}{secret}{own}"), 201),
        (format!("{cookies}{secret}"), 200),
    ] {
        let response = send(daemon.admin, "PUT", OVERRIDE, &headers, DRAIN);
        assert_eq!(response.status, status, "{headers}\n{response:?}");
    }
    let delete = send(daemon.admin, "DELETE", SESSION, &cookies, "");
    assert_eq!(delete.status, 403, "nobody is signed out by another page");
    // Nobody is signed in by another page either: a form can send neither JSON nor this header.
    let body = format!(r#"{{"token":"{}"}}"#, daemon.token());
    for (headers, status) in [
        ("Content-Type: text/plain\r\n".to_owned(), 415),
        ("Content-Type: application/x-www-form-urlencoded\r\n".to_owned(), 415),
        (String::new(), 415),
        (format!("{JSON}Sec-Fetch-Site: cross-site\r\n"), 403),
        (format!("{JSON}Origin: https://evil.example\r\n"), 403),
    ] {
        let response = send(daemon.admin, "POST", SESSION, &headers, &body);
        assert_eq!(response.status, status, "{headers}");
        assert!(set_cookies(&response).is_empty());
    }
    // A token needs none of that: browsers send none by themselves.
    assert_eq!(daemon.api("DELETE", OVERRIDE, "").status, 204);
}

#[test]
fn tokens_cannot_be_guessed_by_signing_in() {
    let daemon = daemon();
    let sign_in = |token: &str| {
        send(daemon.admin, "POST", SESSION, JSON, &format!(r#"{{"token":"{token}"}}"#))
    };
    for (body, status) in
        [("", 400), ("{}", 422), (r#"{"token":7}"#, 422), (r#"{"token":"x","a":1}"#, 422)]
    {
        assert_eq!(send(daemon.admin, "POST", SESSION, JSON, body).status, status, "{body}");
    }
    let long = format!(r#"{{"token":"{}"}}"#, "x".repeat(100_000));
    assert_eq!(send(daemon.admin, "POST", SESSION, JSON, &long).status, 413);
    for _ in 0..10 {
        let refused = sign_in("a-wrong-token-0123456789");
        assert_eq!(refused.status, 401);
        assert!(set_cookies(&refused).is_empty());
    }
    let refused = sign_in(&daemon.token());
    assert_eq!(refused.status, 429, "{refused:?}");
    assert!(refused.detail().contains("too many wrong tokens"), "{refused:?}");
    assert!(refused.head.contains("retry-after: "), "{refused:?}");
    // Whoever has a token goes on.
    assert_eq!(daemon.api("GET", "/api/v1/status", "").status, 200);
    // Not for long.
    until_eq(201, || sign_in(&daemon.token()).status);
}

#[test]
fn pages_get_the_whole_in_short_and_endpoints_with_how_their_probes_went() {
    let mut server = crate::support::backend::Backend::http();
    let pools = crate::support::setup::web()
        + &crate::support::setup::pool("main", "web", "192.0.2.1", server.address)
        + "[regions.east]\nlocation = [1.5, -2.5]\n[pools.spare]\nregion = \"east\"\n\
           endpoints = [\"198.51.100.1\", \"198.51.100.2\"]\n";
    let daemon = Setup::steering(&pools, "www.failover = [\"main\", \"spare\"]\n").ready();
    let overview = || daemon.api("GET", "/api/v1/overview", "");
    let first = overview();
    let seen = first.json();
    assert_eq!(seen["regions"][0]["location"], serde_json::json!([1.5, -2.5]));
    assert_eq!(seen["pools"][1]["counts"]["up"], 2);
    assert_eq!(
        (&seen["unwell"], &seen["pools"][0]["endpoints"]),
        (&serde_json::json!([]), &serde_json::Value::Null)
    );
    // What a person changes is seen at once, whatever was made for others a moment ago.
    assert_eq!(daemon.set("region:east", "drain").status, 201);
    let changed = overview().json();
    assert_eq!(changed["pools"][1]["counts"]["drained"], 2);
    assert_eq!(changed["overrides"][0]["target"], "region:east");
    assert_eq!(changed["unwell"].as_array().unwrap().len(), 2);
    let tag = overview().head;
    let tag = tag.lines().find_map(|line| line.strip_prefix("etag: w/")).unwrap().to_owned();
    let bearer = format!("Authorization: Bearer {}\r\nIf-None-Match: W/{tag}\r\n", daemon.token());
    assert_eq!(send(daemon.admin, "GET", "/api/v1/overview", &bearer, "").status, 304);

    server.kill();
    until_eq("down".to_owned(), || {
        let endpoints = daemon.api("GET", "/api/v1/endpoints?pool=main&pool=nowhere", "").json();
        assert_eq!(endpoints["pools"].as_array().unwrap().len(), 1);
        endpoints["pools"][0]["endpoints"][0]["verdict"].as_str().unwrap().to_owned()
    });
    let endpoints = daemon.api("GET", "/api/v1/endpoints?pool=main", "").json();
    let recent =
        endpoints["pools"][0]["endpoints"][0]["probes"][0]["recent"].as_array().unwrap().clone();
    let course = |course: &str| recent.iter().filter(|probe| probe["course"] == course).count();
    assert!(course("passed") > 0 && course("failed") >= 3, "{recent:?}");
    assert!(recent.iter().all(|probe| probe["at"].as_u64() > Some(1_600_000_000)), "{recent:?}");
    assert!(recent.iter().all(|probe| probe["ms"].as_f64() >= Some(0.0)), "{recent:?}");
    for query in ["", "?", "?pools=main", "?pool=main&x=1", &format!("?{}", "pool=a&".repeat(65))] {
        let response = daemon.api("GET", &format!("/api/v1/endpoints{query}"), "");
        assert_eq!(response.status, 400, "{query}: {response:?}");
    }
    assert_eq!(daemon.status()["pools"][0]["endpoints"][0]["probes"][0].get("recent"), None);
}
