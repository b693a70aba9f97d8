//! A dynamic record to a policy over pools.
//!
//! | a pool's values | here |
//! |---|---|
//! | all obey their health check | one pool with the record's monitor |
//! | all are always up | one pool without a monitor |
//! | some of both | a pool for each value, by weight |
//! | some are always down | without these |
//!
//! What a rule sends a client to is its pool, then what that falls back to, and then the record's
//! own values, which nobody probes.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::rc::Rc;

use super::yaml::{Key, Kind, Node};
use super::zone::{Entry, values};
use super::{health, rules};
use crate::finding::Finding;
use crate::finding::words::quoted;
use crate::import::fields;
use crate::import::plan::{Endpoint, Plan, Policy, Pool, Target};
use crate::import::source::Place;

/// The most that one endpoint may weigh.
const MOST_WEIGHT: u32 = 1_000_000;

/// One dynamic record.
pub(super) struct Dynamic<'d> {
    pub(super) plan: &'d mut Plan,
    pub(super) entry: &'d Entry<'d>,
    pub(super) node: &'d Rc<Node>,
    /// The owner without its final dot, which names of pools begin with.
    base: String,
    /// What each pool comes to; none if none of its values can be answered.
    pools: HashMap<String, Option<Policy>>,
    /// What each pool falls back to.
    fallbacks: HashMap<String, String>,
    /// The record's own values.
    last: Option<Policy>,
    /// The record's monitor, once it was asked for.
    monitor: Option<Option<usize>>,
}

/// What octoDNS says of a value's health.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Status {
    Obey,
    Up,
    Down,
}

/// A value of a pool.
struct Value {
    target: Target,
    weight: u32,
    status: Status,
}

impl<'d> Dynamic<'d> {
    pub(super) fn new(plan: &'d mut Plan, entry: &'d Entry<'d>, node: &'d Rc<Node>) -> Self {
        let base = entry.owner.to_string().trim_end_matches('.').to_owned();
        Self {
            plan,
            entry,
            node,
            base,
            pools: HashMap::new(),
            fallbacks: HashMap::new(),
            last: None,
            monitor: None,
        }
    }

    /// The policy; none if nothing of the record can be answered.
    pub(super) fn policy(mut self) -> Result<Option<Policy>, Finding> {
        let values = values(self.entry.data);
        let targets: Vec<Target> = values.iter().filter_map(|value| self.target(value)).collect();
        if targets.is_empty() {
            let found = self.what("the values");
            let why = "there are none, which octoDNS takes when all pools are down";
            let instead = "then it is answered as if all were up";
            self.plan.notes.push(self.entry.place, found, why, instead);
        }
        self.read_pools();
        let names = self.names("values");
        self.last = fixed(self.plan, &names, targets).map(Policy::Pool);
        rules::policy(&mut self)
    }

