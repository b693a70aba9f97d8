//! The certificate and the private key that encrypted transports and the admin endpoint show, and those of
//! monitors.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ParsedCertificate;
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{Error, InconsistentKeys, RootCertStore};

use super::daemon::{NamedFile, PairFiles};
use super::folder::{read_bounded, shown};
use crate::finding::Finding;

/// Chains are of a few KiB.
pub(super) const MAX_BYTES: u64 = 1 << 20;
const CERTIFICATE: &str = "CERTIFICATE";
/// The bit of a file's mode that lets everybody read it.
const READABLE_BY_ALL: u32 = 0o004;

/// Reads the pair, and warnings about it; or says everything that is wrong with it.
///
/// The two files belong together or nothing is returned, so that while they are being replaced, one
/// after the other, no mix of the old and the new is ever served.
pub fn certificate(files: &PairFiles) -> Result<(Arc<CertifiedKey>, Vec<Finding>), Vec<Finding>> {
    let read = |file: &NamedFile| read_bounded(&file.path, MAX_BYTES);
    let (chain, key) = pair(&files.certificate, &files.key, SERVER, read)?;
    let pair = CertifiedKey::new(chain, key.signs);
    Ok((Arc::new(pair), exposed(&files.key).into_iter().collect()))
}

/// Whose certificate a pair is.
const SERVER: &str = "server";
pub(super) const CLIENT: &str = "client";

/// A private key, as it stands in its file and as it is used.
pub(super) struct Key {
    pub(super) der: PrivateKeyDer<'static>,
    signs: Arc<dyn SigningKey>,
}

/// Reads a chain of certificates and the key that belongs to its first, by a way to read files.
pub(super) fn pair(
    certificate: &NamedFile,
    key_file: &NamedFile,
    whose: &str,
    read: impl Fn(&NamedFile) -> Result<Vec<u8>, String>,
) -> Result<(Vec<CertificateDer<'static>>, Key), Vec<Finding>> {
    let expected = format!("a PEM file of certificates, that of the {whose} first");
    let (chain, key) = match (chain(certificate, &expected, &read), key(key_file, &read)) {
        (Ok(chain), Ok(key)) => (chain, key),
        (chain, key) => {
            return Err([chain.err(), key.err()].into_iter().flatten().flatten().collect());
        }
    };
    if let Some(finding) = mismatch(certificate, key_file, whose, &chain, &key.signs) {
        return Err(vec![finding]);
    }
    Ok((chain.into_iter().map(|(certificate, _)| certificate).collect(), key))
}

/// The authorities of a file, each of which can be trusted as such.
pub(super) fn authorities(
    file: &NamedFile,
    read: impl Fn(&NamedFile) -> Result<Vec<u8>, String>,
) -> Result<Vec<CertificateDer<'static>>, Vec<Finding>> {
    let chain = chain(file, "a PEM file of certificates of authorities", &read)?;
    let mut store = RootCertStore::empty();
    let unusable = |(certificate, line): &(CertificateDer<'static>, u32)| {
        let why = store.add(certificate.clone()).err()?;
        let found = format!("a certificate that cannot be an authority's: {why}");
        let file = shown(&file.path);
        Some(Finding::at(file, (*line, 1), found, "the certificate of an authority"))
    };
    let findings: Vec<Finding> = chain.iter().filter_map(unusable).collect();
    if findings.is_empty() {
        Ok(chain.into_iter().map(|(certificate, _)| certificate).collect())
    } else {
        Err(findings)
    }
}

/// The certificates of a file in their order, each with its line.
fn chain(
    file: &NamedFile,
    expected: &str,
    read: impl Fn(&NamedFile) -> Result<Vec<u8>, String>,
) -> Result<Vec<(CertificateDer<'static>, u32)>, Vec<Finding>> {
    let text = text(file, expected, read)?;
    let sections = sections(file, &text)?;
    let mut chain = Vec::new();
    let mut findings = Vec::new();
    for section in sections.iter().filter(|section| section.label == CERTIFICATE) {
        match section.certificate() {
            Ok(certificate) => chain.push((certificate, section.line)),
            Err(why) => {
                let found = format!("a certificate that cannot be read: {why}");
                findings.push(section.finding(file, found, "an X.509 certificate in base64"));
            }
        }
    }
    if chain.is_empty() && findings.is_empty() {
        findings
            .push(file.finding(format!("a file without a certificate{}", der(&text)), expected));
    }
    if findings.is_empty() { Ok(chain) } else { Err(findings) }
}

