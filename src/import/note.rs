//! What could not be carried over, said so that nobody has to search for it.

use std::fmt;

use serde::Serialize;

use super::source::Place;

/// One thing that could not be carried over as it was.
///
/// Shown as `file:line:column: found: why; instead: …`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Note {
    /// The file as the operator named it.
    pub file: String,
    /// Line, counted from 1.
    pub line: u32,
    /// Column in characters, counted from 1.
    pub column: u32,
    /// What stands there, e.g. `ALIAS of example.com.`.
    pub found: String,
    /// Why it cannot be carried over.
    pub why: String,
    /// What was put in its place, or what to do.
    pub instead: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, found, why, instead } = self;
        write!(f, "{file}:{line}:{column}: {found}: {why}; instead: {instead}")
    }
}

/// The notes of an import while it is made.
#[derive(Debug, Default)]
pub(super) struct Notes {
    list: Vec<Note>,
    /// How many there are beyond the most.
    more: usize,
}

/// More would help nobody.
const MOST_NOTES: usize = 10_000;

impl Notes {
    /// Adds one.
    pub(super) fn push(
        &mut self,
        place: &Place,
        found: impl Into<String>,
        why: impl Into<String>,
        instead: impl Into<String>,
    ) {
        if self.list.len() >= MOST_NOTES {
            self.more += 1;
            return;
        }
        let (found, why, instead) = (found.into(), why.into(), instead.into());
        let (file, line, column) = (place.file.to_string(), place.line, place.column);
        self.list.push(Note { file, line, column, found, why, instead });
    }

    /// All of them in order, each once.
    pub(super) fn into_sorted(mut self) -> Vec<Note> {
        self.list.sort();
        self.list.dedup();
        if let (1.., Some(last)) = (self.more, self.list.last()) {
            let found = format!("{} more like these", self.more);
            let why = "there are too many to list".into();
            let instead = "mend these first, then import again".into();
            self.list.push(Note { found, why, instead, ..last.clone() });
        }
        self.list
    }
}
