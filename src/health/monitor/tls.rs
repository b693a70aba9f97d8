//! What is wanted of TLS, whoever speaks it.

use std::fmt;
use std::sync::Arc;

/// How TLS is spoken, and what is wanted of the certificate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TlsCheck {
    /// The name asked for by SNI and wanted in the certificate; the name that is asked for
    /// otherwise where absent, else the address.
    pub sni: Option<String>,
    /// Whether the certificate must be good. Default true.
    pub verify: bool,
    /// The authorities that are trusted; the public ones where absent.
    pub roots: Option<Certificates>,
    /// What is shown to a server that wants to know who asks.
    pub client: Option<ClientPair>,
}

impl Default for TlsCheck {
    fn default() -> Self {
        Self { sni: None, verify: true, roots: None, client: None }
    }
}

/// Certificates in DER, in the order of their file.
pub type Certificates = Arc<[Box<[u8]>]>;

/// A certificate, those between it and a root, and its key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientPair {
    /// The client's own comes first.
    pub chain: Certificates,
    /// The key that fits it.
    pub key: PrivateKey,
}

/// A private key in DER, which never shows in a log.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PrivateKey(pub Arc<[u8]>);

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}

/// A handshake, and what is wanted of the certificate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HandshakeCheck {
    /// The port, unless the endpoint's `probe` names one. Default 443.
    pub port: u16,
    /// How it is done.
    pub tls: TlsCheck,
    /// For how many days the certificate must still be good. Default 0.
    pub days: u32,
}
