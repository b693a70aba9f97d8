//! A daemon that only remembers what it is told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use axum::http::StatusCode;

use super::super::status::{
    EndpointList, MaintenanceStatus, Overview, PoolEndpoints, PoolStatus, ProbeFacts, Status,
    WebhookStatus, pool_statuses, region_statuses,
};
use super::super::{
    AddressType, Cleared, Control, DrillEndError, DrillError, DrillWish, ExplainRequest, NameList,
    NameMap, NamesRequest, OverrideError, PlanError, Preview, Problem, SilenceError, TestError,
    Tested,
};
use crate::drill::Report;
use crate::explain::Explanation;
use crate::finding::Finding;
use crate::health::{
    Answers, Endpoint, EndpointAddress, Family, Inventory, Override, OverrideState, Overrides,
    Pool, Region, StandingNow, State, Target, Verdict,
};
use crate::history::History;
use crate::maintenance::WindowText;
use crate::notice::{Pattern, Silence, SilenceText, Silences};
use crate::state::{Author, Part, Role, StateError, Token, Trail};
use crate::steering::{Paces, Pools};
use crate::uptime::{self, Ledger, Period};
use crate::wire::Name;

/// What tests set and look at.
#[derive(Default)]
pub(crate) struct Inside {
    pub(crate) overrides: Overrides,
    pub(crate) by: Vec<String>,
    pub(crate) not_ready: Option<String>,
    pub(crate) disk_full: bool,
    pub(crate) findings: Vec<Finding>,
    pub(crate) asked: Vec<ExplainRequest>,
    pub(crate) trail: Trail,
    pub(crate) wanted: Option<Part>,
    /// What takes long takes until nobody holds this.
    pub(crate) long: Arc<tokio::sync::Mutex<()>>,
    /// Why, as it was last said.
    pub(crate) reasons: Vec<Option<String>>,
    pub(crate) silences: Silences,
}

pub(crate) struct Fake(Mutex<Inside>, Arc<History>);

impl Default for Fake {
    fn default() -> Self {
        Self(Mutex::default(), Arc::new(History::new(std::time::UNIX_EPOCH)))
    }
}

impl Fake {
    pub(crate) fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap()
    }
}

fn inventory() -> Inventory {
    let ip = |text: &str| EndpointAddress::Ip(text.parse().unwrap());
    let host =
        EndpointAddress::Host { wire: b"\x03cdn\x03net\0"[..].into(), text: "cdn.net.".into() };
    let pool = |name: &str, region, addresses: Vec<EndpointAddress>| Pool {
        name: name.into(),
        region,
        monitors: vec![],
        endpoints: addresses
            .into_iter()
            .map(|address| Endpoint { address, weight: 1, probe: None })
            .collect(),
        min_healthy: 1,
        combined: None,
        panic_below: None,
        requires: Vec::new(),
        answers: Answers::All,
    };
    Inventory {
        regions: vec![Region { name: "us-east".into(), location: None }],
        monitors: vec![],
        pools: vec![
            pool("web", Some(0), vec![ip("192.0.2.1"), ip("192.0.2.2"), ip("2001:db8::10")]),
            pool("a pool", None, vec![host]),
        ],
    }
}

fn check(target: &Target) -> Result<(), OverrideError> {
    let inventory = inventory();
    if target.exists_in(&inventory) {
        return Ok(());
    }
    let known = match target {
        Target::Region(_) => inventory.regions.into_iter().map(|r| r.name).collect(),
        _ => inventory.pools.into_iter().map(|p| p.name).collect(),
    };
    Err(OverrideError::UnknownTarget { known })
}

impl Control for Fake {
    fn ready(&self) -> Result<(), String> {
        self.inside().not_ready.clone().map_or(Ok(()), Err)
    }

    fn metrics(&self) -> String {
        "steersman_up 1\n".into()
    }

