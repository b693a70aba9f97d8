//! How TLS is spoken to what is probed, whichever kind speaks it.

use std::net::IpAddr;

use super::{Beside, port, text};
use crate::config::certificate::{self, CLIENT};
use crate::config::document::{Item, Table};
use crate::health::{Certificates, ClientPair, HandshakeCheck, PrivateKey, TlsCheck};
use crate::hosts::host_name;

/// The keys that all kinds over TLS have.
pub(super) const KEYS: [&str; 5] =
    ["sni", "verify", "ca_file", "client_cert_file", "client_key_file"];

/// Reads those keys.
pub(super) fn read(settings: &Table<'_>, beside: &Beside<'_>) -> TlsCheck {
    let verify = settings.get("verify").and_then(|item| item.boolean()).unwrap_or(true);
    let roots = settings.get("ca_file");
    if let Some(item) = roots.filter(|_| !verify) {
        item.key_finding(
            "ca_file beside verify = false",
            "one of them: without verify any is taken",
        );
    }
    TlsCheck {
        sni: settings.get("sni").and_then(|item| sni(&item)),
        verify,
        roots: roots.and_then(|item| authorities(&item, beside)),
        client: client(settings, beside),
    }
}

/// The whole kind `tls`, whose name has a key of its own.
pub(super) fn handshake(settings: &Table<'_>, beside: &Beside<'_>) -> HandshakeCheck {
    let [_, others @ ..] = KEYS;
    settings.expect_keys(&[&["name", "port", "days"][..], &others].concat());
    let name = settings.get("name").and_then(|item| sni(&item));
    let tls = TlsCheck { sni: name, ..read(settings, beside) };
    let days = settings.get("days");
    if let Some(item) = days.filter(|_| !tls.verify) {
        let expected = "one of them: without verify no certificate is looked at";
        item.key_finding("days beside verify = false", expected);
    }
    let days = days.and_then(|item| item.integer(0..=3650, "a number of days from 0 to 3650"));
    HandshakeCheck { port: port(settings).unwrap_or(443), tls, days: days.unwrap_or(0) }
}

/// The name that a certificate must be for.
pub(in crate::config) fn sni(item: &Item<'_>) -> Option<String> {
    let good = |name: &str| host_name(name).is_ok() || name.parse::<IpAddr>().is_ok();
    text(item, good, "the host name or address that the certificate must be for")
}

fn authorities(item: &Item<'_>, beside: &Beside<'_>) -> Option<Certificates> {
    let file = beside.file(item)?;
    match certificate::authorities(&file, |file| beside.read(file)) {
        Ok(authorities) => Some(authorities.iter().map(|one| one.as_ref().into()).collect()),
        Err(findings) => {
            item.add(findings);
            None
        }
    }
}

fn client(settings: &Table<'_>, beside: &Beside<'_>) -> Option<ClientPair> {
    let (names, key) = (settings.get("client_cert_file"), settings.get("client_key_file"));
    let (item, key_item) = match (names, key) {
        (None, None) => return None,
        (Some(names), Some(key)) => (names, key),
        (Some(alone), None) => {
            alone.key_finding("a client certificate without its key", "client_key_file beside it");
            return None;
        }
        (None, Some(alone)) => {
            alone.key_finding("a key without its certificate", "client_cert_file beside it");
            return None;
        }
    };
    let (chain, key) = (beside.file(&item), beside.file(&key_item));
    match certificate::pair(&chain?, &key?, CLIENT, |file| beside.read(file)) {
        Ok((chain, key)) => Some(ClientPair {
            chain: chain.iter().map(|one| one.as_ref().into()).collect(),
            key: PrivateKey(key.der.secret_der().into()),
        }),
        Err(findings) => {
            item.add(findings);
            None
        }
    }
}
