//! From the lines of a journal to what they amount to.

use std::path::Path;

use super::overrides::OverrideEvent;
use super::{Remembered, line, verdicts};
use crate::finding::Finding;

/// Replays the journal of overrides; returns where its last whole line ends, in bytes.
pub(super) fn overrides(path: &Path, bytes: &[u8], remembered: &mut Remembered) -> usize {
    let overrides = &mut remembered.overrides;
    replay(path, bytes, &mut remembered.damage, |json| {
        OverrideEvent::from_json(json)?.apply_to(overrides);
        Ok(())
    })
}

/// Replays the journal of verdicts; returns where its last whole line ends, in bytes.
pub(super) fn verdicts(path: &Path, bytes: &[u8], remembered: &mut Remembered) -> usize {
    let latest = &mut remembered.verdicts;
    replay(path, bytes, &mut remembered.damage, |json| {
        let (key, verdict) = verdicts::from_json(json)?;
        latest.insert(key, verdict);
        Ok(())
    })
}

/// Hands each good line to `take`; reports the others and goes on, for what was written after
/// them was acknowledged too.
fn replay(
    path: &Path,
    bytes: &[u8],
    damage: &mut Vec<Finding>,
    mut take: impl FnMut(&str) -> Result<(), String>,
) -> usize {
    let scan = line::scan(bytes);
    let mut wrong: Vec<(u32, String)> =
        scan.bitten.iter().map(|(number, what)| (*number, (*what).to_owned())).collect();
    for (number, json) in scan.good {
        if let Err(what) = take(json) {
            wrong.push((number, what));
        }
    }
    for (number, what) in wrong {
        let expected = "a line as the daemon wrote it; it is passed over, those after it count";
        let finding = Finding::at(path.display().to_string(), (number, 1), what, expected);
        tracing::error!(%finding, "a journal is damaged: check with `steersman status` what stands");
        damage.push(finding);
    }
    let torn_bytes = bytes.len() - scan.whole_bytes;
    if torn_bytes > 0 {
        tracing::warn!(
            file = %path.display(), torn_bytes,
            "the last line was never finished, and so never acknowledged: cutting it"
        );
    }
    scan.whole_bytes
}
