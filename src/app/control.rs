//! What people ask of the daemon by the admin endpoint.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::SystemTime;

use axum::http::StatusCode;
use hickory_proto::rr::RecordType;

use super::moment::Moment;
use super::reloads::Wanted;
use super::running::Running;
use super::{events, families};
use crate::admin::status::{
    EndpointList, MaintenanceStatus, OverrideStatus, Overview, QueryLogStatus, Status,
    WebhookStatus, overview, pool_statuses, region_statuses, some_pools,
};
use crate::admin::{
    AddressType, Cleared, Control, DrillEndError, DrillError, DrillWish, ExplainRequest, NameList,
    NameMap, NamesRequest, OverrideError, PlanError, Preview, Problem, SilenceError, TestError,
    Tested,
};
use crate::clock;
use crate::drill::Report;
use crate::explain::{self, Explanation, explain};
use crate::finding::Finding;
use crate::health::{EndpointId, Family, Inventory, Override, OverrideState, Overrides, Target};
use crate::history::History;
use crate::maintenance::WindowText;
use crate::metrics;
use crate::notice::{Pattern, Silence, SilenceText};
use crate::querylog::QueryLogState;
use crate::state::{Author, Change, Granted, Part, Role, StateError, Token, Trail};
use crate::timestamp;
use crate::uptime;
use crate::wire::Name;

impl Running {
    fn with_endpoints<T>(&self, target: &Target, then: impl FnOnce(&[EndpointId]) -> T) -> T {
        let _turn = self.turn();
        then(&target.endpoints_in(&self.live.load().world.inventory))
    }

    /// No change without its entry in the audit log.
    pub(super) fn audit_durably(&self, by: &Author, change: &Change) -> Result<(), OverrideError> {
        self.store.audit(clock::wall_now(), by, change).map_err(OverrideError::NotDurable)
    }

    /// Sets an override, durably, unless a rule would break; for whoever decides.
    pub(super) fn decide_override(
        &self,
        target: Target,
        what: Override,
        by: &Author,
    ) -> Result<Option<Override>, OverrideError> {
        if let Some(unknown) = self.unknown(&target) {
            return Err(unknown);
        }
        let by = &self.allowed(by, |overrides| overrides.set(target.clone(), what.clone()))?;
        let before = self.beliefs.overrides().get(&target).cloned();
        let change =
            Change::Set { target: target.clone(), before: before.clone(), after: what.clone() };
        self.audit_durably(by, &change)?;
        self.history.add(clock::wall_now(), events::override_is("set", &target, Some(&what), by));
        self.beliefs.overrides().set(target, what);
        self.refresh_pools();
        Ok(before)
    }

    /// Ends holds of flap damping, durably, if there are any.
    fn lift(&self, target: &Target, holds: usize, by: &Author) -> Result<(), StateError> {
        if holds == 0 {
            return Ok(());
        }
        let change = Change::Lift { target: target.clone(), holds };
        self.store.audit(clock::wall_now(), by, &change)?;
        self.history.add(clock::wall_now(), events::override_is("lift", target, None, by));
        self.with_endpoints(target, |endpoints| self.beliefs.probes.lift_holds(endpoints));
        Ok(())
    }

    /// An error if a target is not in the files.
    pub(super) fn unknown(&self, target: &Target) -> Option<OverrideError> {
        let view = self.live.load();
        let inventory = &view.world.inventory;
        (!target.exists_in(inventory))
            .then(|| OverrideError::UnknownTarget { known: known(inventory, target) })
    }
}

impl Control for Running {
    fn ready(&self) -> Result<(), String> {
        self.is_ready()
    }

    fn metrics(&self) -> String {
        let moment = self.moment();
        let Moment { view, overrides, planned, probes } = &moment;
        let mut all = self.metrics.families();
        all.push(metrics::info(&view.world.revision, env!("CARGO_PKG_VERSION")));
        all.extend(families::endpoints(view, (overrides, planned), probes));
        all.extend(families::probes(probes));
        all.extend(families::maintenance(&self.maintenance_statuses(&view.world)));
        all.extend(families::open_files());
        all.extend(self.querylogs.families());
        let git = self.git_status(&view.world);
        let last_fetch = self.git.as_ref().and_then(|git| git.last_fetch());
        all.extend(families::git(git.as_ref().map(|status| (status, last_fetch))));
        all.extend(self.webhooks.families(clock::wall_now()));
        drop(moment);
        metrics::render(all)
    }

