//! Against real servers on loopback that behave well, or badly in one way each.

use std::time::Duration;

use rcgen::{BasicConstraints, IsCa};

use super::*;
use crate::probe::beside::BODY_BOUND;
use crate::probe::kit::Ask;
use crate::probe::steps::once;
use crate::probe::tests::certificates::certificates;
use server::{Seen, Server, Step};

mod full;
mod server;

/// Long enough for anything that is to happen.
const PATIENT: Duration = Duration::from_secs(20);
/// Long enough for loopback to bring what it brings before something hangs.
const SHORT: Duration = Duration::from_millis(500);

fn clear(server: &Server) -> HttpRequest {
    HttpRequest { port: server.address.port(), ..somewhere() }
}

/// A request in the clear to no port yet.
fn somewhere() -> HttpRequest {
    HttpRequest {
        port: 0,
        method: "GET".into(),
        path: "/healthz?full=1".into(),
        host: "www.example.com".into(),
        headers: Vec::new(),
        request_body: None,
        version: HttpVersion::Http1,
        follow_redirects: 0,
        tls: None,
        status: vec![StatusRange { first: 200, last: 299 }],
        body: None,
        body_regex: None,
    }
}

fn over_tls(server: &Server, name: &str, verify: bool) -> HttpRequest {
    HttpRequest { tls: Some(tls(name, verify)), ..clear(server) }
}

fn tls(name: &str, verify: bool) -> TlsSettings {
    TlsSettings { name: name.into(), verify, roots: None, client: None }
}

async fn ask(server: &Server, request: &HttpRequest, limit: Duration) -> Result<(), Failure> {
    let kit = Tools::new(&[certificates().root()]).unwrap();
    let probe = Arc::new(HttpProbe::new(&kit, server.address.ip(), request)?);
    let ask: Ask = Box::new(move || {
        let probe = Arc::clone(&probe);
        Box::pin(async move { probe.ask().await })
    });
    once(&ask, limit).await.result
}

async fn text_of(server: &Server, request: &HttpRequest, limit: Duration) -> String {
    match ask(server, request, limit).await {
        Ok(()) => "well".into(),
        Err(failure) => failure.to_string(),
    }
}

/// What a server sends in answer to a request, and what the probe says of it.
#[tokio::test]
async fn each_way_to_answer_has_its_outcome() {
    let send = |text: &str| vec![Step::Send(text.into())];
    for (steps, wanted) in [
        (send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), "well"),
        (send("HTTP/1.1 204 No Content\r\n\r\n"), "well"),
        (send("HTTP/1.0 200 OK\r\n\r\nuntil the end"), "well"),
        (send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"), "well"),
        (send("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"), "status 500, wanted 200-299"),
        (
            send("HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n"),
            "status 302, wanted 200-299",
        ),
        (
            send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"),
            "body broken off: end of file before message length reached",
        ),
        (send("SSH-2.0-OpenSSH_9.2\r\n\r\n"), "no HTTP answer: invalid HTTP version parsed"),
        (vec![], "no HTTP answer: connection closed before message completed"),
    ] {
        let server = Server::clear("127.0.0.1:0", steps.clone()).await;
        assert_eq!(text_of(&server, &clear(&server), PATIENT).await, wanted, "{steps:?}");
    }
}

#[tokio::test]
async fn whatever_hangs_times_out() {
    let drip = |text: &str| Step::Drip(text.into(), Duration::from_millis(50));
    for steps in [
        vec![Step::Hang],
        vec![drip("HTTP/1.1 200 OK\r\nX-Slow: "), Step::Hang],
        vec![drip(&format!("HTTP/1.1 200 OK\r\nX-Slow: {}", "x".repeat(1000)))],
        vec![
            Step::Send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n".into()),
            drip(&"x".repeat(1000)),
        ],
    ] {
        let server = Server::clear("127.0.0.1:0", steps.clone()).await;
        let text = text_of(&server, &clear(&server), SHORT).await;
        assert_eq!(text, "timed out after 500ms", "{steps:?}");
    }
}

