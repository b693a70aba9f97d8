//! `http` and `https`: what is asked by HTTP, and what is wanted of the answer.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::{Beside, bounded_text, headers, pattern, port, text, tls};
use crate::config::document::{Item, Kind, Table};
use crate::finding::words::quoted;
use crate::health::{HttpCheck, HttpVersion, StatusRange};
use crate::hosts::host_name;

const KEYS: [&str; 11] = [
    "path",
    "port",
    "host",
    "status",
    "body",
    "body_regex",
    "method",
    "headers",
    "request_body",
    "version",
    "follow_redirects",
];

/// `http`
pub(super) fn in_the_clear(settings: &Table<'_>) -> HttpCheck {
    settings.expect_keys(&KEYS);
    read(settings, HttpCheck::default())
}

/// `https`
pub(super) fn over_tls(settings: &Table<'_>, beside: &Beside<'_>) -> HttpCheck {
    settings.expect_keys(&[&KEYS[..], &tls::KEYS].concat());
    let tls = tls::read(settings, beside);
    read(settings, HttpCheck { port: 443, tls, ..HttpCheck::default() })
}

fn read(settings: &Table<'_>, default: HttpCheck) -> HttpCheck {
    let get = |key: &str| settings.get(key);
    let redirects = |item: Item<'_>| item.integer(0..=10, "a number of redirects from 0 to 10");
    let check = HttpCheck {
        method: get("method").and_then(|item| method(&item)).unwrap_or(default.method),
        path: get("path").and_then(|item| path(&item)).unwrap_or(default.path),
        port: port(settings).unwrap_or(default.port),
        host: get("host").and_then(|item| host(&item)),
        headers: get("headers").map(|item| headers::read(&item)).unwrap_or_default(),
        request_body: get("request_body")
            .and_then(|item| bounded_text(&item, "that the server is sent"))
            .map(Arc::from),
        version: get("version").and_then(|item| version(&item)).unwrap_or(default.version),
        follow_redirects: get("follow_redirects").and_then(redirects).unwrap_or(0),
        status: get("status").and_then(|item| status(&item)).unwrap_or(default.status),
        body: get("body").and_then(|item| bounded_text(&item, "that the body must contain")),
        body_regex: get("body_regex").and_then(|item| pattern(&item)),
        tls: default.tls,
    };
    check_bodies(settings, &check);
    check
}

/// Not every method has a body (RFC 9110 9.3).
fn check_bodies(settings: &Table<'_>, check: &HttpCheck) {
    let method = check.method.as_str();
    if let Some(item) = settings.get("request_body").filter(|_| check.request_body.is_some())
        && matches!(method, "GET" | "HEAD" | "TRACE")
    {
        let found = format!("a request body beside the method {method}");
        item.key_finding(found, "a method that has one, such as method = \"POST\"");
    }
    for key in ["body", "body_regex"] {
        if let Some(item) = settings.get(key).filter(|_| method == "HEAD") {
            let found = format!("{key} beside the method HEAD, whose answer has no body");
            item.key_finding(found, "another method, such as method = \"GET\"");
        }
    }
}

fn method(item: &Item<'_>) -> Option<String> {
    // CONNECT makes a tunnel of the connection (RFC 9110 9.3.6).
    let good = |method: &str| {
        (1..=32).contains(&method.len())
            && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
            && method != "CONNECT"
    };
    text(item, good, "a method in upper case, such as \"GET\", \"HEAD\" or \"POST\"")
}

fn version(item: &Item<'_>) -> Option<HttpVersion> {
    let expected = r#""1.1" or "2""#;
    match item.text(expected)? {
        "1.1" => Some(HttpVersion::Http1),
        "2" => Some(HttpVersion::Http2),
        other => {
            item.finding(quoted(other), expected);
            None
        }
    }
}

fn path(item: &Item<'_>) -> Option<String> {
    let good = |path: &str| {
        path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
    };
    text(item, good, r##"a path that begins with "/", in ASCII, without spaces and "#""##)
}

/// A host name or an address, perhaps with a port (RFC 9110 section 7.2).
fn is_authority(text: &str) -> bool {
    let is_port = |port: &str| {
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse().is_ok_and(|p: u16| p > 0)
    };
    if let Some(rest) = text.strip_prefix('[') {
        let Some((address, rest)) = rest.split_once(']') else { return false };
        let port = rest.strip_prefix(':');
        return address.parse::<Ipv6Addr>().is_ok()
            && (rest.is_empty() || port.is_some_and(is_port));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let is_host = host.parse::<Ipv4Addr>().is_ok() || host_name(host).is_ok();
    is_host && port.is_none_or(is_port)
}

/// A Host header.
pub(in crate::config) fn host(item: &Item<'_>) -> Option<String> {
    text(item, is_authority, r#"a host name, such as "www.example.com" or "www.example.com:8080""#)
}

fn status(item: &Item<'_>) -> Option<Vec<StatusRange>> {
    let expected = r#"a list of statuses and ranges, such as [200, "300-399"]"#;
    let items = item.list(expected)?;
    if items.is_empty() {
        item.finding(item.shown(), expected);
        return None;
    }
    Some(items.iter().filter_map(status_range).collect())
}

fn status_range(item: &Item<'_>) -> Option<StatusRange> {
    let expected = r#"a status from 100 to 599, or a range such as "200-299""#;
    let Kind::Text(text) = item.kind() else {
        let status = u16::try_from(item.integer(100..=599, expected)?).ok()?;
        return Some(StatusRange { first: status, last: status });
    };
    let status = |text: &str| {
        let three_digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
        let status = three_digits.then(|| text.parse().ok()).flatten();
        status.filter(|status| (100..=599).contains(status))
    };
    let range = text.split_once('-').and_then(|(first, last)| {
        let range = StatusRange { first: status(first)?, last: status(last)? };
        (range.first <= range.last).then_some(range)
    });
    if range.is_none() {
        item.finding(item.shown(), expected);
    }
    range
}
