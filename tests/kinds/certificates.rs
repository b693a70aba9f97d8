//! An authority, and what it gave to servers and to clients, as files.

use std::fs;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// Writes `ca.pem`, a certificate `server.pem` for `www.example.com`, one `client.pem`, and
/// `server.key` and `client.key`.
pub fn write(folder: &Path) {
    let write = |name: &str, text: String| fs::write(folder.join(name), text).unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "an authority");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    write("ca.pem", authority.pem());
    for (file, name) in [("server", "www.example.com"), ("client", "probe.example.com")] {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        write(&format!("{file}.pem"), params.signed_by(&key, &authority).unwrap().pem());
        write(&format!("{file}.key"), key.serialize_pem());
    }
}
