//! What is known of every target: what status, metrics and the next view are made of.
//!
//! Behind one lock that is held for moments, by probes and by whoever looks. Answers to queries
//! never come here; they have their view.

mod row;
mod silence;
mod snapshot;

use std::collections::{HashMap, HashSet};
use std::mem::discriminant;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;
use tokio::time::Instant;

pub(super) use self::row::Ended;
pub use self::row::{Change, TargetStatus};
pub use self::snapshot::Snapshot;
use super::histogram::Histogram;
use super::report::{Culprit, EndpointChange, Event, Report};
use super::target::{Plan, ProbeTarget, question_of};
use crate::clock;
use crate::health::{
    Contact, EndpointId, PoolId, ProbeNumber, RememberedVerdict, State, Tracker, Verdict,
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
    /// In the order of the plan's targets. Shared with those snapshots that were taken since a row
    /// last changed, for there may be ten thousand, and whoever looks is to hold up nobody.
    rows: Vec<Arc<TargetStatus>>,
    by_key: HashMap<Arc<str>, usize>,
    contact: Contact,
    /// How long after they were due probes began.
    lateness: Histogram,
    /// When others were last asked to say whether this machine still hears of anybody.
    others_asked: Option<Duration>,
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
            is_cut_off: table.contact.is_cut_off(),
            lateness: table.lateness.clone(),
            taken: (self.moment(clock::runtime_now()), clock::wall_now()),
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

    /// For each endpoint of a pool whether any of its targets is unknown, by a probe and from before.
    pub fn unheard(&self, pool: PoolId) -> Vec<bool> {
        let table = self.table();
        let endpoints = table.plan.endpoints.get(pool as usize).into_iter().flatten();
        let is_unknown =
            |index: &usize| table.rows.get(*index).is_some_and(|row| row.tracker.state().is_none());
        endpoints.map(|targets| targets.iter().any(is_unknown)).collect()
    }

    /// How many targets were never probed, of those that are asked.
    pub fn unprobed(&self) -> usize {
        let table = self.table();
        table.rows.iter().filter(|row| row.probed.is_none() && !row.target.is_heartbeat()).count()
    }

    /// The keys of the plan, each with what is believed, to be remembered; none before the first
    /// outcome.
    pub fn remembered(&self) -> Vec<(Arc<str>, Option<RememberedVerdict>)> {
        let table = self.table();
        table.rows.iter().map(|row| (row.target.key.clone(), row.remembered())).collect()
    }

    /// Whether the plan has a target of this key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table().by_key.contains_key(key)
    }

    /// Puts a plan in place of the last one. What is known of targets that are in both is kept;
    /// the others begin with what is believed of their addresses; where nothing was asked there,
    /// with what `memory` knows of their keys. Returns the targets that are new; `first` says when
    /// each of these is to be probed first, and `is_local` which addresses are this machine's own.
    pub(super) fn replace(
        &self,
        plan: Plan,
        memory: &dyn Fn(&str) -> Option<RememberedVerdict>,
        first: impl Fn(&ProbeTarget) -> Instant,
        is_local: impl Fn(IpAddr) -> bool,
    ) -> Vec<Arc<ProbeTarget>> {
        // Asked before the table is held up by it.
        let is_new = |target: &&Arc<ProbeTarget>| !self.has(&target.key);
        let new_addresses = plan.targets.iter().filter(is_new).map(|target| target.address);
        let local: HashSet<IpAddr> = new_addresses.filter(|address| is_local(*address)).collect();
        let mut table = self.table();
        let (mut new, mut known_up) = (Vec::new(), HashSet::new());
        let known = table.by_address();
        let rows = plan.targets.iter().map(|target| match table.row(&target.key) {
            Some(row) => Arc::clone(row),
            None => {
                new.push(Arc::clone(target));
                // What was remembered before is older than what is believed now.
                let last = match known.get(&target.address) {
                    Some(rows) => same_question(rows, target),
                    None => memory(&target.key),
                };
                if last.is_some_and(|last| last.state == State::Up) {
                    known_up.insert(target.key.clone());
                }
                let is_local = local.contains(&target.address);
                let first = self.moment(first(target));
                Arc::new(TargetStatus::new(Arc::clone(target), last, first, is_local))
            }
        });
        let rows: Vec<_> = rows.collect();
        table.by_key = plan.targets.iter().map(|target| target.key.clone()).zip(0..).collect();
        table.rows = rows;
        let addresses: HashSet<IpAddr> = plan.targets.iter().map(|t| t.address).collect();
        table.contact.retain(|address| addresses.contains(address));
        let now = self.moment(clock::runtime_now());
        for (target, domain) in plan.targets.iter().zip(&plan.domains) {
            let is_up = known_up.contains(&target.key);
            let is_local = table.row(&target.key).is_some_and(|row| row.is_local);
            if is_up && !target.is_blind() && !is_local {
                let interval = target.settings.interval;
                table.contact.expect(target.address, *domain, interval, now);
            }
        }
        table.plan = Arc::new(plan);
        table.generation += 1;
        new
    }

    /// Looks what is to be done for a target: its verdict may be in doubt by now, and its next
    /// probe due. None if the target is no longer in the plan.
    pub(super) fn look(&self, key: &str, now: Instant, at: SystemTime) -> Option<Look> {
        let moment = self.moment(now);
        let mut table = self.table();
        let index = table.index(key)?;
        let row = table.row_mut(index)?;
        let before = row.verdict();
        let is_slow = row.tracker.look(moment);
        let next = match row.tracker.due() {
            Some(due) if due <= moment => Next::Begin,
            _ => Next::Wait(row.tracker.wake().map(|wake| self.origin + wake)),
        };
        let verdict = row.verdict();
        if is_slow {
            table.miss(index, moment);
        }
        let report = is_slow.then(|| table.report(index, before, Event::Slow, at)).flatten();
        Some(Look { report, verdict, next })
    }

    /// A probe begins. None if the target is no longer in the plan.
    pub(super) fn begin(&self, key: &str, now: Instant, chance: f64) -> Option<ProbeNumber> {
        let now = self.moment(now);
        let mut table = self.table();
        let index = table.index(key)?;
        let row = table.row_mut(index)?;
        let due = row.tracker.due().filter(|_| !row.target.is_heartbeat());
        let number = row.tracker.begin(now, chance);
        if let Some(due) = due {
            table.lateness.add(now.saturating_sub(due));
        }
        Some(number)
    }

    /// Takes in a hint that something has happened to a target. None as above.
    pub(super) fn hint(&self, key: &str, now: Instant) -> Option<()> {
        self.tracker(key, |tracker| tracker.hint(self.moment(now)))
    }

    /// Takes in what a probe came to. None as above.
    pub(super) fn end(&self, key: &str, now: Instant, ended: Ended) -> Option<Report> {
        let now = self.moment(now);
        let mut table = self.table();
        let index = table.index(key)?;
        let row = table.row_mut(index)?;
        let before = row.verdict();
        let (changed, contact) = match row.tracker.counts(ended.number) {
            true => {
                let (weight, contact) = table.listen(index, &ended, now);
                (table.row_mut(index)?.end(&ended, now, weight), contact)
            }
            false => {
                row.count(&ended);
                (None, None)
            }
        };
        let Ended { result, round_trip, at, .. } = ended;
        let report = table.report(index, before, Event::Ended { result, round_trip }, at)?;
        let endpoints = match changed {
            Some(_) => table.changed_endpoints(index, before),
            None => Vec::new(),
        };
        Some(Report { changed, contact, endpoints, ..report })
    }

    /// What lets the loop of a target look again, for what is due may have changed.
    pub(super) fn nudge(&self, key: &str) -> Option<Arc<Notify>> {
        self.table().row(key).map(|row| Arc::clone(&row.nudge))
    }

    /// Lets those who listen to an endpoint hear that it is well; false if nobody does.
    pub(super) fn beat(&self, endpoint: EndpointId) -> bool {
        let table = self.table();
        let targets = table.plan.targets_of(endpoint).iter();
        let listening = targets.filter_map(|index| table.rows.get(*index));
        let listening = listening.filter(|row| row.target.is_heartbeat());
        listening.map(|row| row.beat.notify_one()).count() > 0
    }

    /// What rings at each heartbeat of a target.
    pub(super) fn beats(&self, key: &str) -> Option<Arc<Notify>> {
        self.table().row(key).map(|row| Arc::clone(&row.beat))
    }

    /// How many targets of some endpoints are held down by flap damping.
    pub fn holds(&self, endpoints: &[EndpointId]) -> usize {
        let table = self.table();
        let indices = endpoints.iter().flat_map(|id| table.plan.targets_of(*id));
        indices
            .filter(|index| table.rows.get(**index).is_some_and(|row| row.held_until.is_some()))
            .count()
    }

    /// Ends the holds of some endpoints' targets.
    pub(super) fn lift_holds(&self, endpoints: &[EndpointId], now: Instant) {
        let now = self.moment(now);
        let mut table = self.table();
        let plan = Arc::clone(&table.plan);
        for index in endpoints.iter().flat_map(|id| plan.targets_of(*id)) {
            if let Some(row) = table.row_mut(*index) {
                row.lift_hold(now);
            }
        }
    }

    /// A moment as trackers count it.
    pub(super) fn moment(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.origin)
    }

    fn tracker<T>(&self, key: &str, change: impl FnOnce(&mut Tracker) -> T) -> Option<T> {
        let mut table = self.table();
        let index = table.index(key)?;
        Some(change(&mut table.row_mut(index)?.tracker))
    }
}

