//! Says loudly when a steered name has nothing up any more, and when it has again; and what of the
//! files is hardly meant as it stands.
//!
//! By default such a name is answered as if all were up; somebody must know.

use crate::finding::Finding;
use crate::health::PoolId;
use crate::steering::{Asked, Pools, SteeredName};
use crate::view::View;

/// How many names one line of the log lists.
const NAMES_LISTED: usize = 8;

/// Compares two views of the same world, and logs what has become of whole names.
pub(super) fn tell(before: &View, after: &View) {
    let count = after.world.inventory.pools.len() as PoolId;
    if (0..count).all(|pool| is_up(&before.pools, pool) == is_up(&after.pools, pool)) {
        return;
    }
    let (mut lost, mut found) = (Vec::new(), Vec::new());
    for name in after.world.steered.iter().flatten() {
        match (any_up(name, &before.pools), any_up(name, &after.pools)) {
            (true, false) => lost.push(name),
            (false, true) => found.push(name),
            _ => {}
        }
    }
    tell_lost(&lost);
    if !found.is_empty() {
        tracing::warn!(names = listed(&found), "these names have a pool that is up again");
    }
}

/// Logs which names have nothing up, at a start or after a load.
pub(super) fn tell_all(view: &View) {
    let names = view.world.steered.iter().flatten();
    tell_lost(&names.filter(|name| !any_up(name, &view.pools)).collect::<Vec<_>>());
}

fn tell_lost(lost: &[&SteeredName]) {
    if !lost.is_empty() {
        tracing::error!(
            names = listed(lost),
            "ALL DOWN: not one pool of these names is up; they are answered as their all_down says"
        );
    }
}

fn any_up(name: &SteeredName, pools: &Pools) -> bool {
    name.policy.any_pool(&mut |pool| is_up(pools, pool))
}

/// Logs what of the files was loaded, but is hardly meant as it stands.
pub(super) fn tell_warnings(warnings: &[Finding]) {
    for finding in warnings {
        tracing::warn!(%finding, "a file is loaded, but hardly meant as it stands");
    }
}

/// Whether a pool is up for any family.
fn is_up(pools: &Pools, pool: PoolId) -> bool {
    let Some(state) = pools.get(pool) else { return false };
    [Asked::A, Asked::Aaaa].iter().any(|asked| state.set(*asked).is_some_and(|set| set.up))
}

fn listed(names: &[&SteeredName]) -> String {
    let mut text: Vec<String> =
        names.iter().take(NAMES_LISTED).map(|name| name.owner.to_string()).collect();
    if names.len() > NAMES_LISTED {
        text.push(format!("and {} more", names.len() - NAMES_LISTED));
    }
    text.join(" ")
}