    fn status(&self) -> Status {
        let overrides = self.overrides();
        let facts = |id: crate::health::EndpointId| ProbeFacts {
            verdict: Verdict {
                state: if id.index == 1 { State::Down } else { State::Up },
                hold: None,
            },
            since: Some(std::time::UNIX_EPOCH),
            away: false,
            failing: id.index == 1,
            last_error: (id.index == 1).then(|| "connection refused".into()),
            last_round_trip: Some(Duration::from_micros(1500)),
            held_until: None,
            probes: vec![],
        };
        let pools = Pools::new(&inventory(), |id| {
            StandingNow::of(&inventory(), id, facts(id).verdict, &overrides)
        });
        Status {
            revision: "r1".into(),
            started: "2026-01-01T00:00:00Z".into(),
            ready: true,
            network_lost: false,
            dnstap: None,
            decision_log: None,
            git: None,
            state_unavailable: None,
            regions: region_statuses(&inventory(), &overrides),
            pools: pool_statuses(&inventory(), (&pools, &Paces::default()), &overrides, facts),
            overrides: vec![],
            maintenance: vec![],
            webhooks: vec![],
            silences: vec![],
        }
    }

    fn overview(&self) -> Overview {
        Overview {
            revision: format!("r{}", self.overrides().iter().count()),
            ..Overview::default()
        }
    }

    fn endpoints(&self, pools: &[String]) -> EndpointList {
        let status = self.status();
        let asked = status.pools.into_iter().filter(|pool| pools.contains(&pool.name));
        let endpoints = |pool: PoolStatus| PoolEndpoints {
            name: pool.name,
            endpoints: pool.endpoints,
            left_out: 0,
        };
        EndpointList { pools: asked.map(endpoints).collect() }
    }

    fn explain(&self, question: &ExplainRequest) -> Result<Explanation, Problem> {
        if question.name.to_string() == "elsewhere." {
            return Err(Problem::new(StatusCode::NOT_FOUND, "no zone here has elsewhere."));
        }
        self.inside().asked.push(question.clone());
        Ok(Explanation {
            name: question.name.to_string(),
            rtype: "A".into(),
            client: "127.0.0.1/32".into(),
            place: "unknown".into(),
            steps: vec!["one".into()],
            rcode: "NOERROR".into(),
            reason: "static".into(),
            authoritative: true,
            scope: 0,
            answer: vec![],
            authority: vec![],
        })
    }

    fn names(&self, wanted: &NamesRequest) -> NameList {
        NameList { names: vec![], count: wanted.limit }
    }

