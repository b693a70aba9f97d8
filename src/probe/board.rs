//! What is known of every target: what status, metrics and the next view are made of.
//!
//! Behind one lock that is held for moments, by probes and by whoever looks. Answers to queries
//! never come here; they have their view.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::failure::Failure;
use super::histogram::Histogram;
use super::target::{Plan, ProbeTarget};
use crate::health::{
    Outcome, PoolId, RememberedVerdict, State, Tracker, Verdict, endpoint_verdict,
};

/// What one probe came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The target's key.
    pub key: Arc<str>,
    /// How it went.
    pub result: Result<(), Failure>,
    /// How long the probe took.
    pub round_trip: Duration,
    /// When it ended.
    pub at: SystemTime,
    /// What is now believed of the target.
    pub verdict: Verdict,
    /// The new state, if this probe changed it or was the first to tell.
    pub changed: Option<State>,
    /// Whether state or doubt are other than before this probe: then the views of `pools` are out
    /// of date.
    pub moved: bool,
    /// The pools that hang on the target, by their ids in the plan of `generation`.
    pub pools: Arc<[PoolId]>,
    /// Counts plans: 1 is the first, each [`super::Probes::replace`] adds one.
    pub generation: u64,
}

/// What is known of one target.
#[derive(Clone, Debug)]
pub struct TargetStatus {
    /// The target.
    pub target: Arc<ProbeTarget>,
    /// What is believed of it.
    pub verdict: Verdict,
    /// Since when that state is believed; none before the first outcome.
    pub since: Option<SystemTime>,
    /// When the last probe ended.
    pub probed: Option<SystemTime>,
    /// How long the last probe that succeeded took.
    pub round_trip: Option<Duration>,
    /// Why and when a probe last failed, however long ago.
    pub last_failure: Option<(SystemTime, Failure)>,
    /// Probes by result: `ok`, or [`Failure::reason`].
    pub results: BTreeMap<&'static str, u64>,
    /// How long probes took.
    pub durations: Histogram,
    tracker: Tracker,
}

/// When to ask next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Next {
    /// From this probe to the next.
    pub(super) pause: Duration,
    /// Whether the verdict has promised to stay for the pauses that are missing.
    pub(super) promised: bool,
}

/// The details of all targets.
#[derive(Debug)]
pub struct Board {
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    generation: u64,
    plan: Arc<Plan>,
    /// In the order of the plan's targets.
    rows: Vec<TargetStatus>,
    by_key: HashMap<Arc<str>, usize>,
}

/// All that is known at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// As in [`Report::generation`].
    pub generation: u64,
    /// The plan.
    pub plan: Arc<Plan>,
    /// In the order of the plan's targets.
    pub targets: Vec<TargetStatus>,
}

impl Board {
    pub(super) fn new() -> Self {
        Self { table: Mutex::default() }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that is known now.
    pub fn snapshot(&self) -> Snapshot {
        let table = self.table();
        Snapshot {
            generation: table.generation,
            plan: Arc::clone(&table.plan),
            targets: table.rows.clone(),
        }
    }

    /// Which plan is in force, as in [`Report::generation`].
    pub fn generation(&self) -> u64 {
        self.table().generation
    }

    /// The verdicts of a pool's endpoints; empty if there is no such pool.
    pub fn pool_verdicts(&self, pool: PoolId) -> Vec<Verdict> {
        self.table().pool_verdicts(pool as usize)
    }

    /// The verdicts of all endpoints: pool by pool, endpoint by endpoint.
    pub fn verdicts(&self) -> Vec<Vec<Verdict>> {
        let table = self.table();
        (0..table.plan.endpoints.len()).map(|pool| table.pool_verdicts(pool)).collect()
    }

    /// How many targets were never probed.
    pub fn unprobed(&self) -> usize {
        self.table().rows.iter().filter(|row| row.probed.is_none()).count()
    }

    /// Whether the plan has a target of this key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table().by_key.contains_key(key)
    }

    /// Puts a plan in place of the last one. What is known of targets that are in both is kept;
    /// the others begin with what is believed of their addresses; where nothing was asked there,
    /// with what `memory` knows of their keys. Returns the targets that are new.
    pub(super) fn replace(
        &self,
        plan: Plan,
        memory: &dyn Fn(&str) -> Option<RememberedVerdict>,
    ) -> Vec<Arc<ProbeTarget>> {
        let mut table = self.table();
        let mut new = Vec::new();
        let known = table.by_address();
        let rows = plan.targets.iter().map(|target| match table.row(&target.key) {
            Some(row) => row.clone(),
            None => {
                new.push(Arc::clone(target));
                // What was remembered before is older than what is believed now.
                let last = match known.get(&target.address) {
                    Some(rows) => same_question(rows, target),
                    None => memory(&target.key),
                };
                TargetStatus::new(Arc::clone(target), last)
            }
        });
        let rows: Vec<_> = rows.collect();
        table.by_key = plan.targets.iter().map(|target| target.key.clone()).zip(0..).collect();
        table.rows = rows;
        table.plan = Arc::new(plan);
        table.generation += 1;
        new
    }

