//! Says loudly when a steered name has nothing up any more, and when it has again; and what of the
//! files is hardly meant as it stands.
//!
//! By default such a name is answered as if all were up; somebody must know.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::{panics, stands};
use crate::clock;
use crate::finding::Finding;
use crate::health::PoolId;
use crate::history::{History, NAMED, What};
use crate::steering::{Asked, Pools, Set, SteeredName};
use crate::view::{View, World};
use crate::wire::Name;

/// How many names one line of the log lists.
const NAMES_LISTED: usize = 8;

/// One event of the history lists more, and of these there are no more than this at a time.
const EVENTS_AT_ONCE: usize = 10;

/// The families that a name is asked for.
const FAMILIES: [(Asked, &str); 2] = [(Asked::A, "A"), (Asked::Aaaa, "AAAA")];

/// Knows which names hang on which pool, so that a pool that falls costs no look at the others.
#[derive(Default)]
pub(super) struct Alarm(Mutex<Dependents>);

/// The names that hang on each pool of a world: zone, and index within it.
#[derive(Default)]
pub(super) struct Dependents {
    /// Only to be recognized by: a pointer that is not used again while this is held.
    world: Weak<World>,
    of_pool: Vec<Vec<(u32, u32)>>,
}

impl Dependents {
    pub(super) fn new(world: &Arc<World>) -> Self {
        let mut of_pool = vec![Vec::new(); world.inventory.pools.len()];
        for (zone, names) in (0..).zip(&world.steered) {
            for (index, name) in (0..).zip(names) {
                for pool in &name.slots {
                    if let Some(names) = of_pool.get_mut(*pool as usize) {
                        names.push((zone, index));
                    }
                }
            }
        }
        Self { world: Arc::downgrade(world), of_pool }
    }

    fn is_of(&self, world: &Arc<World>) -> bool {
        std::ptr::eq(self.world.as_ptr(), Arc::as_ptr(world))
    }
}

impl Alarm {
    /// Takes over what is known of a world that is served from now on.
    pub(super) fn expect(&self, dependents: Dependents) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = dependents;
    }

    /// Logs which names have nothing up any more for a family, and which have again, since
    /// `before`, which is of the same world, and of which no other pools were summed anew.
    pub(super) fn tell(
        &self,
        before: &View,
        after: &View,
        summed: impl IntoIterator<Item = PoolId>,
        history: &History,
    ) {
        let is_up = |view: &View, pool| FAMILIES.map(|(asked, _)| is_up(&view.pools, pool, asked));
        let mut moved =
            summed.into_iter().filter(|pool| is_up(before, *pool) != is_up(after, *pool));
        let Some(first) = moved.next() else { return };
        let mut dependents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !dependents.is_of(&after.world) {
            *dependents = Dependents::new(&after.world);
        }
        let names: BTreeSet<(u32, u32)> = std::iter::once(first)
            .chain(moved)
            .filter_map(|pool| dependents.of_pool.get(pool as usize))
            .flatten()
            .copied()
            .collect();
        let names = names.into_iter().filter_map(|(zone, index)| {
            after.world.steered.get(zone as usize)?.get(index as usize)
        });
        let changes = names.map(|name| Change::of(name, lost(name, &before.pools), &after.pools));
        report(changes, &after.pools, history);
    }
}

/// The same, where the worlds may be different; at a start there is nothing before. Also which
/// pools panic.
pub(super) fn tell_all(before: Option<&View>, after: &View, history: &History) {
    stands::tell_all(before, after, history);
    panics::tell_all(before, after, history);
    let was_lost: HashMap<_, [bool; 2]> = before
        .into_iter()
        .flat_map(|view| names(view).map(|name| (&name.owner, lost(name, &view.pools))))
        .filter(|(_, lost)| lost.contains(&true))
        .collect();
    let changes = names(after).map(|name| {
        let was_lost = was_lost.get(&name.owner).copied().unwrap_or_default();
        Change::of(name, was_lost, &after.pools)
    });
    report(changes, &after.pools, history);
}

