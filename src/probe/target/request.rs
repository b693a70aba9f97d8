//! What is asked of one address: a monitor's kind with every default filled in.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::Place;
use crate::health::{
    Certificates, ClientPair, DnsCheck, GrpcCheck, HttpCheck, HttpVersion, MonitorKind,
    StatusRange, Talk, TlsCheck,
};

/// What is asked: a [`MonitorKind`] with every default filled in for one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// An HTTP request, in the clear or over TLS.
    Http(HttpRequest),
    /// A connection that opens, and perhaps a conversation on it.
    Tcp(TcpRequest),
    /// A handshake of TLS.
    Tls(TlsRequest),
    /// A question of DNS.
    Dns(DnsCheck),
    /// A question to the health service of gRPC.
    Grpc(GrpcRequest),
    /// A command of the operator.
    Exec(ExecRequest),
    /// An echo request.
    Icmp,
    /// Nothing: this endpoint says of itself that it is well.
    Heartbeat(String),
}

/// An HTTP request and what is wanted of the response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// To this port.
    pub port: u16,
    /// The method.
    pub method: String,
    /// Path and query, beginning with a slash.
    pub path: String,
    /// The Host header.
    pub host: String,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// What is sent after the headers.
    pub request_body: Option<Arc<str>>,
    /// The version of HTTP.
    pub version: HttpVersion,
    /// How many redirects are followed.
    pub follow_redirects: u32,
    /// Over TLS, if any.
    pub tls: Option<TlsSettings>,
    /// The statuses that are well.
    pub status: Vec<StatusRange>,
    /// A text that the beginning of the body must contain.
    pub body: Option<String>,
    /// A regular expression that the beginning of the body must match.
    pub body_regex: Option<String>,
}

/// A connection that opens, and perhaps a conversation on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpRequest {
    /// To this port.
    pub port: u16,
    /// Over TLS, if any.
    pub tls: Option<TlsSettings>,
    /// What is said; none: that it opens is enough.
    pub talk: Option<Talk>,
}

/// A handshake of TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsRequest {
    /// To this port.
    pub port: u16,
    /// How it is done.
    pub tls: TlsSettings,
    /// For how many days the certificate must still be good.
    pub days: u32,
}

/// A question to the health service of gRPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrpcRequest {
    /// To this port.
    pub port: u16,
    /// The name of the server, as requests have it.
    pub authority: String,
    /// The service that is asked for; empty: the server as a whole.
    pub service: String,
    /// Over TLS, if any.
    pub tls: Option<TlsSettings>,
}

/// A command of the operator, and what it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecRequest {
    /// The absolute path of the program, and its arguments.
    pub command: Arc<[String]>,
    /// The port that the endpoint's `probe` names.
    pub port: Option<u16>,
    /// The endpoint's own host name.
    pub host: Option<String>,
}

/// How TLS is spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings {
    /// The host name (sent as SNI) or address that the certificate must be for.
    pub name: String,
    /// Whether the certificate must be good.
    pub verify: bool,
    /// The authorities that are trusted; the public ones where absent.
    pub roots: Option<Certificates>,
    /// What is shown to a server that wants to know who asks.
    pub client: Option<ClientPair>,
}

impl Request {
    pub(super) fn new(kind: &MonitorKind, at: &Place<'_>) -> Self {
        match kind {
            MonitorKind::Http(check) => Self::Http(http(check, at, false)),
            MonitorKind::Https(check) => Self::Http(http(check, at, true)),
            MonitorKind::Tcp(check) => Self::Tcp(TcpRequest {
                port: at.port.unwrap_or(check.port),
                tls: check
                    .tls
                    .as_ref()
                    .map(|tls| TlsSettings::new(tls, at, at.host.map(without_port))),
                talk: check.talk.clone(),
            }),
            MonitorKind::Tls(check) => Self::Tls(TlsRequest {
                port: at.port.unwrap_or(check.port),
                tls: TlsSettings::new(&check.tls, at, at.host.map(without_port)),
                days: check.days,
            }),
            MonitorKind::Dns(check) => {
                Self::Dns(DnsCheck { port: at.port.unwrap_or(check.port), ..check.clone() })
            }
            MonitorKind::Grpc(check) => Self::Grpc(grpc(check, at)),
            MonitorKind::Exec(check) => Self::Exec(ExecRequest {
                command: Arc::clone(&check.command),
                port: at.port,
                host: at.host.map(Into::into),
            }),
            MonitorKind::Icmp => Self::Icmp,
            MonitorKind::Heartbeat => Self::Heartbeat(at.endpoint.clone()),
        }
    }

