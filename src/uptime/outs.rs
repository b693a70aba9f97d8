//! The times at which pools were not up, each with what led to it.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::course::Period;
use super::record::Stand;
use super::report::Failover;
use crate::timestamp::to_rfc3339;

/// A pool, and one of its families.
pub(super) type PoolFamily = (String, String);

/// What is known of why a pool goes out.
#[derive(Clone, Debug, Default)]
pub(super) struct Cause {
    pub(super) why: Option<String>,
    /// When what fell last was last well.
    pub(super) last_good: Option<SystemTime>,
}

/// What leads to a change is written down beside it, and perhaps after it.
const BESIDE: Duration = Duration::from_secs(2);

/// All times out of service so far.
#[derive(Debug, Default)]
pub(super) struct Outs {
    all: Vec<Out>,
    /// Those under way, by their place among all.
    open: BTreeMap<PoolFamily, usize>,
}

#[derive(Debug)]
struct Out {
    pool: PoolFamily,
    planned: bool,
    began: SystemTime,
    ended: Option<SystemTime>,
    /// How much of it is summed.
    lasted: Duration,
    /// Since when it is not; none while nobody looks.
    from: Option<SystemTime>,
    cause: Cause,
    /// Whether the cause is one that was written down beside it, and not just the last one.
    is_explained: bool,
}

impl Outs {
    /// A pool stands so from now on.
    pub(super) fn turn(
        &mut self,
        pool: &PoolFamily,
        stand: Stand,
        at: SystemTime,
        period: Period,
        cause: Cause,
    ) {
        let is_out = matches!(stand, Stand::Down | Stand::Away);
        let planned = stand == Stand::Away;
        if let Some(index) = self.open.get(pool).copied()
            && let Some(out) = self.all.get_mut(index)
        {
            out.pass(at, period);
            out.from = Some(at);
            // One that was drained and fails meanwhile is another matter.
            if is_out && out.planned == planned {
                return;
            }
            out.ended = Some(at);
            self.open.remove(pool);
        }
        if is_out {
            self.open.insert(pool.clone(), self.all.len());
            let (began, from) = (at, Some(at));
            let (ended, lasted) = (None, Duration::ZERO);
            let pool = pool.clone();
            let is_explained = false;
            self.all.push(Out { pool, planned, began, ended, lasted, from, cause, is_explained });
        }
    }

    /// What happened now has led to those that have begun just before; `cause` knows to which.
    pub(super) fn explain(
        &mut self,
        at: SystemTime,
        planned: bool,
        cause: impl Fn(&str) -> Option<Cause>,
    ) {
        self.each_open(|out| {
            let is_meant = out.planned == planned && !out.is_explained;
            let is_beside = at.duration_since(out.began).unwrap_or_default() <= BESIDE;
            if is_meant
                && is_beside
                && let Some(cause) = cause(&out.pool.0)
            {
                (out.cause, out.is_explained) = (cause, true);
            }
        });
    }

    /// Nobody looks from now on.
    pub(super) fn lose(&mut self, at: SystemTime, period: Period) {
        self.each_open(|out| {
            out.pass(at, period);
            out.from = None;
        });
    }

    /// Somebody looks again, and finds them as they were.
    pub(super) fn resume(&mut self, at: SystemTime) {
        self.each_open(|out| out.from = Some(at));
    }

    /// A pool is no more.
    pub(super) fn forget(&mut self, pool: &PoolFamily, at: SystemTime, period: Period) {
        if let Some(out) = self.open.remove(pool).and_then(|index| self.all.get_mut(index)) {
            out.pass(at, period);
            out.from = None;
        }
    }

    /// Has something done to each that is under way.
    fn each_open(&mut self, mut then: impl FnMut(&mut Out)) {
        for place in self.open.values() {
            if let Some(out) = self.all.get_mut(*place) {
                then(out);
            }
        }
    }

    /// Those within the period, the latest first.
    pub(super) fn list(
        &self,
        period: Period,
        region_of: impl Fn(&str) -> Option<String>,
    ) -> Vec<Failover> {
        let is_within = |out: &&Out| {
            !out.lasted.is_zero() || period.since <= out.began && out.began < period.until
        };
        let mut all: Vec<&Out> = self.all.iter().filter(is_within).collect();
        all.sort_by_key(|out| std::cmp::Reverse(out.began));
        all.into_iter().map(|out| out.failover(region_of(&out.pool.0))).collect()
    }
}

impl Out {
    fn pass(&mut self, at: SystemTime, period: Period) {
        if let Some(from) = self.from {
            self.lasted += period.part_of(from, at);
        }
    }

    fn failover(&self, region: Option<String>) -> Failover {
        let (pool, family) = self.pool.clone();
        let Cause { why, last_good } = self.cause.clone();
        let detected = last_good.and_then(|good| self.began.duration_since(good).ok());
        Failover {
            pool,
            family,
            region,
            planned: self.planned,
            from: to_rfc3339(self.began),
            until: self.ended.map(to_rfc3339),
            lasted_s: self.lasted.as_secs_f64(),
            detected_s: detected.map(|time| time.as_secs_f64()),
            why,
        }
    }
}
