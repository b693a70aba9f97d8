//! Comments of a zone file, which stay beside the records that they are about.

use crate::zone::Entry;

/// Comments between entries: what stands on lines of their own belongs to the next record, what
/// stands behind a record to that.
#[derive(Default)]
pub(super) struct Comments {
    /// Up to where the text is read.
    at: usize,
    /// Whether the entry before stands on one line.
    behind_counts: bool,
    above: Vec<String>,
}

impl Comments {
    /// Looks at what stands before an entry; gives the comment behind the one before it.
    pub(super) fn before(&mut self, text: &str, entry: &Entry<'_>) -> Option<String> {
        let gap = text.get(self.at..entry.start().offset()).unwrap_or_default();
        self.at = entry.end().offset();
        self.gap(gap)
    }

    pub(super) fn rest(&mut self, text: &str) -> Option<String> {
        let gap = text.get(self.at..).unwrap_or_default();
        self.gap(gap)
    }

    fn gap(&mut self, gap: &str) -> Option<String> {
        let comment =
            |line: &str| line.trim().strip_prefix(';').map(|comment| comment.trim().to_owned());
        let mut lines = gap.split('\n');
        let behind = lines.next().and_then(comment).filter(|comment| !comment.is_empty());
        self.above.extend(lines.filter_map(comment));
        behind.filter(|_| self.behind_counts)
    }

    pub(super) fn ends_on_one_line(&mut self, text: &str, entry: &Entry<'_>) {
        let whole = text.get(entry.start().offset()..entry.end().offset()).unwrap_or_default();
        self.behind_counts = !whole.contains('\n');
    }

    pub(super) fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.above)
    }
}
