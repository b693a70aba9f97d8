//! Tokens beside that of `admin.token`: each with a name and a role, of which only the hash is kept.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;

use super::audit::hash;
use super::token::Token;
use crate::finding::words::plain_name;
use crate::timestamp::{from_rfc3339, to_rfc3339_seconds};

/// Whoever has the token of the file, and the daemon itself, in the audit log.
const TAKEN: [&str; 2] = ["admin", "steersman"];

/// What a token is good for; each role is good for all that those before it are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// To look.
    Viewer,
    /// To say how things are to be: overrides, returns, reloads, heartbeats, maintenance, drills, silences.
    Operator,
    /// To say who may: tokens; and to break safety rules.
    Admin,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        })
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "viewer" => Ok(Self::Viewer),
            "operator" => Ok(Self::Operator),
            "admin" => Ok(Self::Admin),
            _ => Err(format!("found {text:?}; expected viewer, operator or admin")),
        }
    }
}

/// A token without the token itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// What it is good for.
    pub role: Role,
    /// The SHA-256 of the token, in hexadecimal digits. A token of 256 random bits cannot be found
    /// by it.
    pub hash: String,
    /// Until when it is good (RFC 3339); none: until it is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

impl Granted {
    /// For a token.
    pub fn new(role: Role, token: &Token, until: Option<SystemTime>) -> Self {
        Self { role, hash: hash(token.reveal()), until: until.map(to_rfc3339_seconds) }
    }

    /// Whether its time is over. One that cannot be told is.
    pub fn has_expired(&self, now: SystemTime) -> bool {
        let until = self.until.as_deref().map(from_rfc3339);
        until.is_some_and(|until| until.map_or(true, |until| until <= now))
    }
}

/// All named tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens(BTreeMap<String, Granted>);

impl Tokens {
    /// Adds one, in place of what had the name.
    pub fn grant(&mut self, name: String, granted: Granted) {
        self.0.insert(name, granted);
    }

    /// Takes one away, if it is there.
    pub fn revoke(&mut self, name: &str) -> Option<Granted> {
        self.0.remove(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Granted)> {
        self.0.iter().map(|(name, granted)| (name.as_str(), granted))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one of a name.
    pub fn get(&self, name: &str) -> Option<&Granted> {
        self.0.get(name)
    }

    /// Whose token this is, also of those whose time is over. Every one of them is looked at, in the same time.
    pub fn whose(&self, token: &[u8]) -> Option<(&str, &Granted)> {
        let given = hash(&String::from_utf8_lossy(token));
        let mut found = None;
        for (name, granted) in self.iter() {
            if bool::from(given.as_bytes().ct_eq(granted.hash.as_bytes())) {
                found = Some((name, granted));
            }
        }
        found
    }
}

/// Checks the name of a token, which the audit log has for whoever uses it.
///
/// # Errors
///
/// Says what is wrong with it.
pub fn token_name(text: &str) -> Result<(), String> {
    plain_name(text).map_err(|expected| format!("found {text:?}; expected {expected}"))?;
    if TAKEN.contains(&text) {
        return Err(format!(
            "found {text:?}, which the audit log has for others; expected another name"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_token_is_good_until_its_end() {
        let end = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let token = Token::new("0123456789abcdef").unwrap();
        let granted = |until| Granted::new(Role::Viewer, &token, until);
        assert!(!granted(None).has_expired(end));
        assert!(!granted(Some(end)).has_expired(end - Duration::from_millis(1)));
        assert!(granted(Some(end)).has_expired(end));
        let spoilt = Granted { until: Some("soon".into()), ..granted(None) };
        assert!(spoilt.has_expired(SystemTime::UNIX_EPOCH));
    }

    #[test]
    fn a_token_is_known_by_its_hash_alone() {
        let token = Token::new("0123456789abcdef").unwrap();
        let mut tokens = Tokens::default();
        tokens.grant("ci".into(), Granted::new(Role::Operator, &token, None));
        let wall = Granted::new(Role::Viewer, &Token::random().unwrap(), None);
        tokens.grant("wall".into(), wall);
        // As sha256sum says.
        assert_eq!(
            tokens.get("ci").unwrap().hash,
            "9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f"
        );
        assert_eq!(tokens.whose(b"0123456789abcdef"), Some(("ci", tokens.get("ci").unwrap())));
        for other in
            [&b""[..], b"0123456789abcdeF", b"\xff", tokens.get("ci").unwrap().hash.as_bytes()]
        {
            assert_eq!(tokens.whose(other), None);
        }
        tokens.revoke("ci");
        assert_eq!(tokens.whose(b"0123456789abcdef"), None);
        assert!(!format!("{tokens:?}").contains("0123456789abcdef"));
    }

    #[test]
    fn each_role_may_what_the_ones_before_may() {
        assert!(Role::Viewer < Role::Operator && Role::Operator < Role::Admin);
        for role in [Role::Viewer, Role::Operator, Role::Admin] {
            assert_eq!(role.to_string().parse(), Ok(role));
        }
        assert!("root".parse::<Role>().is_err());
    }

    #[test]
    fn names_are_plain() {
        for (name, good) in [
            ("ci", true),
            ("wall-1.noc_2", true),
            ("", false),
            ("a b", false),
            ("a/b", false),
            ("ä", false),
            ("admin", false),
            ("steersman", false),
        ] {
            assert_eq!(token_name(name).is_ok(), good, "{name}");
            assert_eq!(plain_name(name).is_ok(), good || TAKEN.contains(&name), "{name}");
        }
        assert!(token_name(&"a".repeat(64)).is_ok() && token_name(&"a".repeat(65)).is_err());
    }
}
