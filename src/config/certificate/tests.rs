use std::path::Path;

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};
use tempfile::TempDir;

use super::super::daemon::FilePosition;
use super::*;

/// A folder with `chain.pem` and `key.pem`, which line 1 and 2 of `steersman.toml` name.
struct Files(TempDir);

impl Files {
    fn new(chain: &str, key: &str) -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        fs::write(files.path("chain.pem"), chain).unwrap();
        fs::write(files.path("key.pem"), key).unwrap();
        fs::set_permissions(files.path("key.pem"), fs::Permissions::from_mode(0o600)).unwrap();
        files
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn read(&self) -> Result<(Arc<CertifiedKey>, Vec<Finding>), Vec<Finding>> {
        let named = |name: &str, line| NamedFile {
            path: self.path(name),
            position: FilePosition { file: "steersman.toml".into(), line, column: 7 },
        };
        certificate(&PairFiles { certificate: named("chain.pem", 1), key: named("key.pem", 2) })
    }

    /// All that is wrong, the folder being `F`.
    fn findings(&self) -> Vec<String> {
        let findings = match self.read() {
            Ok((_, warnings)) => warnings,
            Err(findings) => findings,
        };
        let folder = self.0.path().display().to_string();
        findings.iter().map(|finding| finding.to_string().replace(&folder, "F")).collect()
    }
}

fn pair(key: &KeyPair) -> (String, String) {
    let params = CertificateParams::new(["ns1.example.com".to_owned()]).unwrap();
    (params.self_signed(key).unwrap().pem(), key.serialize_pem())
}

fn ecdsa() -> (String, String) {
    pair(&KeyPair::generate().unwrap())
}

#[test]
fn chains_and_keys_of_each_kind_are_read() {
    let (other, _) = ecdsa();
    for algorithm in [&PKCS_ECDSA_P384_SHA384, &PKCS_ED25519] {
        let (chain, key) = pair(&KeyPair::generate_for(algorithm).unwrap());
        let text = format!("Subject: CN=x\n{chain}\n  a comment\n{other}");
        let files = Files::new(&text, &format!("# \u{e4}\n{}", key.replace('\n', "\r\n")));
        let (pair, warnings) = files.read().unwrap();
        assert_eq!((pair.cert.len(), warnings), (2, vec![]));
    }
    // Both in one file.
    let (chain, key) = ecdsa();
    let both = format!("{key}{chain}");
    assert_eq!(Files::new(&both, &both).findings(), [""; 0]);
}

#[test]
fn what_is_wrong_is_said_where_it_stands() {
    let (chain, key) = ecdsa();
    let (other, other_key) = ecdsa();
    let certificates = "expected a PEM file of certificates, that of the server first";
    let one_key = "expected a PEM file with one private key, without a passphrase";
    let lines = chain.lines().count();
    let spoilt = chain.replacen("MII", "AAA", 1).replacen("MIIB", "AAAA", 1);
    let mut der = vec![0x30, 0x82, 1, 2];
    der.extend([0xff; 20]);
    for (files, expected) in [
        (
            Files::new("", ""),
            vec![
                format!("steersman.toml:1:7: F/chain.pem, a file without a certificate; {certificates}"),
                format!("steersman.toml:2:7: F/key.pem, a file without a private key; {one_key}"),
            ],
        ),
        (
            Files::new(&key, &chain),
            vec![
                format!("steersman.toml:1:7: F/chain.pem, a file without a certificate; {certificates}"),
                format!("steersman.toml:2:7: F/key.pem, a file without a private key; {one_key}"),
            ],
        ),
        (
            Files::new(&chain, &other_key),
            vec!["steersman.toml:2:7: F/key.pem, a key of another certificate than F/chain.pem; expected the key that the certificate was made for".into()],
        ),
        (
            Files::new(&format!("{other}{chain}"), &key),
            vec![format!("F/chain.pem:{}:1: the certificate of the key F/key.pem behind another; expected the certificate of the server first", lines + 1)],
        ),
        (
            Files::new(&format!("{chain}{}", chain.replace("-----END", "")), &key),
            vec![format!("F/chain.pem:{}:1: a section CERTIFICATE that does not end; expected -----END CERTIFICATE-----; perhaps the file was cut off", lines + 1)],
        ),
        (
            Files::new(&chain, &format!("{key}{other_key}")),
            vec![format!("F/key.pem:{}:1: a second private key; {one_key}", key.lines().count() + 1)],
        ),
        (
            Files::new(&chain, &key.replace("PRIVATE", "ENCRYPTED PRIVATE")),
            vec![format!("F/key.pem:1:1: a key under a passphrase; {one_key}")],
        ),
    ] {
        assert_eq!(files.findings(), expected);
    }
    let unreadable = Files::new(
        &format!("\n{spoilt}"),
        "-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----",
    );
    let [of_chain, of_key] = <[String; 2]>::try_from(unreadable.findings()).unwrap();
    assert!(
        of_chain.starts_with("F/chain.pem:2:1: a certificate that cannot be read: "),
        "{of_chain}"
    );
    assert!(of_key.starts_with("F/key.pem:1:1: a private key that cannot be used: "), "{of_key}");
    let binary = Files::new("", &key);
    fs::write(binary.path("chain.pem"), der).unwrap();
    assert_eq!(
        binary.findings(),
        [format!(
            "steersman.toml:1:7: F/chain.pem, a file without a certificate, which looks like DER; {certificates}"
        )]
    );
}

#[test]
fn files_that_cannot_be_read_are_named_where_they_are_written() {
    let (chain, key) = ecdsa();
    let files = Files::new(&chain, &key);
    fs::remove_file(files.path("chain.pem")).unwrap();
    fs::remove_file(files.path("key.pem")).unwrap();
    fs::create_dir(files.path("key.pem")).unwrap();
    let [of_chain, of_key] = <[String; 2]>::try_from(files.findings()).unwrap();
    assert!(
        of_chain.starts_with(
            "steersman.toml:1:7: F/chain.pem, a file that cannot be read: No such file"
        ),
        "{of_chain}"
    );
    assert!(
        of_key.starts_with(
            "steersman.toml:2:7: F/key.pem, a file that cannot be read: it is not a plain file"
        ),
        "{of_key}"
    );
    assert!(Path::new(&files.path("key.pem")).is_dir());
}

/// Whatever a file is cut to, it is read or it is a finding, and never a panic.
#[test]
fn files_cut_anywhere_are_findings() {
    let (chain, key) = ecdsa();
    for length in 0..chain.len() - 30 {
        assert!(Files::new(&chain[..length], &key).read().is_err(), "{length}");
    }
}
