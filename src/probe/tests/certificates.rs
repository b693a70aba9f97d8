//! Certificates, right and wrong, and the authority that gave them.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use crate::clock;
use crate::health::{ClientPair, PrivateKey};

/// An authority, and the certificates that it gives.
pub(in crate::probe) struct Certificates(CertifiedIssuer<'static, KeyPair>);

pub(in crate::probe) fn certificates() -> &'static Certificates {
    static CERTIFICATES: OnceLock<Certificates> = OnceLock::new();
    CERTIFICATES.get_or_init(|| {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "an authority");
        let key = KeyPair::generate().unwrap();
        Certificates(CertifiedIssuer::self_signed(params, key).unwrap())
    })
}

impl Certificates {
    pub(in crate::probe) fn root(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    pub(in crate::probe) fn good(&self) -> Arc<ServerConfig> {
        self.signed(params())
    }

    pub(in crate::probe) fn expired(&self) -> Arc<ServerConfig> {
        self.valid_in(2019, 2020)
    }

    /// One that expires so long from now.
    pub(in crate::probe) fn expiring_in(&self, seconds: u32) -> Arc<ServerConfig> {
        let end = u64::from(clock::unix_seconds()) + u64::from(seconds);
        let mut params = params();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(1970, 1, 1) + Duration::from_secs(end);
        self.signed(params)
    }

    pub(in crate::probe) fn too_young(&self) -> Arc<ServerConfig> {
        self.valid_in(2999, 3000)
    }

    /// One that wants to see a certificate of the same authority.
    pub(in crate::probe) fn demanding(&self) -> Arc<ServerConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let key = KeyPair::generate().unwrap();
        let certificate = params().signed_by(&key, &self.0).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        Arc::new(config)
    }

    /// A certificate to show to such a one.
    pub(in crate::probe) fn client(&self) -> ClientPair {
        let key = KeyPair::generate().unwrap();
        let certificate = params().signed_by(&key, &self.0).unwrap();
        let chain = [certificate.der().as_ref().into()].into();
        ClientPair { chain, key: PrivateKey(key.serialize_der().into()) }
    }

    /// The same as a file of authorities says it.
    pub(in crate::probe) fn authorities(&self) -> crate::health::Certificates {
        [self.root().as_ref().into()].into()
    }

    fn valid_in(&self, first_year: i32, last_year: i32) -> Arc<ServerConfig> {
        let mut params = params();
        params.not_before = date_time_ymd(first_year, 1, 1);
        params.not_after = date_time_ymd(last_year, 1, 1);
        self.signed(params)
    }

    /// With `IsCa` as OpenSSL sets it where nobody says otherwise, or without.
    pub(in crate::probe) fn self_signed(&self, is_ca: IsCa) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let mut params = params();
        params.is_ca = is_ca;
        let certificate = params.self_signed(&key).unwrap();
        config(certificate.der().clone(), &key)
    }

    fn signed(&self, params: CertificateParams) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        config(certificate.der().clone(), &key)
    }
}

fn params() -> CertificateParams {
    CertificateParams::new(["www.example.com".into(), "127.0.0.1".into()]).unwrap()
}

fn config(certificate: CertificateDer<'static>, key: &KeyPair) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    Arc::new(config)
}
