//! Safety rules held against what people and files are about to do. Nobody may count on what leaves for maintenance:
//! it is taken for away.

use super::running::Running;
use crate::admin::OverrideError;
use crate::clock;
use crate::finding::Finding;
use crate::health::{Override, OverrideState, Overrides, Target};
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
        let overrides = self.beliefs.overrides().clone();
        let away = self.away(&view.world, clock::wall_now());
        let before = self.beliefs.pools_as(&view, &overrides, &away);
        let after = self.beliefs.pools_as(&view, &to_come(&overrides, change), &away);
        // Many rules over many names take their time, and verdicts do not wait for that.
        drop(turn);
        let before = Given { world: &view.world, pools: &before };
        let after = Given { world: &view.world, pools: &after };
        let broken = broken(&view.world.rules, before, after);
        forced(by, &broken).ok_or(OverrideError::Breaks(broken))
    }

    /// The same of a world that is about to be served. Its own rules are in force.
    pub(super) fn may_serve(&self, world: &World, by: &Author) -> Result<Author, Vec<Finding>> {
        if world.rules.is_empty() {
            return Ok(by.clone());
        }
        let (view, now) = (self.live.load_full(), clock::wall_now());
        let overrides = self.beliefs.overrides().clone();
        let before = self.beliefs.pools_as(&view, &overrides, &self.away(&view.world, now));
        // A window that the files have begun, or aimed elsewhere, is judged when it is looked at.
        let away = self.away(world, now);
        let pools = self.beliefs.pools_of(&view, &world.inventory, &away);
        let before = Given { world: &view.world, pools: &before };
        let broken = broken(&world.rules, before, Given { world, pools: &pools });
        forced(by, &broken).ok_or_else(|| findings(world, &broken))
    }
}

/// The overrides after a change, but for what is said to be up for less long than the change holds: when that ends, a
/// rule would break that nobody has forced.
fn to_come(overrides: &Overrides, change: impl FnOnce(&mut Overrides)) -> Overrides {
    let mut after = overrides.clone();
    change(&mut after);
    let is_new = |(target, what): &(&Target, &Override)| overrides.get(target) != Some(what);
    let Some(until) = after.iter().find(is_new).map(|(_, what)| what.until) else { return after };
    let ends_sooner = |(target, what): (&Target, &Override)| {
        let ends = what.until.filter(|ends| until.is_none_or(|until| *ends < until));
        (what.state == OverrideState::Up && ends.is_some()).then(|| target.clone())
    };
    let sooner: Vec<Target> = after.iter().filter_map(ends_sooner).collect();
    for target in sooner {
        after.clear(&target);
    }
    after
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
