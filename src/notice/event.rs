//! One thing that happened, as messages speak of it.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

/// What can be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Endpoints went down or came up.
    Verdict,
    /// Names have nothing up any more, or have again.
    Degraded,
    /// A pool panics, or no longer.
    Panic,
    /// People said something, or its time was over.
    Override,
    /// Planned maintenance is announced, or went on.
    Maintenance,
    /// A drill began, went on or ended.
    Drill,
    /// Another commit is served, or one is refused; the remote is gone, or back.
    Git,
    /// Files were refused, or are good again.
    Reload,
    /// This machine lost its network, or has it again.
    Network,
    /// Somebody tries whether messages arrive.
    Test,
}

impl Kind {
    /// All that happen.
    pub const ALL: [Self; 9] = [
        Self::Verdict,
        Self::Degraded,
        Self::Panic,
        Self::Override,
        Self::Maintenance,
        Self::Drill,
        Self::Git,
        Self::Reload,
        Self::Network,
    ];

    /// As files and messages name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Verdict => "verdict",
            Self::Degraded => "degraded",
            Self::Panic => "panic",
            Self::Override => "override",
            Self::Maintenance => "maintenance",
            Self::Drill => "drill",
            Self::Git => "git",
            Self::Reload => "reload",
            Self::Network => "network",
            Self::Test => "test",
        }
    }

    /// The one of that name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether it is about trouble, which begins and ends; the others are what somebody wanted.
    pub fn is_trouble(self) -> bool {
        !matches!(self, Self::Override | Self::Maintenance | Self::Drill | Self::Test)
    }
}

/// Which way things turn by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Trouble begins, or grows.
    Begins,
    /// Trouble ends, or becomes less.
    Ends,
    /// Neither: something is to be known.
    Note,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: SystemTime,
    /// What.
    pub kind: Kind,
    /// What is told of in one message: `region:us-east`, `pool:main`, `names`, `files`, …
    pub subject: String,
    /// By which words filters and silences know it: `region:…`, `pool:…`, `endpoint:…`, `name:…`; none where it
    /// is about none of these.
    pub scopes: Vec<String>,
    /// The very thing: an endpoint, a name.
    pub what: String,
    /// Which way things turn.
    pub turn: Turn,
    /// Why, if that is known; alike reasons are told once.
    pub why: Option<String>,
    /// All of it in one line.
    pub words: String,
}
