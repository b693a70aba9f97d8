//! Files that monitors name: read with `pools.toml`, and wrong where they are named or in themselves.

use std::fs;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};

use super::*;
use crate::config::folder::Files;

/// Reads a monitor of `https` with these keys, in a folder with files.
fn read_in(folder: &Path, keys: &str) -> Result<TlsCheck, Vec<String>> {
    let mut files = Files::new(folder).unwrap();
    let text = format!("[monitors.m]\nhttps = {{ {keys} }}");
    let document = Document::parse("pools.toml", text.as_bytes()).ok().unwrap();
    let mut inventory = read(&document, &Beside::new(folder, &mut files, false));
    let shown = format!("{}/", folder.display());
    let findings: Vec<String> =
        document.into_findings().iter().map(|f| f.to_string().replace(&shown, "")).collect();
    let MonitorKind::Https(check) = inventory.monitors.remove(0).kind else { panic!() };
    if findings.is_empty() { Ok(check.tls) } else { Err(findings) }
}

/// An authority, a client's certificate with its key, and a key of nobody.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    write("ca.pem", params.self_signed(&key).unwrap().pem());
    let client = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["client.example".to_owned()]).unwrap();
    write("client.pem", params.self_signed(&client).unwrap().pem());
    write("client.key", client.serialize_pem());
    write("other.key", KeyPair::generate().unwrap().serialize_pem());
    write("empty.pem", "# nothing\n".into());
    write("cut.pem", "\n-----BEGIN CERTIFICATE-----\nAAAA\n".into());
    folder
}

const CLIENT: &str = "client_cert_file = 'client.pem', client_key_file = 'client.key'";

#[test]
fn files_are_read_from_the_folder_of_the_file() {
    let folder = folder();
    let keys = format!("ca_file = 'ca.pem', {CLIENT}");
    let tls = read_in(folder.path(), &keys).unwrap();
    assert_eq!(tls.roots.as_ref().map(|roots| roots.len()), Some(1));
    let client = tls.client.clone().unwrap();
    assert_eq!(client.chain.len(), 1);
    assert!(!format!("{client:?}").contains(&format!("{:?}", &client.key.0[..8])));
    let absolute = folder.path().join("ca.pem").display().to_string();
    let again = read_in(folder.path(), &format!("ca_file = '{absolute}', {CLIENT}"));
    assert_eq!(again, Ok(tls));
}

#[test]
fn what_is_wrong_with_a_file_is_said_where_it_is() {
    let folder = folder();
    for (keys, wanted) in [
        (
            "ca_file = 'none.pem'",
            &[
                "pools.toml:2:21: none.pem, a file that cannot be read: No such file or directory (os error 2); expected a PEM file of certificates of authorities",
            ][..],
        ),
        (
            "ca_file = 'empty.pem'",
            &[
                "pools.toml:2:21: empty.pem, a file without a certificate; expected a PEM file of certificates of authorities",
            ],
        ),
        (
            "ca_file = 'cut.pem'",
            &[
                "cut.pem:2:1: a section CERTIFICATE that does not end; expected -----END CERTIFICATE-----; perhaps the file was cut off",
            ],
        ),
        (
            "ca_file = 'ca.pem', verify = false",
            &[
                "pools.toml:2:11: ca_file beside verify = false; expected one of them: without verify any is taken",
            ],
        ),
        (
            "client_cert_file = 'client.pem'",
            &[
                "pools.toml:2:11: a client certificate without its key; expected client_key_file beside it",
            ],
        ),
        (
            "client_key_file = 'client.key'",
            &[
                "pools.toml:2:11: a key without its certificate; expected client_cert_file beside it",
            ],
        ),
        (
            "client_cert_file = 'client.pem', client_key_file = 'other.key'",
            &[
                "pools.toml:2:62: other.key, a key of another certificate than client.pem; expected the key that the certificate was made for",
            ],
        ),
        (
            "client_cert_file = 'none', client_key_file = 'none'",
            &[
                "pools.toml:2:30: none, a file that cannot be read: No such file or directory (os error 2); expected a PEM file of certificates, that of the client first",
                "pools.toml:2:56: none, a file that cannot be read: No such file or directory (os error 2); expected a PEM file with one private key, without a passphrase",
            ],
        ),
    ] {
        let wanted: Vec<String> = wanted.iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(read_in(folder.path(), keys), Err(wanted), "{keys}");
    }
}
