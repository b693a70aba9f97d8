//! As much of an HTTP client as the admin endpoint needs: one request, one connection.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

/// What came back.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    /// The header, in lower case.
    pub head: String,
    pub body: String,
}

impl Response {
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{error} in the body of {self:?}"))
    }

    /// What a problem (RFC 9457) says is wrong.
    #[track_caller]
    pub fn detail(&self) -> String {
        assert!(self.head.contains("content-type: application/problem+json"), "{self:?}");
        self.json()["detail"].as_str().expect("a detail").to_owned()
    }
}

/// Sends one request and reads the whole response.
pub fn request(
    server: SocketAddr,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: &str,
) -> io::Result<Response> {
    exchange(server, text(server, method, path, token, body).as_bytes())
}

/// A request as it is sent.
pub fn text(
    server: SocketAddr,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: &str,
) -> String {
    let authorization =
        token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n{authorization}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Sends bytes as they are and reads whatever comes until the server closes.
pub fn exchange(server: SocketAddr, bytes: &[u8]) -> io::Result<Response> {
    let stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(super::wait::PATIENCE))?;
    exchange_over(stream, bytes)
}

/// The same over a stream that is open.
pub fn exchange_over(mut stream: impl Read + Write, bytes: &[u8]) -> io::Result<Response> {
    // A server that has heard enough closes early; what it said counts.
    let sent = stream.write_all(bytes);
    let mut text = Vec::new();
    match (stream.read_to_end(&mut text), sent) {
        (Err(error), _) | (_, Err(error)) if text.is_empty() => return Err(error),
        _ => {}
    }
    parse(&String::from_utf8_lossy(&text))
        .ok_or_else(|| io::Error::other(format!("no HTTP: {text:?}")))
}

fn parse(text: &str) -> Option<Response> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some(Response { status, head: head.to_lowercase(), body: body.to_owned() })
}
