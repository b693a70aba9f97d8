//! Says when a pool begins to panic, and when it no longer does; each once.

use std::collections::HashSet;

use crate::health::PoolId;
use crate::steering::{Asked, PoolStands, Set};
use crate::view::View;

/// The families of addresses.
const FAMILIES: [(Asked, &str); 2] = [(Asked::A, "a"), (Asked::Aaaa, "aaaa")];

/// Logs what has changed since `before`, which is of the same world, and of which no other pools
/// were summed anew.
pub(super) fn tell(before: &View, after: &View, summed: &[PoolId]) {
    for pool in summed {
        for &(asked, family) in family_names(after, *pool) {
            let panicked = stands(before, *pool, asked).is_some_and(|stands| stands.panics);
            report(after, *pool, (asked, family), panicked);
        }
    }
}

/// The same, where the worlds may be different; at a start there is nothing before.
pub(super) fn tell_all(before: Option<&View>, after: &View) {
    let panicked: HashSet<(&str, &str)> = before.into_iter().flat_map(panicking).collect();
    for (id, pool) in (0..).zip(&after.world.inventory.pools) {
        for &(asked, family) in family_names(after, id) {
            report(after, id, (asked, family), panicked.contains(&(&*pool.name, family)));
        }
    }
}

fn report(view: &View, id: PoolId, (asked, family): (Asked, &str), panicked: bool) {
    let Some(stands) = stands(view, id, asked) else { return };
    let Some(pool) = view.world.inventory.pools.get(id as usize) else { return };
    let PoolStands { healthy, total, panics, .. } = stands;
    let pool = &*pool.name;
    match (panicked, panics) {
        (false, true) => tracing::warn!(
            pool,
            family,
            healthy,
            total,
            "a pool panics: so few of its endpoints are up that those that probes call down are \
             answered too"
        ),
        (true, false) => {
            tracing::warn!(pool, family, healthy, total, "a pool no longer panics");
        }
        _ => {}
    }
}

/// Each pool and family that panics.
fn panicking(view: &View) -> impl Iterator<Item = (&str, &str)> {
    (0..).zip(&view.world.inventory.pools).flat_map(move |(id, pool)| {
        let panics = move |asked| stands(view, id, asked).is_some_and(|stands| stands.panics);
        let families = family_names(view, id).iter().filter(move |(asked, _)| panics(*asked));
        families.map(|(_, family)| (&*pool.name, *family))
    })
}

/// The families that a pool has to be looked at for, with their names.
fn family_names(view: &View, id: PoolId) -> &'static [(Asked, &'static str)] {
    match view.world.inventory.pools.get(id as usize) {
        Some(pool) if pool.panic_below.is_none() => &[],
        Some(pool) if pool.answers_hosts() => &[(Asked::Alias, "cname")],
        _ => &FAMILIES,
    }
}

fn stands(view: &View, pool: PoolId, asked: Asked) -> Option<PoolStands> {
    view.pools.get(pool)?.set(asked).map(Set::stands)
}
