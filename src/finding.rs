//! What is wrong with a file, said so that a tired operator can mend it.
//!
//! A load collects every finding before it gives up, so that one run of `check` shows them all.

pub mod words;

use std::fmt;

use words::on_one_line;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How bad a finding is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing is loaded.
    #[default]
    Error,
    /// It is loaded, but hardly what was meant.
    Warning,
}

/// One thing wrong in one file.
///
/// Shown as `file:line:column: found; expected …`, with `warning: ` before what was found where it
/// is no more than that.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// The file as the operator would name it: relative paths stay relative.
    pub file: String,
    /// Line, counted from 1.
    pub line: u32,
    /// Column in characters, counted from 1.
    pub column: u32,
    /// What was found, e.g. `unknown pool "us-eats"`.
    pub found: String,
    /// What was expected instead, or what to do, e.g. `one of us-east, eu-west`.
    pub expected: String,
    /// Whether it stops a load.
    #[serde(default)]
    pub severity: Severity,
    /// The safety rule that a load would break, where that is what is wrong: an admin can force it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

impl Finding {
    /// An error at a line and column, both counted from 1.
    pub fn at(
        file: impl Into<String>,
        (line, column): (u32, u32),
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        let (found, expected) = (found.into(), expected.into());
        let (file, severity) = (on_one_line(file.into()), Severity::Error);
        Self { file, line, column, found, expected, severity, rule: None }
    }

    /// The same, as a warning.
    pub fn as_warning(self) -> Self {
        Self { severity: Severity::Warning, ..self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, found, expected, severity, rule: _ } = self;
        let warning = match severity {
            Severity::Error => "",
            Severity::Warning => "warning: ",
        };
        write!(f, "{file}:{line}:{column}: {warning}{found}; expected {expected}")
    }
}

/// Line and column, both from 1, of a byte offset in a text; columns count characters.
pub fn line_and_column(text: &str, offset: usize) -> (u32, u32) {
    let mut end = offset.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = &text[..end];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
    let column = before[line_start..].chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_reads_as_file_line_column_found_expected() {
        let finding = Finding::at("zones/pools.toml", (3, 7), "unknown key \"fal\"", "fall");
        assert_eq!(finding.to_string(), "zones/pools.toml:3:7: unknown key \"fal\"; expected fall");
        let odd = Finding::at("zones/x\n\u{1b}[31m\u{202e}y.zone", (1, 1), "x", "y");
        assert_eq!(
            odd.file, "zones/x\\n\\u{1b}[31m\\u{202e}y.zone",
            "nobody forges a line by a name"
        );
        let warning = Finding::at("a.toml", (1, 2), "x", "y").as_warning();
        assert_eq!(warning.to_string(), "a.toml:1:2: warning: x; expected y");
    }

    #[test]
    fn columns_count_characters_not_bytes() {
        assert_eq!(line_and_column("a\nöß x", 2 + 5), (2, 4));
        assert_eq!(line_and_column("", 10), (1, 1));
    }
}
