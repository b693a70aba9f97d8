//! One TOML file as a tree whose every node knows where it stands, and all that is wrong with it.
//!
//! Readers ask items for values; an item of another type than asked notes a [`Finding`] and gives
//! nothing, so that a reader goes on and one load shows every mistake.

mod item;
mod syntax;

use std::cell::RefCell;
use std::ops::Range;

use toml::de::DeTable;

pub(super) use item::{Item, Kind};

use crate::finding::words::{did_you_mean, one_of, quoted};
use crate::finding::{Finding, line_and_column};

/// A TOML file that has been parsed, and the findings about its contents so far.
pub(super) struct Document<'t> {
    file: &'t str,
    text: &'t str,
    line_starts: Vec<usize>,
    root: DeTable<'t>,
    /// Tables that could not be parsed and are blank, so that what seems wrong there is not; in
    /// the order of the file.
    broken: Vec<Range<usize>>,
    findings: RefCell<Vec<Finding>>,
}

impl<'t> Document<'t> {
    /// Parses a file, named as findings shall name it; or says why it is no TOML.
    pub(super) fn parse(file: &'t str, bytes: &'t [u8]) -> Result<Self, Vec<Finding>> {
        let text = utf8(file, bytes)?;
        let text = without_mark(text);
        let (root, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            return Err(syntax::findings(file, text, &errors));
        }
        let line_starts =
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let root = root.into_inner();
        let (broken, findings) = (Vec::new(), RefCell::default());
        Ok(Self { file, text, line_starts, root, broken, findings })
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
        self.is_whole() && self.findings.borrow().is_empty()
    }

    /// Whether all of the file could be parsed, so that what is not there is missing.
    pub(super) fn is_whole(&self) -> bool {
        self.broken.is_empty()
    }

    /// Whether this is so of the keys above the first table.
    pub(super) fn is_top_whole(&self) -> bool {
        !self.broken.iter().any(|table| table.start == 0)
    }

    fn position(&self, offset: usize) -> (u32, u32) {
        let line = self.line_starts.partition_point(|start| *start <= offset).max(1);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or("");
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        (count(line), count(before.chars().count() + 1))
    }

    fn note(&self, offset: usize, found: String, expected: String) {
        let enough = self.findings.borrow().len() >= syntax::MOST_FINDINGS;
        // Sorted, and none within another.
        let table = self.broken.partition_point(|table| table.end <= offset);
        if enough || self.broken.get(table).is_some_and(|table| table.contains(&offset)) {
            return;
        }
        let finding = Finding::at(self.file, self.position(offset), found, expected);
        self.findings.borrow_mut().push(finding);
    }

    fn add(&self, findings: Vec<Finding>) {
        let mut all = self.findings.borrow_mut();
        let room = syntax::MOST_FINDINGS.saturating_sub(all.len());
        all.extend(findings.into_iter().take(room));
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

/// Reads as much of a file as can be read, and says everything that is wrong with it. Nothing is
/// read from what is no text at all, or hopelessly broken.
pub(super) fn read<T>(
    file: &str,
    bytes: &[u8],
    read: impl FnOnce(&Document<'_>) -> T,
) -> (Option<T>, Vec<Finding>) {
    let mut findings = match Document::parse(file, bytes) {
        Ok(document) => return (Some(read(&document)), document.into_findings()),
        Err(findings) => findings,
    };
    let mended = utf8(file, bytes).ok().and_then(|text| syntax::mend(without_mark(text)));
    let Some(mended) = mended else { return (None, findings) };
    let Ok(mut document) = Document::parse(file, mended.text.as_bytes()) else {
        return (None, findings);
    };
    document.broken = mended.broken;
    let value = read(&document);
    findings.extend(document.into_findings());
    findings.sort();
    (Some(value), findings)
}

fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
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
        self.expect_keys_beside(known, &[]);
    }

    /// The same, but for keys of which more is said elsewhere.
    pub(super) fn expect_keys_beside(&self, known: &[&str], other: &[&str]) {
        for (name, item) in &self.entries {
            if !known.contains(name) && !other.contains(name) {
                unknown_key(name, item, known);
            }
        }
    }

    /// The same for a table whose own name the operator chose: of `[pools.a.b]` TOML makes a table
    /// within pool `a`, hardly what was meant.
    pub(super) fn expect_keys_of_named(&self, known: &[&str]) {
        for (name, item) in self.entries.iter().filter(|(name, _)| !known.contains(name)) {
            let close = !did_you_mean(name, known.iter().copied()).is_empty();
            if item.is_under_header() && !close {
                let found = format!("unknown key {}", quoted(name));
                let known = one_of(known.iter().copied());
                item.key_finding(found, format!("{known}; a name with a dot is quoted"));
            } else {
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
        [] => "no key at all".to_owned(),
        known => one_of(known.iter().copied()),
    };
    item.key_finding(format!("unknown key {}{meant}", quoted(name)), known);
}

#[cfg(test)]
mod tests;
