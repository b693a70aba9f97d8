//! Planned maintenance put into practice: what leaves, is away and comes back as time passes.

mod judge;
mod plan;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use jiff::Timestamp;

use super::beliefs::Planned;
use super::running::Running;
use crate::admin::status::MaintenanceStatus;
use crate::clock;
use crate::finding::Finding;
use crate::health::Target;
use crate::history::What;
use crate::maintenance::{Occurrence, STEPS, Stage, Window, WindowText};
use crate::safety::{Broken, in_words};
use crate::state::Plans;
use crate::timestamp;
use crate::view::World;

/// What is planned by the API, and what is under way.
#[derive(Default)]
pub(super) struct Maintenance {
    /// By name, as it was written and as it was read.
    planned: Mutex<BTreeMap<String, (WindowText, Window)>>,
    /// How far each window is, by name, as was last told.
    told: Mutex<BTreeMap<String, Told>>,
}

/// What was last told of a window.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    occurrence: Occurrence,
    is_announced: bool,
    stage: Stage,
    /// The safety rules that keep it from leaving this time.
    breaks: Vec<Broken>,
    /// What it is of, and why, for whoever calls it off.
    target: Target,
    reason: String,
}

impl Told {
    /// How a window is at a moment, whatever the rules say; none if it will not come any more.
    fn at(window: &Window, at: SystemTime) -> Option<Self> {
        let (occurrence, is_announced, stage) = now(window, at)?;
        let (target, reason) = (window.target.clone(), window.reason.clone());
        Some(Self { occurrence, is_announced, stage, breaks: Vec::new(), target, reason })
    }

    fn has_begun(&self) -> bool {
        self.stage != Stage::Planned
    }

    fn is_refused(&self) -> bool {
        !self.breaks.is_empty()
    }

    /// The rules that keep it, in words.
    fn refused_by(&self) -> Option<String> {
        self.is_refused().then(|| in_words(&self.breaks))
    }

    /// Whether it leaves or is away: nobody may count on what it is of. What comes back can be counted on.
    fn is_out(&self) -> bool {
        !self.is_refused() && matches!(self.stage, Stage::Leaving(_) | Stage::Away)
    }

    /// Whether both tell of the same absence of the same thing.
    fn is_of_the_same(&self, other: &Self) -> bool {
        (self.occurrence, &self.target) == (other.occurrence, &other.target)
    }
}

impl Maintenance {
    /// With what was planned before.
    pub(super) fn new(plans: Plans) -> Self {
        let maintenance = Self::default();
        maintenance.plan_anew(plans);
        maintenance
    }

    /// With these in place of all that was planned by the API.
    pub(super) fn plan_anew(&self, plans: Plans) {
        let read = |(name, text): (String, WindowText)| {
            let window = text.read(&name);
            if window.is_err() {
                tracing::error!(maintenance = name, "planned maintenance cannot be read any more");
            }
            Some((name, (text, window.ok()?)))
        };
        *self.planned() = plans.into_iter().filter_map(read).collect();
    }

    fn planned(&self) -> MutexGuard<'_, BTreeMap<String, (WindowText, Window)>> {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All windows: those of the files, and those of the API whose names the files do not have.
    fn windows(&self, world: &World) -> Vec<Window> {
        let is_in_files = |name: &String| world.maintenance.iter().any(|w| w.name == *name);
        let planned = self.planned();
        let planned = planned.iter().filter(|(name, _)| !is_in_files(name));
        let planned = planned.map(|(_, (_, window))| window.clone());
        world.maintenance.iter().cloned().chain(planned).collect()
    }

    /// What is planned beside the files, and not over, does not end because files come to have one of its name.
    ///
    /// # Errors
    ///
    /// They have, and did not `before`.
    pub(super) fn no_other_is_hidden_by(
        &self,
        world: &World,
        before: &World,
    ) -> Result<(), Vec<Finding>> {
        let at = clock::wall_now();
        let has = |world: &World, name: &str| world.maintenance.iter().any(|w| w.name == name);
        let is_to_come = |name: &str| {
            self.planned().get(name).is_some_and(|(_, window)| now(window, at).is_some())
        };
        let hides = |window: &&Window| is_to_come(&window.name) && !has(before, &window.name);
        let finding = |window: &Window| {
            let name = &window.name;
            let (file, line, column) = window.place.clone().unwrap_or_default();
            let found = format!(
                "maintenance {name}, one of which is planned beside the files, and not over"
            );
            let expected =
                format!("another name, or first `steersman maintenance call-off {name}`");
            Finding::at(file, (line, column), found, expected)
        };
        let findings: Vec<Finding> = world.maintenance.iter().filter(hides).map(finding).collect();
        if findings.is_empty() { Ok(()) } else { Err(findings) }
    }