    /// A pool of addresses that is always up.
    pub(super) fn fixed_pool(
        plan: &mut Plan,
        names: &[&str],
        addresses: impl Iterator<Item = IpAddr>,
    ) -> Option<usize> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        fixed(plan, &names, addresses.map(Target::Address).collect())
    }

    fn names(&self, what: &str) -> Vec<String> {
        let name = format!("{}-{what}", self.base);
        vec![name.clone(), format!("{name}-{}", self.entry.rtype)]
    }

    fn what(&self, what: &str) -> String {
        format!("{what} of {} {}", self.entry.owner, self.entry.rtype)
    }

    fn read_pools(&mut self) {
        let node = Rc::clone(self.node);
        let Some(pools) = node.get("pools") else { return };
        let Kind::Map(pools) = &pools.kind else {
            let found = format!("{} as {}", pools.shown(), self.what("the pools"));
            let why = "pools are a mapping";
            self.plan.notes.push(&pools.place, found, why, "the record's values");
            return;
        };
        for (key, pool) in pools {
            let policy = self.pool(key, pool);
            self.pools.insert(key.text.clone(), policy);
            // "default" is octoDNS's word for the record's own values, even where a pool has it.
            let fallback = pool.get("fallback").and_then(|fallback| fallback.text());
            if let Some(fallback) = fallback.filter(|fallback| *fallback != "default") {
                self.fallbacks.insert(key.text.clone(), fallback.to_owned());
            }
        }
        for (key, pool) in pools {
            let Some(fallback) = pool.get("fallback") else { continue };
            let name = fallback.text().unwrap_or_default();
            if !self.pools.contains_key(name) && name != "default" {
                let found = format!("the fallback {} of pool {}", fallback.shown(), key.text);
                let found = self.what(&found);
                let why = "there is no such pool";
                self.plan.notes.push(&fallback.place, found, why, "the record's values");
            }
        }
    }

    fn pool(&mut self, key: &Key, node: &Rc<Node>) -> Option<Policy> {
        let values = self.pool_values(key, node);
        let is_down = |value: &Value| value.status == Status::Down;
        let comments: Vec<String> = values
            .iter()
            .filter(|value| is_down(value))
            .map(|value| format!("Without {}, whose status is down.", shown(&value.target)))
            .collect();
        let mut values: Vec<Value> = values.into_iter().filter(|value| !is_down(value)).collect();
        if let [only] = values.as_mut_slice() {
            only.weight = 1;
        }
        let first = values.first()?.status;
        let names = self.names(&key.text);
        if values.iter().all(|value| value.status == first) {
            let monitors = self.monitors(first);
            let endpoints = values.iter().map(endpoint).collect();
            return Some(Policy::Pool(add(self.plan, &names, comments, monitors, endpoints)));
        }
        let mut branches = Vec::new();
        for (value, number) in values.iter().zip(1..) {
            let names: Vec<String> = names.iter().map(|name| format!("{name}-{number}")).collect();
            let monitors = self.monitors(value.status);
            let endpoints = vec![Endpoint { weight: 1, ..endpoint(value) }];
            let pool = add(self.plan, &names, comments.clone(), monitors, endpoints);
            branches.push((Policy::Pool(pool), value.weight));
        }
        Some(Policy::Weighted(branches))
    }

    /// The values of a pool, equal ones put together.
    fn pool_values(&mut self, key: &Key, node: &Rc<Node>) -> Vec<Value> {
        let listed = node.get("values").map(|values| values.items()).unwrap_or_default();
        if listed.is_empty() {
            let found = self.what(&format!("the pool {}", quoted(&key.text)));
            self.plan.notes.push(&key.place, found, "it has no values", "it is passed over");
        }
        let mut values: BTreeMap<usize, Value> = BTreeMap::new();
        let mut at: HashMap<(Target, Status), usize> = HashMap::new();
        for (index, node) in listed.iter().enumerate() {
            let Some(value) = self.value(node) else { continue };
            let first = *at.entry((value.target.clone(), value.status)).or_insert(index);
            match values.get_mut(&first) {
                Some(same) => {
                    same.weight = same.weight.saturating_add(value.weight).min(MOST_WEIGHT)
                }
                None => {
                    values.insert(first, value);
                }
            }
        }
        values.into_values().collect()
    }

    fn value(&mut self, node: &Rc<Node>) -> Option<Value> {
        let Some(value) = node.get("value") else {
            let found = format!("{} in {}", node.shown(), self.what("a pool"));
            self.plan.notes.push(&node.place, found, "it has no value", "it is left out");
            return None;
        };
        let target = self.target(value)?;
        let weight = match node.get("weight") {
            None => 1,
            Some(weight) => {
                let read = weight.text().and_then(|text| text.parse().ok());
                read.filter(|weight| (1..=MOST_WEIGHT).contains(weight)).unwrap_or_else(|| {
                    let found = format!("the weight {} in {}", weight.shown(), self.what("a pool"));
                    let why = "a weight is a number from 1 to 100";
                    self.plan.notes.push(&weight.place, found, why, "1");
                    1
                })
            }
        };
        let status = match node.get("status").map(|status| (status.text(), status)) {
            None | Some((Some("obey"), _)) => Status::Obey,
            Some((Some("up"), _)) => Status::Up,
            Some((Some("down"), _)) => Status::Down,
            Some((_, status)) => {
                let found = format!("the status {} in {}", status.shown(), self.what("a pool"));
                let why = "a status is up, down or obey";
                self.plan.notes.push(&status.place, found, why, "obey");
                Status::Obey
            }
        };
        Some(Value { target, weight, status })
    }

    /// An address of the record's family, or a host name other than its own.
    fn target(&mut self, node: &Rc<Node>) -> Option<Target> {
        let text = node.text().unwrap_or_default();
        let read = match self.entry.rtype {
            "CNAME" => match fields::host(text) {
                Ok(host) if host == *self.entry.owner => Err("it leads to itself".into()),
                host => host.map(Target::Host),
            },
            rtype => match fields::address(text) {
                Ok(address) if address.is_ipv4() != (rtype == "A") => {
                    Err(format!("it is no address of type {rtype}"))
                }
                address => address.map(Target::Address),
            },
        };
        read.map_err(|why| {
            let found = self.what(&format!("the value {}", node.shown()));
            self.plan.notes.push(&node.place, found, why, "it is left out");
        })
        .ok()
    }

    fn monitors(&mut self, status: Status) -> Vec<usize> {
        if status != Status::Obey {
            return Vec::new();
        }
        if let Some(known) = self.monitor {
            return known.into_iter().collect();
        }
        let monitor = match self.entry.rtype {
            "CNAME" => {
                let found = self.what("the health check");
                let why = "host names are never looked up, so that nobody knows what to probe";
                let instead = "no monitor: they are always up; give each endpoint a probe address \
                               and its pool a monitor";
                self.plan.notes.push(self.entry.place, found, why, instead);
                None
            }
            _ => health::monitor(self.plan, self.entry),
        };
        self.monitor = Some(monitor);
        monitor.into_iter().collect()
    }

    /// Where a client of a pool goes: to it, to what it falls back to, and at last to the record's
    /// own values.
    pub(super) fn chain(&mut self, pool: &str, place: &Place) -> Result<Option<Policy>, Finding> {
        let (mut chain, mut seen) = (Vec::new(), HashSet::new());
        let mut next = Some(pool.to_owned());
        while let Some(name) = next.take() {
            if !seen.insert(name.clone()) {
                let found = self.what(&format!("the fallback to {}", quoted(&name)));
                let why = "it leads back to itself";
                self.plan.notes.push(place, found, why, "the record's values");
                break;
            }
            self.plan.spend(1, place)?;
            chain.extend(self.pools.get(&name).cloned().flatten());
            next = self.fallbacks.get(&name).filter(|next| self.pools.contains_key(*next)).cloned();
        }
        chain.extend(self.last.clone());
        Ok(Policy::failover(chain))
    }

    /// Whether a pool of that name is there.
    pub(super) fn has_pool(&self, name: &str) -> bool {
        self.pools.contains_key(name)
    }

    /// What is left for whoever no rule sends anywhere.
    pub(super) fn last(&self) -> Option<Policy> {
        self.last.clone()
    }

    /// Adds a note about a rule.
    pub(super) fn note(&mut self, place: &Place, found: &str, why: &str, instead: &str) {
        let found = self.what(found);
        self.plan.notes.push(place, found, why, instead);
    }
}

