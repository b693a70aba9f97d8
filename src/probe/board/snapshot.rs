//! All that is known of every target at one moment, for whoever looks.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{TargetStatus, culprits};
use crate::health::{EndpointId, Verdict};
use crate::probe::histogram::Histogram;
use crate::probe::report::Culprit;
use crate::probe::target::Plan;

/// All that is known at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// As in [`super::Report::generation`].
    pub generation: u64,
    /// The plan.
    pub plan: Arc<Plan>,
    /// In the order of the plan's targets.
    pub targets: Vec<Arc<TargetStatus>>,
    /// Whether nobody is heard of any more, so that no verdict falls by silence.
    pub is_cut_off: bool,
    /// How long after they were due probes began, since the start.
    pub lateness: Histogram,
    /// The same moment, as trackers count it and as the wall clock does.
    pub(super) taken: (Duration, SystemTime),
}

impl Snapshot {
    /// The targets of an endpoint, one for each monitor.
    pub fn targets_of(&self, endpoint: EndpointId) -> impl Iterator<Item = &TargetStatus> {
        self.plan.targets_of(endpoint).iter().filter_map(|index| Some(&**self.targets.get(*index)?))
    }

    /// What is believed of an endpoint.
    pub fn verdict(&self, endpoint: EndpointId) -> Verdict {
        let target = |index: usize| self.targets.get(index).map(|target| target.verdict());
        self.plan.verdict(endpoint, target)
    }

    /// What makes it that.
    pub fn culprits(&self, endpoint: EndpointId) -> Vec<Culprit> {
        culprits(&self.plan, endpoint, &self.targets)
    }

    /// Since when that is so, as far as the last change of each of its targets tells.
    pub fn since(&self, endpoint: EndpointId) -> Option<SystemTime> {
        let state = self.verdict(endpoint).state;
        let mut changes: Vec<SystemTime> =
            self.targets_of(endpoint).filter_map(|target| target.since).collect();
        changes.sort_unstable();
        let before = |moment: SystemTime| {
            let target = |index: usize| {
                let row = self.targets.get(index)?;
                let was_other = row.since.is_some_and(|since| since >= moment);
                let Verdict { state, hold } = row.verdict();
                Some(Verdict { state: if was_other { state.other() } else { state }, hold })
            };
            self.plan.verdict(endpoint, target).state
        };
        let changed_it = |moment: &&SystemTime| before(**moment) != state;
        changes.iter().rev().find(changed_it).or(changes.first()).copied()
    }

    /// When the next probe of a target is due, or by when its next heartbeat is to come; none while
    /// a probe is under way that has to end first.
    pub fn next_probe(&self, target: &TargetStatus) -> Option<SystemTime> {
        if target.target.is_heartbeat() {
            return target.probed.map(|at| at + target.target.settings.interval);
        }
        let (now, wall) = self.taken;
        target.tracker.due().map(|due| wall + due.saturating_sub(now))
    }
}
