//! Planned maintenance put into practice: what leaves, is away and comes back as time passes.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use jiff::Timestamp;

use super::beliefs::Planned;
use super::running::Running;
use crate::admin::status::MaintenanceStatus;
use crate::clock;
use crate::history::What;
use crate::maintenance::{Occurrence, STEPS, Stage, Window};
use crate::safety::broken;
use crate::shares::Given;
use crate::timestamp;
use crate::view::{View, World};

/// What is under way.
#[derive(Default)]
pub(super) struct Maintenance {
    /// How far each window is, by name, as was last told.
    told: Mutex<BTreeMap<String, Told>>,
}

/// What was last told of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Told {
    occurrence: Occurrence,
    is_announced: bool,
    stage: Stage,
    /// Whether a safety rule keeps it from leaving this time.
    is_refused: bool,
}

impl Maintenance {
    fn told(&self) -> MutexGuard<'_, BTreeMap<String, Told>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    /// Whether any window is at another step than was last told.
    pub(super) fn is_maintenance_due(&self, now: SystemTime) -> bool {
        let view = self.live.load();
        let windows = &view.world.maintenance;
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
        for window in &view.world.maintenance {
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
            let next = Told { occurrence, is_announced, stage, is_refused };
            self.tell_maintenance(window, known, next);
            told.insert(window.name.clone(), next);
        }
        *self.maintenance.told() = told;
        self.beliefs.plan(self.tenths(&view.world));
        self.refresh_pools();
    }

    /// How many tenths of their clients those pools keep that do not keep all.
    pub(super) fn tenths(&self, world: &World) -> Planned {
        let told = self.maintenance.told();
        let mut tenths = Planned::new();
        for window in &world.maintenance {
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

    fn tell_maintenance(&self, window: &Window, known: Option<&Told>, next: Told) {
        let word = |told: &Told| match told {
            Told { is_refused: true, .. } => Some("refused"),
            Told { stage: Stage::Leaving(_), .. } => Some("leaving"),
            Told { stage: Stage::Away, .. } => Some("away"),
            Told { stage: Stage::Returning(_), .. } => Some("returning"),
            Told { is_announced: true, .. } => Some("announced"),
            Told { .. } => None,
        };
        let Some(stage) = word(&next).filter(|_| known.and_then(word) != word(&next)) else {
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

    /// All windows that are still to come or under way.
    pub(super) fn maintenance_statuses(&self, world: &World) -> Vec<MaintenanceStatus> {
        let told = self.maintenance.told();
        let at = clock::wall_now();
        let status = |window: &Window| {
            let (occurrence, _, stage) = now(window, at)?;
            let is_refused = told.get(&window.name).is_some_and(|told| told.is_refused);
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
        world.maintenance.iter().filter_map(status).collect()
    }
}

/// The occurrence of a window that matters now, whether it is announced, and how far it is.
fn now(window: &Window, now: SystemTime) -> Option<(Occurrence, bool, Stage)> {
    let now = Timestamp::try_from(now).ok()?;
    let occurrence = window.occurrence(now)?;
    let stage = window.stage(occurrence, now);
    Some((occurrence, now >= window.announced(occurrence), stage))
}
