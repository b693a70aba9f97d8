//! Whoever means ill at the admin endpoint: tokens and cookies that are not theirs, other people's pages, bodies
//! without end, odd paths, and those who take their time.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use data_encoding::HEXLOWER;
use ring::digest::{SHA256, digest};
use serde_json::Value;

use crate::memory::peak_memory_bytes;
use crate::page::{DRAIN, JSON, OVERRIDE, SESSION, SignedIn, send};
use crate::support::daemon::Daemon;
use crate::support::http::request;
use crate::support::setup::{Setup, steady};
use crate::support::wait::{PATIENCE, begin, until_eq};

const MAIN: &str = "192.0.2.1";

fn daemon() -> Daemon {
    let pools = steady("main", MAIN) + &steady("spare", "198.51.100.1");
    Setup::steering(&pools, "www.failover = [\"main\", \"spare\"]\n").ready()
}

fn add_token(daemon: &Daemon, name: &str, more: &[&str]) -> String {
    daemon.cli_ok(&[&["token", "add", name], more].concat()).trim().to_owned()
}

/// A text with another hexadecimal digit at one place.
fn with_other_digit(text: &str, at: usize) -> String {
    let other = if text[at..].starts_with('0') { "1" } else { "0" };
    format!("{}{other}{}", &text[..at], &text[at + 1..])
}

fn by_token(daemon: &Daemon, token: &str) -> [u16; 2] {
    let get = request(daemon.admin, "GET", "/api/v1/status", Some(token), "").unwrap();
    let put = request(daemon.admin, "PUT", OVERRIDE, Some(token), DRAIN).unwrap();
    [get.status, put.status]
}

#[test]
fn what_is_almost_a_token_is_none() {
    let daemon = daemon();
    let operator = add_token(&daemon, "ci", &["--role", "operator"]);
    let (root, length) = (daemon.token(), operator.len());
    let mut forged = vec![
        operator[1..].to_owned(),
        operator[..length - 1].to_owned(),
        format!("{operator}0"),
        format!("{operator},{operator}"),
        operator.to_uppercase(),
        operator.chars().rev().collect(),
        format!("ci:{operator}"),
        "0".repeat(length),
        HEXLOWER.encode(digest(&SHA256, operator.as_bytes()).as_ref()),
        "null".to_owned(),
        "ci".to_owned(),
    ];
    forged.extend([0, length / 2, length - 1].map(|at| with_other_digit(&operator, at)));
    forged.extend([0, root.len() - 1].map(|at| with_other_digit(&root, at)));
    // What is written down of it lets nobody in.
    let journal = std::fs::read_to_string(daemon.path("state/audit.jsonl")).unwrap();
    let words = journal.split(|c: char| !c.is_ascii_alphanumeric());
    let hashes: Vec<String> = words.filter(|w| w.len() >= 32).map(str::to_owned).collect();
    assert!(!hashes.is_empty(), "{journal}");
    for token in forged.iter().chain(&hashes).filter(|token| **token != operator) {
        assert_eq!(by_token(&daemon, token), [401, 401], "{token}");
    }
    // Nor does a token that comes as anything else.
    let port = daemon.admin.port();
    for headers in [
        format!("Authorization: Basic {operator}\r\n"),
        format!("Authorization: {operator}\r\n"),
        format!("Authorization: Bearer{operator}\r\n"),
        format!("Cookie: steersman-{port}={operator}\r\n"),
        format!("Cookie: token={operator}\r\n"),
        format!("X-Forwarded-User: admin\r\nX-Token: {operator}\r\n"),
    ] {
        assert_eq!(send(daemon.admin, "PUT", OVERRIDE, &headers, DRAIN).status, 401, "{headers}");
    }
    let path = format!("/api/v1/status?token={operator}&access_token={operator}");
    assert_eq!(request(daemon.admin, "GET", &path, None, "").unwrap().status, 401);
    assert_eq!(daemon.answer("www"), [MAIN]);
    assert_eq!(by_token(&daemon, &operator), [200, 201], "the real one is good");
}

/// What a page with this cookie and its secret gets: who it is, and for a change.
fn by_cookie(daemon: &Daemon, page: &SignedIn) -> [u16; 2] {
    let get = send(daemon.admin, "GET", SESSION, &page.cookies(), "");
    let put = send(daemon.admin, "PUT", OVERRIDE, &page.headers(), DRAIN);
    [get.status, put.status]
}