    /// The port that an idle connection may be kept to, if it is asked over TCP.
    pub(super) fn watched_port(&self) -> Option<u16> {
        match self {
            Self::Tcp(TcpRequest { talk: Some(Talk::Preset(preset)), .. })
                if !preset.bears_silence() =>
            {
                None
            }
            Self::Http(HttpRequest { port, .. })
            | Self::Tcp(TcpRequest { port, .. })
            | Self::Tls(TlsRequest { port, .. })
            | Self::Grpc(GrpcRequest { port, .. }) => Some(*port),
            // Servers of DNS part with whoever is idle.
            Self::Dns(_) | Self::Exec(_) | Self::Icmp | Self::Heartbeat(_) => None,
        }
    }
}

fn http(check: &HttpCheck, at: &Place<'_>, over_tls: bool) -> HttpRequest {
    let port = at.port.unwrap_or(check.port);
    let host = at.host.or(check.host.as_deref());
    let tls = over_tls.then(|| TlsSettings::new(&check.tls, at, host.map(without_port)));
    let usual_port = if over_tls { 443 } else { 80 };
    HttpRequest {
        port,
        method: check.method.clone(),
        path: check.path.clone(),
        host: host.map_or_else(|| authority(at.address, port, usual_port), Into::into),
        headers: check.headers.clone(),
        request_body: check.request_body.clone(),
        version: check.version,
        follow_redirects: check.follow_redirects,
        tls,
        status: check.status.clone(),
        body: check.body.clone(),
        body_regex: check.body_regex.clone(),
    }
}

fn grpc(check: &GrpcCheck, at: &Place<'_>) -> GrpcRequest {
    let port = at.port.unwrap_or(check.port);
    let tls = check.tls.as_ref();
    let name = at.sni.or(tls.and_then(|tls| tls.sni.as_deref()));
    let name = at.host.or(name.filter(|_| tls.is_some()));
    GrpcRequest {
        port,
        // No port is usual.
        authority: name.map_or_else(|| authority(at.address, port, 0), Into::into),
        service: check.service.clone(),
        tls: tls.map(|tls| TlsSettings::new(tls, at, at.host.map(without_port))),
    }
}

impl TlsSettings {
    /// For the name that is asked for, if there is one.
    fn new(check: &TlsCheck, at: &Place<'_>, asked: Option<&str>) -> Self {
        let name = at.sni.or(check.sni.as_deref()).or(asked);
        let name = name.map_or_else(|| at.address.to_string(), canonical_name);
        let TlsCheck { verify, roots, client, .. } = check.clone();
        Self { name, verify, roots, client }
    }
}

impl TlsSettings {
    /// As a redirect from the clear finds it: for the host, with the public roots.
    pub(in crate::probe) fn of_host(host: &str) -> Self {
        let name = canonical_name(without_port(host));
        Self { name, verify: true, roots: None, client: None }
    }
}

/// An address and port as a Host header names them (RFC 9110 section 7.2).
fn authority(address: IpAddr, port: u16, usual_port: u16) -> String {
    match (address, port == usual_port) {
        (IpAddr::V4(v4), true) => v4.to_string(),
        (IpAddr::V6(v6), true) => format!("[{v6}]"),
        (_, false) => SocketAddr::new(address, port).to_string(),
    }
}

/// The host of `host`, `host:port`, `[v6]` or `[v6]:port`.
fn without_port(host: &str) -> &str {
    if let Some((v6, _)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return v6;
    }
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.contains(':') => {
            name
        }
        _ => host,
    }
}

/// SNI has no final dot (RFC 6066 section 3).
fn canonical_name(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}
