//! Putting back what a drill has taken away, before its time.

use std::sync::PoisonError;

use super::reason_of;
use crate::admin::DrillEndError;
use crate::app::events;
use crate::app::running::Running;
use crate::clock;
use crate::drill::{DrillState, Report};
use crate::health::{Override, Target};
use crate::state::{Author, Change};
use crate::timestamp;

/// Why the override of a drill is cleared, for the audit log.
const ENDED: &str = "the drill is ended before its time";

impl Running {
    /// Puts back for `by`, durably, what the drill of this number has taken away. Of one that was interrupted
    /// too, if it is still away because of it.
    pub(in crate::app) fn end_drill(&self, id: &str, by: &Author) -> Result<(), DrillEndError> {
        let report = self.drills.reports().iter().find(|report| report.id == id).cloned();
        let report = report.ok_or(DrillEndError::NotUnderWay)?;
        match report.state {
            DrillState::Done | DrillState::Ended => return Err(DrillEndError::NotUnderWay),
            DrillState::Returning => return Err(DrillEndError::IsReturning),
            DrillState::Moving | DrillState::Away | DrillState::Interrupted => {}
        }
        let target: Target = report.target.parse().map_err(|_| DrillEndError::NotUnderWay)?;
        match (self.put_back(&report, &target, by)?, report.state) {
            (true, DrillState::Interrupted) => {
                // Nobody watches it any more.
                let report = Report { ends: timestamp::to_rfc3339(clock::wall_now()), ..report };
                self.drills.update(report.clone());
                self.keep_drill(&report);
                Ok(())
            }
            (true, _) => {
                self.drills.look.notify_one();
                Ok(())
            }
            (false, DrillState::Interrupted) => Err(DrillEndError::NotUnderWay),
            // It was over a moment ago.
            (false, _) => Err(DrillEndError::IsReturning),
        }
    }

    /// Takes the override of a drill away, and no other one; false if it does not stand any more. No safety
    /// rule is asked, as none is when its time is over.
    fn put_back(
        &self,
        report: &Report,
        target: &Target,
        by: &Author,
    ) -> Result<bool, DrillEndError> {
        let _decision = self.decision();
        let before = self.beliefs.overrides().get(target).cloned();
        let Some(before) = before.filter(|what| is_of(report, what)) else { return Ok(false) };
        let by = &Author { reason: Some(ENDED.into()), ..by.clone() };
        let now = clock::wall_now();
        let change = Change::Clear { target: target.clone(), before };
        self.store.audit(now, by, &change).map_err(DrillEndError::NotDurable)?;
        self.history.add(now, events::override_is("clear", target, None, by));
        // Before it is gone, so that whoever sees that knows why.
        let mut ended = self.drills.ended.lock().unwrap_or_else(PoisonError::into_inner);
        *ended = Some(report.id.clone());
        drop(ended);
        self.beliefs.overrides().clear(target);
        self.refresh_pools();
        Ok(true)
    }
}

fn is_of(report: &Report, what: &Override) -> bool {
    what.reason == reason_of(&report.reason) && timestamp::to_rfc3339(what.since) == report.began
}
