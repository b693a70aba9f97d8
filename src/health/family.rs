//! The families of endpoints, each with an answer of its own.

use std::fmt;
use std::str::FromStr;

/// What kind of record data an endpoint gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// An IPv4 address: 4 bytes.
    V4,
    /// An IPv6 address: 16 bytes.
    V6,
    /// A host name.
    Host,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "a",
            Self::V6 => "aaaa",
            Self::Host => "cname",
        })
    }
}

impl FromStr for Family {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "a" => Ok(Self::V4),
            "aaaa" => Ok(Self::V6),
            "cname" => Ok(Self::Host),
            _ => Err(format!("found family {text:?}; expected a, aaaa or cname")),
        }
    }
}
