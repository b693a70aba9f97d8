//! Policies: a pool's name, a list, or a table with one policy key, nested.

use std::collections::{HashMap, HashSet};

use super::document::{Item, Kind, Table};
use super::endpoints::{MAX_WEIGHT, WEIGHT};
use super::geo_key;
use super::place_maps::PlaceMaps;
use super::words::{did_you_mean, one_of, quoted};
use crate::health::{Inventory, Location, PoolId};
use crate::place::{GeoKey, Places};
use crate::steering::{Branch, Leaf, MAX_DEPTH, Placed, PlacedBy, Policy, RoundRobin, Weighted};

/// The keys that say how to choose.
pub(super) const POLICIES: [&str; 5] = ["failover", "weighted", "round_robin", "geo", "nearest"];

const POLICY: &str = "a pool's name, a list of policies, or a table with one policy key";
const SHORT_WEIGHTS: &str = "a table, such as { us-east = 80, eu-west = 20 }, \
                             or a list of { to = …, weight = … }";

/// The most branches of one policy, and the most pools of one name: they are counted in 16 bits.
const MAX_BRANCHES: usize = u16::MAX as usize;

/// How much of `pools.toml` can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PoolsFile {
    /// All of it.
    Good,
    /// Only the names: their tables have findings of their own.
    Faulty,
    /// Nothing, not even the names.
    Unreadable,
    /// There is none.
    Missing,
}

/// What all policies of one load share.
pub(super) struct Shared<'a> {
    /// Regions and pools.
    pub(super) inventory: &'a Inventory,
    /// What is to be thought of them.
    pub(super) pools_file: PoolsFile,
    /// Where clients are.
    places: &'a Places,
    pools: HashMap<&'a str, PoolId>,
    maps: PlaceMaps,
    turns: u32,
}

impl<'a> Shared<'a> {
    /// Nothing allotted yet.
    pub(super) fn new(inventory: &'a Inventory, pools_file: PoolsFile, places: &'a Places) -> Self {
        let pools = inventory.pools.iter().map(|pool| pool.name.as_str()).zip(0..).collect();
        Self { inventory, pools_file, places, pools, maps: PlaceMaps::default(), turns: 0 }
    }

    /// How many counters the round robins read so far have.
    pub(super) fn turns(&self) -> usize {
        self.turns as usize
    }
}

/// Reads the policies of one name.
pub(super) struct Reader<'s, 'a> {
    shared: &'s mut Shared<'a>,
    /// The distinct pools, in the order of their first mention.
    pub(super) slots: Vec<PoolId>,
    /// Every mention of a pool in the order of the file.
    mentions: Vec<PoolId>,
}

impl<'s, 'a> Reader<'s, 'a> {
    /// For a name whose policies are still to be read.
    pub(super) fn new(shared: &'s mut Shared<'a>) -> Self {
        Self { shared, slots: Vec::new(), mentions: Vec::new() }
    }

    /// Reads wherever a policy can stand; `depth` is that of the list or table that it may be.
    ///
    /// None after something was noted. All of it is read even then.
    pub(super) fn policy(&mut self, item: &Item<'_>, depth: usize) -> Option<Policy> {
        match item.kind() {
            Kind::Text(name) => self.pool(item, name),
            Kind::List(_) | Kind::Table(_) if depth > MAX_DEPTH => {
                let found = format!("a policy nested deeper than {MAX_DEPTH}");
                item.finding(found, format!("at most {MAX_DEPTH} policies within each other"));
                None
            }
            Kind::List(items) => self.failover(item, &items, depth),
            Kind::Table(table) => {
                let known: Vec<&str> = POLICIES.into_iter().chain(["sticky"]).collect();
                table.expect_keys(&known);
                if !table.entries().any(|(key, _)| POLICIES.contains(&key)) {
                    item.finding("a table without a policy", one_of(POLICIES));
                    return None;
                }
                self.keyed(&table, depth)
            }
            Kind::Other => {
                item.finding(item.shown(), POLICY);
                None
            }
        }
    }

    /// Reads the one policy key of a table; the caller knows the others.
    pub(super) fn keyed(&mut self, table: &Table<'_>, depth: usize) -> Option<Policy> {
        let mut policies = table.entries().filter(|(key, _)| POLICIES.contains(key));
        let (key, item) = policies.next()?;
        for (second, item) in policies {
            item.key_finding(
                format!("a second policy, {}, beside {}", quoted(second), quoted(key)),
                "one policy; others can stand within it or in all_down",
            );
        }
        let sticky = sticky(table, key);
        match key {
            "weighted" => self.weighted(&item, sticky, depth),
            "geo" => self.geo(&item, depth),
            _ => {
                let items = item.one_or_more("a list of policies, or a pool's name")?;
                match key {
                    "failover" => self.failover(&item, &items, depth),
                    "round_robin" => self.round_robin(&item, &items, depth),
                    _ => self.nearest(&item, &items, depth),
                }
            }
        }
    }

