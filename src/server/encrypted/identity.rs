//! The certificate that handshakes show, which can be replaced while connections are open.

use std::io;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// The pair of certificate and key that is shown from now on. What was negotiated with another one
/// before lives on.
#[derive(Debug)]
pub struct Identity(ArcSwap<CertifiedKey>);

impl Identity {
    /// Begins with a pair.
    pub fn new(pair: Arc<CertifiedKey>) -> Self {
        Self(ArcSwap::new(pair))
    }

    /// Shows another pair from the next handshake on; says whether its certificate is another.
    pub fn replace(&self, pair: Arc<CertifiedKey>) -> bool {
        let before = self.0.swap(Arc::clone(&pair));
        before.cert != pair.cert
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

/// TLS 1.2 and 1.3 with one application protocol, which a client that names any must name.
pub fn tls_config(identity: Arc<Identity>, protocol: &[u8]) -> io::Result<ServerConfig> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_cert_resolver(identity);
    config.alpn_protocols = vec![protocol.to_vec()];
    Ok(config)
}
