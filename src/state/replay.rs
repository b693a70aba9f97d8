//! From the lines of a journal to what they amount to.

use std::path::Path;

use super::comebacks::{self, Comebacks};
use super::overrides::OverrideEvent;
use super::{Remembered, line, verdicts};
use crate::finding::Finding;
use crate::health::{Overrides, PoolComeback};

/// How well a journal could be read.
pub(super) struct Replayed {
    /// Where its last whole line ends, in bytes.
    pub(super) whole_bytes: usize,
    /// What is wrong with the lines before.
    pub(super) damage: Vec<Finding>,
}

/// Replays the journal of overrides, and logs what is wrong with it; returns where its last whole
/// line ends, in bytes.
pub(super) fn overrides(path: &Path, bytes: &[u8], remembered: &mut Remembered) -> usize {
    replay_overrides(path, bytes, &mut remembered.overrides).tell(path, bytes)
}

/// Replays the journal of overrides.
pub(super) fn replay_overrides(path: &Path, bytes: &[u8], overrides: &mut Overrides) -> Replayed {
    replay(path, bytes, |json| {
        OverrideEvent::from_json(json)?.apply_to(overrides);
        Ok(())
    })
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

/// Hands each good line to `take`, and goes on after the others, for what was written after them
/// was acknowledged too.
fn replay(path: &Path, bytes: &[u8], mut take: impl FnMut(&str) -> Result<(), String>) -> Replayed {
    let scan = line::scan(bytes);
    let mut wrong: Vec<(u32, String)> =
        scan.bitten.iter().map(|(number, what)| (*number, (*what).to_owned())).collect();
    for (number, json) in scan.good {
        if let Err(what) = take(json) {
            wrong.push((number, what));
        }
    }
    let file = path.display().to_string();
    let expected = "a line as the daemon wrote it; it is passed over, those after it count";
    let finding = |(number, what)| Finding::at(file.clone(), (number, 1), what, expected);
    Replayed { whole_bytes: scan.whole_bytes, damage: wrong.into_iter().map(finding).collect() }
}

impl Replayed {
    /// Logs what is wrong; returns where the last whole line ends.
    fn tell(self, path: &Path, bytes: &[u8]) -> usize {
        for finding in self.damage {
            tracing::error!(%finding, "a journal is damaged: check with `steersman status` what stands");
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
