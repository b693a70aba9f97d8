//! One TOML file as a tree whose every node knows where it stands, and all that is wrong with it.
//!
//! Readers ask items for values; an item of another type than asked notes a [`Finding`] and gives
//! nothing, so that a reader goes on and one load shows every mistake.

use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::duration::{parse_duration, show_duration};
use super::words::{did_you_mean, one_of, quoted};
use crate::finding::{Finding, line_and_column};

/// A TOML file that has been parsed, and the findings about its contents so far.
pub(super) struct Document<'t> {
    file: &'t str,
    text: &'t str,
    line_starts: Vec<usize>,
    root: DeTable<'t>,
    findings: RefCell<Vec<Finding>>,
}

impl<'t> Document<'t> {
    /// Parses a file, named as findings shall name it; or says why it is no TOML.
    pub(super) fn parse(file: &'t str, bytes: &'t [u8]) -> Result<Self, Vec<Finding>> {
        let text = utf8(file, bytes)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let (root, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            return Err(syntax_findings(file, text, &errors));
        }
        let line_starts =
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let root = root.into_inner();
        Ok(Self { file, text, line_starts, root, findings: RefCell::default() })
    }

    /// The table that holds everything.
    pub(super) fn root(&self) -> Table<'_> {
        Table::new(self, 0, &self.root)
    }

    /// The name of the file in findings.
    pub(super) fn file(&self) -> &str {
        self.file
    }

    /// Everything found so far, in the order of the file.
    pub(super) fn into_findings(self) -> Vec<Finding> {
        let mut findings = self.findings.into_inner();
        findings.sort();
        findings
    }

    /// Whether nothing was found so far.
    pub(super) fn is_good(&self) -> bool {
        self.findings.borrow().is_empty()
    }

    fn position(&self, offset: usize) -> (u32, u32) {
        let line = self.line_starts.partition_point(|start| *start <= offset).max(1);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or("");
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        (count(line), count(before.chars().count() + 1))
    }

    fn note(&self, offset: usize, found: String, expected: String) {
        let finding = Finding::at(self.file, self.position(offset), found, expected);
        self.findings.borrow_mut().push(finding);
    }
}

fn utf8<'t>(file: &str, bytes: &'t [u8]) -> Result<&'t str, Vec<Finding>> {
    std::str::from_utf8(bytes).map_err(|error| {
        let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let bad = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
        let found = format!("the byte 0x{bad:02x}, which is not UTF-8");
        vec![Finding::at(file, line_and_column(&good, good.len()), found, "UTF-8 text")]
    })
}

/// The parser's errors: the first of each line, since what follows it there is mostly its echo.
fn syntax_findings(file: &str, text: &str, errors: &[toml::de::Error]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = errors
        .iter()
        .map(|error| {
            let (found, expected) = in_two(error.message());
            let at = error.span().map_or(text.len(), |span| span.start);
            Finding::at(file, line_and_column(text, at), found, expected)
        })
        .collect();
    findings.sort_by_key(|finding| (finding.line, finding.column));
    findings.dedup_by_key(|finding| finding.line);
    findings
}

/// The parser's message as what was found and what was expected.
fn in_two(message: &str) -> (String, String) {
    let (found, expected) = message.split_once(", expected ").unwrap_or((message, "valid TOML"));
    let expected = match found {
        "duplicate key" => "each key once, and each table under one header".into(),
        "invalid unquoted key" => {
            format!("{expected}; anything else is quoted, such as [\"@\"] or [\"*.apps\"]")
        }
        _ => expected.into(),
    };
    (found.into(), expected)
}

/// A value, and the key before it if it has one.
#[derive(Clone, Copy)]
pub(super) struct Item<'d> {
    document: &'d Document<'d>,
    key: Option<usize>,
    value: &'d Spanned<DeValue<'d>>,
}

