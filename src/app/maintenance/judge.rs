//! Which windows safety rules keep from leaving.
//!
//! A window is judged once, when it begins to leave, and stays where it is for this time if a rule would break.
//! Those that begin at the same moment are judged in the order of their names. Each is held against all that
//! leaves or is away by then, as if that had left already; what is refused, or comes back, is not away.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use jiff::Timestamp;

use super::Told;
use crate::app::beliefs::Planned;
use crate::app::rules::{first_broken, later};
use crate::app::running::Running;
use crate::health::{Inventory, Overrides, PoolId};
use crate::maintenance::{Occurrence, Window};
use crate::safety::{Broken, broken};
use crate::shares::Given;
use crate::view::View;

/// So many beginnings are looked back at, at most.
const MOST_BEGINNINGS: usize = 100;

impl Running {
    /// How all windows are at a moment, after what was told of them `before`; for whoever has the turn.
    pub(super) fn judged(
        &self,
        view: &View,
        windows: &[Window],
        before: &BTreeMap<String, Told>,
        now: SystemTime,
    ) -> BTreeMap<String, Told> {
        let known = |window: &Window, told: &Told| {
            let known = before.get(&window.name);
            known.filter(|known| known.has_begun() && known.is_of_the_same(told))
        };
        let all = windows.iter().filter_map(|window| Some((window, Told::at(window, now)?)));
        let (mut judged, mut new): (Vec<_>, Vec<_>) =
            all.partition(|(window, told)| !told.has_begun() || known(window, told).is_some());
        for (window, told) in judged.iter_mut().filter(|(_, told)| told.has_begun()) {
            told.breaks = known(window, told).map(|known| known.breaks.clone()).unwrap_or_default();
        }
        let inventory = &view.world.inventory;
        let out = judged.iter().filter(|(_, told)| told.is_out());
        let mut away: Planned = out.flat_map(|(window, _)| without(window, inventory)).collect();
        new.sort_by_key(|(window, told)| (window.leaves(told.occurrence), &window.name));
        for (window, mut told) in new {
            told.breaks = self.would_break(view, window, told.occurrence, &away);
            if told.is_out() {
                away.extend(without(window, inventory));
            }
            judged.push((window, told));
        }
        judged.into_iter().map(|(window, told)| (window.name.clone(), told)).collect()
    }

    /// What would have been told of all windows that are under way by whoever had looked when they began to
    /// leave: a restart changes nothing. As far as files, overrides and verdicts were then what they are now.
    pub(super) fn recalled(
        &self,
        view: &View,
        windows: &[Window],
        now: SystemTime,
    ) -> BTreeMap<String, Told> {
        let beginnings = beginnings(windows, now).into_iter();
        beginnings.fold(BTreeMap::new(), |told, at| self.judged(view, windows, &told, at.into()))
    }

    /// How a window would be at a moment if it were planned, in place of one of its name.
    pub(super) fn if_planned(&self, window: &Window, now: SystemTime) -> Option<Told> {
        let _turn = self.turn();
        let view = self.live.load_full();
        let mut windows = self.maintenance.windows(&view.world);
        windows.retain(|known| known.name != window.name);
        windows.push(window.clone());
        let mut before = self.maintenance.told().clone();
        // Whoever asks again is answered anew.
        before.retain(|name, told| *name != window.name || !told.is_refused());
        self.judged(&view, &windows, &before, now).remove(&window.name)
    }

    /// The safety rules that its absence would break, while others are away.
    fn would_break(
        &self,
        view: &View,
        window: &Window,
        occurrence: Occurrence,
        away: &Planned,
    ) -> Vec<Broken> {
        if view.world.rules.is_empty() {
            return Vec::new();
        }
        let overrides = self.beliefs.overrides().clone();
        let mut with_it = away.clone();
        with_it.extend(without(window, &view.world.inventory));
        let judged = |overrides: &Overrides| {
            let before = self.beliefs.pools_as(view, overrides, away);
            let after = self.beliefs.pools_as(view, overrides, &with_it);
            let given = |pools| Given { world: &view.world, pools };
            broken(&view.world.rules, given(&before), given(&after))
        };
        let later = later([&overrides], Some(occurrence.end.into())).map(|[later]| later);
        first_broken([Some(overrides), later].iter().flatten().map(judged))
    }
}

/// What is without its clients when a window is on.
pub(super) fn without(window: &Window, inventory: &Inventory) -> Vec<(PoolId, u8)> {
    window.target.pools_in(inventory).into_iter().map(|pool| (pool, 0)).collect()
}

/// When those windows began to leave that are under way, and those that were under way at these moments, and so
/// on.
fn beginnings(windows: &[Window], now: SystemTime) -> BTreeSet<Timestamp> {
    let mut found = BTreeSet::new();
    let mut left: Vec<Timestamp> = Timestamp::try_from(now).into_iter().collect();
    while let Some(at) = left.pop() {
        let began = windows.iter().filter_map(|window| Some(window.leaves(window.occurrence(at)?)));
        for began in began.filter(|began| *began <= at) {
            if found.len() < MOST_BEGINNINGS && found.insert(began) {
                left.push(began);
            }
        }
    }
    found
}
