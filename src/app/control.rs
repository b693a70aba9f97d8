//! What people ask of the daemon by the admin endpoint.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use axum::http::StatusCode;
use hickory_proto::rr::RecordType;

use super::families;
use super::running::Running;
use crate::admin::status::{OverrideStatus, ProbeFacts, Status, pool_statuses, region_statuses};
use crate::admin::{Control, ExplainRequest, OverrideError, Problem};
use crate::clock;
use crate::explain::{self, explain};
use crate::finding::Finding;
use crate::health::{EndpointId, Inventory, Override, Overrides, Target, endpoint_verdict};
use crate::metrics;
use crate::probe::{Snapshot, TargetStatus};
use crate::state::{OverrideChange, OverrideEvent};
use crate::timestamp;
use crate::view::View;

/// How everything stood at one moment.
struct Moment {
    view: Arc<View>,
    overrides: Overrides,
    probes: Snapshot,
}

impl Moment {
    fn facts(&self, id: EndpointId) -> ProbeFacts {
        let targets = self.probes.plan.targets_of(id);
        let targets: Vec<&TargetStatus> =
            targets.iter().filter_map(|index| self.probes.targets.get(*index)).collect();
        let last_failure = targets.iter().filter_map(|target| target.last_failure.as_ref());
        ProbeFacts {
            verdict: endpoint_verdict(targets.iter().map(|target| target.verdict())),
            since: targets.iter().filter_map(|target| target.since).max(),
            failing: targets.iter().any(|target| target.is_failing()),
            last_error: last_failure.max_by_key(|(at, _)| *at).map(|(_, why)| why.to_string()),
            last_round_trip: targets.iter().filter_map(|target| target.round_trip).max(),
        }
    }
}

impl Running {
    /// View, overrides and probes of the same world. A verdict or an override that comes at this
    /// very moment may be in one of them and not yet in another.
    fn moment(&self) -> Moment {
        let _turn = self.turn();
        let overrides = self.beliefs.overrides().clone();
        Moment {
            view: self.live.load_full(),
            overrides,
            probes: self.beliefs.probes.board().snapshot(),
        }
    }

    /// An error if a target is not in the files.
    fn unknown(&self, target: &Target) -> Option<OverrideError> {
        let view = self.live.load();
        let inventory = &view.world.inventory;
        (!target.exists_in(inventory))
            .then(|| OverrideError::UnknownTarget { known: known(inventory, target) })
    }
}

impl Control for Running {
    fn ready(&self) -> Result<(), String> {
        // What a reload brings is probed in its time, and is no reason to take a server away.
        if self.ongoing.was_ready.load(Ordering::Relaxed) {
            return Ok(());
        }
        match self.beliefs.probes.board().unprobed() {
            0 => {
                self.ongoing.was_ready.store(true, Ordering::Relaxed);
                Ok(())
            }
            left => Err(format!("{left} probe targets were not probed yet")),
        }
    }

    fn metrics(&self) -> String {
        let moment = self.moment();
        let Moment { view, overrides, probes } = &moment;
        let mut all = self.metrics.families();
        all.push(metrics::info(&view.world.revision, env!("CARGO_PKG_VERSION")));
        all.extend(families::endpoints(view, overrides, |id| moment.facts(id).verdict));
        all.extend(families::probes(probes));
        metrics::render(&all)
    }

    fn status(&self) -> Status {
        let moment = self.moment();
        let Moment { view, overrides, .. } = &moment;
        let inventory: &Inventory = &view.world.inventory;
        Status {
            revision: view.world.revision.clone(),
            started: timestamp::to_rfc3339(self.started),
            ready: self.ready().is_ok(),
            state_unavailable: self.store.unavailable().map(str::to_owned),
            regions: region_statuses(inventory, overrides),
            pools: pool_statuses(inventory, &view.pools, overrides, |id| moment.facts(id)),
            overrides: overrides.iter().map(|(t, what)| OverrideStatus::new(t, what)).collect(),
        }
    }

    fn explain(&self, question: &ExplainRequest) -> Result<serde_json::Value, Problem> {
        let broken = |what: String| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, what);
        let draw = clock::random_bytes().map_err(|error| broken(error.to_string()))?;
        let anyone = (IpAddr::V4(Ipv4Addr::LOCALHOST), 32);
        let explanation = explain(
            &self.live.load_full(),
            &explain::Question {
                name: &question.name,
                rtype: RecordType::from(question.rtype),
                from: question.from.map_or(anyone, |client| (client.address, client.length)),
                draw: u64::from_le_bytes(draw),
            },
        )
        .map_err(|what| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what))?;
        serde_json::to_value(explanation).map_err(|error| broken(error.to_string()))
    }

    fn overrides(&self) -> Overrides {
        self.beliefs.overrides().clone()
    }

    fn set_override(
        &self,
        target: Target,
        what: Override,
        by: &str,
    ) -> Result<Option<Override>, OverrideError> {
        let _decision = self.decision();
        if let Some(unknown) = self.unknown(&target) {
            return Err(unknown);
        }
        let before = self.beliefs.overrides().get(&target).cloned();
        let event = OverrideEvent {
            at: clock::wall_now(),
            by: by.into(),
            target: target.clone(),
            change: OverrideChange::Set(what.clone()),
        };
        self.store.record_override(&event).map_err(OverrideError::NotDurable)?;
        self.beliefs.overrides().set(target, what);
        self.refresh_pools();
        Ok(before)
    }

    fn clear_override(&self, target: &Target, by: &str) -> Result<Override, OverrideError> {
        let _decision = self.decision();
        // Those on what is no longer there can be cleared too.
        let standing = self.beliefs.overrides().get(target).cloned();
        let Some(standing) = standing else {
            return Err(self.unknown(target).unwrap_or(OverrideError::NoOverride));
        };
        let event = OverrideEvent {
            at: clock::wall_now(),
            by: by.into(),
            target: target.clone(),
            change: OverrideChange::Clear,
        };
        self.store.record_override(&event).map_err(OverrideError::NotDurable)?;
        self.beliefs.overrides().clear(target);
        self.refresh_pools();
        Ok(standing)
    }

    fn reload(&self) -> Result<String, Vec<Finding>> {
        let _loading = self.ongoing.loading.lock().unwrap_or_else(PoisonError::into_inner);
        self.ongoing.load_is_waiting.store(false, Ordering::Release);
        let loaded = self.load();
        self.metrics.reloaded(loaded.is_ok());
        match &loaded {
            Ok(revision) => tracing::info!(revision, "reloaded"),
            Err(findings) => {
                for finding in findings {
                    tracing::error!(%finding, "a file is wrong");
                }
                tracing::error!(
                    findings = findings.len(),
                    "not reloaded: what was served before is still served"
                );
            }
        }
        loaded
    }
}

/// The names of those targets of the same kind that there are.
fn known(inventory: &Inventory, target: &Target) -> Vec<String> {
    let pools = inventory.pools.iter();
    match target {
        Target::Region(_) => inventory.regions.iter().map(|region| region.name.clone()).collect(),
        Target::Pool(_) => pools.map(|pool| pool.name.clone()).collect(),
        Target::Endpoint(..) => pools
            .flat_map(|pool| (0..pool.endpoints.len()).map(|index| pool.endpoint_name(index)))
            .collect(),
    }
}
