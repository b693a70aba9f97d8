//! A journal of which only the last line of each key counts: losing its last lines costs little,
//! so nothing waits for the disk, and it is rewritten at every start and when it has grown.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::journal::{Durability, Journal};
use super::line;

/// Below this size a rewrite while running is not worth its cost.
const SMALL_BYTES: u64 = 1024 * 1024;

/// The open journal.
pub(super) struct LatestJournal {
    path: PathBuf,
    journal: Journal,
    /// Size in bytes at which it is rewritten.
    rewrite_at: u64,
    /// Whether it lacks a line that could not be written.
    is_behind: bool,
}

impl LatestJournal {
    /// Takes over an open journal.
    pub(super) fn new(path: PathBuf, journal: Journal) -> Self {
        let rewrite_at = SMALL_BYTES.max(2 * journal.length_bytes());
        Self { path, journal, rewrite_at, is_behind: false }
    }

    /// Writes down a change, or every line of `latest`, where the file has grown.
    pub(super) fn record(
        &mut self,
        json: &str,
        durability: Durability,
        latest: impl FnOnce() -> io::Result<Vec<String>>,
    ) -> io::Result<()> {
        if let Err(error) = self.journal.append(json, durability) {
            self.is_behind = true;
            return Err(error);
        }
        if self.journal.length_bytes() >= self.rewrite_at {
            // Pushed up first: a rewrite that fails is not tried again at once.
            self.rewrite_at = self.journal.length_bytes().saturating_mul(2);
            // The change itself is written down.
            if let Err(error) = latest().and_then(|latest| self.rewrite(&latest)) {
                let file = self.path.display();
                tracing::warn!(%file, %error, "cannot shorten the journal; it only grows");
            }
        }
        Ok(())
    }

    /// Writes down what could not be written before, if there is room by now.
    pub(super) fn catch_up(&mut self, latest: impl FnOnce() -> io::Result<Vec<String>>) {
        if self.is_behind {
            self.is_behind = latest().and_then(|latest| self.rewrite(&latest)).is_err();
        }
    }

    /// Replaces the file by one with these lines, in one step.
    pub(super) fn rewrite(&mut self, latest: &[String]) -> io::Result<()> {
        let bytes: Vec<u8> = latest.iter().flat_map(|json| line::encode(json)).collect();
        replace(&self.path, &bytes)?;
        (self.journal, _) = Journal::open(&self.path)?;
        self.rewrite_at = SMALL_BYTES.max(2 * self.journal.length_bytes());
        Ok(())
    }
}

/// Puts a new file in the place of an old one so that a crash leaves one of the two whole: the
/// new bytes are on disk before the name points to them, and the name after.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
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
