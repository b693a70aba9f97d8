//! What will be written: regions, monitors, pools and zones, before they are texts.

use std::collections::HashSet;
use std::net::IpAddr;

use super::names::Names;
use super::note::Notes;
use super::source::Place;
use crate::finding::Finding;
use crate::wire::Name;

/// All of it, in the order in which it is written.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) regions: Vec<Region>,
    pub(super) monitors: Vec<Monitor>,
    pub(super) pools: Vec<Pool>,
    pub(super) zones: Vec<Zone>,
    pub(super) names: Names,
    pub(super) notes: Notes,
    /// What stands at the top of pools.toml.
    pub(super) head: Vec<String>,
    /// How much of [`MOST_BRANCHES`] is used.
    branches: usize,
}

/// Branches of all policies together; more come only of files that are made to be too large.
const MOST_BRANCHES: usize = 1_000_000;

/// A place and failure domain.
#[derive(Debug)]
pub(super) struct Region {
    pub(super) name: String,
    /// Latitude and longitude in degrees.
    pub(super) location: Option<(f64, f64)>,
}

/// How to ask an endpoint whether it is well.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Monitor {
    pub(super) name: String,
    /// What to know of it, a line each.
    pub(super) comments: Vec<String>,
    pub(super) kind: MonitorKind,
    /// None where the defaults are meant.
    pub(super) pace: Option<Pace>,
}

/// When a monitor asks, and how often in a row it must hear the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    pub(super) interval_seconds: u32,
    pub(super) timeout_seconds: u32,
    pub(super) fall: u32,
    pub(super) rise: u32,
}

/// What it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MonitorKind {
    /// `tls` without a look at the certificate.
    Http {
        tls: bool,
        path: String,
        port: u16,
        host: Option<String>,
        status: Vec<u16>,
    },
    Tcp {
        port: u16,
    },
    Icmp,
    /// Nothing: whatever has it is down.
    Down,
}

/// Endpoints that stand for the same thing.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    pub(super) name: String,
    pub(super) comments: Vec<String>,
    /// Index of its region.
    pub(super) region: Option<usize>,
    /// Indices of its monitors.
    pub(super) monitors: Vec<usize>,
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) min_healthy: usize,
    /// Whether all are answered while any but not all are down.
    pub(super) always_all: bool,
    pub(super) one_answer: bool,
}

/// One thing that can be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) target: Target,
    pub(super) weight: u32,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Target {
    Address(IpAddr),
    Host(Name),
}

impl Target {
    /// 4, 6, or 0 for a host name, which answers every family.
    pub(super) fn family(&self) -> u8 {
        match self {
            Self::Address(IpAddr::V4(_)) => 4,
            Self::Address(IpAddr::V6(_)) => 6,
            Self::Host(_) => 0,
        }
    }
}

impl Pool {
    /// The families that its endpoints are of.
    pub(super) fn families(&self) -> Vec<u8> {
        let mut families: Vec<u8> = self.endpoints.iter().map(|e| e.target.family()).collect();
        families.sort_unstable();
        families.dedup();
        families
    }
}

/// How a name chooses; pools by their index.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Policy {
    Pool(usize),
    Failover(Vec<Policy>),
    Weighted(Vec<(Policy, u32)>),
    /// By the keys of our files; the last one is `default`.
    Geo(Vec<(String, Policy)>),
    Nearest(Vec<Policy>),
}

impl Policy {
    /// A failover of these, or the only one; each once. None of none.
    pub(super) fn failover(policies: Vec<Self>) -> Option<Self> {
        let mut seen = HashSet::new();
        let mut branches: Vec<Self> =
            policies.into_iter().filter(|policy| seen.insert(policy.clone())).collect();
        match branches.len() {
            0 | 1 => branches.pop(),
            _ => Some(Self::Failover(branches)),
        }
    }

