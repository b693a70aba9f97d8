//! What is changed, and who changes it, as the audit log is told.

use std::fmt;
use std::net::SocketAddr;

use super::tokens::Granted;
use crate::health::{Family, Override, Target};
use crate::maintenance::WindowText;
use crate::notice::SilenceText;

/// Whom the audit log names for what the daemon does by itself.
const DAEMON: &str = "steersman";

/// Who makes a change, as far as the daemon can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// A person's name, as the client says, or that of the token.
    pub by: String,
    /// The name of the token; none: the daemon itself.
    pub token: Option<String>,
    /// Where they are; none: the daemon itself.
    pub from: Option<SocketAddr>,
    /// Why, in their words, where the change itself has none.
    pub reason: Option<String>,
    /// Whether they want it though it breaks safety rules.
    pub forces: bool,
    /// The safety rules that it breaks, by name.
    pub breaks: Vec<String>,
}

impl Author {
    /// The daemon itself.
    pub fn daemon() -> Self {
        Self {
            by: DAEMON.into(),
            token: None,
            from: None,
            reason: None,
            forces: false,
            breaks: Vec::new(),
        }
    }
}

impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.from {
            Some(from) => write!(f, "{} at {from}", self.by),
            None => f.write_str(&self.by),
        }
    }
}

/// A change, with what was so before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// An override was set, in place of what stood there.
    Set {
        /// On this.
        target: Target,
        /// In place of this.
        before: Option<Override>,
        /// This.
        after: Override,
    },
    /// An override was taken away.
    Clear {
        /// From this.
        target: Target,
        /// This.
        before: Override,
    },
    /// A person ended holds of flap damping.
    Lift {
        /// On this.
        target: Target,
        /// So many.
        holds: usize,
    },
    /// The time of an override was over.
    Expire {
        /// On this.
        target: Target,
        /// This.
        before: Override,
    },
    /// A person returned to a pool that failback held back.
    Failback {
        /// This.
        pool: String,
        /// For these.
        families: Vec<Family>,
    },
    /// A token was made, or one of that name in place of another.
    Grant {
        /// Its name.
        name: String,
        /// What had the name.
        before: Option<Granted>,
        /// What has it since.
        after: Granted,
    },
    /// A token was taken back.
    Revoke {
        /// Its name.
        name: String,
        /// What it was.
        before: Granted,
    },
    /// Maintenance was planned, or one of that name in place of another.
    Plan {
        /// Its name.
        name: String,
        /// What had the name.
        before: Option<WindowText>,
        /// What has it since.
        after: WindowText,
    },
    /// Planned maintenance was called off.
    Unplan {
        /// Its name.
        name: String,
        /// What it was.
        before: WindowText,
    },
    /// Something is not told of for a time, or for another one.
    Silence {
        /// What was so before.
        before: Option<SilenceText>,
        /// What has been so since.
        after: SilenceText,
    },
    /// It is told of again.
    Unsilence {
        /// What it was.
        before: SilenceText,
    },
    /// Other files are served.
    Reload {
        /// The revision before.
        before: String,
        /// The revision since.
        after: String,
        /// The commit that they are of, where they come from git.
        commit: Option<String>,
    },
}
