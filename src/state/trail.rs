//! The audit log read as a whole, by those who want to know whether all of it is there.
//!
//! It is never rewritten, and so may be large: no more of it is held than what is wanted.

use std::io;
use std::path::{Path, PathBuf};

use super::audit::{Chain, Entry};
use super::journal;
use super::replay::Wrong;
use crate::finding::Finding;

const AUDIT: &str = "audit.jsonl";

/// No entry is as long: what people may say in one request is much shorter.
const LONGEST_ENTRY_BYTES: u64 = 1024 * 1024;

/// The audit log as it is on disk, or a part of its entries.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trail {
    /// The entries that are wanted, the oldest first; without those that cannot be read.
    pub entries: Vec<Entry>,
    /// Whether there are more after these.
    pub more: bool,
    /// What is wrong: lines that were changed, and places where entries are missing or were added. The
    /// first of it, if no more is wanted.
    pub wrong: Vec<Finding>,
    /// How much is wrong in all.
    pub wrong_in_all: usize,
    /// Its end, which is the daemon's to remember elsewhere.
    pub chain: Chain,
}

/// Which entries are wanted. All others are looked at, for the chain is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Those after the one with this number.
    pub after: u64,
    /// So many at most.
    pub entries: usize,
    /// And of what is wrong, so much.
    pub wrong: usize,
}

impl Part {
    /// All of it.
    pub const WHOLE: Self = Self { after: 0, entries: usize::MAX, wrong: usize::MAX };
}

impl Trail {
    /// Where the audit log of a state folder is.
    pub fn path(folder: &Path) -> PathBuf {
        folder.join(AUDIT)
    }

    /// Reads a file, and keeps that part of it. A last line that is being written is left out.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn read(path: &Path, part: Part) -> io::Result<Self> {
        let mut lines = journal::lines(path, LONGEST_ENTRY_BYTES)?;
        let mut trail = Self::default();
        while let Some((number, line)) = lines.next()? {
            let taken = line.map_err(|what| Wrong::from(what.to_owned()));
            if let Err(wrong) = taken.and_then(|json| trail.take(json, part)) {
                trail.wrong_in_all += 1;
                if trail.wrong.len() < part.wrong {
                    trail.wrong.push(wrong.of(path, number));
                }
            }
        }
        Ok(trail)
    }

    fn take(&mut self, json: &str, part: Part) -> Result<(), Wrong> {
        let entry = Entry::from_json(json)?;
        let followed = self.chain.follow(&entry, json);
        if entry.number > part.after {
            match self.entries.len() < part.entries {
                true => self.entries.push(entry),
                false => self.more = true,
            }
        }
        followed
    }
}
