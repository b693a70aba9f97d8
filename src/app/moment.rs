//! How everything stood at one moment, as status and overview tell it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::beliefs::Planned;
use super::reasons;
use super::running::Running;
use crate::admin::status::{
    ChangeStatus, CourseText, ProbeFacts, ProbeStatus, RecentStatus, RoundTripStatus,
};
use crate::health::{EndpointId, Monitor, Overrides, State, Verdict};
use crate::probe::{Course, RecentProbe, Snapshot, TargetStatus};
use crate::timestamp;
use crate::view::View;

/// How everything stood at one moment.
pub(super) struct Moment {
    pub(super) view: Arc<View>,
    pub(super) overrides: Overrides,
    pub(super) planned: Planned,
    pub(super) probes: Snapshot,
}

impl Moment {
    pub(super) fn facts(&self, id: EndpointId) -> ProbeFacts {
        let targets: Vec<&TargetStatus> = self.probes.targets_of(id).collect();
        ProbeFacts { probes: self.probe_statuses(id, &targets), ..self.facts_in_short(id) }
    }

    /// The same, without what each monitor knows.
    pub(super) fn facts_in_short(&self, id: EndpointId) -> ProbeFacts {
        let targets: Vec<&TargetStatus> = self.probes.targets_of(id).collect();
        let verdict = self.probes.verdict(id);
        ProbeFacts {
            verdict,
            since: self.probes.since(id),
            away: self.planned.get(&id.pool) == Some(&0),
            failing: self.is_failing(id, verdict, &targets),
            last_error: self.last_error(id, verdict, &targets),
            last_round_trip: targets.iter().filter_map(|target| target.round_trip).max(),
            probes: Vec::new(),
            held_until: targets.iter().filter_map(|target| target.held_until).max(),
        }
    }

    /// The same, with how the last probes of each monitor went.
    pub(super) fn facts_in_full(&self, id: EndpointId) -> ProbeFacts {
        let mut facts = self.facts(id);
        for (probe, target) in facts.probes.iter_mut().zip(self.probes.targets_of(id)) {
            probe.recent = target.recent.iter().map(recent_status).collect();
        }
        facts
    }
}

impl Moment {
    /// Where monitors are combined, one that does not pass may be as it should be.
    fn is_combined(&self, id: EndpointId) -> bool {
        let pool = self.view.world.inventory.pools.get(id.pool as usize);
        pool.is_some_and(|pool| pool.combined.is_some())
    }

    fn is_failing(&self, id: EndpointId, verdict: Verdict, targets: &[&TargetStatus]) -> bool {
        match self.is_combined(id) {
            true => verdict.state == State::Down,
            false => targets.iter().any(|target| target.is_failing()),
        }
    }

    fn last_error(
        &self,
        id: EndpointId,
        verdict: Verdict,
        targets: &[&TargetStatus],
    ) -> Option<String> {
        let inventory = &self.view.world.inventory;
        let pool = inventory.pools.get(id.pool as usize)?;
        let is_down = verdict.state == State::Down;
        if is_down && (self.is_combined(id) || pool.monitors.len() > 1) {
            return Some(reasons::of(inventory, pool, &self.probes.culprits(id)));
        }
        let last = targets.iter().filter_map(|target| target.last_failure.as_ref());
        let last = last.max_by_key(|(at, _)| *at).filter(|_| !self.is_combined(id));
        last.map(|(_, why)| why.to_string())
    }

    /// One for each monitor of an endpoint; `targets` are those that they ask.
    fn probe_statuses(&self, id: EndpointId, targets: &[&TargetStatus]) -> Vec<ProbeStatus> {
        let inventory = &self.view.world.inventory;
        let pool = inventory.pools.get(id.pool as usize);
        let monitors = pool.map_or(&[][..], |pool| &pool.monitors);
        let monitors = monitors.iter().filter_map(|id| inventory.monitors.get(*id as usize));
        monitors.zip(targets).map(|(monitor, target)| self.probe_status(monitor, target)).collect()
    }

    fn probe_status(&self, monitor: &Monitor, target: &TargetStatus) -> ProbeStatus {
        let verdict = target.verdict();
        let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
        let quantiles = target.round_trips.quantiles([0.5, 0.9, 0.99]);
        ProbeStatus {
            monitor: monitor.name.clone(),
            target: target.target.key.to_string(),
            verdict: verdict.state.into(),
            in_doubt: verdict.hold.is_some(),
            since: target.since.map(timestamp::to_rfc3339),
            last_change: target.change.as_ref().map(|change| ChangeStatus {
                at: timestamp::to_rfc3339(change.at),
                to: change.to.into(),
                reason: change.why.as_ref().map(ToString::to_string),
            }),
            last_error: target.last_failure.as_ref().map(|(_, why)| why.to_string()),
            successes_in_a_row: target.successes,
            failures_in_a_row: target.failures,
            next_probe: self.probes.next_probe(target).map(timestamp::to_rfc3339),
            round_trip_ms: quantiles.map(|[p50, p90, p99]| RoundTripStatus {
                p50: milliseconds(p50),
                p90: milliseconds(p90),
                p99: milliseconds(p99),
                count: target.round_trips.count(),
            }),
            recent: Vec::new(),
        }
    }
}

fn recent_status(probe: RecentProbe) -> RecentStatus {
    let at = probe.at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    RecentStatus {
        at: at.as_secs(),
        // To the hundredth: more is noise, and there are many.
        ms: (probe.round_trip.as_secs_f64() * 100_000.0).round() / 100.0,
        course: match probe.course {
            Course::Passed => CourseText::Passed,
            Course::Failed => CourseText::Failed,
            Course::Void => CourseText::Void,
        },
    }
}

impl Running {
    /// View, overrides and probes of the same world. A verdict or an override that comes at this
    /// very moment may be in one of them and not yet in another.
    pub(super) fn moment(&self) -> Moment {
        let _turn = self.turn();
        let overrides = self.beliefs.overrides().clone();
        Moment {
            view: self.live.load_full(),
            overrides,
            planned: self.beliefs.planned(),
            probes: self.beliefs.probes.board().snapshot(),
        }
    }
}
