//! Texts of others, cut to a length and to one line.

use crate::finding::words::misleads;

/// What stands for the rest.
const CUT: char = '…';

/// One line of at most so many characters.
pub(super) fn line(text: &str, most: usize) -> String {
    escaped(text, most, |_| None)
}

/// The same, with some characters written in another way; what they are written as counts.
pub(super) fn escaped(
    text: &str,
    most: usize,
    escape: impl Fn(char) -> Option<&'static str>,
) -> String {
    let length = |c: char| escape(c).map_or(1, str::len);
    let whole: usize = text.chars().map(length).sum();
    let room = if whole > most { most.saturating_sub(1) } else { most };
    let (mut cut, mut used) = (String::new(), 0);
    for c in text.chars().map(|c| if misleads(c) { ' ' } else { c }) {
        used += length(c);
        if used > room {
            cut.push(CUT);
            break;
        }
        match escape(c) {
            Some(text) => cut.push_str(text),
            None => cut.push(c),
        }
    }
    cut
}
