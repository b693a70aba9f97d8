//! Clients that are slow, many, or still there at the end.

use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::*;

const SHORT: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(60);

fn limits() -> Limits {
    Limits {
        connections: 2,
        connections_per_network: 3,
        header_timeout: LONG,
        body_timeout: LONG,
        turn_timeout: LONG,
        write_timeout: LONG,
        lifetime: LONG,
        grace: LONG,
    }
}

async fn start(limits: Limits) -> Running {
    Running::start_with(root(), limits).await
}

async fn send(running: &Running, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

/// Everything until the other end closes.
async fn rest(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset ends it as well.
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8(bytes).unwrap()
}

/// A request that the server has begun to serve, and that waits for its body.
async fn under_way(running: &Running) -> TcpStream {
    let header = format!(
        "PUT /api/v1/overrides/pool/web HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\
         Authorization: Bearer {TOKEN}\r\nContent-Length: 27\r\n\r\n"
    );
    let mut stream = send(running, &header).await;
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).await.unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

/// Sends the body that it waits for.
async fn finish(mut stream: TcpStream) -> String {
    stream.write_all(br#"{"state":"up","reason":"x"}"#).await.unwrap();
    rest(stream).await
}

#[tokio::test]
async fn a_header_that_does_not_end_is_cut_off() {
    let running = start(Limits { header_timeout: SHORT, ..limits() }).await;
    assert_eq!(rest(send(&running, "").await).await, "");
    let text = rest(send(&running, "GET /healthz HTTP/1.1\r\nHost: x\r\n").await).await;
    assert!(!text.contains("200"), "{text}");
}

#[tokio::test]
async fn a_connection_ends_after_its_answer() {
    let running = start(limits()).await;
    let two = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".repeat(2);
    let text = rest(send(&running, &two).await).await;
    assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
    assert!(text.contains("\r\nconnection: close\r\n"), "{text}");
    assert_eq!(text.matches("HTTP/1.1").count(), 1, "{text}");
}

#[tokio::test]
async fn a_body_that_does_not_end_is_answered() {
    let running = start(Limits { body_timeout: SHORT, ..limits() }).await;
    let request = format!(
        "PUT /api/v1/overrides/pool/web HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\
         Content-Length: 100\r\n\r\n{{"
    );
    let text = rest(send(&running, &request).await).await;
    assert!(text.starts_with("HTTP/1.1 408 "), "{text}");
}

#[tokio::test]
async fn a_long_body_of_unknown_length_is_refused() {
    let running = start(limits()).await;
    let mut request = format!(
        "PUT /api/v1/overrides/pool/web HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\
         Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    for _ in 0..65 {
        request.push_str(&format!("400\r\n{}\r\n", " ".repeat(1024)));
    }
    let text = rest(send(&running, &request).await).await;
    assert!(text.starts_with("HTTP/1.1 413 "), "{text}");
}

#[tokio::test]
async fn garbage_is_refused() {
    let running = start(limits()).await;
    for garbage in ["\r\n\r\n\r\nhello\r\n\r\n", "\u{0}\u{1}\u{2}", "GET\r\n\r\n"] {
        let mut stream = send(&running, garbage).await;
        stream.shutdown().await.unwrap();
        let text = rest(stream).await;
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 400"), "{text}");
    }
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(1_000_000));
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    // The server may close before it has read everything.
    let _ = stream.write_all(long.as_bytes()).await;
    drop(stream);
    assert_eq!(running.get("/healthz").await.status(), 200);
}

/// What is shown is nobody's business here.
fn tls() -> Tls {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    Tls::new(Arc::new(config), Handle::current())
}

#[tokio::test]
async fn a_handshake_that_does_not_end_is_cut_off() {
    let short = Limits { header_timeout: SHORT, ..limits() };
    let running = Running::start_by(Some(tls()), root(), short).await;
    for begun in ["", "\u{16}", "\u{16}\u{3}\u{1}"] {
        assert_eq!(rest(send(&running, begun).await).await, "", "{begun:?}");
    }
    let text = rest(send(&running, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await).await;
    assert!(text.starts_with("HTTP/1.1 400 ") && text.contains("ask https://"), "{text}");
}

/// Nobody has asked anything yet on such a connection.
#[tokio::test]
async fn nobody_waits_for_handshakes_at_the_end() {
    let running = Running::start_by(Some(tls()), root(), limits()).await;
    let waiting = [send(&running, "").await, send(&running, "\u{16}\u{3}\u{1}").await];
    // Both are taken, for there is room for two, and the third one has to wait or take a place.
    let third = rest(send(&running, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await).await;
    assert!(third.starts_with("HTTP/1.1 400 "), "{third}");
    running.stop.send(()).unwrap();
    timeout(LONG / 2, running.ended).await.unwrap().unwrap();
    drop(waiting);
}

#[tokio::test]
async fn half_requests_keep_nobody_out() {
    let hours = Duration::from_secs(3600);
    let patient =
        Limits { header_timeout: hours, body_timeout: hours, lifetime: hours, ..Limits::default() };
    let patient = Limits { connections_per_network: patient.connections, ..patient };
    let running = start(patient).await;
    let mut held = Vec::new();
    for number in 0..patient.connections {
        let half = if number % 2 == 0 { "GET /heal" } else { "" };
        held.push(send(&running, half).await);
    }
    let well = timeout(LONG, running.get("/healthz")).await.expect("an answer");
    assert_eq!(well.status(), 200);
    // The oldest had to go, the youngest can still ask.
    let mut youngest = held.pop().unwrap();
    assert_eq!(timeout(LONG, rest(held.remove(0))).await.expect("its end"), "");
    youngest.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert!(rest(youngest).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_request_under_way_gives_way_to_nobody() {
    let running = start(limits()).await;
    let older = send(&running, "GET /heal").await;
    let first = under_way(&running).await;
    assert_eq!(running.get("/healthz").await.status(), 200);
    assert_eq!(rest(older).await, "");
    let second = under_way(&running).await;
    // Now there is none that waits.
    let waiting = tokio::spawn(rest(send(&running, "GET /healthz HTTP/1.1\r\n\r\n").await));
    // It cannot have been answered while both places are taken, however long one looks.
    assert!(timeout(SHORT, std::future::pending::<()>()).await.is_err());
    assert!(!waiting.is_finished());
    for busy in [first, second] {
        assert!(finish(busy).await.starts_with("HTTP/1.1 20"));
    }
    assert!(waiting.await.unwrap().starts_with("HTTP/1.1 "));
}

/// A connection from another network than that of the others.
async fn from_elsewhere(running: &Running, text: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.1.1:0".parse().unwrap()).unwrap();
    let mut stream = socket.connect(running.address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

const WELL: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

#[tokio::test]
async fn one_network_cannot_keep_the_others_out() {
    let running = start(Limits { connections: 3, connections_per_network: 2, ..limits() }).await;
    let busy = [under_way(&running).await, under_way(&running).await];
    // As many as it may have, and none of them waits.
    assert_eq!(rest(send(&running, WELL).await).await, "");
    assert!(rest(from_elsewhere(&running, WELL).await).await.starts_with("HTTP/1.1 200"));
    for busy in busy {
        assert!(finish(busy).await.starts_with("HTTP/1.1 20"));
    }
}

#[tokio::test]
async fn a_network_that_has_as_many_as_it_may_makes_room_for_itself() {
    let running = start(Limits { connections: 3, connections_per_network: 2, ..limits() }).await;
    let older = send(&running, "GET /heal").await;
    let _younger = send(&running, "GET /heal").await;
    assert!(rest(send(&running, WELL).await).await.starts_with("HTTP/1.1 200"));
    assert_eq!(rest(older).await, "");
}

#[tokio::test]
async fn the_network_that_has_the_most_makes_room() {
    let limits = Limits { connections: 3, ..limits() };
    let running = start(limits).await;
    let mut lone = from_elsewhere(&running, "GET /heal").await;
    let older = send(&running, "GET /heal").await;
    let _younger = send(&running, "GET /heal").await;
    assert!(rest(send(&running, WELL).await).await.starts_with("HTTP/1.1 200"));
    // Not the oldest of all, for it is alone.
    assert_eq!(rest(older).await, "");
    lone.write_all(b"thz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert!(rest(lone).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_connection_ends_with_its_lifetime() {
    let running = start(Limits { lifetime: SHORT, grace: SHORT, ..limits() }).await;
    assert_eq!(rest(send(&running, "").await).await, "");
    assert_eq!(rest(send(&running, "GET /healthz HTTP/1.1\r\n").await).await, "");
}

#[tokio::test]
async fn a_stop_answers_what_is_at_hand_and_closes_the_rest() {
    let running = start(limits()).await;
    let idle = send(&running, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let busy = under_way(&running).await;
    running.stop.send(()).unwrap();
    assert!(rest(idle).await.starts_with("HTTP/1.1 200"));
    assert!(!running.ended.is_finished());
    assert!(finish(busy).await.starts_with("HTTP/1.1 201"));
    running.ended.await.unwrap();
}

#[tokio::test]
async fn a_stop_waits_no_longer_than_the_grace() {
    let running = start(Limits { grace: SHORT, ..limits() }).await;
    let _half = send(&running, "GET /heal").await;
    let answered = send(&running, "GET /healthz HTTP/1.1\r\nConnection: close\r\nHost: x\r\n\r\n");
    // Accepted after the half one, so that one is being served.
    assert!(rest(answered.await).await.starts_with("HTTP/1.1 200"));
    running.stop.send(()).unwrap();
    running.ended.await.unwrap();
}
