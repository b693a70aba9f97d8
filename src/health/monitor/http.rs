//! What an HTTP or HTTPS monitor asks and wants.

use std::sync::Arc;

use super::TlsCheck;

/// An HTTP request, and what is wanted of the response.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HttpCheck {
    /// The method. Default `GET`.
    pub method: String,
    /// Path and query, beginning with a slash. Default `/`.
    pub path: String,
    /// The port, unless the endpoint's `probe` names one. Default 80, or 443 for HTTPS.
    pub port: u16,
    /// The Host header; the probed address (and port) where absent.
    pub host: Option<String>,
    /// Further headers, names in lower case, in the order of the names.
    pub headers: Vec<(String, String)>,
    /// What is sent after the headers.
    pub request_body: Option<Arc<str>>,
    /// The version of HTTP. Default 1.1.
    pub version: HttpVersion,
    /// How many redirects are followed. Default 0.
    pub follow_redirects: u32,
    /// The statuses that are well. Default 200 to 299.
    pub status: Vec<StatusRange>,
    /// A text that the beginning of the body (64 KiB) must contain.
    pub body: Option<String>,
    /// A regular expression that the beginning of the body must match.
    pub body_regex: Option<String>,
    /// What is wanted of TLS, where it is spoken.
    pub tls: TlsCheck,
}

impl Default for HttpCheck {
    /// As `http = {}` asks.
    fn default() -> Self {
        Self {
            method: "GET".into(),
            path: "/".into(),
            port: 80,
            host: None,
            headers: Vec::new(),
            request_body: None,
            version: HttpVersion::Http1,
            follow_redirects: 0,
            status: vec![StatusRange { first: 200, last: 299 }],
            body: None,
            body_regex: None,
            tls: TlsCheck::default(),
        }
    }
}

/// The versions of HTTP that can be spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HttpVersion {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2: agreed by ALPN over TLS, taken as known in the clear.
    Http2,
}

/// Statuses from `first` to `last`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StatusRange {
    /// At least this.
    pub first: u16,
    /// At most this.
    pub last: u16,
}