    fn status(&self) -> Status {
        let moment = self.moment();
        let Moment { view, overrides, .. } = &moment;
        let inventory: &Inventory = &view.world.inventory;
        Status {
            revision: view.world.revision.clone(),
            started: timestamp::to_rfc3339(self.started),
            ready: self.ready().is_ok(),
            network_lost: moment.probes.is_cut_off,
            git: self.git_status(&view.world),
            dnstap: self.querylogs.dnstap().map(told_status),
            decision_log: self.querylogs.decisions().map(told_status),
            state_unavailable: self.store.unavailable().map(str::to_owned),
            regions: region_statuses(inventory, overrides),
            pools: pool_statuses(inventory, (&view.pools, &view.world.paces), overrides, |id| {
                moment.facts(id)
            }),
            overrides: overrides.iter().map(|(t, what)| OverrideStatus::new(t, what)).collect(),
            maintenance: self.maintenance_statuses(&view.world),
            webhooks: self.webhook_statuses(),
            silences: self.silence_list(),
        }
    }

    fn overview(&self) -> Overview {
        let moment = self.moment();
        let Moment { view, overrides, probes, .. } = &moment;
        let inventory: &Inventory = &view.world.inventory;
        let pools = (&view.pools, &view.world.paces);
        let facts = |id| moment.facts_in_short(id);
        Overview {
            revision: view.world.revision.clone(),
            started: timestamp::to_rfc3339(self.started),
            ready: self.ready().is_ok(),
            network_lost: probes.is_cut_off,
            state_unavailable: self.store.unavailable().map(str::to_owned),
            git: self.git_status(&view.world),
            maintenance: self.maintenance_statuses(&view.world),
            webhooks: self.webhook_statuses(),
            silences: self.silence_list(),
            ..overview(inventory, pools, overrides, facts)
        }
    }

    fn endpoints(&self, pools: &[String]) -> EndpointList {
        let moment = self.moment();
        let Moment { view, overrides, .. } = &moment;
        some_pools(&view.world.inventory, pools, overrides, |id| moment.facts_in_full(id))
    }

