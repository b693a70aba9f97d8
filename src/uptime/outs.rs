//! The times at which pools were not up, each with what led to it.

use std::cmp::Reverse;
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

/// All times out of service so far: those under way, and the latest of those that are over.
#[derive(Debug)]
pub(super) struct Outs {
    period: Period,
    /// Those under way.
    open: BTreeMap<PoolFamily, Out>,
    /// The latest of the others within the period, that which began last first.
    over: BTreeMap<Place, Out>,
    /// So many of them are kept,
    most: usize,
    /// and so many there were.
    count: usize,
    /// How many have begun.
    begun: u64,
}

/// The later one comes first; of two at one time, that which was written down first.
type Place = (Reverse<SystemTime>, u64);

#[derive(Debug)]
struct Out {
    pool: PoolFamily,
    /// It was that many-th to begin.
    number: u64,
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
    /// None yet; of those within the period that many are kept.
    pub(super) fn new(period: Period, most: usize) -> Self {
        let (open, over) = (BTreeMap::new(), BTreeMap::new());
        Self { period, open, over, most, count: 0, begun: 0 }
    }

    /// A pool stands so from now on.
    pub(super) fn turn(&mut self, pool: &PoolFamily, stand: Stand, at: SystemTime, cause: Cause) {
        let is_out = matches!(stand, Stand::Down | Stand::Away);
        let planned = stand == Stand::Away;
        if let Some(mut out) = self.open.remove(pool) {
            out.pass(at, self.period);
            out.from = Some(at);
            // One that was drained and fails meanwhile is another matter.
            if is_out && out.planned == planned {
                self.open.insert(pool.clone(), out);
                return;
            }
            out.ended = Some(at);
            self.keep(out);
        }
        if is_out {
            self.begun += 1;
            let (number, began, from) = (self.begun, at, Some(at));
            let (ended, lasted) = (None, Duration::ZERO);
            let (is_explained, of) = (false, pool.clone());
            let pool = pool.clone();
            let out =
                Out { pool, number, planned, began, ended, lasted, from, cause, is_explained };
            self.open.insert(of, out);
        }
    }

    /// One is over. Nothing more comes to be known of it.
    fn keep(&mut self, out: Out) {
        if !out.is_within(self.period) {
            return;
        }
        self.count += 1;
        self.over.insert((Reverse(out.began), out.number), out);
        if self.over.len() > self.most {
            self.over.pop_last();
        }
    }

    /// What happened now has led to those that have begun just before; `cause` knows to which.
    pub(super) fn explain(
        &mut self,
        at: SystemTime,
        planned: bool,
        cause: impl Fn(&str) -> Option<Cause>,
    ) {
        for out in self.open.values_mut() {
            let is_meant = out.planned == planned && !out.is_explained;
            let is_beside = at.duration_since(out.began).unwrap_or_default() <= BESIDE;
            if is_meant
                && is_beside
                && let Some(cause) = cause(&out.pool.0)
            {
                (out.cause, out.is_explained) = (cause, true);
            }
        }
    }

    /// Nobody looks from now on.
    pub(super) fn lose(&mut self, at: SystemTime) {
        for out in self.open.values_mut() {
            out.pass(at, self.period);
            out.from = None;
        }
    }

    /// Somebody looks again, and finds them as they were.
    pub(super) fn resume(&mut self, at: SystemTime) {
        self.open.values_mut().for_each(|out| out.from = Some(at));
    }

    /// A pool is no more.
    pub(super) fn forget(&mut self, pool: &PoolFamily, at: SystemTime) {
        if let Some(mut out) = self.open.remove(pool) {
            out.pass(at, self.period);
            self.keep(out);
        }
    }

    /// The latest of those within the period, the latest first, and how many there were, if that was all.
    pub(super) fn list(
        mut self,
        region_of: impl Fn(&str) -> Option<String>,
    ) -> (Vec<Failover>, usize) {
        for out in std::mem::take(&mut self.open).into_values() {
            self.keep(out);
        }
        let list = self.over.values().map(|out| out.failover(region_of(&out.pool.0)));
        (list.collect(), self.count)
    }
}

impl Out {
    fn is_within(&self, period: Period) -> bool {
        !self.lasted.is_zero() || period.since <= self.began && self.began < period.until
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 3;

    fn at(second: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(second)
    }

    /// However many there are, no more are held than are listed, and those are the latest.
    #[test]
    fn the_latest_are_kept_and_all_are_counted() {
        let mut outs = Outs::new(Period { since: at(0), until: at(1_000_000) }, MOST);
        let pools = ["a", "b"].map(|pool| (pool.to_owned(), "a".to_owned()));
        // One goes on all the time, and began before all others.
        let long = ("long".to_owned(), "a".to_owned());
        outs.turn(&long, Stand::Down, at(1), Cause::default());
        for round in 1..=1000 {
            for stand in [Stand::Down, Stand::Up] {
                let second = 10 * round + u64::from(stand == Stand::Up);
                pools.iter().for_each(|pool| outs.turn(pool, stand, at(second), Cause::default()));
            }
            assert!(outs.over.len() <= MOST && outs.open.len() <= MOST, "{outs:?}");
        }
        outs.lose(at(20_000));
        let (list, count) = outs.list(|_| None);
        let listed: Vec<_> = list.iter().map(|out| (&*out.pool, &*out.from)).collect();
        let (last, before) = ("1970-01-01T02:46:40Z", "1970-01-01T02:46:30Z");
        assert_eq!(listed, [("a", last), ("b", last), ("a", before)]);
        assert_eq!(count, 2001);
    }

    #[test]
    fn what_is_not_within_the_period_is_not_kept() {
        let mut outs = Outs::new(Period { since: at(100), until: at(200) }, MOST);
        let pool = ("a".to_owned(), "a".to_owned());
        for (down, up) in [(10, 20), (90, 110), (150, 150), (190, 210), (220, 230)] {
            outs.turn(&pool, Stand::Down, at(down), Cause::default());
            outs.turn(&pool, Stand::Up, at(up), Cause::default());
        }
        let (list, count) = outs.list(|_| None);
        let lasted: Vec<f64> = list.iter().map(|out| out.lasted_s).collect();
        assert_eq!((lasted, count), (vec![10.0, 0.0, 10.0], 3));
    }
}
