//! Policies: a pool's name, a list, or a table with one policy key, nested.

mod options;
mod placed;
mod shared;
mod weighted;

use std::collections::{HashMap, HashSet};

pub(super) use options::OPTIONS;
pub(super) use shared::{PoolsFile, Shared};

use self::options::Options;
use super::document::{Item, Kind, Table};
use crate::finding::words::{did_you_mean, one_of, quoted};
use crate::health::PoolId;
use crate::steering::{Leaf, MAX_DEPTH, Policy, RoundRobin, Turns};

/// The keys that say how to choose.
pub(super) const POLICIES: [&str; 5] = ["failover", "weighted", "round_robin", "geo", "nearest"];

const POLICY: &str = "a pool's name, a list of policies, or a table with one policy key";
/// The most branches of one policy, and the most pools of one name: they are counted in 16 bits.
const MAX_BRANCHES: usize = u16::MAX as usize;

/// Reads the policies of one name.
pub(super) struct Reader<'s, 'a> {
    shared: &'s mut Shared<'a>,
    /// The distinct pools, in the order of their first mention.
    pub(super) slots: Vec<PoolId>,
    /// Where each of them stands among these.
    slot_of: HashMap<PoolId, usize>,
    /// Every mention of a pool in the order of the file.
    mentions: Vec<PoolId>,
    /// The salt of the next sticky policy.
    salt: u64,
}

impl<'s, 'a> Reader<'s, 'a> {
    /// For a name whose policies are still to be read. Every server gives the same `salt` to the
    /// same name, so that all of them send a network to the same pool.
    pub(super) fn new(shared: &'s mut Shared<'a>, salt: u64) -> Self {
        Self { shared, slots: Vec::new(), slot_of: HashMap::new(), mentions: Vec::new(), salt }
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
            Kind::List(items) => self.failover(item, &items, Options::default(), depth),
            Kind::Table(table) => {
                let known: Vec<&str> = POLICIES.into_iter().chain(OPTIONS).collect();
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
        let options = self.options(table, key);
        match key {
            "weighted" => self.weighted(&item, options, depth),
            "geo" => self.geo(&item, depth),
            _ => {
                let items = item.one_or_more("a list of policies, or a pool's name")?;
                match key {
                    "failover" => self.failover(&item, &items, options, depth),
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
        let slot = *self.slot_of.entry(pool).or_insert_with(|| {
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
        self.unknown_pool_or(name, &[])
    }

    /// The same where certain words can stand, too.
    pub(super) fn unknown_pool_or(&self, name: &str, words: &[&str]) -> (String, String) {
        let names = || self.shared.inventory.pools.iter().map(|pool| pool.name.as_str());
        let expected = match self.shared.pools_file {
            PoolsFile::Missing => "a pool of pools.toml, but there is no such file".into(),
            _ if names().next().is_none() => "a pool of pools.toml, which has none".into(),
            _ => one_of(names()),
        };
        let meant = did_you_mean(name, words.iter().copied().chain(names()));
        (format!("unknown pool {}{meant}", quoted(name)), expected)
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

    fn failover(
        &mut self,
        list: &Item<'_>,
        items: &[Item<'_>],
        options: Options,
        depth: usize,
    ) -> Option<Policy> {
        self.branches(list, items, depth).map(|branches| options.failover(branches))
    }

    fn round_robin(&mut self, list: &Item<'_>, items: &[Item<'_>], depth: usize) -> Option<Policy> {
        let branches = self.branches(list, items, depth)?;
        let turn = self.shared.turns;
        // One counter for A, one for AAAA.
        self.shared.turns += Turns::OF_A_POLICY as u32;
        Some(Policy::RoundRobin(RoundRobin { branches, turn }))
    }
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
