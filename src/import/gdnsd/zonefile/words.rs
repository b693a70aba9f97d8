//! The words of an entry: names, TTLs, character strings.

use super::Scope;
use crate::finding::words::quoted;
use crate::wire::Name;
use crate::zone::{Token, seconds};

/// The longest character string (RFC 1035 3.3).
const LONGEST_STRING: usize = 255;

/// TTL, class and type of an entry, and the tokens behind them.
pub(super) struct Head<'e, 't> {
    /// As written, and the least that DYNA and DYNC may have beside it.
    pub(super) ttl: Option<(u32, Option<u32>)>,
    pub(super) rtype: &'t str,
    pub(super) rest: &'e [Token<'t>],
}

/// TTL and class may be missing and stand in either order; the TTL of DYNA and DYNC may have two parts.
pub(super) fn head<'e, 't>(mut tokens: &'e [Token<'t>]) -> Result<Head<'e, 't>, String> {
    let mut ttl = None;
    loop {
        let Some((token, rest)) = tokens.split_first() else {
            return Err("it ends before its type".into());
        };
        tokens = rest;
        if token.quoted {
            return Err(format!("{} is no type", quoted(token.text)));
        }
        let (most, least) = match token.text.split_once('/') {
            Some((most, least)) => (most, Some(least)),
            None => (token.text, None),
        };
        let number =
            |text: &str| seconds(text).and_then(|ttl| i32::try_from(ttl).ok()?.try_into().ok());
        if ttl.is_none() && most.starts_with(|c: char| c.is_ascii_digit()) {
            let least: Option<Option<u32>> = least.map(number);
            let (Some(most), false) = (number(most), least == Some(None)) else {
                return Err(format!("{} is no TTL", quoted(token.text)));
            };
            ttl = Some((most, least.flatten()));
        } else if !token.text.eq_ignore_ascii_case("IN") {
            let dynamic = ["DYNA", "DYNC"].into_iter().find(|d| token.text.eq_ignore_ascii_case(d));
            return Ok(Head { ttl, rtype: dynamic.unwrap_or(token.text), rest });
        }
    }
}

/// A name, relative to the origin unless it ends in a dot.
pub(super) fn name(token: &Token<'_>, scope: &Scope, apex: &Name) -> Result<Name, String> {
    if token.quoted {
        return Err("a name stands without quotes".into());
    }
    let name = match special(token.text, scope, apex) {
        Some(name) => name,
        None => Name::parse(token.text, &scope.origin).map_err(|error| error.to_string()),
    };
    name.map(|name| name.to_lowercase())
}

/// A name that is or ends in `@Z`, the zone, or `@F`, the origin at the top of the file.
pub(super) fn special(text: &str, scope: &Scope, apex: &Name) -> Option<Result<Name, String>> {
    let (before, last) = text.rsplit_once('.').unwrap_or(("", text));
    let base = match last {
        "@Z" => apex,
        "@F" => &scope.file_origin,
        _ => return None,
    };
    Some(match before {
        "" => Ok(base.clone()),
        before => Name::parse(before, base).map_err(|error| error.to_string()),
    })
}

/// Character strings, those that are too long cut as gdnsd cuts them.
pub(super) fn strings(token: &Token<'_>) -> Vec<String> {
    let mut strings = vec![String::new()];
    let (mut bytes, mut rest) = (0, token.text);
    while !rest.is_empty() {
        let length = piece(rest);
        let (now, later) = rest.split_at(length);
        // An escape is one byte, a character of UTF-8 as many as it has.
        let takes = if now.starts_with('\\') { 1 } else { length };
        if bytes + takes > LONGEST_STRING {
            strings.push(String::new());
            bytes = 0;
        }
        if let Some(last) = strings.last_mut() {
            last.push_str(now);
        }
        bytes += takes;
        rest = later;
    }
    strings.into_iter().map(|string| format!("\"{string}\"")).collect()
}

/// How many bytes of a text belong together: an escape, or a character.
fn piece(text: &str) -> usize {
    let first = text.chars().next().map_or(1, char::len_utf8);
    match text.as_bytes() {
        [b'\\', a, b, c, ..] if [a, b, c].into_iter().all(u8::is_ascii_digit) => 4,
        [b'\\', ..] => 1 + text.chars().nth(1).map_or(0, char::len_utf8),
        _ => first,
    }
}