/// Whoever has kept a cookie, with the secret that belongs to it, has nothing once it is over.
#[test]
fn cookies_that_are_played_again_are_worth_nothing() {
    let daemon = daemon();
    let token = add_token(&daemon, "ci", &["--role", "operator"]);
    let [one, other] = [(); 2].map(|()| SignedIn::with(&daemon, &token, ""));
    assert!(by_cookie(&daemon, &one).iter().all(|status| *status < 300));
    // Signed out: only this one.
    assert_eq!(send(daemon.admin, "DELETE", SESSION, &one.headers(), "").status, 204);
    assert_eq!(by_cookie(&daemon, &one), [401, 401]);
    assert_eq!(by_cookie(&daemon, &other), [200, 200]);
    // Its token is revoked, and there is a new one of that name.
    daemon.cli_ok(&["token", "revoke", "ci"]);
    assert_eq!(by_cookie(&daemon, &other), [401, 401]);
    let token = add_token(&daemon, "ci", &["--role", "operator"]);
    assert_eq!(by_cookie(&daemon, &other), [401, 401]);
    let new = SignedIn::with(&daemon, &token, "");
    assert_eq!(by_cookie(&daemon, &new), [200, 200]);
    // The secret of one session is none of another, and an old cookie does not name a new session.
    let again = SignedIn::with(&daemon, &token, "");
    let crossed = SignedIn { cookie: new.cookie.clone(), secret: again.secret.clone() };
    assert_eq!(by_cookie(&daemon, &crossed), [200, 403]);
    let (name, value) = new.cookie.split(';').next().unwrap().split_once('=').unwrap();
    for at in [0, value.len() - 1] {
        let cookie = format!("{name}={}", with_other_digit(value, at));
        let forged = SignedIn { cookie, secret: new.secret.clone() };
        assert_eq!(by_cookie(&daemon, &forged), [401, 401]);
    }
    // One that ends by its time takes its sessions along.
    let brief = add_token(&daemon, "brief", &["--role", "operator", "--for", "3s"]);
    let page = SignedIn::with(&daemon, &brief, "");
    assert_eq!(by_cookie(&daemon, &page), [200, 200]);
    until_eq([401, 401], || by_cookie(&daemon, &page));
    assert_eq!(by_token(&daemon, &brief), [401, 401]);
    let body = format!(r#"{{"token":"{brief}"}}"#);
    assert_eq!(send(daemon.admin, "POST", SESSION, JSON, &body).status, 401);
}

/// Each route that changes something, from the description of the API.
fn changing_routes() -> Vec<(String, String)> {
    let api: Value = serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap();
    let mut routes = Vec::new();
    for (path, methods) in api["paths"].as_object().unwrap() {
        let parts = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
        let path = parts.collect::<Vec<_>>().join("/");
        let methods = methods.as_object().unwrap().keys().map(|method| method.to_uppercase());
        let methods =
            methods.filter(|method| ["PUT", "POST", "DELETE", "PATCH"].contains(&&**method));
        routes.extend(methods.map(|method| (method, path.clone())));
    }
    // Signing in has no cookie yet, and signing out comes last.
    routes.retain(|(_, path)| path != SESSION);
    assert!(routes.len() >= 12, "{routes:?}");
    routes.push(("DELETE".into(), SESSION.into()));
    routes
}

/// The browser brings the cookie along: on no route is that enough.
#[test]
fn no_route_changes_anything_for_another_page() {
    let daemon = daemon();
    let page = SignedIn::with(&daemon, &daemon.token(), "");
    let (cookies, own) = (page.cookies(), page.headers());
    let elsewhere = own.replace("same-origin", "cross-site");
    // As a browser that says no more than that.
    let by_origin = own.replace("Sec-Fetch-Site: same-origin", "Origin: https://evil.example");
    for (method, path) in changing_routes() {
        for headers in [cookies.clone(), elsewhere.clone(), by_origin.clone()] {
            let response = send(daemon.admin, &method, &path, &format!("{JSON}{headers}"), "{}");
            assert_eq!(response.status, 403, "{method} {path}\n{headers}");
            assert!(!response.head.contains("access-control-"), "{response:?}");
        }
        let response = send(daemon.admin, &method, &path, &format!("{JSON}{own}"), "{}");
        assert_ne!(response.status, 403, "{method} {path} by the page itself: {response:?}");
        // Nor does a browser get leave to ask.
        let asks = "Origin: https://evil.example\r\nAccess-Control-Request-Method: PUT\r\n";
        let response = send(daemon.admin, "OPTIONS", &path, asks, "");
        assert!(response.status >= 400, "{response:?}");
        assert!(!response.head.contains("access-control-"), "{response:?}");
    }
}

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;

/// So often is asked what might not be heard: where a connection is closed on what was sent, its answer may be lost.
const TRIES: usize = 10;

/// Sends a beginning, and then the same again and again until there was a gigabyte of it, or nobody takes it any
/// more. Returns how much was sent, and the status, if there was one.
fn pour(daemon: &Daemon, beginning: &str, again: &[u8]) -> (u64, Option<u16>) {
    let mut stream = TcpStream::connect(daemon.admin).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut sent_bytes = 0;
    let mut sending = stream.write_all(beginning.as_bytes());
    while sending.is_ok() && sent_bytes < GIB {
        sending = stream.write_all(again);
        sent_bytes += again.len() as u64;
    }
    let is_slow = |error: &io::Error| error.kind() == io::ErrorKind::WouldBlock;
    assert!(!sending.as_ref().is_err_and(is_slow), "neither taken nor refused: {beginning}");
    // What was said may be lost where the connection was closed on what was left of the body.
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    let status = String::from_utf8_lossy(&said).get(9..12).and_then(|status| status.parse().ok());
    (sent_bytes, status)
}

#[test]
fn a_gigabyte_is_refused_early_and_held_by_nobody() {
    let daemon = daemon();
    let plain = vec![b'x'; 64 * 1024];
    let chunk = [b"10000\r\n".as_slice(), &plain, b"\r\n"].concat();
    let bearer = format!("Authorization: Bearer {}\r\n", daemon.token());
    let long = format!("Content-Length: {GIB}\r\n");
    let chunked = "Transfer-Encoding: chunked\r\n";
    let start = |what: &str, headers: &str| format!("{what} HTTP/1.1\r\nHost: x\r\n{headers}");
    let (put, session) = (format!("PUT {OVERRIDE}"), format!("POST {SESSION}"));
    let cases: Vec<(String, &[u8], &[u16])> = vec![
        (start(&put, &format!("{bearer}{long}\r\n")), &plain, &[413]),
        (start(&put, &format!("{bearer}{chunked}\r\n")), &chunk, &[413]),
        (start(&put, &format!("{long}\r\n")), &plain, &[401]),
        (start(&put, &format!("{chunked}\r\n")), &chunk, &[401]),
        (start(&session, &format!("{JSON}{long}\r\n")), &plain, &[413]),
        (start(&session, &format!("{JSON}{chunked}\r\n")), &chunk, &[413]),
        (start("GET /", &format!("{long}\r\n")), &plain, &[200]),
        (start("GET /healthz", &format!("{chunked}\r\n")), &chunk, &[200]),
        (start("POST /nowhere", &format!("{bearer}{long}\r\n")), &plain, &[404]),
        // In the header, in the size of a chunk, and behind the body.
        (start("GET /healthz", "X: "), &plain, &[431]),
        (start(&put, &format!("{bearer}{chunked}\r\n1;")), &plain, &[400]),
        (start(&put, &format!("{bearer}{chunked}\r\n0\r\nX: ")), &plain, &[400, 413]),
    ];
    let before = peak_memory_bytes(daemon.id());
    thread::scope(|scope| {
        let pouring: Vec<_> = cases
            .iter()
            .map(|(beginning, again, _)| scope.spawn(|| pour(&daemon, beginning, again)))
            .collect();
        // Meanwhile everybody else is served.
        assert_eq!((daemon.check("/healthz"), daemon.answer("www")), (200, vec![MAIN.to_owned()]));
        for ((beginning, again, statuses), pouring) in cases.iter().zip(pouring) {
            let asked = beginning.replace(&bearer, "");
            let fits = |(sent_bytes, status): (u64, Option<u16>)| {
                assert!(sent_bytes < 64 * MIB, "{sent_bytes} bytes were taken: {asked}");
                assert!(
                    status.is_none_or(|status| statuses.contains(&status)),
                    "{status:?}: {asked}"
                );
                status.is_some()
            };
            let is_said = fits(pouring.join().unwrap())
                || (1..TRIES).any(|_| fits(pour(&daemon, beginning, again)));
            assert!(is_said, "closed without a word: {asked}");
        }
    });
    let more = peak_memory_bytes(daemon.id()).saturating_sub(before);
    assert!(more < 48 * MIB, "{more} bytes");
    assert_eq!(daemon.answer("www"), [MAIN]);
    assert_eq!(daemon.metrics().sum("steersman_panics_total", &[]), 0.0);
}

/// Those who send a byte now and then keep neither a connection for ever nor anybody else waiting.
#[test]
fn whoever_takes_their_time_is_cut_off() {
    const EACH: usize = 20;
    let daemon = daemon();
    let bearer = format!("Authorization: Bearer {}\r\n", daemon.token());
    let body =
        format!("PUT {OVERRIDE} HTTP/1.1\r\nHost: x\r\n{bearer}Content-Length: 5000\r\n\r\n{{");
    let sign_in =
        format!("POST {SESSION} HTTP/1.1\r\nHost: x\r\n{JSON}Content-Length: 5000\r\n\r\n{{");
    let header = "GET /healthz HTTP/1.1\r\nHost: x\r\nX: ".to_owned();
    let mut answered = BTreeMap::new();
    let since = begin();
    thread::scope(|scope| {
        let slow: Vec<_> = [&header, &body, &sign_in]
            .into_iter()
            .flat_map(|beginning| [beginning; EACH])
            .map(|beginning| (beginning, scope.spawn(|| drip(&daemon, beginning))))
            .collect();
        while slow.iter().any(|(_, slow)| !slow.is_finished()) {
            let asked = begin();
            assert_eq!(
                (daemon.check("/healthz"), daemon.answer("www")),
                (200, vec![MAIN.to_owned()])
            );
            assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
            thread::sleep(Duration::from_millis(200));
        }
        for (beginning, slow) in slow {
            let said = slow.join().unwrap();
            let status = said.get(9..12).and_then(|status| status.parse::<u16>().ok());
            assert!(status == Some(408) || said.is_empty(), "{said}");
            *answered.entry(beginning).or_insert(0) += usize::from(status.is_some());
        }
    });
    assert!(since.elapsed() < Duration::from_secs(25), "{:?}", since.elapsed());
    // What does not even have a header gets no answer, or may; to the others it may be lost, but not to all.
    assert!([&body, &sign_in].iter().all(|beginning| answered[beginning] > 0), "{answered:?}");
}

/// Sends a byte now and then until the other end has had enough; returns what it said.
fn drip(daemon: &Daemon, beginning: &str) -> String {
    let mut stream = TcpStream::connect(daemon.admin).unwrap();
    stream.write_all(beginning.as_bytes()).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let mut said = Vec::new();
    let since = begin();
    loop {
        match stream.read_to_end(&mut said) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            _ => return String::from_utf8_lossy(&said).into_owned(),
        }
        assert!(since.elapsed() < PATIENCE, "it is waited for without end: {beginning}");
        // It may have been closed meanwhile, which the next read tells.
        let _ = stream.write_all(b"x");
    }
}

