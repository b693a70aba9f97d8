//! Regular expressions of operators, of bounded size.

use regex::bytes::{Regex, RegexBuilder};

/// How much memory a pattern may take once compiled, and its search as much again. It also bounds
/// the time that a search takes, during which a thread does nothing else.
const MOST_BYTES: usize = 1 << 18;

/// Compiles a pattern, which is searched for in bytes; or says why it cannot be.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    let built =
        RegexBuilder::new(pattern).size_limit(MOST_BYTES).dfa_size_limit(MOST_BYTES).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "it is too large once compiled".into(),
        // Several lines, which show the pattern again; the last one says what is wrong.
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.strip_prefix("error: ").unwrap_or(last).to_owned()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_compiled_is_said_in_one_line() {
        for (pattern, why) in [
            ("a(b", "unclosed group"),
            ("[z-a]", "invalid character class range, the start must be <= the end"),
            ("(a{1000}){1000}", "it is too large once compiled"),
        ] {
            assert_eq!(compile(pattern).map(drop), Err(why.into()), "{pattern}");
        }
    }

    #[test]
    fn a_pattern_is_searched_for_in_bytes() {
        let pattern = compile(r"(?i)status: *(ok|well)\b").unwrap();
        assert!(pattern.is_match(b"\xff STATUS:  Well."));
        assert!(!pattern.is_match(b"status: wells"));
    }
}
