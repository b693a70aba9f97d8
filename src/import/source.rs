//! Texts and places in them.

use std::rc::Rc;

use crate::finding::{Finding, line_and_column};

/// The largest text that is read.
pub(super) const MOST_BYTES: usize = 16 << 20;

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The file as the operator named it.
    pub(super) file: Rc<str>,
    /// Line, from 1.
    pub(super) line: u32,
    /// Column in characters, from 1.
    pub(super) column: u32,
}

impl Place {
    /// A place by its line and column.
    pub(super) fn new(file: &Rc<str>, (line, column): (u32, u32)) -> Self {
        Self { file: Rc::clone(file), line, column }
    }

    /// What is wrong there, so that nothing can be imported.
    pub(super) fn finding(&self, found: impl Into<String>, expected: impl Into<String>) -> Finding {
        Finding::at(self.file.to_string(), (self.line, self.column), found, expected)
    }
}

/// The text of a file, without a byte order mark, or what shows that it is none.
pub(super) fn text<'b>(file: &str, bytes: &'b [u8]) -> Result<&'b str, Finding> {
    if bytes.len() > MOST_BYTES {
        let found = format!("{} bytes", bytes.len());
        return Err(Finding::at(file, (1, 1), found, format!("at most {MOST_BYTES}")));
    }
    let (good, bad) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
            (std::str::from_utf8(good).unwrap_or_default(), Some(good.len()))
        }
    };
    // A file in UTF-16 shows one of them at once.
    if let Some(at) = good.find('\0').or(bad) {
        let byte = bytes.get(at).copied().unwrap_or_default();
        let found = format!("the byte 0x{byte:02x}");
        return Err(Finding::at(file, line_and_column(good, at), found, "text in UTF-8"));
    }
    Ok(good.strip_prefix('\u{feff}').unwrap_or(good))
}