    /// Looks up the TTLs of a world that is about to be served.
    pub(super) fn expect(&self, world: &World) {
        for window in world.maintenance.iter().filter(|w| self.planned().contains_key(&w.name)) {
            tracing::warn!(
                maintenance = window.name,
                "the files have maintenance of the same name as what was planned beside them, which is hidden"
            );
        }
        for (_, window) in self.planned().values_mut() {
            window.ttl = world.longest_ttl(&window.target);
        }
    }

    fn told(&self) -> MutexGuard<'_, BTreeMap<String, Told>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    /// Whether any window is at another step than was last told.
    pub(super) fn is_maintenance_due(&self, now: SystemTime) -> bool {
        let view = self.live.load();
        let windows = self.maintenance.windows(&view.world);
        let told = self.maintenance.told();
        let is_gone = |name: &String| !windows.iter().any(|window| window.name == *name);
        told.keys().any(is_gone)
            || windows.iter().any(|window| {
                let known = told.get(&window.name);
                match self::now(window, now) {
                    None => known.is_some(),
                    Some((occurrence, is_announced, stage)) => known.is_none_or(|known| {
                        (known.occurrence, known.is_announced, known.stage)
                            != (occurrence, is_announced, stage)
                            || known.target != window.target
                    }),
                }
            })
    }

    /// Goes on to what is so by a clock. It waits for whoever sets overrides, plans or calls off, so that nothing
    /// is told twice, and nobody takes away meanwhile what a rule has counted on.
    pub(super) fn pass_maintenance(&self, clock: impl FnOnce() -> SystemTime) {
        let _decision = self.decision();
        // Looked at after the wait: time does not go back.
        self.go_on_with_maintenance(clock());
    }

    /// The same, if it is due and nobody has to be waited for; else at the next look. So while the disk holds up a
    /// person's change, nothing is taken away that the change may have counted on.
    pub(super) fn pass_maintenance_at_once(&self, now: SystemTime) {
        if !self.is_maintenance_due(now) {
            return;
        }
        if let Some(_decision) = self.decision_at_once() {
            self.go_on_with_maintenance(now);
        }
    }

    /// The same, for whoever decides.
    fn go_on_with_maintenance(&self, now: SystemTime) {
        let _turn = self.turn();
        let view = self.live.load_full();
        let windows = self.maintenance.windows(&view.world);
        let before = self.maintenance.told().clone();
        let told = match before.is_empty() {
            // At the start nothing is known yet.
            true => self.judged(&view, &windows, &self.recalled(&view, &windows, now), now),
            false => self.judged(&view, &windows, &before, now),
        };
        for (name, known) in &before {
            if told.get(name).is_none_or(|next| next.target != known.target) {
                self.tell_called_off(name, known);
            }
        }
        for (window, next) in windows.iter().filter_map(|w| Some((w, told.get(&w.name)?))) {
            let known = before.get(&window.name).filter(|known| known.is_of_the_same(next));
            self.tell_maintenance(window, known, next);
        }
        *self.maintenance.told() = told;
        self.beliefs.plan(self.tenths(&view.world, now));
        self.sum_all_pools();
    }

    /// The windows of a world of which something was told that still holds, and that no rule keeps back.
    fn maintenance_in_force(&self, world: &World, now: SystemTime) -> Vec<(Window, Told)> {
        let windows = self.maintenance.windows(world);
        let told = self.maintenance.told();
        let in_force = windows.into_iter().filter_map(|window| {
            let known = told.get(&window.name).filter(|known| !known.is_refused())?;
            let known = known.is_of_the_same(&Told::at(&window, now)?).then(|| known.clone())?;
            Some((window, known))
        });
        in_force.collect()
    }

    /// How many tenths of their clients those pools keep that do not keep all.
    pub(super) fn tenths(&self, world: &World, now: SystemTime) -> Planned {
        let mut tenths = Planned::new();
        for (window, told) in self.maintenance_in_force(world, now) {
            for pool in window.target.pools_in(&world.inventory) {
                let least = tenths.entry(pool).or_insert(STEPS);
                *least = told.stage.tenths().min(*least);
            }
        }
        tenths.retain(|_, tenths| *tenths < STEPS);
        tenths
    }

