//! Which daemon a client of the admin endpoint trusts over TLS.
//!
//! Whoever has the configuration knows the certificate that the daemon shows, whatever names stand in it.
//! Any other one has to be signed by an authority, and be good for the name or address that is asked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};

/// Whom to trust.
#[derive(Clone, Copy, Debug)]
pub enum Trust<'t> {
    /// Nobody, for nobody is asked over TLS.
    Nobody,
    /// Whoever shows the first certificate of this file.
    Own(&'t Path),
    /// The authorities of this file.
    Authorities(&'t Path),
    /// The authorities that browsers trust.
    Web,
}

impl Trust<'_> {
    /// The settings of a client.
    ///
    /// # Errors
    ///
    /// In words, with the file.
    pub fn config(self) -> Result<ClientConfig, String> {
        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore::empty();
        let mut own = None;
        match self {
            Trust::Nobody => {}
            Trust::Web => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Trust::Authorities(file) => {
                for certificate in certificates(file)? {
                    roots.add(certificate).map_err(|error| {
                        format!(
                            "{}: a certificate that cannot be an authority's: {error}",
                            file.display()
                        )
                    })?;
                }
            }
            Trust::Own(file) => {
                let mut chain = certificates(file)?.into_iter();
                own = chain.next().map(|certificate| (certificate, file.to_owned()));
                // Until the daemon has loaded it, a renewed one is of the same authority as that before.
                roots.add_parsable_certificates(chain);
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let Some((certificate, file)) = own else {
            return Ok(config.with_root_certificates(roots).with_no_client_auth());
        };
        let others =
            WebPkiServerVerifier::builder_with_provider(roots.into(), Arc::clone(&provider));
        // Without authorities there is none to be built.
        let others = others.build().ok();
        let own = Own { certificate, file, others, provider };
        let verifier = Arc::new(own);
        Ok(config.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
    }
}

/// All certificates of a file: one at least.
fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let cannot = |why: &dyn std::fmt::Display| {
        format!("cannot read the certificates of {}: {why}", file.display())
    };
    let read = CertificateDer::pem_file_iter(file).map_err(|error| cannot(&error))?;
    let read: Vec<_> = read.collect::<Result<_, _>>().map_err(|error| cannot(&error))?;
    if read.is_empty() {
        return Err(cannot(&"there is none; expected a PEM file"));
    }
    Ok(read)
}

/// Knows the certificate of the daemon.
#[derive(Debug)]
struct Own {
    certificate: CertificateDer<'static>,
    file: PathBuf,
    others: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Own {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if *shown == self.certificate {
            return Ok(ServerCertVerified::assertion());
        }
        let by_others = self.others.as_ref();
        let by_others =
            by_others.map(|others| others.verify_server_cert(shown, between, name, ocsp, now));
        by_others.and_then(Result::ok).ok_or_else(|| {
            let file = self.file.display();
            let why = format!("it shows another certificate than {file} has");
            Error::Other(OtherError(Arc::new(std::io::Error::other(why))))
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
