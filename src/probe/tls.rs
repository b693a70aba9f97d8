//! TLS for probes: certificates are verified for the name that the monitor wants, whatever address
//! is asked, and afresh at each probe.

mod words;

use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore,
    SignatureScheme,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::cause;
use super::failure::Failure;
use super::shared::Shared;
use super::target::TlsSettings;
use crate::health::{Certificates, ClientPair};
use words::{ExpiresSoon, between, no_http2};

/// The name of HTTP/2 in ALPN (RFC 9113 3.2).
const H2: &[u8] = b"h2";

const DAY_SECONDS: u64 = 86_400;

/// What all probes over TLS share.
pub(super) struct TlsKit {
    provider: Arc<CryptoProvider>,
    public: Arc<WebPkiServerVerifier>,
    own: Shared<Certificates, WebPkiServerVerifier>,
}

/// How TLS is spoken to one server.
#[derive(Clone)]
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
    speaks: Speaks,
}

/// What is spoken over TLS.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaks {
    /// HTTP/2, to which the server must agree.
    Http2,
    /// Anything else, without a word of it.
    Other,
}

impl TlsKit {
    /// Trusts the public roots and `extra_roots`.
    pub(super) fn new(extra_roots: &[CertificateDer<'_>]) -> Result<Self, Failure> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for root in extra_roots {
            roots.add(root.clone().into_owned()).map_err(|e| Failure::from(&e))?;
        }
        let provider = Arc::new(ring::default_provider());
        let public = verifier(roots, &provider)?;
        Ok(Self { provider, public, own: Shared::default() })
    }

    /// Prepares for one server.
    pub(super) fn prepare(&self, settings: &TlsSettings, speaks: Speaks) -> Result<Tls, Failure> {
        self.prepare_lasting(settings, speaks, 0)
    }

    /// The same, where the certificate must be good for so many more days.
    pub(super) fn prepare_lasting(
        &self,
        settings: &TlsSettings,
        speaks: Speaks,
        days: u32,
    ) -> Result<Tls, Failure> {
        let name = ServerName::try_from(settings.name.clone()).map_err(|_| {
            Failure::Unaskable(format!("{:?} is neither name nor address", settings.name))
        })?;
        let verifier = match &settings.roots {
            None => Arc::clone(&self.public),
            Some(own) => self.own.get(own, || verifier(store(own)?, &self.provider))?,
        };
        let verifier = Expecting { verify: settings.verify, days, verifier };
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|e| Failure::from(&e))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match &settings.client {
            None => builder.with_no_client_auth(),
            Some(ClientPair { chain, key }) => {
                let key = PrivateKeyDer::try_from(key.0.to_vec())
                    .map_err(|why| Failure::Unaskable(format!("the client's key: {why}")))?;
                builder
                    .with_client_auth_cert(certificates(chain), key)
                    .map_err(|why| Failure::Unaskable(format!("the client's key: {why}")))?
            }
        };
        // A resumed session shows no certificate, so an expired one would go unseen.
        config.resumption = Resumption::disabled();
        if speaks == Speaks::Http2 {
            config.alpn_protocols = vec![H2.to_vec()];
        }
        Ok(Tls { connector: Arc::new(config).into(), name, speaks })
    }
}

impl Tls {
    /// Speaks TLS on an open connection.
    pub(super) async fn connect<S>(&self, stream: S) -> Result<TlsStream<S>, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let stream = self.connector.connect(self.name.clone(), stream).await;
        let stream = stream.map_err(|error| cause::of_io(&error))?;
        if self.speaks == Speaks::Http2 && stream.get_ref().1.alpn_protocol() != Some(H2) {
            return Err(no_http2());
        }
        Ok(stream)
    }
}

fn verifier(
    roots: RootCertStore,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, Failure> {
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|e| Failure::Unaskable(format!("certificate roots: {e}")))
}

fn store(authorities: &Certificates) -> Result<RootCertStore, Failure> {
    let mut store = RootCertStore::empty();
    for authority in certificates(authorities) {
        store
            .add(authority)
            .map_err(|e| Failure::Unaskable(format!("a certificate of an authority: {e}")))?;
    }
    Ok(store)
}

fn certificates(der: &Certificates) -> Vec<CertificateDer<'static>> {
    der.iter().map(|der| CertificateDer::from(der.to_vec())).collect()
}

/// Verifies only where that is wanted.
#[derive(Debug)]
struct Expecting {
    verify: bool,
    /// For how long the certificate must still be good.
    days: u32,
    verifier: Arc<WebPkiServerVerifier>,
}

impl Expecting {
    /// A signature counts where the certificate does.
    fn signed(
        &self,
        verify: impl FnOnce() -> Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.verify { verify() } else { Ok(HandshakeSignatureValid::assertion()) }
    }
}

impl ServerCertVerifier for Expecting {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if !self.verify {
            return Ok(ServerCertVerified::assertion());
        }
        let verify = |at| {
            self.verifier.verify_server_cert(end_entity, intermediates, name, ocsp_response, at)
        };
        let verified = verify(now)?;
        if self.days == 0 {
            return Ok(verified);
        }
        let days = Duration::from_secs(DAY_SECONDS * u64::from(self.days));
        let then = UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs()) + days);
        // Not only its own certificate may expire, but also one between it and a root.
        verify(then).map_err(|error| match error {
            Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) => {
                let soon = ExpiresSoon { left: between(now, not_after), days: self.days };
                CertificateError::Other(OtherError(Arc::new(soon))).into()
            }
            other => other,
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(|| self.verifier.verify_tls12_signature(message, certificate, signature))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(|| self.verifier.verify_tls13_signature(message, certificate, signature))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
