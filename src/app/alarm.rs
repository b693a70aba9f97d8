//! Says loudly when a steered name has nothing up any more, and when it has again; and what of the
//! files is hardly meant as it stands.
//!
//! By default such a name is answered as if all were up; somebody must know.

use std::collections::HashMap;

use crate::finding::Finding;
use crate::health::PoolId;
use crate::steering::{Asked, Pools, Set, SteeredName};
use crate::view::View;

/// How many names one line of the log lists.
const NAMES_LISTED: usize = 8;

/// The families that a name is asked for.
const FAMILIES: [(Asked, &str); 2] = [(Asked::A, "A"), (Asked::Aaaa, "AAAA")];

/// Logs which names have nothing up any more for a family, and which have again, since `before`;
/// at a start there is nothing before.
pub(super) fn tell(before: Option<&View>, after: &View) {
    if before.is_some_and(|before| no_pool_moved(before, after)) {
        return;
    }
    let was_lost: HashMap<_, [bool; 2]> = before
        .into_iter()
        .flat_map(|view| names(view).map(|name| (&name.owner, lost(name, &view.pools))))
        .filter(|(_, lost)| lost.contains(&true))
        .collect();
    let (mut losses, mut returns) = (Vec::new(), Vec::new());
    for name in names(after) {
        let was_lost = was_lost.get(&name.owner).copied().unwrap_or_default();
        let is_lost = lost(name, &after.pools);
        let which = |wanted: fn(bool, bool) -> bool| {
            [0, 1].map(|family| wanted(was_lost[family], is_lost[family]))
        };
        losses.extend(shown(name, which(|was, is| !was && is), &after.pools));
        returns.extend(shown(name, which(|was, is| was && !is), &after.pools));
    }
    if !losses.is_empty() {
        tracing::error!(
            names = listed(&losses),
            "ALL DOWN: not one pool of these names is up; they are answered as their all_down says"
        );
    }
    if !returns.is_empty() {
        tracing::warn!(names = listed(&returns), "these names have a pool that is up again");
    }
}

fn names(view: &View) -> impl Iterator<Item = &SteeredName> {
    view.world.steered.iter().flatten()
}

/// Whether each pool is as up or down as before, in the same world.
fn no_pool_moved(before: &View, after: &View) -> bool {
    let count = after.world.inventory.pools.len() as PoolId;
    let is_up = |view: &View, pool| FAMILIES.map(|(asked, _)| is_up(&view.pools, pool, asked));
    std::ptr::eq(&*before.world, &*after.world)
        && (0..count).all(|pool| is_up(before, pool) == is_up(after, pool))
}

/// For which families a name has pools, and not one that is up.
fn lost(name: &SteeredName, pools: &Pools) -> [bool; 2] {
    let has = has(name, pools);
    let any_up = FAMILIES.map(|(asked, _)| {
        name.policy.any_pool(&mut |pool| is_up(pools, pool, asked) == Some(true))
    });
    [0, 1].map(|family| has[family] && !any_up[family])
}

/// For which families a name has pools.
fn has(name: &SteeredName, pools: &Pools) -> [bool; 2] {
    FAMILIES.map(|(asked, _)| name.policy.any_pool(&mut |pool| is_up(pools, pool, asked).is_some()))
}

/// Whether a pool is up for a family; none if it has no endpoint of it.
fn is_up(pools: &Pools, pool: PoolId, asked: Asked) -> Option<bool> {
    pools.get(pool)?.set(asked).map(Set::is_up)
}

/// A name, with the families that are meant unless it has no others; none if none is meant.
fn shown(name: &SteeredName, families: [bool; 2], pools: &Pools) -> Option<String> {
    if !families.contains(&true) {
        return None;
    }
    if families == has(name, pools) {
        return Some(name.owner.to_string());
    }
    let words =
        FAMILIES.iter().zip(families).filter(|(_, meant)| *meant).map(|(family, _)| family.1);
    Some(format!("{} ({})", name.owner, words.collect::<Vec<_>>().join(", ")))
}

/// Logs what of the files was loaded, but is hardly meant as it stands.
pub(super) fn tell_warnings(warnings: &[Finding]) {
    for finding in warnings {
        tracing::warn!(%finding, "a file is loaded, but hardly meant as it stands");
    }
}

fn listed(names: &[String]) -> String {
    let mut text = names.iter().take(NAMES_LISTED).cloned().collect::<Vec<_>>().join(" ");
    if names.len() > NAMES_LISTED {
        text.push_str(&format!(" and {} more", names.len() - NAMES_LISTED));
    }
    text
}
