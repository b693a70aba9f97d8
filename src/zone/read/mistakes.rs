//! Mistakes in words.

use super::lexer::{Flaw, Mark, Token};
use super::tokens::Mistake;
use crate::wire::NameError;

/// What was found and what was expected; `form` says what the record's data looks like.
pub(super) fn describe(mistake: &Mistake, last: Option<Token<'_>>, form: &str) -> (String, String) {
    let token = last.map_or_else(|| "nothing".into(), shown);
    let (found, expected) = match mistake {
        Mistake::End => ("the end of the record".into(), form),
        Mistake::Trailing => match last.filter(Token::is_hash) {
            Some(hash) => return comment(hash),
            None => (format!("{token} after the data"), "the end of the record"),
        },
        Mistake::Form => (token, form),
        // `form` says the same, and more.
        Mistake::Data("expected IPv4 address" | "expected IPv6 address") => (token, form),
        Mistake::Data(message) => (format!("{token} ({message})"), form),
        Mistake::Name(error) => (format!("{token} with {error}"), name_form(*error)),
        Mistake::Escape => (
            format!("{token} with a bad escape"),
            "a backslash before a character, or before three digits up to 255",
        ),
        Mistake::NotAscii => (
            format!("{token} with a character outside ASCII"),
            "ASCII; international names are written as xn--…",
        ),
        Mistake::Quoted => (format!("{token} in quotes"), "a name without quotes"),
        Mistake::LongString(length) => (
            format!("a string of {length} bytes"),
            "at most 255; longer text is written as several strings",
        ),
        Mistake::Other(found, expected) => return (found.clone(), expected.clone()),
    };
    (found, expected.into())
}

/// What is said of a `#` where a comment is meant.
pub(super) fn comment(hash: Token<'_>) -> (String, String) {
    (shown(hash), "a record; a comment begins with \";\"".into())
}

fn name_form(error: NameError) -> &'static str {
    match error {
        NameError::EmptyLabel => "single dots between labels",
        NameError::LongLabel => "labels of at most 63 bytes",
        NameError::LongName => "at most 255 bytes, the origin included",
        NameError::BadEscape => "a backslash before a character, or before three digits up to 255",
        NameError::NotWire => "a name",
    }
}

/// A token as findings show it, cut to a length that fits a line.
pub(super) fn shown(token: Token<'_>) -> String {
    const MOST: usize = 60;
    match token.text.char_indices().nth(MOST) {
        Some((end, _)) => format!("\"{}…\"", token.text.get(..end).unwrap_or_default()),
        None => format!("\"{}\"", token.text),
    }
}

/// Where an entry stops being readable, what was found and what was expected.
pub(crate) fn flaw(flaw: Flaw) -> (Mark, (String, String)) {
    let (place, found, expected) = match flaw {
        Flaw::OpenQuote(at) => {
            (at, "a quote that is not closed".into(), "a second \" on this line")
        }
        Flaw::OpenParenthesis(at) => {
            (at, "a parenthesis that is never closed".into(), "a ) before the end of the file")
        }
        Flaw::StrayParenthesis(at) => (at, "a ) without a (".into(), "parentheses in pairs"),
        Flaw::Control(at, byte) => {
            (at, format!("the control character 0x{byte:02x}"), "text, or \\DDD in its place")
        }
        Flaw::Endless(at) => {
            (at, "more words than a record can have".into(), "the end of the record")
        }
    };
    (place, (found, expected.into()))
}
