//! Records, one after the other, summed to a report.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use super::course::{Course, Period};
use super::outs::{Cause, Outs, PoolFamily};
use super::record::{Kind, PoolNow, Record, Stand};
use super::report::{
    EndpointUptime, Gap, NameAnswers, PoolShare, PoolUptime, RegionUptime, Report,
};
use crate::timestamp::{from_rfc3339, to_rfc3339_seconds};

/// Somebody who looks says so each minute: what is missing for longer was not seen.
const LONGEST_SILENCE: Duration = Duration::from_secs(150);
/// So many times out of service are listed.
const FAILOVERS: usize = 1000;
/// And so many names.
const NAMES: usize = 1000;

/// What records have come to so far. They come in the order in which they were written.
#[derive(Debug)]
pub struct Ledger {
    period: Period,
    /// When somebody last looked, and whether they still do.
    seen: (SystemTime, bool),
    observed: Duration,
    gaps: Vec<Gap>,
    regions: BTreeMap<String, Region>,
    pools: BTreeMap<PoolFamily, Course>,
    endpoints: BTreeMap<String, Course>,
    /// The region of each pool, also of those that are no more.
    region_of: BTreeMap<String, Option<String>>,
    outs: Outs,
    /// Why an endpoint of each pool last fell.
    fallen: BTreeMap<String, Cause>,
    /// Why people or plans want targets away.
    wishes: Wishes,
    answers: BTreeMap<String, BTreeMap<String, u64>>,
}

#[derive(Debug, Default)]
struct Region {
    course: Course,
    /// How many of its pools stand how.
    pools: BTreeMap<u8, u32>,
}

/// Why targets are wanted away: by people, and by plans.
type Wishes = BTreeMap<(String, bool), Wish>;

/// Why people or a plan want something away, and since when.
#[derive(Debug)]
struct Wish {
    at: SystemTime,
    why: String,
}

impl Ledger {
    /// Of a period of which nothing is known yet.
    pub fn new(period: Period) -> Self {
        Self {
            period,
            seen: (SystemTime::UNIX_EPOCH, false),
            observed: Duration::ZERO,
            gaps: Vec::new(),
            regions: BTreeMap::new(),
            pools: BTreeMap::new(),
            endpoints: BTreeMap::new(),
            region_of: BTreeMap::new(),
            outs: Outs::new(period, FAILOVERS),
            fallen: BTreeMap::new(),
            wishes: BTreeMap::new(),
            answers: BTreeMap::new(),
        }
    }

    /// Takes in a record; one whose time is none says nothing.
    pub fn take(&mut self, record: Record) {
        let Ok(at) = from_rfc3339(&record.at) else { return };
        let at = self.look(at, &record.kind);
        match record.kind {
            Kind::Snapshot { pools, .. } => self.snapshot(&pools, at),
            Kind::Endpoint { endpoint, stand, reason, last_good } => {
                if stand == Stand::Down
                    && let Some((pool, _)) = endpoint.split_once('/')
                {
                    let last_good = last_good.and_then(|time| from_rfc3339(&time).ok());
                    let cause = Cause { why: reason, last_good };
                    self.outs.explain(at, false, |out| (out == pool).then(|| cause.clone()));
                    self.fallen.insert(pool.into(), cause);
                }
                self.endpoints.entry(endpoint).or_default().turn(stand, at, self.period);
            }
            Kind::Pool { pool, family, stand } => self.pool((pool, family), stand, at),
            Kind::Wish { target, planned, why: Some(why) } => {
                self.wishes.insert((target, planned), Wish { at, why });
                let (wishes, region_of) = (&self.wishes, &self.region_of);
                self.outs.explain(at, true, |pool| wish(wishes, region_of, pool));
            }
            Kind::Wish { target, planned, why: None } => {
                self.wishes.remove(&(target, planned));
            }
            Kind::Answers { names } => {
                if self.period.since < at && at <= self.period.until {
                    self.count(names);
                }
            }
            Kind::Alive => {}
            Kind::Stop => self.lose(),
        }
    }

    /// Somebody looks at that time; returns it, or the last one where the clock went back.
    fn look(&mut self, at: SystemTime, kind: &Kind) -> SystemTime {
        let (seen, looking) = self.seen;
        let at = at.max(seen);
        let silence = at.duration_since(seen).unwrap_or_default();
        let is_start = matches!(kind, Kind::Snapshot { start: true, .. });
        if looking && (is_start || silence > LONGEST_SILENCE) {
            self.lose();
        }
        match self.seen {
            (seen, true) => self.observed += self.period.part_of(seen, at),
            (lost, false) => {
                self.note_gap(lost, at);
                for course in self.courses() {
                    course.resume(at);
                }
                self.outs.resume(at);
            }
        }
        self.seen = (at, true);
        at
    }

