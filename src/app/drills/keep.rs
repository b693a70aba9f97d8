//! Reports of drills on disk: from their beginning on, so that whatever ends the daemon leaves one.

use std::path::Path;

use super::{Drills, KEPT};
use crate::app::running::Running;
use crate::clock;
use crate::drill::{DrillState, Report};
use crate::history::What;

impl Drills {
    /// Takes in the reports of earlier runs, and returns those that were under way when theirs ended.
    fn remember(&self, mut reports: Vec<Report>) -> Vec<Report> {
        reports.truncate(KEPT);
        let mut interrupted = Vec::new();
        for report in reports.iter_mut().filter(|report| !report.state.is_over()) {
            report.state = DrillState::Interrupted;
            interrupted.push(report.clone());
        }
        self.reports().extend(reports);
        interrupted
    }
}

impl Running {
    /// Takes in the reports of earlier runs. Nothing that was under way then is taken for under way.
    pub(in crate::app) fn remember_drills(&self) {
        let kept = self.store.drills();
        let reports = kept.iter().filter_map(|(file, json)| read(file, json));
        for report in self.drills.remember(reports.collect()) {
            self.keep_drill(&report);
            self.tell_drill(&report);
        }
    }

    /// Writes a report down, which takes as long as the disk does.
    pub(super) fn keep_drill(&self, report: &Report) {
        let json = match serde_json::to_string(report) {
            Ok(json) => json,
            Err(error) => {
                tracing::error!(%error, drill = report.id, "this report cannot be written: this is a bug");
                return;
            }
        };
        if let Err(error) = self.store.keep_drill(&report.id, &json) {
            tracing::warn!(%error, drill = report.id, "the report is kept in memory only");
        }
    }

    pub(super) fn tell_drill(&self, report: &Report) {
        let Report { id, target, state, by, .. } = report;
        tracing::info!(drill = id, target_name = target, ?state, by, "drill");
        let (drill, target, state) = (id.clone(), target.clone(), *state);
        self.history.add(clock::wall_now(), What::Drill { drill, target, state });
    }
}

/// A report; what cannot be read is said and left where it is, for whoever audits it.
fn read(file: &Path, json: &str) -> Option<Report> {
    let read = serde_json::from_str(json);
    read.inspect_err(|error| {
        let file = file.display();
        tracing::warn!(%file, %error, "this is no report of a drill: it is left out");
    })
    .ok()
}
