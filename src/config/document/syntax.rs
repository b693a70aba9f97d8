//! What is no TOML, in plain words; and the rest of the file without it.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

use toml::de::{DeTable, Error};

use crate::finding::words::quoted;
use crate::finding::{Finding, line_and_column};

/// More findings than this help nobody.
pub(super) const MOST_FINDINGS: usize = 200;

/// So many times what is left of a file is parsed; one open bracket may spoil several tables.
const MOST_PASSES: usize = 8;

/// A file whose broken tables are blank.
pub(super) struct Mended {
    /// As long as the file, all else at its place.
    pub(super) text: String,
    /// The tables that were broken: from their header to the next one.
    pub(super) broken: Vec<Range<usize>>,
}

/// Where each table begins: at the start of the file, and at each line that looks like a header.
fn tables(text: &str) -> Vec<usize> {
    let mut at = 0;
    let mut starts = vec![0];
    for line in text.split_inclusive('\n') {
        if at > 0 && line.starts_with('[') && !line.contains(['=', ',']) {
            starts.push(at);
        }
        at += line.len();
    }
    starts
}

fn table_of(starts: &[usize], at: usize) -> usize {
    starts.partition_point(|start| *start <= at).max(1) - 1
}

fn start_of(error: &Error, text: &str) -> usize {
    error.span().map_or(text.len(), |span| span.start)
}

/// Blanks the tables that cannot be parsed, keeping their headers where those can. A pass takes the
/// first error of each table: the rest are mostly its echo, and there may be as many as bytes.
pub(super) fn mend(text: &str) -> Option<Mended> {
    let starts = tables(text);
    let range = |table: usize| starts[table]..starts.get(table + 1).copied().unwrap_or(text.len());
    let mut left = text.as_bytes().to_vec();
    let mut broken = vec![false; starts.len()];
    for _ in 0..MOST_PASSES {
        let now = String::from_utf8(left.clone()).ok()?;
        let (_, errors) = DeTable::parse_recoverable(&now);
        if errors.is_empty() {
            let broken = (0..starts.len()).filter(|table| broken[*table]).map(range).collect();
            return Some(Mended { text: now, broken });
        }
        let mut before = None;
        // What is never closed is found at the end, behind what is blank already.
        let to_blame = |table| {
            let is_blank = now.as_bytes()[range(table)].iter().all(u8::is_ascii_whitespace);
            before = if is_blank { before } else { Some(table) };
            before
        };
        let to_blame: Vec<Option<usize>> = (0..starts.len()).map(to_blame).collect();
        let mut seen = vec![false; starts.len()];
        for error in &errors {
            let at = start_of(error, &now);
            let Some(table) = to_blame[table_of(&starts, at)] else { continue };
            if std::mem::replace(&mut seen[table], true) {
                continue;
            }
            let bytes = &mut left[range(table)];
            let header = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
            let has_header = bytes.first() == Some(&b'[');
            let keep = has_header && at > starts[table] + header && !broken[table];
            let from = if keep { header } else { 0 };
            bytes[from..].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
            broken[table] = true;
        }
    }
    None
}

/// The parser's errors: the first of each line, since what follows it there is mostly its echo.
/// Of a table that stands twice only its header is said.
pub(super) fn findings(file: &str, text: &str, errors: &[Error]) -> Vec<Finding> {
    // A file that is no TOML at all has one for each line.
    let errors = &errors[..errors.len().min(MOST_FINDINGS)];
    let starts = tables(text);
    let line = |at: usize| line_and_column(text, at).0;
    let again = |error: &&Error| error.message() == "duplicate key";
    let twice: Vec<usize> = errors
        .iter()
        .filter(again)
        .map(|error| start_of(error, text))
        .filter(|at| *at > 0 && line(starts[table_of(&starts, *at)]) == line(*at))
        .filter(|at| text[starts[table_of(&starts, *at)]..].starts_with('['))
        .map(|at| table_of(&starts, at))
        .collect();
    let is_echo = |error: &Error| {
        let at = start_of(error, text);
        let table = table_of(&starts, at);
        again(&error) && twice.contains(&table) && line(starts[table]) != line(at)
    };
    let mut findings: Vec<Finding> = errors
        .iter()
        .filter(|error| !is_echo(error))
        .map(|error| {
            let (at, found, expected) = in_words(text, error);
            Finding::at(file, line_and_column(text, at), found, expected)
        })
        .collect();
    findings.sort_by_key(|finding| (finding.line, finding.column));
    findings.dedup_by_key(|finding| finding.line);
    findings
}

/// Where an error is, what was found and what was expected.
fn in_words(text: &str, error: &Error) -> (usize, String, String) {
    let at = start_of(error, text);
    let message = error.message();
    let (found, expected) = message.split_once(", expected ").unwrap_or((message, "valid TOML"));
    let span = error.span().and_then(|span| text.get(span)).unwrap_or("").trim();
    let (start, word) = word_at(text, at);
    let said = |found: String, expected: String| (at, found, expected);
    if is_address(word) {
        return (
            start,
            format!("{word} without quotes"),
            format!("\"{word}\": an address is quoted"),
        );
    }
    let after_equals =
        text.get(..at).is_some_and(|before| before.trim_end_matches([' ', '\t']).ends_with('='));
    match found {
        "string values must be quoted" | "invalid literal string"
            if span.is_empty() && after_equals =>
        {
            said("a key without a value".into(), "a value after the =".into())
        }
        "string values must be quoted" => match span.split_once([' ', '\t', '\n']) {
            Some((first, _))
                if first.parse::<f64>().is_ok() || matches!(first, "true" | "false") =>
            {
                said(format!("no comma after {first}"), "a comma between entries".into())
            }
            _ => said(
                format!("{} without quotes", shown(span)),
                format!("{}: a text is quoted", quoted(span)),
            ),
        },
        "missing comma between array elements" | "missing comma between key-value pairs" => {
            said("no comma before this".into(), "a comma between entries".into())
        }
        "duplicate key" => {
            said(found.into(), "each key once, and each table under one header".into())
        }
        "invalid unquoted key" => said(
            found.into(),
            format!("{expected}; anything else is quoted, such as [\"@\"] or [\"*.apps\"]"),
        ),
        _ => said(found.into(), expected.into()),
    }
}

fn shown(text: &str) -> String {
    let shown = quoted(text);
    shown.trim_matches('"').into()
}

/// More characters than an address, its port and its length have together.
const LONGEST_WORD: usize = 64;

/// The word around a place, and where it begins; of a long one only what is near.
fn word_at(text: &str, at: usize) -> (usize, &str) {
    let is_within = |c: &char| !(c.is_whitespace() || "[]{},=#\"'".contains(*c));
    let length = |c: char| c.len_utf8();
    let (before, after) = (text.get(..at).unwrap_or(""), text.get(at..).unwrap_or(""));
    let back = before.chars().rev().take(LONGEST_WORD).take_while(is_within).map(length);
    let forth = after.chars().take(LONGEST_WORD).take_while(is_within).map(length);
    let (start, end) = (at - back.sum::<usize>(), at + forth.sum::<usize>());
    (start, text.get(start..end).unwrap_or(""))
}

/// Whether a word is an address, perhaps with a port or a length.
fn is_address(word: &str) -> bool {
    let host = word.split_once('/').map_or(word, |(host, _)| host);
    host.parse::<IpAddr>().is_ok() || word.parse::<SocketAddr>().is_ok()
}