    /// Nobody looks since somebody last did.
    fn lose(&mut self) {
        let (at, period) = (self.seen.0, self.period);
        for course in self.courses() {
            course.lose(at, period);
        }
        self.outs.lose(at);
        self.seen = (at, false);
    }

    fn courses(&mut self) -> impl Iterator<Item = &mut Course> {
        let regions = self.regions.values_mut().map(|region| &mut region.course);
        self.pools.values_mut().chain(self.endpoints.values_mut()).chain(regions)
    }

    fn note_gap(&mut self, from: SystemTime, until: SystemTime) {
        let (from, until) = (from.max(self.period.since), until.min(self.period.until));
        if from < until {
            let [from, until] = [from, until].map(to_rfc3339_seconds);
            self.gaps.push(Gap { from, until });
        }
    }

    fn snapshot(&mut self, now: &BTreeMap<String, PoolNow>, at: SystemTime) {
        let period = self.period;
        let mut there = (BTreeSet::new(), BTreeSet::new());
        for (name, pool) in now {
            self.move_to(name, pool.region.as_ref(), at);
            for (family, stand) in &pool.families {
                let key = (name.clone(), family.clone());
                self.pool(key.clone(), *stand, at);
                there.0.insert(key);
            }
            for (address, stand) in &pool.endpoints {
                let endpoint = format!("{name}/{address}");
                self.endpoints.entry(endpoint.clone()).or_default().turn(*stand, at, period);
                there.1.insert(endpoint);
            }
        }
        let gone: Vec<PoolFamily> =
            self.pools.keys().filter(|key| !there.0.contains(*key)).cloned().collect();
        for key in gone {
            let last = self.pools.get_mut(&key).and_then(|course| {
                let last = course.last;
                course.end(at, period);
                last
            });
            self.outs.forget(&key, at);
            self.sum_region(&key.0, last, None, at);
        }
        let gone = self.endpoints.iter_mut().filter(|(key, _)| !there.1.contains(*key));
        gone.for_each(|(_, course)| course.end(at, period));
    }

    /// A pool may be in another region than before.
    fn move_to(&mut self, pool: &str, region: Option<&String>, at: SystemTime) {
        let before = self.region_of.get(pool);
        if before.is_some_and(|before| before.as_ref() == region) {
            return;
        }
        let of_pool =
            |((name, _), course): (&PoolFamily, &Course)| course.last.filter(|_| name == pool);
        let stands: Vec<Stand> = self.pools.iter().filter_map(of_pool).collect();
        for stand in &stands {
            self.sum_region(pool, Some(*stand), None, at);
        }
        self.region_of.insert(pool.to_owned(), region.cloned());
        for stand in &stands {
            self.sum_region(pool, None, Some(*stand), at);
        }
    }

    fn pool(&mut self, key: PoolFamily, stand: Stand, at: SystemTime) {
        let period = self.period;
        let course = self.pools.entry(key.clone()).or_default();
        let last = course.last;
        course.turn(stand, at, period);
        if last != Some(stand) {
            self.sum_region(&key.0, last, Some(stand), at);
        }
        let cause = match stand {
            Stand::Away => wish(&self.wishes, &self.region_of, &key.0).unwrap_or_default(),
            _ => self.fallen.get(&key.0).cloned().unwrap_or_default(),
        };
        self.outs.turn(&key, stand, at, cause);
    }

    /// A region is up while any pool is, and away only while none is down either.
    fn sum_region(&mut self, pool: &str, was: Option<Stand>, is: Option<Stand>, at: SystemTime) {
        let Some(name) = self.region_of.get(pool).cloned().flatten() else { return };
        let region = self.regions.entry(name).or_default();
        if let Some(count) = was.and_then(|was| region.pools.get_mut(&(was as u8))) {
            *count = count.saturating_sub(1);
        }
        if let Some(is) = is {
            *region.pools.entry(is as u8).or_default() += 1;
        }
        let has = |stand: &Stand| region.pools.get(&(*stand as u8)).is_some_and(|count| *count > 0);
        let order = [Stand::Up, Stand::Unknown, Stand::Down, Stand::Away];
        match order.into_iter().find(has) {
            Some(stand) => region.course.turn(stand, at, self.period),
            None => region.course.end(at, self.period),
        }
    }