/// What a value is, for keys that take more than one type.
pub(super) enum Kind<'d> {
    /// A string.
    Text(&'d str),
    /// An array.
    List(Vec<Item<'d>>),
    /// A table, inline or under a header.
    Table(Table<'d>),
    /// Anything else.
    Other,
}

impl<'d> Item<'d> {
    /// Notes what is wrong with the value.
    pub(super) fn finding(&self, found: impl Into<String>, expected: impl Into<String>) {
        self.document.note(self.offset(), found.into(), expected.into());
    }

    /// Notes what is wrong with the key, or with the value if it has no key.
    pub(super) fn key_finding(&self, found: impl Into<String>, expected: impl Into<String>) {
        self.document.note(self.key.unwrap_or(self.offset()), found.into(), expected.into());
    }

    /// Line and column of the key, or of the value if it has no key.
    pub(super) fn key_position(&self) -> (u32, u32) {
        self.document.position(self.key.unwrap_or(self.offset()))
    }

    /// The line of the value.
    pub(super) fn line(&self) -> u32 {
        self.document.position(self.offset()).0
    }

    /// A table stands where its key stands: the span of one under a header is the header's.
    fn offset(&self) -> usize {
        match (self.key, self.value.get_ref()) {
            (Some(key), DeValue::Table(_)) => key,
            _ => self.value.span().start,
        }
    }

    /// What the value is.
    pub(super) fn kind(&self) -> Kind<'d> {
        match self.value.get_ref() {
            DeValue::String(text) => Kind::Text(text),
            DeValue::Array(items) => Kind::List(
                items
                    .iter()
                    .map(|value| Item { document: self.document, key: None, value })
                    .collect(),
            ),
            DeValue::Table(table) => Kind::Table(Table::new(self.document, self.offset(), table)),
            _ => Kind::Other,
        }
    }

    /// The value as a finding shows it.
    pub(super) fn shown(&self) -> String {
        match self.value.get_ref() {
            DeValue::String(text) => quoted(text),
            DeValue::Integer(number) => number.to_string(),
            DeValue::Float(number) => number.to_string(),
            DeValue::Boolean(value) => value.to_string(),
            DeValue::Datetime(_) => "a date".into(),
            DeValue::Array(items) if items.is_empty() => "an empty list".into(),
            DeValue::Array(_) => "a list".into(),
            DeValue::Table(_) => "a table".into(),
        }
    }

    fn wrong<T>(&self, expected: &str) -> Option<T> {
        self.finding(self.shown(), expected);
        None
    }

    /// A string.
    pub(super) fn text(&self, expected: &str) -> Option<&'d str> {
        match self.value.get_ref() {
            DeValue::String(text) => Some(text),
            _ => self.wrong(expected),
        }
    }

    /// An integer within a range.
    pub(super) fn integer(&self, range: RangeInclusive<u32>, expected: &str) -> Option<u32> {
        let read = |number: &DeInteger<'_>| {
            i64::from_str_radix(number.as_str(), number.radix()).ok()?.try_into().ok()
        };
        match self.value.get_ref() {
            DeValue::Integer(number) => match read(number) {
                Some(number) if range.contains(&number) => Some(number),
                _ => self.wrong(expected),
            },
            _ => self.wrong(expected),
        }
    }

    /// A number, whole or not, within a range.
    pub(super) fn number(&self, range: RangeInclusive<f64>, expected: &str) -> Option<f64> {
        let number: Option<f64> = match self.value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().parse().ok(),
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => None,
        };
        match number {
            Some(number) if range.contains(&number) => Some(number),
            _ => self.wrong(expected),
        }
    }

    /// `true` or `false`.
    pub(super) fn boolean(&self) -> Option<bool> {
        match self.value.get_ref() {
            DeValue::Boolean(value) => Some(*value),
            _ => self.wrong("true or false"),
        }
    }

    /// A time such as `"5s"`, within a range.
    pub(super) fn duration(&self, range: RangeInclusive<Duration>) -> Option<Duration> {
        let read = match self.value.get_ref() {
            DeValue::String(text) => parse_duration(text),
            _ => None,
        };
        match read {
            Some(duration) if range.contains(&duration) => Some(duration),
            Some(_) => {
                let (least, most) = (show_duration(*range.start()), show_duration(*range.end()));
                self.wrong(&format!("a time from {} to {}", quoted(&least), quoted(&most)))
            }
            None => self.wrong(r#"a time with its unit, such as "300ms", "5s" or "1m30s""#),
        }
    }

    /// A list.
    pub(super) fn list(&self, expected: &str) -> Option<Vec<Item<'d>>> {
        match self.kind() {
            Kind::List(items) => Some(items),
            _ => self.wrong(expected),
        }
    }

    /// A string, or a list, whose items are the caller's to check.
    pub(super) fn one_or_more(&self, expected: &str) -> Option<Vec<Item<'d>>> {
        match self.kind() {
            Kind::Text(_) => Some(vec![*self]),
            Kind::List(items) => Some(items),
            _ => self.wrong(expected),
        }
    }

    /// A table.
    pub(super) fn table(&self, expected: &str) -> Option<Table<'d>> {
        match self.kind() {
            Kind::Table(table) => Some(table),
            _ => self.wrong(expected),
        }
    }
}

/// A table, its entries in the order of the file.
pub(super) struct Table<'d> {
    document: &'d Document<'d>,
    offset: usize,
    entries: Vec<(&'d str, Item<'d>)>,
}

impl<'d> Table<'d> {
    fn new(document: &'d Document<'d>, offset: usize, table: &'d DeTable<'d>) -> Self {
        let mut entries: Vec<(&str, Item<'_>)> = table
            .iter()
            .map(|(key, value)| {
                let item = Item { document, key: Some(key.span().start), value };
                (key.get_ref().as_ref(), item)
            })
            .collect();
        entries.sort_by_key(|(_, item)| item.key);
        Self { document, offset, entries }
    }

    /// All entries, in the order of the file.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'d str, Item<'d>)> + '_ {
        self.entries.iter().copied()
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<Item<'d>> {
        self.entries.iter().find(|(name, _)| *name == key).map(|(_, item)| *item)
    }

    /// Notes each key that is not known.
    pub(super) fn expect_keys(&self, known: &[&str]) {
        for (name, item) in &self.entries {
            if !known.contains(name) {
                unknown_key(name, item, known);
            }
        }
    }

    /// Notes what is wrong with the table as a whole, e.g. that something is missing.
    pub(super) fn finding(&self, found: impl Into<String>, expected: impl Into<String>) {
        self.document.note(self.offset, found.into(), expected.into());
    }
}

/// Notes a key that is none of the known ones.
pub(super) fn unknown_key(name: &str, item: &Item<'_>, known: &[&str]) {
    let meant = did_you_mean(name, known.iter().copied());
    let known = match known {
        [] => "no key at all".into(),
        known => one_of(known.iter().copied()),
    };
    // `[pools.a.b]` is a table within pool `a`, hardly what was meant.
    let hint = match item.kind() {
        Kind::Table(_) => "; a name with a dot is quoted",
        _ => "",
    };
    item.key_finding(format!("unknown key {}{meant}", quoted(name)), format!("{known}{hint}"));
}

#[cfg(test)]
mod tests;