    /// Takes in what a probe came to; the report, and when to ask next. None if the target is no
    /// longer in the plan.
    pub(super) fn observe(
        &self,
        key: &str,
        result: Result<(), Failure>,
        round_trip: Duration,
        at: SystemTime,
    ) -> Option<(Report, Next)> {
        let mut table = self.table();
        let generation = table.generation;
        let index = *table.by_key.get(key)?;
        let pools = Arc::clone(table.plan.pools.get(index)?);
        let row = table.rows.get_mut(index)?;
        let before = row.verdict;
        let changed = row.observe(&result, round_trip, at);
        let (key, verdict) = (row.target.key.clone(), row.verdict);
        let moved = verdict != before;
        let next = Next { pause: row.tracker.pause(), promised: verdict.hold.is_some() };
        let report =
            Report { key, result, round_trip, at, verdict, changed, moved, pools, generation };
        Some((report, next))
    }
}

impl Table {
    fn row(&self, key: &str) -> Option<&TargetStatus> {
        self.by_key.get(key).and_then(|index| self.rows.get(*index))
    }

    fn by_address(&self) -> HashMap<IpAddr, Vec<&TargetStatus>> {
        let mut known = HashMap::<_, Vec<_>>::new();
        for row in &self.rows {
            known.entry(row.target.address).or_default().push(row);
        }
        known
    }

    fn pool_verdicts(&self, pool: usize) -> Vec<Verdict> {
        let endpoints = self.plan.endpoints.get(pool).map_or(&[][..], |endpoints| endpoints);
        let verdict = |targets: &[usize]| {
            endpoint_verdict(targets.iter().filter_map(|t| self.rows.get(*t)).map(|r| r.verdict))
        };
        endpoints.iter().map(|targets| verdict(targets)).collect()
    }
}

/// What is believed of a target that asks the same, though at other times; else, where all that is
/// asked of its address fails, that it is down: another question makes nobody well.
fn same_question(rows: &[&TargetStatus], target: &ProbeTarget) -> Option<RememberedVerdict> {
    if let Some(row) = rows.iter().find(|row| row.target.asks_the_same(target)) {
        return row.remembered();
    }
    let remembered: Vec<RememberedVerdict> =
        rows.iter().filter_map(|row| row.remembered()).collect();
    let all_down = remembered.iter().all(|last| last.state == State::Down);
    remembered.first().copied().filter(|_| all_down)
}

impl TargetStatus {
    fn new(target: Arc<ProbeTarget>, last: Option<RememberedVerdict>) -> Self {
        let tracker = Tracker::new(target.settings, last.map(|l| l.state));
        Self {
            verdict: tracker.verdict(),
            since: last.map(|l| l.since),
            target,
            probed: None,
            round_trip: None,
            last_failure: None,
            results: BTreeMap::new(),
            durations: Histogram::default(),
            tracker,
        }
    }

    /// What is believed, to be remembered; none before the first outcome.
    pub fn remembered(&self) -> Option<RememberedVerdict> {
        Some(RememberedVerdict { state: self.tracker.state()?, since: self.since? })
    }

    /// Whether the last probe failed, be it the target's fault or ours.
    pub fn is_failing(&self) -> bool {
        self.last_failure.as_ref().is_some_and(|(at, _)| Some(*at) == self.probed)
    }

    /// Returns the new state, if it changed.
    fn observe(
        &mut self,
        result: &Result<(), Failure>,
        round_trip: Duration,
        at: SystemTime,
    ) -> Option<State> {
        self.probed = Some(at);
        if result.is_ok() {
            self.round_trip = Some(round_trip);
        }
        self.durations.add(round_trip);
        let reason = result.as_ref().err().map_or("ok", Failure::reason);
        *self.results.entry(reason).or_default() += 1;
        if let Err(failure) = result {
            self.last_failure = Some((at, failure.clone()));
        }
        let outcome = match result {
            Ok(()) => Outcome::Success,
            // Whoever was not asked has not failed.
            Err(failure) if failure.is_ours() => {
                self.tracker.ask_in_vain();
                self.verdict = self.tracker.verdict();
                return None;
            }
            Err(_) => Outcome::Failure,
        };
        let changed = self.tracker.observe(outcome);
        if changed.is_some() {
            self.since = Some(at);
        }
        self.verdict = self.tracker.verdict();
        changed
    }
}
