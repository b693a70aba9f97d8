//! The journal of verdicts: what was last believed of each probe target, so that a restart moves
//! no traffic by itself.
//!
//! Losing its last lines costs a few probes, so nothing waits for the disk. Only the last line of
//! each key counts, so the file is rewritten at every start, and when it has grown.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::journal::{Durability, Journal};
use super::line;
use crate::health::{RememberedVerdict, State};
use crate::timestamp::{from_rfc3339, to_rfc3339};

/// Below this size a rewrite while running is not worth its cost.
const SMALL_BYTES: u64 = 1024 * 1024;

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

/// The open journal.
pub(super) struct VerdictJournal {
    path: PathBuf,
    journal: Journal,
    /// Size in bytes at which it is rewritten.
    rewrite_at: u64,
}

impl VerdictJournal {
    /// Takes over an open journal.
    pub(super) fn new(path: PathBuf, journal: Journal) -> Self {
        let rewrite_at = SMALL_BYTES.max(2 * journal.length_bytes());
        Self { path, journal, rewrite_at }
    }

    /// Writes down a change, or everything in `latest`, where the file has grown.
    pub(super) fn record(
        &mut self,
        key: &str,
        verdict: RememberedVerdict,
        latest: impl FnOnce() -> Verdicts,
    ) -> io::Result<()> {
        self.journal.append(&to_json(key, verdict)?, Durability::Buffered)?;
        if self.journal.length_bytes() >= self.rewrite_at {
            // Pushed up first: a rewrite that fails is not tried again at once.
            self.rewrite_at = self.journal.length_bytes().saturating_mul(2);
            self.rewrite(&latest())?;
        }
        Ok(())
    }

    /// Replaces the file by one with one line for each key, in one step.
    pub(super) fn rewrite(&mut self, latest: &Verdicts) -> io::Result<()> {
        let mut bytes = Vec::new();
        for (key, verdict) in latest {
            bytes.extend(line::encode(&to_json(key, *verdict)?));
        }
        replace(&self.path, &bytes)?;
        (self.journal, _) = Journal::open(&self.path)?;
        self.rewrite_at = SMALL_BYTES.max(2 * self.journal.length_bytes());
        Ok(())
    }
}

/// Reads a line.
pub(super) fn from_json(json: &str) -> Result<(String, RememberedVerdict), String> {
    let line: Line = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let state = match line.state {
        StateText::Up => State::Up,
        StateText::Down => State::Down,
    };
    Ok((line.key, RememberedVerdict { state, since: from_rfc3339(&line.since)? }))
}

fn to_json(key: &str, verdict: RememberedVerdict) -> io::Result<String> {
    let state = match verdict.state {
        State::Up => StateText::Up,
        State::Down => StateText::Down,
    };
    let line = Line { key: key.to_owned(), state, since: to_rfc3339(verdict.since) };
    Ok(serde_json::to_string(&line)?)
}

/// Puts a new file in the place of an old one so that a crash leaves one of the two whole: the
/// new bytes are on disk before the name points to them, and the name after.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if let Err(error) = written.and_then(|()| fs::rename(&temporary, path)) {
        // On a full disk every byte counts.
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    super::sync_folder_of(path)
}
