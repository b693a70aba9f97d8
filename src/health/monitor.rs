//! How endpoints are asked whether they are well.

mod dns;
mod exec;
mod grpc;
mod http;
mod tcp;
mod tls;

use std::time::Duration;

pub use dns::{DnsCheck, RecordData};
pub use exec::ExecCheck;
pub use grpc::GrpcCheck;
pub use http::{HttpCheck, HttpVersion, StatusRange};
pub use tcp::{Preset, Talk, TcpCheck, Wanted};
pub use tls::{Certificates, ClientPair, HandshakeCheck, PrivateKey, TlsCheck};

use super::standing::State;
use super::tracker::Damping;

/// How to ask an endpoint whether it is well, and how often, and what to make of the outcomes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Monitor {
    /// Its name in the files.
    pub name: String,
    /// What is asked.
    pub kind: MonitorKind,
    /// From one probe to the next while the verdict is settled.
    pub interval: Duration,
    /// How long an endpoint may take to answer one probe.
    pub timeout: Duration,
    /// This many failures in a row make `up` into `down`; at least 1.
    pub fall: u32,
    /// This many successes in a row make `down` into `up`; at least 1.
    pub rise: u32,
    /// From one probe to the next while the verdict is in doubt.
    pub retry: Duration,
    /// Whether to keep an idle connection to what speaks TCP, whose end lets the next probe begin
    /// at once. Default true.
    pub watch: bool,
    /// What an endpoint counts as before its first probe, where no verdict is kept of it.
    pub initial: Initial,
    /// How flapping is damped; none by default.
    pub damping: Option<Damping>,
}

/// What counts before the first probe, where no verdict is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Initial {
    /// What was last believed of the same address by other settings, else up: so a start moves no
    /// traffic by itself.
    #[default]
    Last,
    /// Up.
    Up,
    /// Down.
    Down,
}

impl Initial {
    /// Where nothing was ever believed.
    pub fn state(self) -> State {
        match self {
            Self::Last | Self::Up => State::Up,
            Self::Down => State::Down,
        }
    }
}

/// The kinds of question.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MonitorKind {
    /// An HTTP request in the clear.
    Http(HttpCheck),
    /// An HTTP request over TLS.
    Https(HttpCheck),
    /// A connection that opens, and perhaps a conversation on it.
    Tcp(TcpCheck),
    /// A handshake of TLS.
    Tls(HandshakeCheck),
    /// A question of DNS.
    Dns(DnsCheck),
    /// A question to the health service of gRPC.
    Grpc(GrpcCheck),
    /// A command of the operator.
    Exec(ExecCheck),
    /// An echo request.
    Icmp,
    /// Nothing is asked: the endpoint says of itself that it is well.
    Heartbeat,
}

impl MonitorKind {
    /// Whether the `host` of an endpoint makes a difference.
    pub fn asks_by_host(&self) -> bool {
        match self {
            Self::Http(_) | Self::Https(_) | Self::Tls(_) | Self::Grpc(_) | Self::Exec(_) => true,
            Self::Tcp(check) => check.tls.is_some(),
            Self::Dns(_) | Self::Icmp | Self::Heartbeat => false,
        }
    }

    /// Whether the `sni` of an endpoint makes a difference.
    pub fn asks_by_sni(&self) -> bool {
        match self {
            Self::Https(_) | Self::Tls(_) | Self::Grpc(_) => true,
            Self::Tcp(check) => check.tls.is_some(),
            Self::Http(_) | Self::Exec(_) | Self::Dns(_) | Self::Icmp | Self::Heartbeat => false,
        }
    }
}