/// With a token too, a path is what it says and nothing else.
#[test]
fn odd_paths_lead_nowhere_for_anybody() {
    let daemon = daemon();
    let token = daemon.token();
    let bearer = format!("Authorization: Bearer {token}\r\n");
    let long = "a".repeat(7000);
    let longest = "a".repeat(70_000);
    let paths = [
        "/../etc/passwd",
        "/../../../../etc/passwd",
        "/page/../../state/admin.token",
        "/page/../api/v1/status",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/page/%2e%2e/%2e%2e/state/admin.token",
        "/page/..%2f..%2fstate%2fadmin.token",
        "/page/%252e%252e/state/admin.token",
        "/page/%c0%ae%c0%ae/state/admin.token",
        "/page/..\\..\\state\\admin.token",
        "/page/....//state/admin.token",
        "//",
        "//api/v1/status",
        "/api//v1/status",
        "/api/v1//status",
        "/api/v1/status/",
        "/api/v1/status%00",
        "/api/v1/status%00.json",
        "/api/v1/status;a=b",
        "/api/v1/%73tatus/../tokens",
        "/./api/v1/status",
        "/api/v1/statu\0s",
        "/page/app.js\0",
        "/page/app.js%00.html",
        "/api/v1/overrides/pool/%2e%2e",
        "/api/v1/overrides/pool/..",
        "/\u{202e}sutats",
        &format!("/{long}"),
        &format!("/page/{long}"),
        &format!("/api/v1/overrides/pool/{long}"),
        &format!("/{}", "../".repeat(2000)),
        &format!("/{longest}"),
    ];
    for path in paths {
        for headers in ["", &bearer] {
            for method in ["GET", "PUT", "DELETE"] {
                let response = send(daemon.admin, method, path, headers, "");
                let shown: String = path.chars().take(60).collect();
                let status = response.status;
                assert!(
                    [400, 401, 404, 405, 414, 431].contains(&status),
                    "{method} {shown}: {status}"
                );
                assert!(status != 401 || headers.is_empty(), "{method} {shown}");
                assert!(
                    !response.body.contains(&token) && !response.body.contains("root:"),
                    "{shown}"
                );
                assert!(response.body.len() < 1000 + path.len(), "{} bytes", response.body.len());
            }
        }
    }
    assert_eq!(daemon.answer("www"), [MAIN]);
    assert_eq!(daemon.metrics().sum("steersman_panics_total", &[]), 0.0);
}