/// For which families a name was lost, and is.
struct Change<'v> {
    name: &'v SteeredName,
    was_lost: [bool; 2],
    is_lost: [bool; 2],
}

impl<'v> Change<'v> {
    fn of(name: &'v SteeredName, was_lost: [bool; 2], pools: &Pools) -> Self {
        Self { name, was_lost, is_lost: lost(name, pools) }
    }

    fn which(&self, wanted: fn(bool, bool) -> bool) -> [bool; 2] {
        [0, 1].map(|family| wanted(self.was_lost[family], self.is_lost[family]))
    }
}

fn report<'v>(changes: impl Iterator<Item = Change<'v>>, pools: &Pools, history: &History) {
    let (mut losses, mut returns) = (Vec::new(), Vec::new());
    let (mut lost, mut found) = (Vec::new(), Vec::new());
    for change in changes {
        match (change.was_lost.contains(&true), change.is_lost.contains(&true)) {
            (false, true) => lost.push(&change.name.owner),
            (true, false) => found.push(&change.name.owner),
            _ => {}
        }
        losses.extend(shown(change.name, change.which(|was, is| !was && is), pools));
        returns.extend(shown(change.name, change.which(|was, is| was && !is), pools));
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
    tell_names(&lost, true, history);
    tell_names(&found, false, history);
}

/// Tells those who follow along of each name once, as long as there are not too many.
fn tell_names(names: &[&Name], degraded: bool, history: &History) {
    let all = names.len();
    for (n, some) in names.chunks(NAMED).take(EVENTS_AT_ONCE).enumerate() {
        let names = some.iter().map(ToString::to_string).collect();
        let is_last = n + 1 == EVENTS_AT_ONCE;
        let more = if is_last { all.saturating_sub(NAMED * EVENTS_AT_ONCE) } else { 0 };
        history.add(clock::wall_now(), What::Degraded { names, more, degraded });
    }
}

/// The names that have nothing up any more, for any family.
pub(super) fn lost_names(view: &View) -> impl Iterator<Item = &SteeredName> {
    names(view).filter(|name| lost(name, &view.pools).contains(&true))
}

fn names(view: &View) -> impl Iterator<Item = &SteeredName> {
    view.world.steered.iter().flatten()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Inventory;

    #[test]
    fn names_are_known_by_the_pools_that_they_hang_on() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |file: &str, text: &str| std::fs::write(folder.path().join(file), text).unwrap();
        let zone = "@ 60 SOA ns host 1 1h 15m 2w 30\n@ 60 NS ns.net.\n";
        write("a.example.zone", zone);
        write("b.example.zone", zone);
        write("a.example.toml", "[x]\nfailover = [\"p\", \"q\"]\n[y]\nfailover = [\"q\"]\n");
        write("b.example.toml", "[z]\nfailover = [\"q\"]\nall_down = \"p\"\n");
        let pool = |name: &str| format!("[pools.{name}]\nendpoints = [\"192.0.2.1\"]\n");
        write("pools.toml", &["p", "q", "r"].map(pool).concat());
        let places = crate::place::Places::unknown().into();
        let world = crate::config::load(folder.path(), places, "", 7).unwrap().world;
        let id = |name: &str| -> usize {
            let Inventory { pools, .. } = &*world.inventory;
            pools.iter().position(|pool| pool.name == name).unwrap()
        };
        let (p, q, r) = (id("p"), id("q"), id("r"));
        let of_pool = Dependents::new(&Arc::new(world)).of_pool;
        assert_eq!(of_pool[p], [(0, 0), (1, 0)]);
        assert_eq!(of_pool[q], [(0, 0), (0, 1), (1, 0)]);
        assert_eq!(of_pool[r], []);
    }
}
