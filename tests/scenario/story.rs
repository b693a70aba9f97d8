//! A story as data. How it is written: `tests/scenarios/README.md`.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use steersman::health::{OverrideState, Target};
use steersman::question::ClientNetwork;

use super::expect::Expectation;
use super::places::Place;
use super::probed::Condition;

/// One story.
pub struct Story {
    /// Its file, for failures.
    pub file: String,
    /// Its first line.
    pub title: String,
    /// The files that the daemon starts with, by their names under `zones/`.
    pub files: Vec<(String, String)>,
    /// What the location database says.
    pub places: Vec<Place>,
    /// What happens.
    pub steps: Vec<Step>,
}

/// Which of the two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// On the pure core with simulated time.
    Pure,
    /// On the real daemon.
    Real,
}

/// One line of a story.
pub struct Step {
    /// Its line in the file.
    pub line: usize,
    /// As it is written.
    pub text: String,
    /// The only run in which it counts.
    pub only: Option<Mode>,
    /// What it says.
    pub act: Act,
}

/// What a line says.
pub enum Act {
    /// Puts a file under `zones/`; nobody looks at it before the next reload.
    Write { name: String, text: String },
    /// Takes a file away.
    Remove { name: String },
    /// Changes what the location database says.
    Places(Vec<Place>),
    /// From now on all probes of these are answered so.
    Become { who: Who, condition: Condition },
    /// The next probes of these succeed, or fail; nobody is probed again before the story goes on.
    Probe { who: Who, well: bool, times: usize },
    /// Time passes.
    After(Duration),
    /// Time passes until every verdict is what it will stay.
    Settle,
    /// A person says something.
    Override { state: OverrideState, target: Target, lifetime: Option<Duration>, reason: String },
    /// A person takes it back.
    Clear(Target),
    /// A person returns to the pool of this name, or is refused.
    Failback { pool: String, refused: bool },
    /// The files are read again; with a text, they must be refused with a finding that has it.
    Reload { refused_with: Option<String> },
    /// The daemon stops and starts again.
    Restart,
    /// A question.
    Ask(Asked),
    /// What the last question must be answered.
    Expect(Expectation),
}

/// Whose probes.
pub struct Who {
    /// Which endpoints.
    pub among: Among,
    /// Of these only the probes of the monitor of this name.
    pub monitor: Option<String>,
}

/// A set of endpoints.
pub enum Among {
    /// All.
    Everything,
    /// Those of a region.
    Region(String),
    /// Those of a pool.
    Pool(String),
    /// One, by pool and address.
    Endpoint(String, String),
}

/// A question.
#[derive(Clone)]
pub struct Asked {
    /// The name, absolute.
    pub name: String,
    /// The type.
    pub rtype: u16,
    /// Where the packet comes from.
    pub from: IpAddr,
    /// What it says of the client.
    pub subnet: Option<ClientNetwork>,
}

impl Asked {
    /// From this machine, without a client subnet.
    pub fn new(name: String, rtype: u16) -> Self {
        Self { name, rtype, from: Ipv4Addr::LOCALHOST.into(), subnet: None }
    }
}
