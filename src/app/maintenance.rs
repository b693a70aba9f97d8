//! Planned maintenance put into practice: what leaves, is away and comes back as time passes.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use jiff::Timestamp;

use super::beliefs::Planned;
use super::running::Running;
use crate::admin::PlanError;
use crate::admin::status::MaintenanceStatus;
use crate::clock;
use crate::health::Target;
use crate::history::What;
use crate::maintenance::{Occurrence, STEPS, Stage, Window, WindowText, Wrong};
use crate::safety::broken;
use crate::shares::Given;
use crate::state::{Author, Change, Plans};
use crate::timestamp;
use crate::view::{View, World};

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
    /// Whether a safety rule keeps it from leaving this time.
    is_refused: bool,
    /// What it is of, and why, for whoever calls it off.
    target: Target,
    reason: String,
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

    /// Looks up the TTLs of a world that is about to be served.
    pub(super) fn expect(&self, world: &World) {
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
                    }),
                }
            })
    }

    /// Goes on to what is so now.
    pub(super) fn pass_maintenance(&self, now: SystemTime) {
        let view = self.live.load_full();
        let before = self.maintenance.told().clone();
        let mut told = BTreeMap::new();
        for window in &self.maintenance.windows(&view.world) {
            let Some((occurrence, is_announced, stage)) = self::now(window, now) else {
                continue;
            };
            let known = before.get(&window.name).filter(|known| known.occurrence == occurrence);
            let leaves = stage != Stage::Planned;
            let has_left = known.is_some_and(|known| known.stage != Stage::Planned);
            let is_refused = match leaves && !has_left {
                true => self.would_break(&view, window),
                false => known.is_some_and(|known| known.is_refused),
            };
            let (target, reason) = (window.target.clone(), window.reason.clone());
            let next = Told { occurrence, is_announced, stage, is_refused, target, reason };
            self.tell_maintenance(window, known, &next);
            told.insert(window.name.clone(), next);
        }
        for (name, known) in before.iter().filter(|(name, _)| !told.contains_key(*name)) {
            self.tell_called_off(name, known);
        }
        *self.maintenance.told() = told;
        self.beliefs.plan(self.tenths(&view.world));
        self.refresh_pools();
    }

    /// How many tenths of their clients those pools keep that do not keep all.
    pub(super) fn tenths(&self, world: &World) -> Planned {
        let windows = self.maintenance.windows(world);
        let told = self.maintenance.told();
        let mut tenths = Planned::new();
        for window in &windows {
            let Some(told) = told.get(&window.name).filter(|told| !told.is_refused) else {
                continue;
            };
            for pool in window.target.pools_in(&world.inventory) {
                let least = tenths.entry(pool).or_insert(STEPS);
                *least = told.stage.tenths().min(*least);
            }
        }
        tenths.retain(|_, tenths| *tenths < STEPS);
        tenths
    }

    /// Whether its absence would break a safety rule: then it stays where it is.
    fn would_break(&self, view: &View, window: &Window) -> bool {
        let mut away = self.tenths(&view.world);
        away.extend(
            window.target.pools_in(&view.world.inventory).into_iter().map(|pool| (pool, 0)),
        );
        let after = self.beliefs.pools_without(view, &away);
        let before = Given { world: &view.world, pools: &view.pools };
        let after = Given { world: &view.world, pools: &after };
        let broken = broken(&view.world.rules, before, after);
        for broken in &broken {
            tracing::error!(
                maintenance = window.name, target_name = %window.target, rule = broken.rule, why = broken.why,
                "the maintenance would break a safety rule, and does not begin"
            );
        }
        !broken.is_empty()
    }

    fn tell_maintenance(&self, window: &Window, known: Option<&Told>, next: &Told) {
        let word = |told: &Told| match told {
            Told { is_refused: true, .. } => Some("refused"),
            Told { stage: Stage::Leaving(_), .. } => Some("leaving"),
            Told { stage: Stage::Away, .. } => Some("away"),
            Told { stage: Stage::Returning(_), .. } => Some("returning"),
            Told { is_announced: true, .. } => Some("announced"),
            Told { .. } => None,
        };
        let Some(stage) = word(next).filter(|_| known.and_then(word) != word(next)) else {
            return;
        };
        tracing::info!(maintenance = window.name, target_name = %window.target, stage, reason = window.reason, "maintenance");
        let what = What::Maintenance {
            name: window.name.clone(),
            target: window.target.to_string(),
            stage: stage.into(),
            start: next.occurrence.start.to_string(),
            end: next.occurrence.end.to_string(),
            reason: window.reason.clone(),
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
        };
        self.history.add(clock::wall_now(), what);
    }

    /// Plans maintenance for `by`, durably, in place of what had the name.
    pub(super) fn plan_maintenance(
        &self,
        name: &str,
        text: WindowText,
        by: &Author,
    ) -> Result<(), PlanError> {
        let _decision = self.decision();
        let view = self.live.load_full();
        if view.world.maintenance.iter().any(|window| window.name == name) {
            return Err(PlanError::InFiles);
        }
        let mut window = text.read(name).map_err(PlanError::Wrong)?;
        if now(&window, clock::wall_now()).is_none() {
            let expected = "an end that is still to come: this window is over";
            return Err(PlanError::Wrong(vec![Wrong { field: "end", expected }]));
        }
        if let Some(unknown) = self.unknown(&window.target) {
            return Err(PlanError::Override(window.target, unknown));
        }
        window.ttl = view.world.longest_ttl(&window.target);
        let before = self.maintenance.planned().get(name).map(|(text, _)| text.clone());
        let change = Change::Plan { name: name.into(), before, after: text.clone() };
        self.store.audit(clock::wall_now(), by, &change).map_err(PlanError::NotDurable)?;
        self.maintenance.planned().insert(name.into(), (text, window));
        self.pass_maintenance(clock::wall_now());
        Ok(())
    }

    /// Calls it off for `by`, durably.
    pub(super) fn call_off_maintenance(&self, name: &str, by: &Author) -> Result<(), PlanError> {
        let _decision = self.decision();
        let before = self.maintenance.planned().get(name).map(|(text, _)| text.clone());
        let Some(before) = before else {
            let is_in_files = self.live.load().world.maintenance.iter().any(|w| w.name == name);
            return Err(if is_in_files { PlanError::InFiles } else { PlanError::Unknown });
        };
        let change = Change::Unplan { name: name.into(), before };
        self.store.audit(clock::wall_now(), by, &change).map_err(PlanError::NotDurable)?;
        self.maintenance.planned().remove(name);
        self.pass_maintenance(clock::wall_now());
        Ok(())
    }

    /// All windows that are still to come or under way.
    pub(super) fn maintenance_statuses(&self, world: &World) -> Vec<MaintenanceStatus> {
        let windows = self.maintenance.windows(world);
        let told = self.maintenance.told();
        let at = clock::wall_now();
        let status = |window: &Window| {
            // What is in force, which time may have overtaken by a moment.
            let known = told.get(&window.name);
            let (occurrence, stage) = match known {
                Some(told) => (told.occurrence, told.stage),
                None => now(window, at).map(|(occurrence, _, stage)| (occurrence, stage))?,
            };
            let is_refused = known.is_some_and(|told| told.is_refused);
            Some(MaintenanceStatus {
                name: window.name.clone(),
                target: window.target.to_string(),
                stage: match stage {
                    _ if is_refused => "refused",
                    Stage::Planned => "planned",
                    Stage::Leaving(_) => "leaving",
                    Stage::Away => "away",
                    Stage::Returning(_) => "returning",
                }
                .into(),
                percent: if is_refused { 100 } else { 10 * u32::from(stage.tenths()) },
                start: timestamp::to_rfc3339_seconds(occurrence.start.into()),
                end: timestamp::to_rfc3339_seconds(occurrence.end.into()),
                reason: window.reason.clone(),
            })
        };
        windows.iter().filter_map(status).collect()
    }
}

/// The occurrence of a window that matters now, whether it is announced, and how far it is.
fn now(window: &Window, now: SystemTime) -> Option<(Occurrence, bool, Stage)> {
    let now = Timestamp::try_from(now).ok()?;
    let occurrence = window.occurrence(now)?;
    let stage = window.stage(occurrence, now);
    Some((occurrence, now >= window.announced(occurrence), stage))
}
