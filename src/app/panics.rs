//! Says when a pool begins to panic, and when it no longer does; each once.

use std::collections::HashSet;

use crate::clock;
use crate::health::{Family, PoolId};
use crate::history::{History, What};
use crate::steering::{PoolStands, PoolState, Set};
use crate::view::View;

/// Logs what has changed since `before`, which is of the same world, and of which no other pools
/// were summed anew.
pub(super) fn tell(before: &View, after: &View, summed: &[PoolId], history: &History) {
    for id in summed {
        for set in sets(after, *id) {
            let was = before.pools.get(*id).and_then(|state| state.set_of(set.family()));
            report(after, *id, set, was.is_some_and(|set| set.stands().panics), history);
        }
    }
}

/// The same, where the worlds may be different; at a start there is nothing before.
pub(super) fn tell_all(before: Option<&View>, after: &View, history: &History) {
    let panicked: HashSet<(&str, Family)> = before.into_iter().flat_map(panicking).collect();
    for (id, pool) in (0..).zip(&after.world.inventory.pools) {
        for set in sets(after, id) {
            let panicked = panicked.contains(&(&*pool.name, set.family()));
            report(after, id, set, panicked, history);
        }
    }
}

fn report(view: &View, id: PoolId, set: &Set, panicked: bool, history: &History) {
    let Some(pool) = view.world.inventory.pools.get(id as usize) else { return };
    let PoolStands { healthy, total, panics, .. } = set.stands();
    let (pool, family) = (&*pool.name, set.family());
    if panicked != panics {
        let (pool, family) = (pool.to_owned(), family.to_string());
        history.add(clock::wall_now(), What::Panic { pool, family, panics });
    }
    match (panicked, panics) {
        (false, true) => tracing::warn!(
            pool,
            %family,
            healthy,
            total,
            "a pool panics: so few of its endpoints are up that those that probes call down are \
             answered too"
        ),
        (true, false) => {
            tracing::warn!(pool, %family, healthy, total, "a pool no longer panics");
        }
        _ => {}
    }
}

/// Each pool and family that panics.
fn panicking(view: &View) -> impl Iterator<Item = (&str, Family)> {
    (0..).zip(&view.world.inventory.pools).flat_map(move |(id, pool)| {
        let panicking = sets(view, id).filter(|set| set.stands().panics);
        panicking.map(|set| (&*pool.name, set.family()))
    })
}

fn sets(view: &View, id: PoolId) -> impl Iterator<Item = &Set> {
    view.pools.get(id).into_iter().flat_map(PoolState::sets)
}