    fn explain(&self, question: &ExplainRequest) -> Result<Explanation, Problem> {
        let broken = |what: String| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, what);
        let draw = clock::random_bytes().map_err(|error| broken(error.to_string()))?;
        let anyone = (IpAddr::V4(Ipv4Addr::LOCALHOST), 32);
        explain(
            &self.live.load_full(),
            &explain::Question {
                name: &question.name,
                rtype: RecordType::from(question.rtype),
                from: question.from.map_or(anyone, |client| (client.address, client.length)),
                draw: u64::from_le_bytes(draw),
            },
        )
        .map_err(|what| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what))
    }

    fn names(&self, wanted: &NamesRequest) -> NameList {
        self.name_list(wanted)
    }

    fn map(&self, name: &Name, rtype: AddressType) -> Option<NameMap> {
        self.name_map(name, rtype)
    }

    fn preview(
        &self,
        target: &Target,
        state: Option<OverrideState>,
    ) -> Result<Preview, OverrideError> {
        self.what_if(target, state)
    }

    fn uptime(
        &self,
        since: SystemTime,
        until: Option<SystemTime>,
    ) -> Result<uptime::Report, Problem> {
        Self::uptime(self, since, until)
    }

    fn overrides(&self) -> Overrides {
        self.beliefs.overrides().clone()
    }

    fn set_override(
        &self,
        target: Target,
        what: Override,
        by: &Author,
    ) -> Result<Option<Override>, OverrideError> {
        let _decision = self.decision();
        self.decide_override(target, what, by)
    }

    fn clear(&self, target: &Target, by: &Author) -> Result<Cleared, OverrideError> {
        let _decision = self.decision();
        // Those on what is no longer there can be cleared too.
        let overridden = self.beliefs.overrides().get(target).cloned();
        let board = self.beliefs.probes.board();
        let holds = self.with_endpoints(target, |endpoints| board.holds(endpoints));
        if overridden.is_none() && holds == 0 {
            return Err(self.unknown(target).unwrap_or(OverrideError::NothingToClear));
        }
        let by = &self.allowed(by, |overrides| drop(overrides.clear(target)))?;
        if let Some(before) = overridden.clone() {
            self.audit_durably(by, &Change::Clear { target: target.clone(), before })?;
            self.history.add(clock::wall_now(), events::override_is("clear", target, None, by));
            self.beliefs.overrides().clear(target);
        }
        let lifted = match self.lift(target, holds, by) {
            Ok(()) => holds,
            Err(error) if overridden.is_none() => return Err(OverrideError::NotDurable(error)),
            Err(error) => {
                // What has been cleared is cleared.
                tracing::error!(%error, target_name = %target, "flap damping holds down what was to be cleared");
                0
            }
        };
        self.refresh_pools();
        Ok(Cleared { overridden, holds: lifted })
    }

    fn maintenance(&self) -> Vec<MaintenanceStatus> {
        self.maintenance_statuses(&self.live.load().world)
    }

    fn plan(
        &self,
        name: &str,
        window: WindowText,
        by: &Author,
    ) -> Result<MaintenanceStatus, PlanError> {
        self.plan_maintenance(name, window, by)
    }

    fn call_off(&self, name: &str, by: &Author) -> Result<(), PlanError> {
        self.call_off_maintenance(name, by)
    }

    fn begin_drill(&self, wish: DrillWish, by: &Author) -> Result<Report, DrillError> {
        Self::begin_drill(self, wish, by)
    }

    fn drills(&self) -> Vec<Report> {
        self.drills.all()
    }

    fn end_drill(&self, id: &str, by: &Author) -> Result<(), DrillEndError> {
        Self::end_drill(self, id, by)
    }

    fn webhooks(&self) -> Vec<WebhookStatus> {
        self.webhook_statuses()
    }

    fn try_webhook(&self, name: &str) -> Result<Tested, TestError> {
        Self::try_webhook(self, name)
    }

    fn silences(&self) -> Vec<SilenceText> {
        self.silence_list()
    }

    fn silence(&self, about: Pattern, silence: Silence, by: &Author) -> Result<bool, SilenceError> {
        Self::silence(self, about, silence, by)
    }

    fn covered(&self, by: &Pattern) -> usize {
        by.count(self.live.load_full().world.targets())
    }

    fn unsilence(&self, about: &Pattern, by: &Author) -> Result<(), SilenceError> {
        Self::unsilence(self, about, by)
    }

    fn failback(&self, pool: &str, by: &Author) -> Result<Vec<Family>, OverrideError> {
        self.return_to(pool, by)
    }

    fn beat(&self, endpoint: &str) -> Result<(), Problem> {
        let target: Result<Target, String> = format!("endpoint:{endpoint}").parse();
        let target = target.map_err(|error| Problem::new(StatusCode::NOT_FOUND, error))?;
        let _turn = self.turn();
        let endpoints = target.endpoints_in(&self.live.load().world.inventory);
        match endpoints.first() {
            None => match self.unknown(&target) {
                Some(unknown) => Err(unknown.problem(&target)),
                None => Ok(()),
            },
            Some(id) if self.beliefs.probes.beat(*id) => Ok(()),
            Some(_) => {
                let detail = format!("no monitor of {target} is a heartbeat, so nobody listens");
                Err(Problem::new(StatusCode::CONFLICT, detail))
            }
        }
    }

    fn reload(&self, by: &Author) -> Result<String, Vec<Finding>> {
        self.reload_wanted(Wanted::Newest, by)
    }

    fn history(&self) -> Arc<History> {
        Arc::clone(&self.history)
    }

    fn grant(
        &self,
        name: &str,
        role: Role,
        until: Option<SystemTime>,
        by: &Author,
    ) -> Result<Token, StateError> {
        let _decision = self.decision();
        let token = self.store.new_token()?;
        let after = Granted::new(role, &token, until);
        let before = self.access.named().get(name).cloned();
        let change = Change::Grant { name: name.into(), before, after: after.clone() };
        self.store.audit(clock::wall_now(), by, &change)?;
        self.access.named_mut().grant(name.into(), after);
        Ok(token)
    }

    fn revoke(&self, name: &str, by: &Author) -> Result<bool, StateError> {
        let _decision = self.decision();
        let Some(before) = self.access.named().get(name).cloned() else { return Ok(false) };
        let change = Change::Revoke { name: name.into(), before };
        self.store.audit(clock::wall_now(), by, &change)?;
        self.access.named_mut().revoke(name);
        Ok(true)
    }

    fn audit(&self, part: Part) -> Result<Trail, StateError> {
        self.store.trail(part)
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

fn told_status(told: QueryLogState) -> QueryLogStatus {
    let QueryLogState { place, works, trouble, told, full, lost, beyond } = told;
    QueryLogStatus { place, works, trouble, told, dropped: full + lost + beyond }
}