impl Table {
    fn index(&self, key: &str) -> Option<usize> {
        self.by_key.get(key).copied()
    }

    fn row(&self, key: &str) -> Option<&Arc<TargetStatus>> {
        self.index(key).and_then(|index| self.rows.get(index))
    }

    fn row_mut(&mut self, index: usize) -> Option<&mut TargetStatus> {
        self.rows.get_mut(index).map(Arc::make_mut)
    }

    /// What happened to a row whose verdict was another before, perhaps.
    fn report(
        &self,
        index: usize,
        before: Verdict,
        event: Event,
        at: SystemTime,
    ) -> Option<Report> {
        let row = self.rows.get(index)?;
        let verdict = row.verdict();
        Some(Report {
            key: row.target.key.clone(),
            event,
            at,
            verdict,
            passed: row.passed,
            changed: None,
            moved: verdict != before,
            endpoints: Vec::new(),
            contact: None,
            pools: Arc::clone(self.plan.pools.get(index)?),
            generation: self.generation,
        })
    }

    /// The endpoints that are something else since a target is, which was `before`.
    fn changed_endpoints(&self, target: usize, before: Verdict) -> Vec<EndpointChange> {
        let now = |index: usize| self.rows.get(index).map(|row| row.verdict());
        let then = |index: usize| if index == target { Some(before) } else { now(index) };
        let state = |endpoint| self.plan.verdict(endpoint, now).state;
        let changed = self
            .plan
            .endpoints_of(target)
            .filter(|endpoint| self.plan.verdict(*endpoint, then).state != state(*endpoint));
        let change = |endpoint| EndpointChange {
            endpoint,
            to: state(endpoint),
            culprits: culprits(&self.plan, endpoint, &self.rows),
        };
        changed.map(change).collect()
    }

