//! One TOML file as a tree whose every node knows where it stands, and all that is wrong with it.
//!
//! Readers ask items for values; an item of another type than asked notes a [`Finding`] and gives
//! nothing, so that a reader goes on and one load shows every mistake.

mod item;

use std::cell::RefCell;

use toml::de::DeTable;

pub(super) use item::{Item, Kind};

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
