//! Views made in memory, questions made by hand, and replies in one line of text.

mod packet;
mod reply;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

pub use packet::{NOW, Packet, ask, ask_wire, opt, options_wire};
pub use reply::{IDLE, Reply, check, reply_to};

use crate::health::{
    Answers, Endpoint, EndpointAddress, EndpointId, Inventory, Pool, PoolId, Standing, StandingNow,
};
use crate::place::Places;
use crate::steering::{AllDown, Leaf, Paces, Policy, Pools, SteeredName, Turns};
use crate::view::{CookieSecrets, View, World};
use crate::wire::Name;
use crate::zone::{Steered, SteeredTypes, Zones, build, read};

pub const SEED: u64 = 7;
/// What every zone begins with.
pub const HEAD: &str = "@ 3600 SOA ns host 1 1h 15m 2w 300\n@ 3600 NS ns.net.\n$TTL 600\n";

pub fn name(text: &str) -> Name {
    Name::parse(text, &Name::root()).unwrap()
}

/// What a view is made of.
#[derive(Default)]
pub struct Setup {
    zones: Vec<(Name, String, Vec<SteeredName>)>,
    inventory: Inventory,
    standings: BTreeMap<EndpointId, StandingNow>,
    nsid: Option<Arc<[u8]>>,
    commit: Option<String>,
    cookie_secrets: CookieSecrets,
}

impl Setup {
    /// Adds a zone of these records below its SOA and NS.
    pub fn zone(self, apex: &str, text: &str) -> Self {
        // White space begins what has no owner: rows of a table may be indented all the same.
        let rows: String = text.lines().map(|row| format!("{}\n", row.trim_start())).collect();
        self.bare_zone(apex, &format!("{HEAD}{rows}"))
    }

    /// The zones are of a commit.
    pub fn commit(mut self, commit: Option<&str>) -> Self {
        self.commit = commit.map(str::to_owned);
        self
    }

    /// Adds a zone of these records.
    pub fn bare_zone(mut self, apex: &str, text: &str) -> Self {
        self.zones.push((name(apex), text.to_owned(), Vec::new()));
        self
    }

    /// Adds a pool of addresses and host names.
    pub fn pool(mut self, endpoints: &[&str]) -> Self {
        let endpoints = endpoints.iter().map(|text| endpoint(text)).collect();
        self.inventory.pools.push(Pool {
            name: format!("p{}", self.inventory.pools.len()),
            region: None,
            monitors: Vec::new(),
            endpoints,
            min_healthy: 1,
            combined: None,
            panic_below: None,
            requires: Vec::new(),
            answers: Answers::All,
        });
        self
    }

    /// Where an endpoint stands, and for how many milliseconds at least if that is in doubt.
    pub fn stand(
        mut self,
        pool: PoolId,
        index: u32,
        standing: Standing,
        hold_ms: Option<u64>,
    ) -> Self {
        let hold = hold_ms.map(Duration::from_millis);
        self.standings.insert(EndpointId { pool, index }, StandingNow { standing, hold });
        self
    }

    /// Steers a name of the zone added last, to pools of addresses or of host names.
    pub fn steer(mut self, owner: &str, policy: Policy, all_down: AllDown) -> Self {
        let slots: Box<[PoolId]> = (0..self.inventory.pools.len() as PoolId).collect();
        let hosts: Vec<bool> = pools_of(&policy, &all_down)
            .iter()
            .map(|id| self.inventory.pools[*id as usize].answers_hosts())
            .collect();
        let owner = name(owner);
        let before = self.zones.iter().flat_map(|zone| &zone.2).map(|name| name.slots.len());
        let first_slot = before.sum::<usize>() as u32;
        self.zones.last_mut().unwrap().2.push(SteeredName {
            owner,
            ttl_seconds: 30,
            policy,
            all_down,
            first_slot,
            slots,
            some_hosts: hosts.iter().any(|host| *host),
        });
        self
    }

    /// How many endpoints of a pool one answer holds.
    pub fn answers(&mut self, pool: PoolId, answers: Answers) {
        self.inventory.pools[pool as usize].answers = answers;
    }

    pub fn nsid(mut self, id: &[u8]) -> Self {
        self.nsid = Some(id.into());
        self
    }

    /// Serves cookies by these secrets.
    pub fn cookies(mut self, secrets: &[[u8; 16]]) -> Self {
        self.cookie_secrets = CookieSecrets::new(secrets);
        self
    }

    pub fn view(self) -> View {
        let (mut zones, mut steered) = (Vec::new(), Vec::new());
        for (apex, text, names) in self.zones {
            let (records, findings) =
                read("z", text.as_bytes(), &apex, &mut |_, _| Err("none".into()));
            assert_eq!(findings, []);
            let owners: Vec<Steered> = names.iter().map(owner).collect();
            zones.push(Arc::new(build(&apex, &records, &owners, SEED).unwrap()));
            steered.push(names.into());
        }
        let up = StandingNow { standing: Standing::Up, hold: None };
        let pools =
            Pools::new(&self.inventory, |id| self.standings.get(&id).copied().unwrap_or(up));
        let world = World {
            rules: Vec::new(),
            maintenance: Vec::new(),
            zones: Zones::new(zones, SEED),
            steered,
            inventory: Arc::new(self.inventory),
            places: Arc::new(Places::unknown()),
            paces: Paces::default(),
            turns: Turns::new(Turns::OF_A_POLICY),
            seed: SEED,
            revision: "test".into(),
            commit: self.commit,
        };
        View { world: Arc::new(world), pools, nsid: self.nsid, cookie_secrets: self.cookie_secrets }
    }
}

fn owner(name: &SteeredName) -> Steered {
    let types = if name.some_hosts { SteeredTypes::Hosts } else { SteeredTypes::Addresses };
    Steered { owner: name.owner.clone(), types, file: "t".into(), position: (1, 1) }
}

fn endpoint(text: &str) -> Endpoint {
    let address = match text.parse::<IpAddr>() {
        Ok(ip) => EndpointAddress::Ip(ip),
        Err(_) => {
            EndpointAddress::Host { wire: name(text).as_wire().into(), text: text.to_owned() }
        }
    };
    Endpoint { address, weight: 1, probe: None }
}

fn pools_of(policy: &Policy, all_down: &AllDown) -> Vec<PoolId> {
    fn collect(policy: &Policy, into: &mut Vec<PoolId>) {
        match policy {
            Policy::Pool(leaf) => into.push(leaf.pool),
            Policy::Failover(branches) => branches.iter().for_each(|p| collect(p, into)),
            Policy::HeldFailover(held) => held.branches.iter().for_each(|p| collect(p, into)),
            Policy::Ramped(r) => r.weighted.branches.iter().for_each(|b| collect(&b.policy, into)),
            Policy::Weighted(w) => w.branches.iter().for_each(|b| collect(&b.policy, into)),
            Policy::RoundRobin(r) => r.branches.iter().for_each(|p| collect(p, into)),
            Policy::Placed(placed) => placed.branches.iter().for_each(|p| collect(p, into)),
        }
    }
    let mut pools = Vec::new();
    collect(policy, &mut pools);
    if let AllDown::Policy(last) = all_down {
        collect(last, &mut pools);
    }
    pools
}

pub fn pool(id: PoolId) -> Policy {
    Policy::Pool(Leaf { pool: id, slot: id as u16 })
}

pub fn failover(pools: &[PoolId]) -> Policy {
    Policy::Failover(pools.iter().map(|id| pool(*id)).collect())
}
