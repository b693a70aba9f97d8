//! One value, and what it can be read as.

use std::ops::RangeInclusive;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeInteger, DeValue};

use super::{Document, Table};
use crate::config::daemon::FilePosition;
use crate::duration::{format_duration, parse_duration};
use crate::finding::Finding;
use crate::finding::words::quoted;

/// A value, and the key before it if it has one.
#[derive(Clone, Copy)]
pub(in crate::config) struct Item<'d> {
    pub(super) document: &'d Document<'d>,
    pub(super) key: Option<usize>,
    pub(super) value: &'d Spanned<DeValue<'d>>,
}

/// What a value is, for keys that take more than one type.
pub(in crate::config) enum Kind<'d> {
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
    pub(in crate::config) fn finding(&self, found: impl Into<String>, expected: impl Into<String>) {
        self.document.note(self.offset(), found.into(), expected.into());
    }

    /// Notes what is wrong with the key, or with the value if it has no key.
    pub(in crate::config) fn key_finding(
        &self,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) {
        self.document.note(self.key.unwrap_or(self.offset()), found.into(), expected.into());
    }

    /// Adds what is wrong with a file that the value names.
    pub(in crate::config) fn add(&self, findings: Vec<Finding>) {
        self.document.add(findings);
    }

    /// A warning about the key, or about the value if it has no key.
    pub(in crate::config) fn key_warning(
        &self,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Finding {
        Finding::at(self.document.file, self.key_position(), found, expected).as_warning()
    }

    /// Line and column of the key, or of the value if it has no key.
    pub(in crate::config) fn key_position(&self) -> (u32, u32) {
        self.document.position(self.key.unwrap_or(self.offset()))
    }

    /// The line of the value.
    pub(in crate::config) fn line(&self) -> u32 {
        self.document.position(self.offset()).0
    }

    /// A table stands where its key stands: the span of one under a header is the header's.
    fn offset(&self) -> usize {
        match (self.key, self.value.get_ref()) {
            (Some(key), DeValue::Table(_)) => key,
            _ => self.value.span().start,
        }
    }

    /// Where the value stands.
    pub(in crate::config) fn position(&self) -> FilePosition {
        let (line, column) = self.document.position(self.offset());
        FilePosition { file: self.document.file.into(), line, column }
    }

    /// Whether the value is a table with a header of its own, not one in braces.
    pub(super) fn is_under_header(&self) -> bool {
        let is_table = matches!(self.value.get_ref(), DeValue::Table(_));
        is_table
            && self.document.text.get(self.value.span().start..).is_some_and(|t| t.starts_with('['))
    }

    /// Whether the value is `[[…]]` tables.
    pub(in crate::config) fn is_list_of_tables(&self) -> bool {
        match self.value.get_ref() {
            DeValue::Array(items) => {
                let text = self.document.text.get(self.value.span().start..).unwrap_or("");
                text.starts_with("[[")
                    && items.iter().all(|i| matches!(i.get_ref(), DeValue::Table(_)))
            }
            _ => false,
        }
    }

    /// What the value is.
    pub(in crate::config) fn kind(&self) -> Kind<'d> {
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
    pub(in crate::config) fn shown(&self) -> String {
        match self.value.get_ref() {
            DeValue::String(text) => quoted(text),
            DeValue::Integer(number) => number.to_string(),
            DeValue::Float(number) => number.to_string(),
            DeValue::Boolean(value) => value.to_string(),
            DeValue::Datetime(_) => "a date".into(),
            DeValue::Array(items) if items.is_empty() => "an empty list".into(),
            DeValue::Array(_) => "a list".into(),
            DeValue::Table(table) if table.is_empty() => "an empty table".into(),
            DeValue::Table(_) => "a table".into(),
        }
    }

    fn wrong<T>(&self, expected: &str) -> Option<T> {
        self.finding(self.shown(), expected);
        None
    }

    /// A string.
    pub(in crate::config) fn text(&self, expected: &str) -> Option<&'d str> {
        match self.value.get_ref() {
            DeValue::String(text) => Some(text),
            _ => self.wrong(expected),
        }
    }

    /// An integer within a range.
    pub(in crate::config) fn integer(
        &self,
        range: RangeInclusive<u32>,
        expected: &str,
    ) -> Option<u32> {
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
    pub(in crate::config) fn number(
        &self,
        range: RangeInclusive<f64>,
        expected: &str,
    ) -> Option<f64> {
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
    pub(in crate::config) fn boolean(&self) -> Option<bool> {
        match self.value.get_ref() {
            DeValue::Boolean(value) => Some(*value),
            _ => self.wrong("true or false"),
        }
    }

    /// A time such as `"5s"`, within a range.
    pub(in crate::config) fn duration(&self, range: RangeInclusive<Duration>) -> Option<Duration> {
        let read = match self.value.get_ref() {
            DeValue::String(text) => parse_duration(text).ok(),
            _ => None,
        };
        match read {
            Some(duration) if range.contains(&duration) => Some(duration),
            Some(_) => {
                let (least, most) =
                    (format_duration(*range.start()), format_duration(*range.end()));
                self.wrong(&format!("a time from {} to {}", quoted(&least), quoted(&most)))
            }
            None => self.wrong(r#"a time with its unit, such as "300ms", "5s" or "1m30s""#),
        }
    }

    /// A list.
    pub(in crate::config) fn list(&self, expected: &str) -> Option<Vec<Item<'d>>> {
        match self.kind() {
            Kind::List(items) => Some(items),
            _ => self.wrong(expected),
        }
    }

    /// A string, or a list, whose items are the caller's to check.
    pub(in crate::config) fn one_or_more(&self, expected: &str) -> Option<Vec<Item<'d>>> {
        match self.kind() {
            Kind::Text(_) => Some(vec![*self]),
            Kind::List(items) => Some(items),
            _ => self.wrong(expected),
        }
    }

    /// A table.
    pub(in crate::config) fn table(&self, expected: &str) -> Option<Table<'d>> {
        match self.kind() {
            Kind::Table(table) => Some(table),
            _ => self.wrong(expected),
        }
    }
}
