//! What people say of endpoints, pools and regions; it beats every verdict until it expires.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::inventory::{Inventory, Pool, PoolId};
use super::standing::EndpointId;

/// What an override is about, by name, so that it outlives reloads.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// Every pool of a region.
    Region(String),
    /// Every endpoint of a pool.
    Pool(String),
    /// One endpoint: its pool and its address or host name.
    Endpoint(String, String),
}

/// What an override says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OverrideState {
    /// Up, whatever probes say.
    Up,
    /// Down, whatever probes say.
    Down,
    /// Down for new answers, but among the last resorts when all is down.
    Drain,
}

/// One override.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// What it says.
    pub state: OverrideState,
    /// Why, in a person's words.
    pub reason: String,
    /// When it was set.
    pub since: SystemTime,
    /// When it ends; none: when it is cleared.
    pub until: Option<SystemTime>,
}

/// All overrides in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Each with its number: later words have higher ones, whatever the clock says.
    entries: BTreeMap<Target, (u64, Override)>,
    spoken: u64,
}

impl Overrides {
    /// Sets one, in place of what stood there.
    pub fn set(&mut self, target: Target, what: Override) {
        self.spoken += 1;
        self.entries.insert(target, (self.spoken, what));
    }

    /// Takes one away, if it is there.
    pub fn clear(&mut self, target: &Target) -> Option<Override> {
        self.entries.remove(target).map(|(_, what)| what)
    }

    /// Takes away what has ended at `now`, and returns it.
    pub fn expire(&mut self, now: SystemTime) -> Vec<(Target, Override)> {
        let has_ended = |what: &Override| what.until.is_some_and(|until| until <= now);
        let ended = self.entries.extract_if(.., |_, (_, what)| has_ended(what));
        ended.map(|(target, (_, what))| (target, what)).collect()
    }

    /// When the next one ends.
    pub fn next_expiry(&self) -> Option<SystemTime> {
        self.entries.values().filter_map(|(_, what)| what.until).min()
    }

    /// All of them, by target.
    pub fn iter(&self) -> impl Iterator<Item = (&Target, &Override)> {
        self.entries.iter().map(|(target, (_, what))| (target, what))
    }

    /// The one on a target itself.
    pub fn get(&self, target: &Target) -> Option<&Override> {
        self.entries.get(target).map(|(_, what)| what)
    }

    /// What people say of an endpoint: the last word on it, on its pool or on its region.
    pub fn on(&self, inventory: &Inventory, endpoint: EndpointId) -> Option<OverrideState> {
        if self.entries.is_empty() {
            return None;
        }
        let pool = inventory.pools.get(endpoint.pool as usize)?;
        let address = pool.endpoints.get(endpoint.index as usize)?.address.text();
        let region = pool.region.and_then(|id| inventory.regions.get(id as usize));
        let targets = [
            region.map(|region| Target::Region(region.name.clone())),
            Some(Target::Pool(pool.name.clone())),
            Some(Target::Endpoint(pool.name.clone(), address)),
        ];
        let said = targets.iter().flatten().filter_map(|target| self.entries.get(target));
        said.max_by_key(|(number, _)| *number).map(|(_, what)| what.state)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Region(name) => write!(f, "region:{name}"),
            Self::Pool(name) => write!(f, "pool:{name}"),
            Self::Endpoint(pool, address) => write!(f, "endpoint:{pool}/{address}"),
        }
    }
}

impl FromStr for Target {
    type Err = String;

    /// Reads `region:NAME`, `pool:NAME` or `endpoint:POOL/ADDRESS`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = "region:NAME, pool:NAME or endpoint:POOL/ADDRESS";
        match text.split_once(':') {
            Some(("region", name)) if !name.is_empty() => Ok(Self::Region(name.into())),
            Some(("pool", name)) if !name.is_empty() => Ok(Self::Pool(name.into())),
            Some(("endpoint", name)) => match name.split_once('/') {
                Some((pool, address)) if !pool.is_empty() && !address.is_empty() => {
                    Ok(Self::Endpoint(pool.into(), canonical_address(address)))
                }
                _ => Err(format!("found {text:?}; expected endpoint:POOL/ADDRESS")),
            },
            _ => Err(format!("found {text:?}; expected {wanted}")),
        }
    }
}

/// An address as inventories write it, however a person wrote it.
pub(super) fn canonical_address(text: &str) -> String {
    match text.parse::<std::net::IpAddr>() {
        Ok(ip) => ip.to_string(),
        Err(_) => format!("{}.", text.trim_end_matches('.').to_ascii_lowercase()),
    }
}

impl fmt::Display for OverrideState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Drain => "drain",
        })
    }
}

impl Target {
    /// All that a person may mean by `text`: a target, or the name of one without its kind.
    /// Spellings of addresses are the same as for [`Target::from_str`].
    pub fn meant_by(text: &str) -> Vec<Self> {
        if let Ok(target) = text.parse() {
            return vec![target];
        }
        let endpoint = format!("endpoint:{text}").parse();
        let named = [Self::Region(text.into()), Self::Pool(text.into())];
        named.into_iter().chain(endpoint).collect()
    }

    /// The pools that it is about as a whole.
    pub fn pools_in(&self, inventory: &Inventory) -> Vec<PoolId> {
        let is_meant = |pool: &Pool| match self {
            Self::Region(name) => pool.region.is_some_and(|id| {
                inventory.regions.get(id as usize).is_some_and(|region| region.name == *name)
            }),
            Self::Pool(name) => pool.name == *name,
            Self::Endpoint(..) => false,
        };
        (0..).zip(&inventory.pools).filter(|(_, pool)| is_meant(pool)).map(|(id, _)| id).collect()
    }

    /// The endpoints that it is about.
    pub fn endpoints_in(&self, inventory: &Inventory) -> Vec<EndpointId> {
        let mut all = Vec::new();
        for (pool_id, pool) in (0..).zip(&inventory.pools) {
            let region = pool.region.and_then(|id| inventory.regions.get(id as usize));
            for (index, endpoint) in (0..).zip(&pool.endpoints) {
                let is_meant = match self {
                    Self::Region(name) => region.is_some_and(|region| region.name == *name),
                    Self::Pool(name) => pool.name == *name,
                    Self::Endpoint(of, address) => {
                        pool.name == *of && endpoint.address.text() == *address
                    }
                };
                if is_meant {
                    all.push(EndpointId { pool: pool_id, index });
                }
            }
        }
        all
    }

    /// Whether the inventory has it.
    pub fn exists_in(&self, inventory: &Inventory) -> bool {
        match self {
            Self::Region(name) => inventory.region(name).is_some(),
            Self::Pool(name) => inventory.pool(name).is_some(),
            Self::Endpoint(pool, address) => inventory.pool(pool).is_some_and(|id| {
                inventory.pools[id as usize].endpoints.iter().any(|e| e.address.text() == *address)
            }),
        }
    }
}

impl Override {
    /// An override that begins at `since` and lasts for `lifetime`, or until it is cleared.
    pub fn new(
        state: OverrideState,
        reason: impl Into<String>,
        since: SystemTime,
        lifetime: Option<Duration>,
    ) -> Self {
        let until = lifetime.and_then(|length| since.checked_add(length));
        Self { state, reason: reason.into(), since, until }
    }
}
