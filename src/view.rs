//! The world that one answer is given from: immutable, shared, swapped whole.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::health::{Inventory, Rule, Target};
use crate::maintenance::Window;
use crate::place::Places;
use crate::steering::{Paces, Pools, SteeredName, Turns};
use crate::zone::Zones;

/// Everything that an answer needs.
///
/// A reload replaces `world`; a verdict or an override only `pools`.
#[derive(Clone, Debug)]
pub struct View {
    /// What the files say.
    pub world: Arc<World>,
    /// How the pools stand, by [`crate::health::PoolId`].
    pub pools: Pools,
    /// The server's identity, for those who ask for it (RFC 5001).
    pub nsid: Option<Arc<[u8]>>,
    /// What its cookies are made with.
    pub cookie_secrets: CookieSecrets,
}

/// What server cookies are made and checked with (RFC 9018): the first secret makes them, and
/// those of all are good. Without any there are no cookies. The `Debug` form hides them from logs.
#[derive(Clone, Default)]
pub struct CookieSecrets(Arc<[[u8; 16]]>);

impl CookieSecrets {
    /// These, in this order.
    pub fn new(secrets: &[[u8; 16]]) -> Self {
        Self(secrets.into())
    }

    /// All of them.
    pub fn all(&self) -> &[[u8; 16]] {
        &self.0
    }
}

impl fmt::Debug for CookieSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CookieSecrets({})", self.0.len())
    }
}

/// What the files under `zones/` and `geoip/` say.
#[derive(Debug)]
pub struct World {
    /// The zones.
    pub zones: Zones,
    /// For each zone its steered names, in the order that its nodes refer to.
    pub steered: Vec<Box<[SteeredName]>>,
    /// Regions, monitors and pools.
    pub inventory: Arc<Inventory>,
    /// What people and files may not take away.
    pub rules: Vec<Rule>,
    /// When which of them is planned to be away.
    pub maintenance: Vec<Window>,
    /// Where clients are.
    pub places: Arc<Places>,
    /// The times that policies give to pools which come back.
    pub paces: Paces,
    /// Whose turn it is in each round robin: the one thing that answers leave behind.
    pub turns: Turns,
    /// The key of the zones' tables.
    pub seed: u64,
    /// Name of what is served: changes with every change of a file.
    pub revision: String,
    /// The commit that the zones are of, as hexadecimal digits; none where they do not come from git.
    pub commit: Option<String>,
}

impl World {
    /// The longest TTL of a name that may answer a region or pool.
    pub fn longest_ttl(&self, of: &Target) -> Duration {
        let pools = of.pools_in(&self.inventory);
        let names = self.steered.iter().flatten();
        let concerned = names.filter(|name| name.slots.iter().any(|id| pools.contains(id)));
        let seconds = concerned.map(|name| name.ttl_seconds).max().unwrap_or(0);
        Duration::from_secs(seconds.into())
    }

    /// All that people may be told of, as filters and silences name it: `region:…`, `pool:…`, `endpoint:…`, and `name:…`
    /// for what is steered.
    pub fn targets(&self) -> impl Iterator<Item = String> {
        let Inventory { regions, pools, .. } = &*self.inventory;
        let regions = regions.iter().map(|region| format!("region:{}", region.name));
        let endpoints = pools.iter().flat_map(|pool| {
            let endpoints = 0..pool.endpoints.len();
            endpoints.map(|index| format!("endpoint:{}", pool.endpoint_name(index)))
        });
        let pools = pools.iter().map(|pool| format!("pool:{}", pool.name));
        let names = self.steered.iter().flatten();
        let names = names.map(|name| format!("name:{}", name.owner));
        regions.chain(pools).chain(endpoints).chain(names)
    }
}
