//! What a filter or a silence is about: `region:…`, `pool:…`, `endpoint:…` or `name:…`, each with `*` for any
//! run of characters, or `*` for everything.

use std::fmt;
use std::str::FromStr;

use crate::finding::words::misleads;
use crate::health::Target;

const EXPECTED: &str = "region:NAME, pool:NAME, endpoint:POOL/ADDRESS or name:NAME, with * for anything within, or * for everything";
/// Longer than any name and any address.
const LONGEST_BYTES: usize = 600;

/// Such a pattern.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern(String);

impl Pattern {
    /// Whether one of the words is meant by which an event is known. What is about no target is meant by `*` only.
    pub fn fits(&self, scopes: &[String]) -> bool {
        self.0 == "*" || scopes.iter().any(|scope| fits(&self.0, scope))
    }

    /// How many things it is about, of all that there are, by the words for them.
    pub fn count(&self, all: impl Iterator<Item = String>) -> usize {
        all.filter(|one| fits(&self.0, one)).count()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("found {text:?}; expected {EXPECTED}");
        if text == "*" {
            return Ok(Self(text.into()));
        }
        let is_odd = |c: char| misleads(c) || c.is_whitespace() && c != ' ';
        if text.len() > LONGEST_BYTES || text.chars().any(is_odd) {
            return Err(wrong());
        }
        match text.split_once(':') {
            // However a person writes the address.
            Some(("region" | "pool" | "endpoint", name)) if !name.is_empty() => {
                match name.contains('*') {
                    true => Ok(Self(text.into())),
                    false => Ok(Self(text.parse::<Target>()?.to_string())),
                }
            }
            Some(("name", name)) if !name.is_empty() => {
                let name = name.to_ascii_lowercase();
                let end = if name.ends_with(['.', '*']) { "" } else { "." };
                Ok(Self(format!("name:{name}{end}")))
            }
            _ => Err(wrong()),
        }
    }
}

/// Whether a text is of a pattern; each star takes as little as it can, which is enough to know.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}
