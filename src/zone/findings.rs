//! Findings of one zone, as many as anyone would read.

use crate::finding::Finding;

/// Nobody mends more than this in one go, and a file of garbage must not fill the memory.
const MOST: usize = 1_000;

/// A list that stops growing at [`MOST`].
#[derive(Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    /// Adds one, or once says that there are more.
    pub(super) fn push(&mut self, finding: Finding) {
        if self.0.len() < MOST {
            self.0.push(finding);
        } else if self.0.len() == MOST {
            self.0.push(Finding {
                found: format!("more than {MOST} mistakes"),
                expected: "those before this one to be mended first".into(),
                ..finding
            });
        }
    }

    /// Whether no more are wanted.
    pub(super) fn is_full(&self) -> bool {
        self.0.len() > MOST
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The findings in the order of files, lines and columns.
    pub(super) fn into_sorted(mut self) -> Vec<Finding> {
        self.0.sort();
        self.0.dedup();
        self.0
    }
}
