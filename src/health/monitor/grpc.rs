//! What a gRPC monitor asks.

use super::TlsCheck;

/// A question of `grpc.health.v1.Health`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GrpcCheck {
    /// The port, unless the endpoint's `probe` names one.
    pub port: u16,
    /// The service that is asked for; empty: the server as a whole.
    pub service: String,
    /// Over TLS, if any.
    pub tls: Option<TlsCheck>,
}