    fn pool(&mut self, item: &Item<'_>, name: &str) -> Option<Policy> {
        let Some(pool) = self.find(name) else {
            if !self.knows(name) {
                let (found, expected) = self.unknown_pool(name);
                item.finding(found, expected);
            }
            return None;
        };
        self.mentions.push(pool);
        let slot = self.slots.iter().position(|slot| *slot == pool).unwrap_or_else(|| {
            self.slots.push(pool);
            self.slots.len() - 1
        });
        let Ok(slot) = u16::try_from(slot) else {
            item.finding("very many pools for one name", format!("at most {MAX_BRANCHES}"));
            return None;
        };
        Some(Policy::Pool(Leaf { pool, slot }))
    }

    /// Whether a name could be a pool's: it is one, or nobody can tell.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.find(name).is_some() || self.shared.pools_file == PoolsFile::Unreadable
    }

    fn find(&self, name: &str) -> Option<PoolId> {
        self.shared.pools.get(name).copied()
    }

    /// What was found and expected where a pool's name is unknown.
    pub(super) fn unknown_pool(&self, name: &str) -> (String, String) {
        let names = || self.shared.inventory.pools.iter().map(|pool| pool.name.as_str());
        let expected = match self.shared.pools_file {
            PoolsFile::Missing => "a pool of pools.toml, but there is no such file".into(),
            _ if names().next().is_none() => "a pool of pools.toml, which has none".into(),
            _ => one_of(names()),
        };
        (format!("unknown pool {}{}", quoted(name), did_you_mean(name, names())), expected)
    }

    /// Reads the branches of a list; none if one of them is bad or there are too many or few.
    fn branches(
        &mut self,
        list: &Item<'_>,
        items: &[Item<'_>],
        depth: usize,
    ) -> Option<Box<[Policy]>> {
        check_count(list, items.len())?;
        check_once(items);
        let branches: Vec<_> = items.iter().map(|item| self.policy(item, depth + 1)).collect();
        branches.into_iter().collect()
    }

    fn failover(&mut self, list: &Item<'_>, items: &[Item<'_>], depth: usize) -> Option<Policy> {
        self.branches(list, items, depth).map(Policy::Failover)
    }

    fn round_robin(&mut self, list: &Item<'_>, items: &[Item<'_>], depth: usize) -> Option<Policy> {
        let branches = self.branches(list, items, depth)?;
        let turn = self.shared.turns;
        // One counter for A, one for AAAA.
        self.shared.turns += 2;
        Some(Policy::RoundRobin(RoundRobin { branches, turn }))
    }

    fn weighted(&mut self, item: &Item<'_>, sticky: bool, depth: usize) -> Option<Policy> {
        let branches = match item.kind() {
            Kind::Table(table) => self.short_weights(&table),
            Kind::List(items) => self.long_weights(&items, depth),
            _ => {
                item.finding(item.shown(), SHORT_WEIGHTS);
                return None;
            }
        };
        check_count(item, branches.len())?;
        let branches: Box<[Branch]> = branches.into_iter().collect::<Option<_>>()?;
        if branches.iter().all(|branch| branch.weight == 0) {
            item.finding("only weights of 0", "at least one weight above 0");
            return None;
        }
        Some(Policy::Weighted(Weighted { branches, sticky }))
    }

    fn short_weights(&mut self, table: &Table<'_>) -> Vec<Option<Branch>> {
        let branch = |(name, value): (&str, Item<'_>)| {
            let policy = match self.knows(name) {
                true => self.pool(&value, name),
                false => {
                    let (found, expected) = self.unknown_pool(name);
                    value.key_finding(found, expected);
                    None
                }
            };
            let weight = value.integer(0..=MAX_WEIGHT, WEIGHT);
            Some(Branch { weight: weight?, policy: policy? })
        };
        table.entries().map(branch).collect()
    }

    fn long_weights(&mut self, items: &[Item<'_>], depth: usize) -> Vec<Option<Branch>> {
        let tables = items.iter().map(|item| match item.kind() {
            Kind::Table(table) => table.get("to"),
            _ => None,
        });
        check_once(&tables.flatten().collect::<Vec<_>>());
        items.iter().map(|item| self.long_weight(item, depth)).collect()
    }

    fn long_weight(&mut self, item: &Item<'_>, depth: usize) -> Option<Branch> {
        let table = item.table(r#"a table, such as { to = "us-east", weight = 9 }"#)?;
        table.expect_keys(&["to", "weight"]);
        for key in ["to", "weight"] {
            if table.get(key).is_none() {
                item.finding(
                    format!("a branch without {key}"),
                    r#"{ to = "us-east", weight = 9 }"#,
                );
            }
        }
        let policy = table.get("to").and_then(|to| self.policy(&to, depth + 1));
        let weight = table.get("weight").and_then(|item| item.integer(0..=MAX_WEIGHT, WEIGHT));
        Some(Branch { weight: weight?, policy: policy? })
    }

    fn geo(&mut self, item: &Item<'_>, depth: usize) -> Option<Policy> {
        let table = item.table("a table from places to policies")?;
        if table.get("default").is_none() {
            item.key_finding("geo without default", r#"default = "us-east", for everyone else"#);
        }
        check_count(item, table.entries().count())?;
        let mut seen: HashMap<GeoKey, &str> = HashMap::new();
        let mut branches = Vec::new();
        for (text, value) in table.entries() {
            let key = geo_key::parse(text).map_err(|(found, expected)| {
                value.key_finding(found, expected);
            });
            if let Ok(key) = &key
                && let Some(first) = seen.insert(key.clone(), text)
            {
                let found = format!("{}, the same place as {}", quoted(text), quoted(first));
                value.key_finding(found, "each place once");
            }
            let policy = self.policy(&value, depth + 1);
            branches.push(key.ok().zip(policy).map(|(key, policy)| (key, text, policy)));
        }
        let mut branches: Vec<_> = branches.into_iter().collect::<Option<_>>()?;
        // In one order whatever that of the file, so that equal sets of keys share one map.
        branches.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        let keys = branches.iter().map(|(key, ..)| key.clone()).collect();
        let map = self.shared.maps.geo(self.shared.places, keys);
        let texts = branches.iter().map(|(_, text, _)| (*text).to_string()).collect();
        let branches = branches.into_iter().map(|(.., policy)| policy).collect();
        Some(Policy::Placed(Placed { map, branches, by: PlacedBy::Geo(texts) }))
    }

    fn nearest(&mut self, list: &Item<'_>, items: &[Item<'_>], depth: usize) -> Option<Policy> {
        check_count(list, items.len())?;
        check_once(items);
        let mut branches = Vec::new();
        for item in items {
            let first = self.mentions.len();
            let policy = self.policy(item, depth + 1);
            let location = self.mentions.get(first).and_then(|pool| self.location(item, *pool));
            branches.push(location.zip(policy));
        }
        let branches: Vec<(Location, Policy)> = branches.into_iter().collect::<Option<_>>()?;
        let (locations, branches): (Vec<Location>, Vec<Policy>) = branches.into_iter().unzip();
        let map = self.shared.maps.nearest(self.shared.places, &locations);
        Some(Policy::Placed(Placed { map, branches: branches.into(), by: PlacedBy::Nearest }))
    }

    /// Where a pool is, or a note of what is missing.
    fn location(&self, item: &Item<'_>, pool: PoolId) -> Option<Location> {
        let pool = self.shared.inventory.pools.get(pool as usize)?;
        let region = pool.region.and_then(|id| self.shared.inventory.regions.get(id as usize));
        let location = region.and_then(|region| region.location);
        if location.is_none() && self.shared.pools_file == PoolsFile::Good {
            let name = quoted(&pool.name);
            match region {
                None => item.finding(
                    format!("pool {name}, which is in no region, within nearest"),
                    format!("region = … for pool {name} in pools.toml"),
                ),
                Some(region) => item.finding(
                    format!("pool {name}, whose region has no location, within nearest"),
                    format!("location = [LATITUDE, LONGITUDE] for region {}", quoted(&region.name)),
                ),
            }
        }
        location
    }
}

fn sticky(table: &Table<'_>, policy: &str) -> bool {
    let Some(item) = table.get("sticky") else { return false };
    if policy != "weighted" {
        item.key_finding(format!("sticky beside {policy}"), "sticky beside weighted only");
    }
    item.boolean().unwrap_or(false)
}

fn check_count(list: &Item<'_>, count: usize) -> Option<()> {
    match count {
        0 => list.finding(list.shown(), "at least one pool or policy"),
        1..=MAX_BRANCHES => return Some(()),
        _ => list.finding(format!("{count} branches"), format!("at most {MAX_BRANCHES}")),
    }
    None
}

/// A pool that a list names twice is a slip: the second could never matter, or would count twice.
fn check_once(items: &[Item<'_>]) {
    let mut seen = HashSet::new();
    for item in items {
        if let Kind::Text(name) = item.kind()
            && !seen.insert(name)
        {
            item.finding(
                format!("pool {} a second time", quoted(name)),
                "each pool once in a list",
            );
        }
    }
}