    fn map(&self, name: &Name, rtype: AddressType) -> Option<NameMap> {
        let name = Some(name.to_string()).filter(|name| name == "www.example.com.")?;
        Some(NameMap { name, r#type: rtype, countries: BTreeMap::new(), elsewhere: vec![] })
    }

    fn preview(&self, target: &Target, _: Option<OverrideState>) -> Result<Preview, OverrideError> {
        check(target)?;
        Ok(Preview { changes: vec![], names: 0, degraded: 0, compared: 1 })
    }

    fn overrides(&self) -> Overrides {
        self.inside().overrides.clone()
    }

    fn set_override(
        &self,
        target: Target,
        what: Override,
        by: &Author,
    ) -> Result<Option<Override>, OverrideError> {
        check(&target)?;
        let mut inside = self.inside();
        if inside.disk_full {
            let error = std::io::ErrorKind::StorageFull.into();
            return Err(OverrideError::NotDurable(StateError::Io(
                "state/audit.jsonl".into(),
                error,
            )));
        }
        inside.by.push(by.to_string());
        let before = inside.overrides.get(&target).cloned();
        inside.overrides.set(target, what);
        Ok(before)
    }

    fn clear(&self, target: &Target, by: &Author) -> Result<Cleared, OverrideError> {
        let mut inside = self.inside();
        inside.by.push(by.to_string());
        inside.reasons.push(by.reason.clone());
        let overridden = inside.overrides.clear(target).ok_or(OverrideError::NothingToClear)?;
        Ok(Cleared { overridden: Some(overridden), holds: 0 })
    }

    fn uptime(
        &self,
        since: SystemTime,
        until: Option<SystemTime>,
    ) -> Result<uptime::Report, Problem> {
        let long = Arc::clone(&self.inside().long);
        let _taken = long.blocking_lock();
        let until = until.unwrap_or(since);
        Ok(Ledger::new(Period { since, until }).report(|_, _| None))
    }

    fn maintenance(&self) -> Vec<MaintenanceStatus> {
        vec![]
    }

    fn plan(&self, _: &str, _: WindowText, _: &Author) -> Result<MaintenanceStatus, PlanError> {
        Err(PlanError::InFiles)
    }

    fn call_off(&self, _: &str, by: &Author) -> Result<(), PlanError> {
        self.inside().reasons.push(by.reason.clone());
        Err(PlanError::Unknown)
    }

    fn begin_drill(&self, _: DrillWish, _: &Author) -> Result<Report, DrillError> {
        Err(DrillError::NobodyMoves)
    }

    fn drills(&self) -> Vec<Report> {
        vec![]
    }

    fn end_drill(&self, _: &str, _: &Author) -> Result<(), DrillEndError> {
        Err(DrillEndError::NotUnderWay)
    }

    fn webhooks(&self) -> Vec<WebhookStatus> {
        vec![]
    }

    fn try_webhook(&self, name: &str) -> Result<Tested, TestError> {
        match name {
            "ops" => Err(TestError::Failed("connection refused".into())),
            _ => Err(TestError::Unknown { known: vec!["ops".into()] }),
        }
    }

    fn silences(&self) -> Vec<SilenceText> {
        let inside = self.inside();
        inside.silences.iter().map(|(about, what)| SilenceText::new(about, what)).collect()
    }

    fn silence(&self, about: Pattern, silence: Silence, by: &Author) -> Result<bool, SilenceError> {
        let mut inside = self.inside();
        if inside.disk_full {
            let error = std::io::ErrorKind::StorageFull.into();
            let full = StateError::Io("state/audit.jsonl".into(), error);
            return Err(SilenceError::NotDurable(full));
        }
        inside.by.push(by.to_string());
        Ok(inside.silences.set(about, silence).is_some())
    }

    fn covered(&self, by: &Pattern) -> usize {
        by.count(["region:us-east".to_owned(), "pool:web".to_owned()].into_iter())
    }

    fn unsilence(&self, about: &Pattern, by: &Author) -> Result<(), SilenceError> {
        let mut inside = self.inside();
        inside.by.push(by.to_string());
        inside.reasons.push(by.reason.clone());
        inside.silences.remove(about).map(drop).ok_or(SilenceError::Unknown)
    }

    fn failback(&self, pool: &str, by: &Author) -> Result<Vec<Family>, OverrideError> {
        check(&Target::Pool(pool.into()))?;
        let mut inside = self.inside();
        if inside.disk_full {
            let error = std::io::ErrorKind::StorageFull.into();
            let path = "state/comebacks.jsonl".into();
            return Err(OverrideError::NotDurable(StateError::Io(path, error)));
        }
        inside.by.push(by.to_string());
        inside.reasons.push(by.reason.clone());
        if pool == "web" { Ok(vec![Family::V4]) } else { Err(OverrideError::NotHeldBack) }
    }

    fn beat(&self, endpoint: &str) -> Result<(), Problem> {
        check(&format!("endpoint:{endpoint}").parse().unwrap())
            .map_err(|_| Problem::new(StatusCode::NOT_FOUND, "no such endpoint"))
    }

    fn history(&self) -> Arc<History> {
        Arc::clone(&self.1)
    }

    fn grant(
        &self,
        name: &str,
        role: Role,
        _: Option<SystemTime>,
        by: &Author,
    ) -> Result<Token, StateError> {
        let mut inside = self.inside();
        if inside.disk_full {
            let error = std::io::ErrorKind::StorageFull.into();
            return Err(StateError::Io("state/audit.jsonl".into(), error));
        }
        inside.by.push(format!("{name} {role} by {by}"));
        inside.reasons.push(by.reason.clone());
        Ok(Token::new("a-new-token-for-you").unwrap())
    }

    fn revoke(&self, name: &str, by: &Author) -> Result<bool, StateError> {
        let mut inside = self.inside();
        inside.by.push(format!("{name} by {by}"));
        inside.reasons.push(by.reason.clone());
        Ok(name == "ci")
    }

    fn audit(&self, part: Part) -> Result<Trail, StateError> {
        let mut inside = self.inside();
        inside.wanted = Some(part);
        Ok(inside.trail.clone())
    }

    fn reload(&self, by: &Author) -> Result<String, Vec<Finding>> {
        let mut inside = self.inside();
        inside.by.push(by.to_string());
        inside.reasons.push(by.reason.clone());
        let findings = inside.findings.clone();
        if findings.is_empty() { Ok("r2".into()) } else { Err(findings) }
    }
}
