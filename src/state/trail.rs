//! The audit log read as a whole, by those who want to know whether all of it is there.

use std::io;
use std::path::{Path, PathBuf};

use super::audit::{Chain, Entry};
use super::{journal, replay};
use crate::finding::Finding;

const AUDIT: &str = "audit.jsonl";

/// The audit log as it is on disk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trail {
    /// Its entries, the oldest first; without those that cannot be read.
    pub entries: Vec<Entry>,
    /// What is wrong: lines that were changed, and places where entries are missing or were added.
    pub wrong: Vec<Finding>,
    /// Its end, which is the daemon's to remember elsewhere.
    pub chain: Chain,
}

impl Trail {
    /// Where the audit log of a state folder is.
    pub fn path(folder: &Path) -> PathBuf {
        folder.join(AUDIT)
    }

    /// Reads a file. A last line that is being written is left out.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn read(path: &Path) -> io::Result<Self> {
        let bytes = journal::read(path)?;
        let mut trail = Self::default();
        let replayed = replay::replay(path, &bytes, |json| {
            let entry = Entry::from_json(json)?;
            let followed = trail.chain.follow(&entry, json);
            trail.entries.push(entry);
            followed
        });
        trail.wrong = replayed.damage;
        Ok(trail)
    }
}
