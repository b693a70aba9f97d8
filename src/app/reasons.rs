//! Why an endpoint is down, in words: by which of its monitors.

use crate::health::{Inventory, Pool, State};
use crate::probe::Culprit;

/// The words; a monitor is named where the pool has several.
pub(super) fn of(inventory: &Inventory, pool: &Pool, culprits: &[Culprit]) -> String {
    let words = culprits.iter().map(|culprit| {
        let id = pool.monitors.get(culprit.monitor as usize);
        let monitor = id.and_then(|id| inventory.monitors.get(*id as usize));
        let name = monitor.map(|monitor| monitor.name.as_str()).unwrap_or_default();
        match (culprit.says, &culprit.failure) {
            (State::Up, _) => format!("{name} passes, and must not"),
            (State::Down, Some(failure)) if pool.monitors.len() > 1 => format!("{name}: {failure}"),
            (State::Down, Some(failure)) => failure.to_string(),
            (State::Down, None) => format!("{name} did not pass when the daemon last ran"),
        }
    });
    words.collect::<Vec<_>>().join("; ")
}