    /// The pools that leave or are away, as if all of them had left: nobody may count on them.
    pub(super) fn away(&self, world: &World, now: SystemTime) -> Planned {
        let out = self.maintenance_in_force(world, now).into_iter().filter(|(_, t)| t.is_out());
        out.flat_map(|(window, _)| judge::without(&window, &world.inventory)).collect()
    }

    fn tell_maintenance(&self, window: &Window, known: Option<&Told>, next: &Told) {
        let word = |told: &Told| match told {
            told if told.is_refused() => Some("refused"),
            Told { stage: Stage::Leaving(_), .. } => Some("leaving"),
            Told { stage: Stage::Away, .. } => Some("away"),
            Told { stage: Stage::Returning(_), .. } => Some("returning"),
            Told { is_announced: true, .. } => Some("announced"),
            Told { .. } => None,
        };
        let Some(stage) = word(next).filter(|_| known.and_then(word) != word(next)) else {
            return;
        };
        for Broken { rule, why } in &next.breaks {
            tracing::error!(
                maintenance = window.name, target_name = %window.target, rule, why,
                "the maintenance would break a safety rule, and does not begin"
            );
        }
        tracing::info!(maintenance = window.name, target_name = %window.target, stage, reason = window.reason, "maintenance");
        let what = What::Maintenance {
            name: window.name.clone(),
            target: window.target.to_string(),
            stage: stage.into(),
            start: next.occurrence.start.to_string(),
            end: next.occurrence.end.to_string(),
            reason: window.reason.clone(),
            refused_by: next.refused_by(),
        };
        self.history.add(clock::wall_now(), what);
    }

    /// Who was told that it comes, or goes on, hears that it does not, or no longer: it was called off, or taken
    /// out of the files.
    fn tell_called_off(&self, name: &str, known: &Told) {
        let Told { occurrence, is_announced, stage, target, reason, .. } = known;
        let is_over = matches!(stage, Stage::Returning(_));
        if is_over || (*stage == Stage::Planned && !is_announced) {
            return;
        }
        tracing::info!(maintenance = name, target_name = %target, stage = "called_off", reason, "maintenance");
        let what = What::Maintenance {
            name: name.to_owned(),
            target: target.to_string(),
            stage: "called_off".into(),
            start: occurrence.start.to_string(),
            end: occurrence.end.to_string(),
            reason: reason.clone(),
            refused_by: None,
        };
        self.history.add(clock::wall_now(), what);
    }

    /// All windows that are still to come or under way.
    pub(super) fn maintenance_statuses(&self, world: &World) -> Vec<MaintenanceStatus> {
        let windows = self.maintenance.windows(world);
        let told = self.maintenance.told();
        let at = clock::wall_now();
        let status = |window: &Window| {
            // What is in force, which time may have overtaken by a moment.
            let known = told.get(&window.name).filter(|known| known.target == window.target);
            known.cloned().or_else(|| Told::at(window, at)).map(|told| status(window, &told))
        };
        windows.iter().filter_map(status).collect()
    }
}

fn status(window: &Window, told: &Told) -> MaintenanceStatus {
    let Told { occurrence, stage, .. } = told;
    MaintenanceStatus {
        name: window.name.clone(),
        target: window.target.to_string(),
        stage: match stage {
            _ if told.is_refused() => "refused",
            Stage::Planned => "planned",
            Stage::Leaving(_) => "leaving",
            Stage::Away => "away",
            Stage::Returning(_) => "returning",
        }
        .into(),
        percent: if told.is_refused() { 100 } else { 10 * u32::from(stage.tenths()) },
        start: timestamp::to_rfc3339_seconds(occurrence.start.into()),
        end: timestamp::to_rfc3339_seconds(occurrence.end.into()),
        reason: window.reason.clone(),
        refused_by: told.refused_by(),
    }
}

/// The occurrence of a window that matters now, whether it is announced, and how far it is.
fn now(window: &Window, now: SystemTime) -> Option<(Occurrence, bool, Stage)> {
    let now = Timestamp::try_from(now).ok()?;
    let occurrence = window.occurrence(now)?;
    let stage = window.stage(occurrence, now);
    Some((occurrence, now >= window.announced(occurrence), stage))
}