    /// What it chooses among.
    pub(super) fn branches(&self) -> Vec<&Self> {
        match self {
            Self::Pool(_) => Vec::new(),
            Self::Failover(branches) | Self::Nearest(branches) => branches.iter().collect(),
            Self::Weighted(branches) => branches.iter().map(|(branch, _)| branch).collect(),
            Self::Geo(branches) => branches.iter().map(|(_, branch)| branch).collect(),
        }
    }

    /// All pools that it mentions, again and again if it does.
    pub(super) fn pools(&self, pools: &mut Vec<usize>) {
        match self {
            Self::Pool(pool) => pools.push(*pool),
            _ => self.branches().into_iter().for_each(|branch| branch.pools(pools)),
        }
    }

    /// How many policies stand in it, itself included.
    pub(super) fn size(&self) -> usize {
        self.branches().into_iter().map(Self::size).fold(1, usize::saturating_add)
    }

    /// How deep policies stand within each other.
    pub(super) fn depth(&self) -> usize {
        let own = usize::from(!matches!(self, Self::Pool(_)));
        own + self.branches().into_iter().map(Self::depth).max().unwrap_or(0)
    }
}

/// One zone.
#[derive(Debug)]
pub(super) struct Zone {
    pub(super) apex: Name,
    /// What stands at the top of its files, a line each.
    pub(super) head: Vec<String>,
    /// What follows at the top of the zone file.
    pub(super) zone_head: Vec<String>,
    pub(super) records: Vec<Record>,
    pub(super) steered: Vec<Steered>,
}

/// A record of the zone file.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) owner: Name,
    pub(super) ttl_seconds: u32,
    pub(super) rtype: String,
    /// Its data as master files have it, on one line.
    pub(super) data: String,
    pub(super) place: Place,
    /// Comments that stood above it.
    pub(super) above: Vec<String>,
    /// The comment that stood behind it.
    pub(super) behind: Option<String>,
}

/// A name of the steering file.
#[derive(Debug)]
pub(super) struct Steered {
    pub(super) owner: Name,
    pub(super) ttl_seconds: u32,
    pub(super) policy: Policy,
    pub(super) place: Place,
    pub(super) comments: Vec<String>,
}

impl Plan {
    /// Adds a pool; its name must be one that [`Names`] gave.
    pub(super) fn add_pool(&mut self, pool: Pool) -> usize {
        self.pools.push(pool);
        self.pools.len() - 1
    }

    /// The index of a monitor, which is added unless one like it is there already.
    pub(super) fn monitor(&mut self, wanted: Monitor) -> usize {
        let same = |known: &Monitor| known.kind == wanted.kind && known.pace == wanted.pace;
        let known = self.monitors.iter().position(|known| same(known) && known.name == wanted.name);
        known.unwrap_or_else(|| {
            let name = self.names.monitor(&[&wanted.name]);
            self.monitors.push(Monitor { name, ..wanted });
            self.monitors.len() - 1
        })
    }

    /// Whether a policy ever has nothing that is up.
    pub(super) fn can_fail(&self, policy: &Policy) -> bool {
        match policy {
            Policy::Pool(pool) => self.pools.get(*pool).is_some_and(|p| !p.monitors.is_empty()),
            // Of these each branch may be the last resort of the others.
            Policy::Failover(_) | Policy::Nearest(_) | Policy::Weighted(_) => {
                policy.branches().into_iter().all(|branch| self.can_fail(branch))
            }
            Policy::Geo(_) => policy.branches().into_iter().any(|branch| self.can_fail(branch)),
        }
    }

    /// Takes account of so many branches before they are made.
    pub(super) fn spend(&mut self, branches: usize, place: &Place) -> Result<(), Finding> {
        self.branches = self.branches.saturating_add(branches);
        if self.branches > MOST_BRANCHES {
            let found = "policies of more than a million branches, all names together";
            return Err(place.finding(found, "files of a size that people can look after"));
        }
        Ok(())
    }
}
