//! What the daemon that runs and the one that takes over from it say to each other: a line of JSON
//! each.
//!
//! ```text
//! running                              next
//!    | starts it, with all sockets       |
//!    |                                   | loads the files
//!    | <------------------------- loaded |
//!    | writes no more, goes on answering |
//!    | go, with what is not on disk ---> |
//!    |                                   | reads the state, answers too
//!    | <-------------------------- ready |
//!    | yours --------------------------> |
//!    | hands on its connections, ends    |
//! ```
//!
//! Until `yours` either can leave, and then the one that runs goes on as before.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What the next one says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FromNext {
    /// Its files are good, and loaded.
    Loaded,
    /// It answers.
    Ready,
    /// It cannot start, and why.
    Failed(String),
}

/// What the running one says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FromRunning {
    /// Nothing under the state folder is written from now on.
    Go(Legacy),
    /// It is the daemon now.
    Yours,
}

/// What is handed on beside files and sockets.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Legacy {
    /// The secrets of cookies, so that those are good that clients have; in hexadecimal digits.
    pub(super) cookie_secrets: Vec<String>,
    /// Whether every endpoint was probed once.
    pub(super) was_ready: bool,
}

/// One end of the conversation.
pub(super) struct Talk(BufReader<UnixStream>);

impl Talk {
    pub(super) fn new(stream: UnixStream) -> Self {
        Self(BufReader::new(stream))
    }

    pub(super) fn say(&mut self, what: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(what)?;
        line.push(b'\n');
        self.0.get_mut().write_all(&line)
    }

    /// What the other says within a time; none at its end.
    pub(super) fn hear<T: DeserializeOwned>(&mut self, within: Duration) -> io::Result<Option<T>> {
        self.0.get_ref().set_read_timeout(Some(within))?;
        let mut line = String::new();
        match self.0.read_line(&mut line)? {
            0 => Ok(None),
            _ => Ok(Some(serde_json::from_str(&line)?)),
        }
    }
}
