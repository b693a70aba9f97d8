//! Safety rules held against what people and files are about to do. Nobody may count on what leaves for maintenance:
//! it is taken for away.

use std::time::SystemTime;

use super::running::Running;
use crate::admin::OverrideError;
use crate::clock;
use crate::finding::Finding;
use crate::health::{Override, OverrideState, Overrides};
use crate::safety::{Broken, broken};
use crate::shares::Given;
use crate::state::Author;
use crate::view::World;

impl Running {
    /// Whether a person may change the overrides so; returns them, with the rules that they break on
    /// purpose.
    pub(super) fn allowed(
        &self,
        by: &Author,
        change: impl FnOnce(&mut Overrides),
    ) -> Result<Author, OverrideError> {
        let turn = self.turn();
        let view = self.live.load_full();
        if view.world.rules.is_empty() {
            return Ok(by.clone());
        }
        let before = self.beliefs.overrides().clone();
        let mut after = before.clone();
        change(&mut after);
        let away = self.away(&view.world, clock::wall_now());
        let stand = |overrides: &Overrides| self.beliefs.pools_as(&view, overrides, &away);
        let later = later([&before, &after], lasts(&before, &after));
        let mut moments = vec![[stand(&before), stand(&after)]];
        moments.extend(later.map(|both| both.each_ref().map(stand)));
        // Many rules over many names take their time, and verdicts do not wait for that.
        drop(turn);
        let given = |pools| Given { world: &view.world, pools };
        let broken = first_broken(
            moments
                .iter()
                .map(|[before, after]| broken(&view.world.rules, given(before), given(after))),
        );
        forced(by, &broken).ok_or(OverrideError::Breaks(broken))
    }

    /// The same of a world that is about to be served. Its own rules are in force.
    pub(super) fn may_serve(&self, world: &World, by: &Author) -> Result<Author, Vec<Finding>> {
        if world.rules.is_empty() {
            return Ok(by.clone());
        }
        let (view, now) = (self.live.load_full(), clock::wall_now());
        let overrides = self.beliefs.overrides().clone();
        let away_before = self.away(&view.world, now);
        // A window that the files have begun, or aimed elsewhere, is judged when it is looked at.
        let away = self.away(world, now);
        let judged = |overrides: &Overrides| {
            let before = self.beliefs.pools_as(&view, overrides, &away_before);
            let after = self.beliefs.pools_of(&view, &world.inventory, overrides, &away);
            let before = Given { world: &view.world, pools: &before };
            broken(&world.rules, before, Given { world, pools: &after })
        };
        let later = later([&overrides], None).map(|[later]| later);
        let broken = first_broken([Some(overrides), later].iter().flatten().map(judged));
        forced(by, &broken).ok_or_else(|| findings(world, &broken))
    }
}

/// Until when it makes a difference whether overrides are these or those; none: for good.
fn lasts(before: &Overrides, after: &Overrides) -> Option<SystemTime> {
    let all = before.iter().chain(after.iter());
    let changed = all.filter(|(target, _)| before.get(target) != after.get(target));
    // What has no end lasts longest.
    let mut last = None;
    for (_, what) in changed {
        last = last.max(Some(what.until?));
    }
    last
}

/// Overrides as they are once all has ended that is said to be up for less long than `until`, if anything is: what
/// breaks only then, nobody would have forced.
pub(super) fn later<const N: usize>(
    all: [&Overrides; N],
    until: Option<SystemTime>,
) -> Option<[Overrides; N]> {
    let ends_sooner = |what: &Override| {
        let ends = what.until.filter(|ends| until.is_none_or(|until| *ends < until));
        ends.filter(|_| what.state == OverrideState::Up)
    };
    let ends = all.iter().flat_map(|overrides| overrides.iter());
    let first = ends.filter_map(|(_, what)| ends_sooner(what)).min()?;
    Some(all.map(|overrides| {
        let mut later = overrides.clone();
        later.expire(first);
        let sooner = overrides.iter().filter(|(_, what)| ends_sooner(what).is_some());
        sooner.for_each(|(target, _)| drop(later.clear(target)));
        later
    }))
}

/// The rules that are broken at the first of some moments at which any is.
pub(super) fn first_broken(moments: impl Iterator<Item = Vec<Broken>>) -> Vec<Broken> {
    moments.into_iter().find(|broken| !broken.is_empty()).unwrap_or_default()
}

/// Whoever breaks these rules, if they want to.
fn forced(by: &Author, broken: &[Broken]) -> Option<Author> {
    if broken.is_empty() {
        return Some(by.clone());
    }
    if !by.forces {
        return None;
    }
    for Broken { rule, why } in broken {
        tracing::warn!(rule, why, %by, "a safety rule is broken on purpose");
    }
    let breaks = broken.iter().map(|broken| broken.rule.clone()).collect();
    Some(Author { breaks, ..by.clone() })
}

fn findings(world: &World, broken: &[Broken]) -> Vec<Finding> {
    let finding = |Broken { rule, why }: &Broken| {
        let place = world.rules.iter().find(|known| known.name == *rule).map(|known| &known.place);
        let (file, line, column) = place.cloned().unwrap_or_default();
        let found = format!("rule {rule}, which this load would break: {why}");
        let expected = "files that keep it, or `reload --force` by an admin";
        Finding { rule: Some(rule.clone()), ..Finding::at(file, (line, column), found, expected) }
    };
    broken.iter().map(finding).collect()
}
