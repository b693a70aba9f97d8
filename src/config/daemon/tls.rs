//! `[dns.tls]`: answering over TLS, HTTPS and QUIC; and the pair of files that TLS wants, there and for the
//! admin endpoint.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::limits::{connections, idle_timeout, max_lifetime};
use super::{FilePosition, addresses_or_none, expect_keys, named};
use crate::config::document::Table;
use crate::finding::Finding;

/// The usual ports (RFC 7858 3.1, RFC 8484, RFC 9250 4.1.1).
const DOT_PORT: u16 = 853;
const DOH_PORT: u16 = 443;
const DOQ_PORT: u16 = 853;

/// `[dns.tls]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// What is shown.
    pub pair: PairFiles,
    /// Where to answer over TLS. Default port 853 of the addresses of `dns.listen`.
    pub dot: Vec<SocketAddr>,
    /// Where to answer over HTTPS. Default port 443 of the same addresses.
    pub doh: Vec<SocketAddr>,
    /// Where to answer over QUIC. Default port 853 of the same addresses.
    pub doq: Vec<SocketAddr>,
    /// Connections that may be open at once, of all three together. Default 512.
    pub max_connections: usize,
    /// How long a connection may be without a question. Default 10 s.
    pub idle_timeout: Duration,
    /// How long a connection may last. Default 1 h, since a new one costs a handshake.
    pub max_lifetime: Duration,
}

/// The files of a certificate and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairFiles {
    /// The certificate, and those between it and a root, as PEM.
    pub certificate: NamedFile,
    /// The private key, as PEM.
    pub key: NamedFile,
}

/// A file, and where it is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    /// The file.
    pub path: PathBuf,
    /// Where its path is written.
    pub position: FilePosition,
}

const KEYS: [&str; 8] =
    ["certificate", "key", "dot", "doh", "doq", "max_connections", "idle_timeout", "max_lifetime"];

/// Reads the table; none with a finding where a file is missing.
pub(super) fn read(table: &Table<'_>, folder: &Path, listen: &[SocketAddr]) -> Option<Tls> {
    expect_keys("dns.tls", table, &KEYS);
    let at = |key: &str, port: u16| {
        let written = table.get(key).map(|item| addresses_or_none(&item).unwrap_or_default());
        written.unwrap_or_else(|| on_each(listen, port))
    };
    let pair = pair(table, folder);
    let (dot, doh, doq) = (at("dot", DOT_PORT), at("doh", DOH_PORT), at("doq", DOQ_PORT));
    Some(Tls {
        pair: pair?,
        dot,
        doh,
        doq,
        max_connections: connections(table, "max_connections").unwrap_or(512),
        idle_timeout: idle_timeout(table).unwrap_or(Duration::from_secs(10)),
        max_lifetime: max_lifetime(table).unwrap_or(Duration::from_secs(3600)),
    })
}

/// Reads the names of both files; none with a finding where one is missing.
pub(super) fn pair(table: &Table<'_>, folder: &Path) -> Option<PairFiles> {
    let file = |key: &str, example: &str| {
        let Some(item) = table.get(key) else {
            table.finding(format!("no {key}"), format!("{key} = {example:?}, a PEM file"));
            return None;
        };
        named(&item, folder).map(|(path, position)| NamedFile { path, position })
    };
    let (certificate, key) = (file("certificate", "tls/fullchain.pem"), file("key", "tls/key.pem"));
    Some(PairFiles { certificate: certificate?, key: key? })
}

/// A port on each address once, in the order of `listen`.
fn on_each(listen: &[SocketAddr], port: u16) -> Vec<SocketAddr> {
    let mut seen = HashSet::new();
    let all = listen.iter().map(|address| {
        let mut address = *address;
        address.set_port(port);
        address
    });
    all.filter(|address| seen.insert(*address)).collect()
}

impl NamedFile {
    /// A finding about the file, where it is named.
    pub(in crate::config) fn finding(
        &self,
        found: impl std::fmt::Display,
        expected: impl Into<String>,
    ) -> Finding {
        let FilePosition { file, line, column } = &self.position;
        let found = format!("{}, {found}", self.path.display());
        Finding::at(file, (*line, *column), found, expected)
    }
}
