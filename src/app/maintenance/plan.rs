//! What people plan beside the files, and call off.

use super::{MaintenanceStatus, now, status};
use crate::admin::PlanError;
use crate::app::running::Running;
use crate::clock;
use crate::maintenance::{WindowText, Wrong};
use crate::state::{Author, Change};

impl Running {
    /// Plans maintenance for `by`, durably, in place of what had the name; returns how it stands since.
    pub(in crate::app) fn plan_maintenance(
        &self,
        name: &str,
        text: WindowText,
        by: &Author,
    ) -> Result<MaintenanceStatus, PlanError> {
        let _decision = self.decision();
        let (view, at) = (self.live.load_full(), clock::wall_now());
        if view.world.maintenance.iter().any(|window| window.name == name) {
            return Err(PlanError::InFiles);
        }
        let mut window = text.read(name).map_err(PlanError::Wrong)?;
        if now(&window, at).is_none() {
            return Err(is_over());
        }
        if let Some(unknown) = self.unknown(&window.target) {
            return Err(PlanError::Override(window.target, unknown));
        }
        window.ttl = view.world.longest_ttl(&window.target);
        let told = self.if_planned(&window, at).ok_or_else(is_over)?;
        if told.is_refused() {
            return Err(PlanError::Breaks(told.breaks));
        }
        let before = self.maintenance.planned().get(name).map(|(text, _)| text.clone());
        let change = Change::Plan { name: name.into(), before, after: text.clone() };
        self.store.audit(clock::wall_now(), by, &change).map_err(PlanError::NotDurable)?;
        let status = status(&window, &told);
        self.maintenance.planned().insert(name.into(), (text, window));
        self.maintenance.told().retain(|known, told| known != name || !told.is_refused());
        // As of the moment at which it was judged.
        self.go_on_with_maintenance(at);
        Ok(status)
    }

    /// Calls it off for `by`, durably.
    pub(in crate::app) fn call_off_maintenance(
        &self,
        name: &str,
        by: &Author,
    ) -> Result<(), PlanError> {
        let _decision = self.decision();
        if self.live.load().world.maintenance.iter().any(|window| window.name == name) {
            return Err(PlanError::InFiles);
        }
        let before = self.maintenance.planned().get(name).map(|(text, _)| text.clone());
        let before = before.ok_or(PlanError::Unknown)?;
        let change = Change::Unplan { name: name.into(), before };
        self.store.audit(clock::wall_now(), by, &change).map_err(PlanError::NotDurable)?;
        self.maintenance.planned().remove(name);
        self.go_on_with_maintenance(clock::wall_now());
        Ok(())
    }
}

fn is_over() -> PlanError {
    let expected = "an end that is still to come: this window is over";
    PlanError::Wrong(vec![Wrong { field: "end", expected }])
}
