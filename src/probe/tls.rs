//! TLS for probes: certificates are verified for the name that the monitor wants, whatever address
//! is asked, and afresh at each probe.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use super::failure::Failure;

/// What all https probes share.
pub(super) struct TlsKit {
    provider: Arc<CryptoProvider>,
    verifier: Arc<WebPkiServerVerifier>,
}

impl TlsKit {
    /// Trusts the public roots and `extra_roots`.
    pub(super) fn new(extra_roots: &[CertificateDer<'_>]) -> Result<Self, Failure> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for root in extra_roots {
            roots.add(root.clone().into_owned()).map_err(|e| Failure::from(&e))?;
        }
        let provider = Arc::new(ring::default_provider());
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .map_err(|e| Failure::Unaskable(format!("certificate roots: {e}")))?;
        Ok(Self { provider, verifier })
    }

    /// The settings for a server whose certificate must be for `wanted`; none: any will do.
    pub(super) fn client_config(
        &self,
        wanted: Option<ServerName<'static>>,
    ) -> Result<ClientConfig, Failure> {
        let verifier = Expecting { wanted, public: Arc::clone(&self.verifier) };
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider));
        let mut config = builder
            .with_safe_default_protocol_versions()
            .map_err(|e| Failure::from(&e))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        // A resumed session shows no certificate, so an expired one would go unseen.
        config.resumption = Resumption::disabled();
        Ok(config)
    }
}

/// Verifies for a name of its own instead of the name in the URL, which cannot say everything: the
/// address asked may differ from an address that the certificate must be for.
#[derive(Debug)]
struct Expecting {
    wanted: Option<ServerName<'static>>,
    public: Arc<WebPkiServerVerifier>,
}

impl Expecting {
    /// A signature counts where the certificate does.
    fn signed(
        &self,
        verify: impl FnOnce() -> Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        match &self.wanted {
            None => Ok(HandshakeSignatureValid::assertion()),
            Some(_) => verify(),
        }
    }
}

impl ServerCertVerifier for Expecting {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _name_in_url: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.wanted {
            None => Ok(ServerCertVerified::assertion()),
            Some(wanted) => self.public.verify_server_cert(
                end_entity,
                intermediates,
                wanted,
                ocsp_response,
                now,
            ),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(|| self.public.verify_tls12_signature(message, certificate, signature))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(|| self.public.verify_tls13_signature(message, certificate, signature))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.public.supported_verify_schemes()
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        match error {
            Error::InvalidCertificate(problem) => Self::Certificate(certificate_text(problem)),
            Error::NoCertificatesPresented => Self::Certificate("missing".into()),
            Error::InvalidMessage(_) => Self::Tls("the answer is not TLS".into()),
            Error::AlertReceived(alert) => Self::Tls(format!("alert {alert:?} received")),
            other => Self::Tls(other.to_string()),
        }
    }
}

/// The rest of a sentence that begins with "certificate".
fn certificate_text(problem: &CertificateError) -> String {
    match problem {
        CertificateError::Expired => "expired".into(),
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("expired on {}", date(*not_after))
        }
        CertificateError::NotValidYet => "not valid yet".into(),
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("not valid before {}", date(*not_before))
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names: Vec<_> = presented.iter().map(|name| bare_name(name)).collect();
            let names = if names.is_empty() { "no name".into() } else { names.join(", ") };
            format!("is for {names}, wanted {}", expected.to_str())
        }
        CertificateError::UnknownIssuer => "self-signed or of an unknown issuer".into(),
        // Only by name: the type behind it is that of a crate which rustls does not re-export.
        CertificateError::Other(other) if other.to_string() == "CaUsedAsEndEntity" => {
            "self-signed: it is an authority's own".into()
        }
        CertificateError::Revoked => "revoked".into(),
        other => format!("not good: {other}"),
    }
}

fn date(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).map_or_else(|_| "?".into(), |stamp| stamp.to_string())
}

/// rustls names a subject `DnsName("www.example.com")` or `IpAddress(192.0.2.1)`.
fn bare_name(subject: &str) -> &str {
    let inside = subject.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inside.unwrap_or(subject).trim_matches('"')
}