/// Without a bound, whoever reads it is kept busy for as long as the server likes.
#[tokio::test]
async fn whoever_never_comes_to_an_answer_is_not_heard_out() {
    let steps = vec![Step::Send("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(100_000)), Step::Hang];
    let server = Server::clear("127.0.0.1:0", steps).await;
    let text = text_of(&server, &clear(&server), PATIENT).await;
    assert_eq!(text, "no HTTP answer: more than 1024 KiB came");
}

#[tokio::test]
async fn a_closed_port_refuses() {
    let server = Server::clear("127.0.83.3:0", vec![]).await;
    let (request, address) = (clear(&server), server.address.ip());
    server.stop().await;
    let kit = Tools::new(&[]).unwrap();
    let probe = HttpProbe::new(&kit, address, &request).unwrap();
    assert_eq!(probe.ask().await, Err(Failure::Refused));
    let request = HttpRequest { tls: Some(tls("www.example.com", true)), ..request };
    let probe = HttpProbe::new(&kit, address, &request).unwrap();
    assert_eq!(probe.ask().await, Err(Failure::Refused));
}

#[tokio::test]
async fn the_wanted_statuses_decide() {
    let reply = "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n";
    let server = Server::clear("127.0.0.1:0", vec![Step::Send(reply.into())]).await;
    let range = |first, last| StatusRange { first, last };
    for (status, wanted) in [
        (vec![range(302, 302)], "well"),
        (vec![range(200, 200), range(300, 399)], "well"),
        (vec![range(200, 200), range(303, 399)], "status 302, wanted 200, 303-399"),
    ] {
        let request = HttpRequest { status, ..clear(&server) };
        assert_eq!(text_of(&server, &request, PATIENT).await, wanted);
    }
}

/// The bound falls at 65,536 octets: what ends there is seen, what passes it is not.
#[tokio::test]
async fn the_body_is_searched_up_to_the_bound() {
    for (before, hang, wanted) in [
        (0, false, "well"),
        (BODY_BOUND - 2, false, "well"),
        (BODY_BOUND - 2, true, "well"),
        (BODY_BOUND - 1, false, "body lacks \"ok\""),
        (BODY_BOUND, false, "body lacks \"ok\""),
    ] {
        let body = format!("{}ok{}", "-".repeat(before), "-".repeat(50_000));
        let length = body.len() + usize::from(hang);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
        let mut steps = vec![Step::Send(head), Step::Send(body)];
        steps.extend(hang.then_some(Step::Hang));
        let server = Server::clear("127.0.0.1:0", steps).await;
        let request = HttpRequest { body: Some("ok".into()), ..clear(&server) };
        assert_eq!(text_of(&server, &request, PATIENT).await, wanted, "{before} {hang}");
    }
}

#[tokio::test]
async fn the_server_sees_what_was_configured_on_a_new_connection_each_time() {
    for bind in ["127.0.0.1:0", "[::1]:0"] {
        let server = Server::clear(bind, vec![Step::Send(server::OK.into())]).await;
        let request = clear(&server);
        for _ in 0..2 {
            assert_eq!(ask(&server, &request, PATIENT).await, Ok(()));
        }
        let seen = server.seen();
        assert_eq!(seen.len(), 2, "one request on each connection");
        for Seen { request, sni } in seen {
            assert!(request.starts_with("GET /healthz?full=1 HTTP/1.1\r\n"), "{request}");
            let request = request.to_lowercase();
            assert_eq!(request.matches("\r\nhost: www.example.com\r\n").count(), 1, "{request}");
            assert!(request.contains("\r\nconnection: close\r\n"), "{request}");
            assert_eq!(sni, None);
        }
    }
}

/// Every day it is one more.
fn without_days(text: &str) -> String {
    match text.strip_prefix("certificate expired ") {
        Some(rest) => {
            let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("certificate expired N{rest}")
        }
        None => text.into(),
    }
}

/// The certificate a server has, the name wanted, and what the probe says.
#[tokio::test]
async fn certificates_must_be_good_unless_told_otherwise() {
    let certificates = certificates();
    for (config, name, verify, wanted) in [
        (certificates.good(), "www.example.com", true, "well"),
        (certificates.good(), "127.0.0.1", true, "well"),
        (
            certificates.good(),
            "other.example",
            true,
            "certificate is for www.example.com, 127.0.0.1, wanted other.example",
        ),
        (
            certificates.good(),
            "127.0.0.2",
            true,
            "certificate is for www.example.com, 127.0.0.1, wanted 127.0.0.2",
        ),
        (certificates.expired(), "www.example.com", true, "certificate expired N days ago"),
        (
            certificates.too_young(),
            "www.example.com",
            true,
            "certificate not valid before 2999-01-01T00:00:00Z",
        ),
        (
            certificates.self_signed(IsCa::NoCa),
            "www.example.com",
            true,
            "certificate self-signed or of an unknown issuer",
        ),
        (
            certificates.self_signed(IsCa::Ca(BasicConstraints::Unconstrained)),
            "www.example.com",
            true,
            "certificate is an authority's own (CA:TRUE), which no server may show: make one with CA:FALSE",
        ),
        (certificates.expired(), "www.example.com", false, "well"),
        (certificates.self_signed(IsCa::NoCa), "www.example.com", false, "well"),
        (certificates.good(), "other.example", false, "well"),
    ] {
        let server = Server::tls(config, vec![Step::Send(server::OK.into())]).await;
        let request = over_tls(&server, name, verify);
        let text = text_of(&server, &request, PATIENT).await;
        assert_eq!(without_days(&text), wanted, "{name} {verify}");
    }
}

#[tokio::test]
async fn sni_and_host_header_are_free_of_each_other_and_of_the_address() {
    for (name, sni) in [("www.example.com", Some("www.example.com")), ("127.0.0.1", None)] {
        let steps = vec![Step::Send(server::OK.into())];
        let server = Server::tls(certificates().good(), steps).await;
        let host = "another.example:8443".to_string();
        let request = HttpRequest { host, ..over_tls(&server, name, true) };
        assert_eq!(ask(&server, &request, PATIENT).await, Ok(()));
        let seen = server.seen();
        assert_eq!(seen[0].sni.as_deref(), sni);
        let request = seen[0].request.to_lowercase();
        assert_eq!(request.matches("\r\nhost: ").count(), 1, "{request}");
        assert!(request.contains("\r\nhost: another.example:8443\r\n"), "{request}");
    }
}

/// A certificate that goes bad is seen at the next probe: no session is resumed.
#[tokio::test]
async fn certificates_are_shown_at_every_probe() {
    let server = Server::tls(certificates().good(), vec![Step::Send(server::OK.into())]).await;
    let kit = Tools::new(&[certificates().root()]).unwrap();
    let request = over_tls(&server, "www.example.com", true);
    let probe = HttpProbe::new(&kit, server.address.ip(), &request).unwrap();
    assert_eq!(probe.ask().await, Ok(()));
    server.present(certificates().expired());
    assert_eq!(probe.ask().await.unwrap_err().reason(), "certificate");
}

#[tokio::test]
async fn tls_to_a_port_in_the_clear_and_the_other_way_round_fail() {
    let garbage = Step::Send("SSH-2.0-OpenSSH_9.2\r\n".into());
    let server = Server::greeting(garbage).await;
    let text = text_of(&server, &over_tls(&server, "www.example.com", true), PATIENT).await;
    assert_eq!(text, "TLS failed: the answer is not TLS");
    let server = Server::tls(certificates().good(), vec![]).await;
    let failure = ask(&server, &clear(&server), PATIENT).await.unwrap_err();
    assert_eq!(failure.reason(), "no_http", "{failure}");
}

/// Nothing of these may be asked of anybody, least of all of another address.
#[tokio::test]
async fn what_makes_no_sense_is_not_asked() {
    let server = Server::tls(certificates().good(), vec![Step::Send(server::OK.into())]).await;
    for name in ["", "two words", "127.1", "a_b.example/@127.0.0.1"] {
        let failure = ask(&server, &over_tls(&server, name, false), PATIENT).await.unwrap_err();
        assert_eq!(failure.reason(), "unaskable", "{name:?}: {failure}");
    }
    let request = HttpRequest { host: "a\nb".into(), ..clear(&server) };
    let text = text_of(&server, &request, PATIENT).await;
    assert_eq!(text, "cannot be asked: \"a\\nb\" is no Host header");
    assert!(server.seen().is_empty());
}
