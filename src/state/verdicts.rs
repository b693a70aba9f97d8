//! The journal of verdicts: what was last believed of each probe target, so that a restart moves
//! no traffic by itself.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};

use crate::health::{RememberedVerdict, State};
use crate::timestamp::{from_rfc3339, to_rfc3339};

#[derive(Serialize, Deserialize)]
struct Line {
    key: String,
    state: StateText,
    since: String,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StateText {
    Up,
    Down,
}

/// What is remembered, by key of probe target.
pub(super) type Verdicts = BTreeMap<String, RememberedVerdict>;

/// Reads a line.
pub(super) fn from_json(json: &str) -> Result<(String, RememberedVerdict), String> {
    let line: Line = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let state = match line.state {
        StateText::Up => State::Up,
        StateText::Down => State::Down,
    };
    Ok((line.key, RememberedVerdict { state, since: from_rfc3339(&line.since)? }))
}

/// The lines that all of them come to.
pub(super) fn lines(all: &Verdicts) -> io::Result<Vec<String>> {
    all.iter().map(|(key, verdict)| to_json(key, *verdict)).collect()
}

/// Writes a line.
pub(super) fn to_json(key: &str, verdict: RememberedVerdict) -> io::Result<String> {
    let state = match verdict.state {
        State::Up => StateText::Up,
        State::Down => StateText::Down,
    };
    let line = Line { key: key.to_owned(), state, since: to_rfc3339(verdict.since) };
    Ok(serde_json::to_string(&line)?)
}
