//! `tcp`: a port that opens, and what is said there.

use std::sync::Arc;

use super::{Beside, NO_PORT, bounded_text, port, tls};
use crate::config::document::{Item, Kind, Table};
use crate::finding::words::{did_you_mean, one_of, quoted};
use crate::health::{Preset, Talk, TcpCheck, TlsCheck, Wanted};
use crate::pattern;

const KEYS: [&str; 8] =
    ["port", "send", "send_hex", "expect", "expect_hex", "expect_regex", "preset", "tls"];
const WORDS: [&str; 5] = ["send", "send_hex", "expect", "expect_hex", "expect_regex"];

/// Only so much of an answer is read, so no more can be found in it.
const MAX_BYTES: usize = 64 * 1024;

pub(super) fn read(settings: &Table<'_>, beside: &Beside<'_>) -> TcpCheck {
    settings.expect_keys(&KEYS);
    let tls = settings.get("tls").and_then(|item| over_tls(&item, beside));
    let preset = settings.get("preset").and_then(|item| preset(&item));
    let usual = preset.map_or(NO_PORT, |preset| preset.port(tls.is_some()));
    let port = port(settings).unwrap_or(usual);
    let talk = match settings.get("preset") {
        Some(item) => {
            check_alone(settings, &item);
            preset.map(Talk::Preset)
        }
        None => own(settings),
    };
    if let (Some(item), Some(preset)) = (settings.get("tls"), preset)
        && tls.is_some()
        && !preset.stands_on_tls()
    {
        let found = format!("tls beside the preset {}, which begins in the clear", preset.name());
        item.key_finding(found, "no such key");
    }
    TcpCheck { port, tls, talk }
}

/// `true`, or a table of how; none: in the clear.
pub(super) fn over_tls(item: &Item<'_>, beside: &Beside<'_>) -> Option<TlsCheck> {
    match item.kind() {
        Kind::Table(table) => {
            table.expect_keys(&tls::KEYS);
            Some(tls::read(&table, beside))
        }
        Kind::Other if item.shown() == "true" => Some(TlsCheck::default()),
        Kind::Other if item.shown() == "false" => None,
        _ => {
            item.finding(item.shown(), "true, or a table such as { sni = \"www.example.com\" }");
            None
        }
    }
}

fn preset(item: &Item<'_>) -> Option<Preset> {
    let names = || Preset::ALL.into_iter().map(Preset::name);
    let expected = one_of(names());
    let text = item.text(&expected)?;
    let found = Preset::ALL.into_iter().find(|preset| preset.name() == text);
    if found.is_none() {
        let meant = did_you_mean(text, names());
        item.finding(format!("unknown preset {}{meant}", quoted(text)), expected);
    }
    found
}

/// A preset knows its words.
fn check_alone(settings: &Table<'_>, preset: &Item<'_>) {
    for key in WORDS {
        if let Some(item) = settings.get(key) {
            let found = format!("{key} beside preset = {}", preset.shown());
            item.key_finding(found, "either a preset or words of your own");
        }
    }
}

fn own(settings: &Table<'_>) -> Option<Talk> {
    let sends = one(settings, ["send", "send_hex"]);
    let send: Option<Arc<[u8]>> = sends.and_then(|(key, item)| match key {
        "send" => Some(bounded_text(&item, "that the server is sent")?.as_bytes().into()),
        _ => hex(&item),
    });
    let Some((key, item)) = one(settings, ["expect", "expect_hex", "expect_regex"]) else {
        if let Some((key, item)) = sends {
            item.key_finding(
                format!("{key} without anything to expect"),
                "expect, expect_hex or expect_regex beside it",
            );
        }
        return None;
    };
    let expect = match key {
        "expect" => {
            let text = bounded_text(&item, "that the answer must contain")?;
            Wanted::Bytes { bytes: text.as_bytes().into(), hex: false }
        }
        "expect_hex" => Wanted::Bytes { bytes: hex(&item)?, hex: true },
        _ => Wanted::Pattern(telling(&item)?),
    };
    Some(Talk::Own { send, expect })
}

/// A pattern that not even silence matches, for it would be matched before anything is heard.
fn telling(item: &Item<'_>) -> Option<String> {
    let text = super::pattern(item)?;
    if pattern::compile(&text).is_ok_and(|compiled| compiled.is_match(b"")) {
        let found = format!("{}, a pattern that nothing at all matches, too", item.shown());
        item.finding(found, "a pattern of what the server says when it is well");
        return None;
    }
    Some(text)
}

/// The one of several keys that is there.
fn one<'d, const N: usize>(
    settings: &Table<'d>,
    keys: [&'static str; N],
) -> Option<(&'static str, Item<'d>)> {
    let mut there = keys.into_iter().filter_map(|key| Some((key, settings.get(key)?)));
    let first = there.next()?;
    for (key, item) in there {
        item.key_finding(format!("{key} beside {}", first.0), "one of them");
    }
    Some(first)
}

fn hex(item: &Item<'_>) -> Option<Arc<[u8]>> {
    let expected =
        format!("1 to {MAX_BYTES} bytes as pairs of hexadecimal digits, such as \"01 00 ff\"");
    let text = item.text(&expected)?;
    let digits: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok();
    let bytes = bytes.filter(|bytes| (1..=MAX_BYTES).contains(&bytes.len()));
    if bytes.is_none() {
        item.finding(item.shown(), expected);
    }
    bytes.map(Arc::from)
}
