//! Says when a pool goes out of service, and when it is back; each once.

use std::collections::HashMap;

use crate::clock;
use crate::health::{Family, PoolId, Seen};
use crate::history::{History, What};
use crate::steering::{PoolState, Set};
use crate::uptime::Stand;
use crate::view::View;

/// What has changed since `before`, which is of the same world, and of which no other pools were summed
/// anew.
pub(super) fn tell(before: &View, after: &View, summed: &[PoolId], history: &History) {
    for id in summed {
        let Some(pool) = after.world.inventory.pools.get(*id as usize) else { continue };
        for set in after.pools.get(*id).into_iter().flat_map(PoolState::sets) {
            let was = before.pools.get(*id).and_then(|state| state.set_of(set.family()));
            report(&pool.name, set, was.map(stand), history);
        }
    }
}

/// The same, where the worlds may be different; at a start there is nothing before.
pub(super) fn tell_all(before: Option<&View>, after: &View, history: &History) {
    let before: HashMap<(&str, Family), Stand> = before.into_iter().flat_map(all).collect();
    for (id, pool) in (0..).zip(&after.world.inventory.pools) {
        for set in after.pools.get(id).into_iter().flat_map(PoolState::sets) {
            let was = before.get(&(&*pool.name, set.family())).copied();
            report(&pool.name, set, was, history);
        }
    }
}

/// What is new begins without a word.
fn report(pool: &str, set: &Set, was: Option<Stand>, history: &History) {
    let stand = stand(set);
    if was.is_some_and(|was| was != stand) {
        let (pool, family) = (pool.to_owned(), set.family().to_string());
        history.add(clock::wall_now(), What::Pool { pool, family, stand });
    }
}

fn all(view: &View) -> impl Iterator<Item = ((&str, Family), Stand)> {
    (0..).zip(&view.world.inventory.pools).flat_map(move |(id, pool)| {
        let sets = view.pools.get(id).into_iter().flat_map(PoolState::sets);
        sets.map(|set| ((&*pool.name, set.family()), stand(set)))
    })
}

/// How a pool stands for a family.
pub(super) fn stand(set: &Set) -> Stand {
    match set.stands().seen {
        Seen::Up | Seen::ForcedUp => Stand::Up,
        Seen::Failing | Seen::Lacking => Stand::Down,
        Seen::TakenOut => Stand::Away,
    }
}