    fn count(&mut self, names: BTreeMap<String, BTreeMap<String, u64>>) {
        for (name, pools) in names {
            let sums = self.answers.entry(name).or_default();
            for (pool, count) in pools {
                let sum = sums.entry(pool).or_default();
                *sum = sum.saturating_add(count);
            }
        }
    }

    /// The report, if that was all. `configured` knows what the files give to a pool in a name's answers.
    pub fn report(mut self, configured: impl Fn(&str, &str) -> Option<f64>) -> Report {
        let Period { since, until } = self.period;
        let (seen, looking) = self.seen;
        let end = if looking && until.duration_since(seen).unwrap_or_default() <= LONGEST_SILENCE {
            seen.max(until)
        } else {
            seen
        };
        if looking {
            self.observed += self.period.part_of(seen, end);
            self.seen.0 = end;
            self.lose();
        }
        self.note_gap(end, until);
        let region_of = |pool: &str| self.region_of.get(pool).cloned().flatten();
        let (failovers, failovers_in_all) = self.outs.list(region_of);
        let (names_in_all, names) = (self.answers.len(), names(self.answers, configured));
        let regions = self.regions.into_iter();
        let pools = self.pools.into_iter().filter(|(_, course)| course.is_within());
        let endpoints = self.endpoints.into_iter().filter(|(_, course)| course.is_within());
        let pool_of = |endpoint: &str| endpoint.split_once('/').map(|(pool, _)| pool.to_owned());
        Report {
            since: to_rfc3339_seconds(since),
            until: to_rfc3339_seconds(until),
            observed_s: self.observed.as_secs_f64(),
            gaps: self.gaps,
            regions: regions
                .filter(|(_, region)| region.course.is_within())
                .map(|(region, of)| RegionUptime { region, times: of.course.times() })
                .collect(),
            pools: pools
                .map(|((pool, family), course)| {
                    let region = self.region_of.get(&pool).cloned().flatten();
                    PoolUptime { pool, family, region, times: course.times() }
                })
                .collect(),
            endpoints: endpoints
                .map(|(endpoint, course)| {
                    let pool = pool_of(&endpoint);
                    let region = pool.and_then(|pool| self.region_of.get(&pool).cloned().flatten());
                    EndpointUptime { endpoint, region, times: course.times() }
                })
                .collect(),
            failovers,
            failovers_in_all,
            names,
            names_in_all,
        }
    }
}

/// Why people want a pool away, as they said it last.
fn wish(
    wishes: &Wishes,
    region_of: &BTreeMap<String, Option<String>>,
    pool: &str,
) -> Option<Cause> {
    let region = region_of.get(pool).cloned().flatten();
    let targets = [Some(format!("pool:{pool}")), region.map(|name| format!("region:{name}"))];
    let prefix = format!("endpoint:{pool}/");
    let of_endpoints = wishes
        .range((prefix.clone(), false)..)
        .map_while(|((target, _), wish)| target.starts_with(&prefix).then_some(wish));
    let all = targets.into_iter().flatten().flat_map(|it| [(it.clone(), false), (it, true)]);
    let of_all = all.filter_map(|key| wishes.get(&key));
    let last = of_all.chain(of_endpoints).max_by_key(|wish| wish.at)?;
    Some(Cause { why: Some(last.why.clone()), last_good: None })
}

fn names(
    answers: BTreeMap<String, BTreeMap<String, u64>>,
    configured: impl Fn(&str, &str) -> Option<f64>,
) -> Vec<NameAnswers> {
    let sum =
        |pools: &BTreeMap<String, u64>| pools.values().fold(0_u64, |a, b| a.saturating_add(*b));
    let mut names: Vec<_> =
        answers.into_iter().map(|(name, pools)| (sum(&pools), name, pools)).collect();
    names.sort_by(|a, b| (Reverse(a.0), &a.1).cmp(&(Reverse(b.0), &b.1)));
    names.truncate(NAMES);
    let shares = |(all, name, pools): (u64, String, BTreeMap<String, u64>)| {
        let share = |(pool, answers): (String, u64)| PoolShare {
            answers,
            achieved: answers as f64 / all.max(1) as f64,
            configured: configured(&name, &pool),
            pool,
        };
        let pools = pools.into_iter().map(share).collect();
        NameAnswers { answers: all, pools, name }
    };
    names.into_iter().map(shares).collect()
}