/// The one private key of a file.
fn key(
    file: &NamedFile,
    read: impl Fn(&NamedFile) -> Result<Vec<u8>, String>,
) -> Result<Key, Vec<Finding>> {
    let expected = "a PEM file with one private key, without a passphrase";
    let text = text(file, expected, read)?;
    let sections = sections(file, &text)?;
    let mut keys = sections.iter().filter(|section| section.label.ends_with("PRIVATE KEY"));
    let Some(section) = keys.next() else {
        let found = format!("a file without a private key{}", der(&text));
        return Err(vec![file.finding(found, expected)]);
    };
    if let Some(second) = keys.next() {
        return Err(vec![second.finding(file, "a second private key", expected)]);
    }
    if section.label == "ENCRYPTED PRIVATE KEY" {
        return Err(vec![section.finding(file, "a key under a passphrase", expected)]);
    }
    let unusable = |why: String| {
        let found = format!("a private key that cannot be used: {why}");
        let expected = "RSA of at least 2048 bits, ECDSA of P-256 or P-384, or Ed25519";
        vec![section.finding(file, found, expected)]
    };
    let der = PrivateKeyDer::from_pem_slice(section.text.as_bytes())
        .map_err(|error| unusable(error.to_string()))?;
    let signs =
        ring::sign::any_supported_type(&der).map_err(|error| unusable(error.to_string()))?;
    Ok(Key { der, signs })
}

/// What is wrong if the key is not that of the first certificate.
fn mismatch(
    certificate: &NamedFile,
    key_file: &NamedFile,
    whose: &str,
    chain: &[(CertificateDer<'static>, u32)],
    key: &Arc<dyn SigningKey>,
) -> Option<Finding> {
    let fits = |certificate: &CertificateDer<'static>| {
        let pair = CertifiedKey::new(vec![certificate.clone()], Arc::clone(key));
        // A key that does not tell its public half can only be taken at its word.
        matches!(
            pair.keys_match(),
            Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown))
        )
    };
    let place = chain.iter().position(|(certificate, _)| fits(certificate));
    match place.and_then(|place| chain.get(place)) {
        Some(_) if place == Some(0) => None,
        Some((_, line)) => {
            let found =
                format!("the certificate of the key {} behind another", shown(&key_file.path));
            let file = shown(&certificate.path);
            let expected = format!("the certificate of the {whose} first");
            Some(Finding::at(file, (*line, 1), found, expected))
        }
        None => Some(key_file.finding(
            format!("a key of another certificate than {}", shown(&certificate.path)),
            "the key that the certificate was made for",
        )),
    }
}

/// A warning where everybody can read the key.
fn exposed(file: &NamedFile) -> Option<Finding> {
    let mode = fs::metadata(&file.path).ok()?.permissions().mode();
    (mode & READABLE_BY_ALL != 0).then(|| {
        let found =
            format!("a key that every user of this machine can read (mode {:04o})", mode & 0o7777);
        file.finding(found, "mode 0600, or 0640 and the group of the daemon").as_warning()
    })
}

fn text(
    file: &NamedFile,
    expected: &str,
    read: impl Fn(&NamedFile) -> Result<Vec<u8>, String>,
) -> Result<String, Vec<Finding>> {
    let bytes = read(file).map_err(|why| {
        vec![file.finding(format!("a file that cannot be read: {why}"), expected)]
    })?;
    // What stands between the sections is a comment, in whatever encoding.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A hint at the other form in which certificates and keys are given.
fn der(text: &str) -> &'static str {
    // A sequence with its length in two bytes, as every certificate and most keys begin.
    if text.starts_with('0') && !text.is_ascii() { ", which looks like DER" } else { "" }
}

/// What stands between `-----BEGIN LABEL-----` and its end (RFC 7468).
struct Section<'t> {
    label: &'t str,
    line: u32,
    /// With both boundaries.
    text: &'t str,
}

impl Section<'_> {
    fn certificate(&self) -> Result<CertificateDer<'static>, String> {
        let der = CertificateDer::from_pem_slice(self.text.as_bytes())
            .map_err(|error| error.to_string())?;
        ParsedCertificate::try_from(&der).map_err(|error| error.to_string())?;
        Ok(der)
    }

    fn finding(&self, file: &NamedFile, found: impl Into<String>, expected: &str) -> Finding {
        Finding::at(shown(&file.path), (self.line, 1), found, expected)
    }
}

/// All sections of a file.
fn sections<'t>(file: &NamedFile, text: &'t str) -> Result<Vec<Section<'t>>, Vec<Finding>> {
    let mut sections = Vec::new();
    let mut open: Option<(&str, u32, usize)> = None;
    let mut at = 0;
    for (line, number) in text.split_inclusive('\n').zip(1..) {
        let start = at;
        at += line.len();
        let boundary = |word| line.trim_end().strip_prefix(word)?.strip_suffix("-----");
        if let Some(label) = boundary("-----BEGIN ") {
            if open.is_some() {
                break;
            }
            open = Some((label, number, start));
        } else if let Some((label, line, start)) = open
            && boundary("-----END ") == Some(label)
        {
            let text = text.get(start..at).unwrap_or("");
            sections.push(Section { label, line, text });
            open = None;
        }
    }
    match open {
        None => Ok(sections),
        Some((label, line, _)) => {
            let found = format!("a section {label} that does not end");
            let expected = format!("-----END {label}-----; perhaps the file was cut off");
            Err(vec![Finding::at(shown(&file.path), (line, 1), found, expected)])
        }
    }
}

#[cfg(test)]
mod tests;
