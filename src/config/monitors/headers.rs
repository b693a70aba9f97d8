//! The table `headers` of an HTTP monitor.

use crate::config::document::Item;
use crate::finding::words::quoted;

/// More than a server takes.
const MOST_HEADERS: usize = 64;
const MOST_BYTES: usize = 8 * 1024;

/// What only the connection itself can say (RFC 9110 7.6.1, RFC 9112 6, RFC 9113 8.2.2).
const OURS: [&str; 7] = [
    "connection",
    "content-length",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Reads the headers, names in lower case, in the order of the names.
pub(super) fn read(item: &Item<'_>) -> Vec<(String, String)> {
    let expected = r#"a table of headers, such as { Authorization = "Bearer …" }"#;
    let Some(table) = item.table(expected) else { return Vec::new() };
    let mut headers: Vec<(String, String)> = Vec::new();
    for (name, item) in table.entries() {
        let Some(header) = header(name, &item) else { continue };
        if headers.iter().any(|(other, _)| *other == header.0) {
            item.key_finding(
                format!("the header {} a second time", quoted(name)),
                "each header once, whatever its case",
            );
            continue;
        }
        headers.push(header);
    }
    if headers.len() > MOST_HEADERS {
        item.finding(format!("{} headers", headers.len()), format!("at most {MOST_HEADERS}"));
    }
    headers.sort_unstable();
    headers
}

fn header(name: &str, item: &Item<'_>) -> Option<(String, String)> {
    let lower = name.to_ascii_lowercase();
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || name.len() > 256 || !name.bytes().all(token) {
        item.key_finding(format!("the header {}", quoted(name)), "the name of a header");
        return None;
    }
    if lower == "host" {
        item.key_finding("the header Host", "the key host, beside headers");
        return None;
    }
    if OURS.contains(&lower.as_str()) {
        let found = format!("the header {name}, which the connection itself decides on");
        item.key_finding(found, "another header");
        return None;
    }
    // RFC 9110 5.5: no control characters but the tab, no space around.
    let good = |value: &str| {
        value.len() <= MOST_BYTES
            && value.trim() == value
            && value.chars().all(|c| c == '\t' || !c.is_control())
    };
    let value = super::text(item, good, "a text of one line, without spaces around it")?;
    Some((lower, value))
}
