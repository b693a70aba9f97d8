//! From the lines of a journal to what they amount to.

use std::path::Path;

use super::audit::{Chain, Entry};
use super::comebacks::{self, Comebacks};
use super::webhooks::{self, Queues};
use super::{Remembered, line, verdicts};
use crate::finding::Finding;
use crate::health::PoolComeback;

const LINE: &str = "a line as the daemon wrote it; it is passed over, those after it count";

/// What is wrong with a line.
pub(super) struct Wrong {
    pub(super) found: String,
    pub(super) expected: &'static str,
}

impl From<String> for Wrong {
    fn from(found: String) -> Self {
        Self { found, expected: LINE }
    }
}

/// How well a journal could be read.
pub(super) struct Replayed {
    /// Where its last whole line ends, in bytes.
    pub(super) whole_bytes: usize,
    /// What is wrong with the lines before.
    pub(super) damage: Vec<Finding>,
}

/// Replays the audit log, and logs what is wrong with it; returns where its last whole line ends, in
/// bytes, and its last entry.
pub(super) fn audit(path: &Path, bytes: &[u8], remembered: &mut Remembered) -> (usize, Chain) {
    let mut chain = Chain::default();
    let Remembered { overrides, tokens, plans, silences, .. } = remembered;
    let replayed = replay(path, bytes, |json| {
        let entry = Entry::from_json(json)?;
        let followed = chain.follow(&entry, json);
        entry.apply_to(overrides, tokens, plans, silences)?;
        followed
    });
    (replayed.tell(path, bytes), chain)
}

/// Replays the journal of verdicts, and logs what is wrong with it; returns where its last whole
/// line ends, in bytes.
pub(super) fn verdicts(path: &Path, bytes: &[u8], remembered: &mut Remembered) -> usize {
    let latest = &mut remembered.verdicts;
    let replayed = replay(path, bytes, |json| {
        let (key, verdict) = verdicts::from_json(json)?;
        latest.insert(key, verdict);
        Ok(())
    });
    replayed.tell(path, bytes)
}

/// Replays the journal of comebacks, and logs what is wrong with it; returns where its last whole
/// line ends, in bytes.
pub(super) fn comebacks(path: &Path, bytes: &[u8], all: &mut Comebacks) -> usize {
    let replayed = replay(path, bytes, |json| {
        let PoolComeback { pool, family, comeback } = comebacks::from_json(json)?;
        all.insert((pool, family), comeback);
        Ok(())
    });
    replayed.tell(path, bytes)
}

/// Replays the journal of webhooks, and logs what is wrong with it; returns where its last whole line
/// ends, in bytes.
pub(super) fn webhooks(path: &Path, bytes: &[u8], queues: &mut Queues) -> usize {
    let replayed = replay(path, bytes, |json| Ok(webhooks::apply(json, queues)?));
    replayed.tell(path, bytes)
}

/// Hands each good line to `take`, and goes on after the others, for what was written after them
/// was acknowledged too.
pub(super) fn replay(
    path: &Path,
    bytes: &[u8],
    mut take: impl FnMut(&str) -> Result<(), Wrong>,
) -> Replayed {
    let scan = line::scan(bytes);
    let bitten = scan.bitten.iter().map(|(number, what)| (*number, (*what).to_owned().into()));
    let mut wrong: Vec<(u32, Wrong)> = bitten.collect();
    for (number, json) in scan.good {
        if let Err(what) = take(json) {
            wrong.push((number, what));
        }
    }
    wrong.sort_by_key(|(number, _)| *number);
    let damage = wrong.into_iter().map(|(number, wrong)| wrong.of(path, number)).collect();
    Replayed { whole_bytes: scan.whole_bytes, damage }
}

impl Wrong {
    /// The same as a finding.
    pub(super) fn of(self, path: &Path, line: u32) -> Finding {
        let Self { found, expected } = self;
        Finding::at(path.display().to_string(), (line, 1), found, expected)
    }
}

impl Replayed {
    /// Logs what is wrong; returns where the last whole line ends.
    fn tell(self, path: &Path, bytes: &[u8]) -> usize {
        // A disk that went bad leaves thousands, and one tells where to look.
        if let Some(first) = self.damage.first() {
            tracing::error!(
                lines = self.damage.len(), %first,
                "a journal is damaged: check with `steersman status` what stands"
            );
        }
        let torn_bytes = bytes.len() - self.whole_bytes;
        if torn_bytes > 0 {
            tracing::warn!(
                file = %path.display(), torn_bytes,
                "the last line was never finished, and so never acknowledged: cutting it"
            );
        }
        self.whole_bytes
    }
}