    fn by_address(&self) -> HashMap<IpAddr, Vec<&TargetStatus>> {
        let mut known = HashMap::<_, Vec<_>>::new();
        for row in &self.rows {
            known.entry(row.target.address).or_default().push(&**row);
        }
        known
    }

    fn pool_verdicts(&self, pool: usize) -> Vec<Verdict> {
        let count = self.plan.endpoints.get(pool).map_or(0, Vec::len);
        let verdict = |target: usize| self.rows.get(target).map(|row| row.verdict());
        let ids = (0..count).map(|index| EndpointId { pool: pool as PoolId, index: index as u32 });
        ids.map(|id| self.plan.verdict(id, verdict)).collect()
    }
}

fn culprits(plan: &Plan, endpoint: EndpointId, rows: &[Arc<TargetStatus>]) -> Vec<Culprit> {
    let monitors = plan.culprits(endpoint, |index| rows.get(index).map(|row| row.verdict()));
    let culprits = monitors.into_iter().filter_map(|monitor| {
        let row = rows.get(*plan.targets_of(endpoint).get(monitor as usize)?)?;
        let failure = row.last_failure.as_ref().map(|(_, failure)| failure.clone());
        Some(Culprit { monitor, says: row.verdict().state, failure })
    });
    culprits.collect()
}

/// What is believed of a target that asks the same, though at other times; else, that it is up
/// where something that is asked of its address is: another question is no reason to take it out by
/// its first failure. But where all fail, it makes nobody well.
fn same_question(rows: &[&TargetStatus], target: &ProbeTarget) -> Option<RememberedVerdict> {
    if let Some(row) = rows.iter().find(|row| row.target.asks_the_same(target)) {
        return row.remembered();
    }
    if target.is_heartbeat() {
        return None;
    }
    // The one that is most like it: a little changed, or another question of the same kind.
    let question = question_of(&target.key);
    let is_alike: [&dyn Fn(&&&TargetStatus) -> bool; 3] = [
        &|row| question_of(&row.target.key) == question,
        &|row| discriminant(&row.target.request) == discriminant(&target.request),
        &|_| true,
    ];
    is_alike.into_iter().find_map(|is_alike| {
        let alike = || rows.iter().filter(is_alike).filter_map(|row| row.remembered());
        alike().find(|last| last.state == State::Up).or_else(|| alike().next())
    })
}