fn shown(target: &Target) -> String {
    match target {
        Target::Address(address) => address.to_string(),
        Target::Host(name) => name.to_string(),
    }
}

fn endpoint(value: &Value) -> Endpoint {
    Endpoint { target: value.target.clone(), weight: value.weight }
}

/// Values that nobody probes, all of which are answered.
fn fixed(plan: &mut Plan, names: &[String], targets: Vec<Target>) -> Option<usize> {
    let mut seen = HashSet::new();
    let endpoints: Vec<Endpoint> = targets
        .into_iter()
        .filter(|target| seen.insert(target.clone()))
        .map(|target| Endpoint { target, weight: 1 })
        .collect();
    if endpoints.is_empty() {
        return None;
    }
    let pool = add(plan, names, Vec::new(), Vec::new(), endpoints);
    if let Some(pool) = plan.pools.get_mut(pool) {
        pool.one_answer = false;
    }
    Some(pool)
}

fn add(
    plan: &mut Plan,
    names: &[String],
    comments: Vec<String>,
    monitors: Vec<usize>,
    endpoints: Vec<Endpoint>,
) -> usize {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let name = plan.names.pool(&names);
    let (region, min_healthy, always_all, one_answer) = (None, 1, false, true);
    plan.add_pool(Pool {
        name,
        comments,
        region,
        monitors,
        endpoints,
        min_healthy,
        always_all,
        one_answer,
    })
}
