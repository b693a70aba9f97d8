//! What is known of every target: what status, metrics and the next view are made of.
//!
//! Behind one lock that is held for moments, by probes and by whoever looks. Answers to queries
//! never come here; they have their view.

mod row;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

pub(super) use self::row::Ended;
pub use self::row::TargetStatus;
use super::report::{Event, Report};
use super::target::{Plan, ProbeTarget};
use crate::health::{
    PoolId, ProbeNumber, RememberedVerdict, State, Tracker, Verdict, endpoint_verdict,
};

/// How it is with a target when its loop looks.
pub(super) struct Look {
    /// That its verdict is in doubt from now on.
    pub(super) report: Option<Report>,
    /// What is believed.
    pub(super) verdict: Verdict,
    /// What is to be done.
    pub(super) next: Next,
}

/// What is to be done for a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A probe is due.
    Begin,
    /// Nothing before this moment, or before a probe ends.
    Wait(Option<Instant>),
}

/// The details of all targets.
#[derive(Debug)]
pub struct Board {
    table: Mutex<Table>,
    /// What the moments of trackers are counted from.
    origin: Instant,
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
    pub(super) fn new(origin: Instant) -> Self {
        Self { table: Mutex::default(), origin }
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
    /// with what `memory` knows of their keys. Returns the targets that are new; `first` says
    /// when each of these is to be probed first.
    pub(super) fn replace(
        &self,
        plan: Plan,
        memory: &dyn Fn(&str) -> Option<RememberedVerdict>,
        first: impl Fn(&ProbeTarget) -> Instant,
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
                TargetStatus::new(Arc::clone(target), last, self.moment(first(target)))
            }
        });
        let rows: Vec<_> = rows.collect();
        table.by_key = plan.targets.iter().map(|target| target.key.clone()).zip(0..).collect();
        table.rows = rows;
        table.plan = Arc::new(plan);
        table.generation += 1;
        new
    }

    /// Looks what is to be done for a target: its verdict may be in doubt by now, and its next
    /// probe due. None if the target is no longer in the plan.
    pub(super) fn look(&self, key: &str, now: Instant, at: SystemTime) -> Option<Look> {
        let moment = self.moment(now);
        let (report, (verdict, next)) = self.change(key, |row| {
            let tracker = &mut row.tracker;
            let event = tracker.look(moment).then_some((Event::Slow, at, None));
            let next = match tracker.due() {
                Some(due) if due <= moment => Next::Begin,
                _ => Next::Wait(tracker.wake().map(|wake| self.origin + wake)),
            };
            (event, (tracker.verdict(), next))
        })?;
        Some(Look { report, verdict, next })
    }

    /// A probe begins. None if the target is no longer in the plan.
    pub(super) fn begin(&self, key: &str, now: Instant, chance: f64) -> Option<ProbeNumber> {
        self.tracker(key, |tracker| tracker.begin(self.moment(now), chance))
    }

    /// Takes in a hint that something has happened to a target. None as above.
    pub(super) fn hint(&self, key: &str, now: Instant) -> Option<()> {
        self.tracker(key, |tracker| tracker.hint(self.moment(now)))
    }

    /// Takes in what a probe came to. None as above.
    pub(super) fn end(&self, key: &str, now: Instant, ended: Ended) -> Option<Report> {
        let (report, ()) = self.change(key, |row| {
            let changed = row.end(&ended, self.moment(now));
            let Ended { result, round_trip, at, .. } = ended;
            (Some((Event::Ended { result, round_trip }, at, changed)), ())
        })?;
        report
    }

    fn moment(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.origin)
    }

    fn tracker<T>(&self, key: &str, change: impl FnOnce(&mut Tracker) -> T) -> Option<T> {
        let mut table = self.table();
        let index = *table.by_key.get(key)?;
        Some(change(&mut table.rows.get_mut(index)?.tracker))
    }

    /// Changes a row, and reports what happened to it.
    fn change<T>(
        &self,
        key: &str,
        change: impl FnOnce(&mut TargetStatus) -> (Option<(Event, SystemTime, Option<State>)>, T),
    ) -> Option<(Option<Report>, T)> {
        let mut table = self.table();
        let generation = table.generation;
        let index = *table.by_key.get(key)?;
        let pools = Arc::clone(table.plan.pools.get(index)?);
        let row = table.rows.get_mut(index)?;
        let before = row.verdict();
        let (happened, result) = change(row);
        let (key, verdict) = (row.target.key.clone(), row.verdict());
        let moved = verdict != before;
        let report = happened.map(|(event, at, changed)| Report {
            key,
            event,
            at,
            verdict,
            changed,
            moved,
            pools,
            generation,
        });
        Some((report, result))
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
            endpoint_verdict(
                targets.iter().filter_map(|t| self.rows.get(*t)).map(TargetStatus::verdict),
            )
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
