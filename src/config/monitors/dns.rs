//! `dns`: a question, and what is wanted of the answer.

use super::port;
use crate::config::document::{Item, Table};
use crate::finding::words::{one_of, quoted};
use crate::health::{DnsCheck, RecordData};
use crate::question::parse_rtype;
use crate::wire::{Name, Rcode, rtype};
use crate::zone;

/// More records than an answer is looked through for.
const MOST_ANSWERS: usize = 64;
const LONGEST_ANSWER: usize = 4096;
const QUOTED: &str = r#"the text of TXT between quotes: answer = '"v=DMARC1; p=none"'"#;
/// The response codes that a header holds and that have a name.
const RCODES: std::ops::RangeInclusive<u16> = 0..=10;

/// Reads the settings; none, with a finding, where there is nothing to ask.
pub(super) fn read(settings: &Table<'_>, whole: &Item<'_>) -> Option<DnsCheck> {
    settings.expect_keys(&["name", "type", "port", "rcode", "answer", "tcp"]);
    let (rtype, rtype_text) = settings
        .get("type")
        .and_then(|item| record_type(&item))
        .unwrap_or_else(|| (rtype::A, "A".into()));
    let rcode = settings.get("rcode").and_then(|item| rcode(&item)).unwrap_or(0);
    let answer = settings.get("answer").filter(|_| rtype != rtype::ANY);
    let answers = answer.map(|item| answers(&item, &rtype_text)).unwrap_or_default();
    if let Some(item) = settings.get("answer").filter(|_| rcode != 0 || rtype == rtype::ANY) {
        let beside = if rcode != 0 { "an rcode that is an error" } else { "the type ANY" };
        item.key_finding(format!("an answer beside {beside}"), "no such key");
    }
    let name = match settings.get("name") {
        Some(item) => name(&item),
        None => {
            whole.key_finding("a question without a name", "name = \"www.example.com\"");
            None
        }
    };
    let name = name?;
    Some(DnsCheck {
        port: port(settings).unwrap_or(53),
        name: name.as_wire().into(),
        name_text: name.to_string(),
        rtype,
        rtype_text,
        rcode,
        answers,
        tcp: settings.get("tcp").and_then(|item| item.boolean()).unwrap_or(false),
    })
}

fn name(item: &Item<'_>) -> Option<Name> {
    let expected = "a name, such as \"www.example.com\"";
    let text = item.text(expected)?;
    match Name::parse(text, &Name::root()) {
        Ok(name) if !text.is_empty() && text != "@" => Some(name.to_lowercase()),
        Ok(_) => {
            item.finding(quoted(text), expected);
            None
        }
        Err(why) => {
            item.finding(format!("{}: {why}", quoted(text)), expected);
            None
        }
    }
}

fn record_type(item: &Item<'_>) -> Option<(u16, String)> {
    let expected = "a record type, such as \"A\", \"AAAA\" or \"TYPE64\"";
    let text = item.text(expected)?;
    let number = parse_rtype(text).ok();
    // Not what is no question, or one for a whole zone.
    let good = number.filter(|number| !rtype::is_meta(*number) || *number == rtype::ANY);
    if good.is_none() {
        item.finding(quoted(text), expected);
    }
    good.map(|number| (number, text.to_ascii_uppercase()))
}

fn rcode(item: &Item<'_>) -> Option<u16> {
    let names: Vec<String> = RCODES.map(|code| Rcode(code).to_string()).collect();
    let expected = one_of(names.iter().map(String::as_str));
    let text = item.text(&expected)?;
    let found = RCODES.zip(&names).find(|(_, name)| name.eq_ignore_ascii_case(text));
    if found.is_none() {
        item.finding(quoted(text), expected);
    }
    found.map(|(code, _)| code)
}

fn answers(item: &Item<'_>, rtype: &str) -> Vec<RecordData> {
    let expected = format!("the data of a record of type {rtype}, or a list of them");
    let items = item.one_or_more(&expected).unwrap_or_default();
    if items.is_empty() || items.len() > MOST_ANSWERS {
        item.finding(format!("a list of {}", items.len()), format!("1 to {MOST_ANSWERS} records"));
        return Vec::new();
    }
    items.iter().filter_map(|item| answer(item, rtype)).collect()
}

/// Record data as a zone file has it, but that all names are absolute, with or without a final dot.
fn answer(item: &Item<'_>, rtype: &str) -> Option<RecordData> {
    let expected = format!("the data of a record of type {rtype}, as in a zone file");
    let text = item.text(&expected)?;
    if text.trim().is_empty() || text.len() > LONGEST_ANSWER || text.contains(['\n', '\r']) {
        item.finding(item.shown(), expected);
        return None;
    }
    if has_comment(text) {
        item.finding(format!("{}, of which a ; leaves only a part", quoted(text)), QUOTED);
        return None;
    }
    if rtype == "TXT" && !text.contains('"') && text.contains(char::is_whitespace) {
        item.finding(format!("{}, which is several texts", quoted(text)), QUOTED);
        return None;
    }
    let line = format!("record. 60 IN {rtype} {text}\n");
    let mut none = |_: &str, _: &str| Err("no other file is read here".to_owned());
    let (records, findings) = zone::read("", line.as_bytes(), &Name::root(), &mut none);
    let mut all = records.iter();
    match (all.next(), all.next(), findings.first()) {
        (Some(record), None, None) => {
            Some(RecordData { text: text.into(), wire: record.rdata.into() })
        }
        (_, _, why) => {
            let why = why.map(|finding| format!(": {}", finding.found)).unwrap_or_default();
            item.finding(format!("{}{why}", quoted(text)), expected);
            None
        }
    }
}

/// Whether a zone file would take the rest for a comment (RFC 1035 5.1).
fn has_comment(text: &str) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => return true,
            _ => {}
        }
    }
    false
}
