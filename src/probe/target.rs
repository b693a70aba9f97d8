//! What is to be asked: the distinct questions that an inventory's monitors put to its endpoints.
//!
//! Pure. The same question to the same address, with the same settings, is one target however
//! many pools and monitors share it; the monitor's name does not matter.

mod key;
mod request;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

pub use key::question_of;
pub use request::{
    ExecRequest, GrpcRequest, HttpRequest, Request, TcpRequest, TlsRequest, TlsSettings,
};

use crate::health::{
    Condition, Domain, Endpoint, EndpointAddress, EndpointId, Inventory, Monitor, MonitorKind,
    Pool, PoolId, TrackerSettings, Verdict,
};

/// Stands for the address of what is a name to us and never asked.
const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// What is asked more often than this is not watched.
const WATCHED_INTERVAL: Duration = Duration::from_secs(1);
/// Nor is what must answer sooner than this.
const WATCHED_TIMEOUT: Duration = Duration::from_millis(250);

/// One question to one address, and how often it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeTarget {
    /// Stable over restarts while nothing about the target changes, e.g.
    /// `http://192.0.2.10:80/healthz host=www.example.com #5be0cd19137e2179`.
    pub key: Arc<str>,
    /// Who is asked.
    pub address: IpAddr,
    /// What is asked.
    pub request: Request,
    /// How long one probe may take in all.
    pub timeout: Duration,
    /// When to ask again, and what to make of the outcomes.
    pub settings: TrackerSettings,
    /// Whether an idle connection tells when something happens, where TCP is spoken.
    pub watch: bool,
}

/// All targets of an inventory, and who hangs on which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The distinct targets, in the order of the inventory.
    pub targets: Vec<Arc<ProbeTarget>>,
    /// For each target the pools that share it, in ascending order.
    pub pools: Vec<Arc<[PoolId]>>,
    /// For each target what it fails together with: the region of its first pool that has one, else
    /// its first pool.
    pub domains: Vec<Domain>,
    /// For each pool and endpoint the indices of its targets, one for each monitor; none: always
    /// up.
    pub endpoints: Vec<Vec<Box<[usize]>>>,
    /// For each pool how the verdicts of these make one.
    pub conditions: Vec<Condition>,
}

impl Plan {
    /// The plan of an inventory. An endpoint without an address to probe (a host name without
    /// `probe`) has no targets.
    pub fn new(inventory: &Inventory) -> Self {
        let mut draft = Draft::default();
        let endpoints = inventory.pools.iter().zip(0..).map(|(pool, id)| {
            let monitors: Vec<_> =
                pool.monitors.iter().filter_map(|m| inventory.monitors.get(*m as usize)).collect();
            let is_asked = monitors.iter().any(|m| m.kind != MonitorKind::Heartbeat);
            let mut targets_of = |(index, endpoint): (usize, &Endpoint)| {
                let name = pool.endpoint_name(index);
                match place(endpoint, name, is_asked) {
                    Some(at) => monitors.iter().map(|m| draft.target(m, &at, id)).collect(),
                    None => Box::default(),
                }
            };
            pool.endpoints.iter().enumerate().map(&mut targets_of).collect()
        });
        let endpoints = endpoints.collect();
        let domains = draft.pools.iter().map(|pools| domain(inventory, pools)).collect();
        let pools = draft.pools.into_iter().map(Arc::from).collect();
        let conditions = inventory.pools.iter().map(Pool::condition).collect();
        Self { targets: draft.targets, pools, domains, endpoints, conditions }
    }

    /// The verdict of an endpoint from those of its targets, which are given by their index. One
    /// that is not probed is up.
    pub fn verdict(&self, endpoint: EndpointId, of: impl Fn(usize) -> Option<Verdict>) -> Verdict {
        let targets = self.targets_of(endpoint);
        let condition = self.conditions.get(endpoint.pool as usize);
        let Some(condition) = condition.filter(|_| !targets.is_empty()) else {
            return Verdict::SETTLED_UP;
        };
        condition.verdict(&|monitor| {
            let target = targets.get(monitor as usize);
            target.and_then(|index| of(*index)).unwrap_or(Verdict::SETTLED_UP)
        })
    }

    /// The monitors that make an endpoint what it is, by their numbers among those of its pool.
    pub fn culprits(
        &self,
        endpoint: EndpointId,
        of: impl Fn(usize) -> Option<Verdict>,
    ) -> Vec<u32> {
        let targets = self.targets_of(endpoint);
        let condition = self.conditions.get(endpoint.pool as usize);
        let Some(condition) = condition.filter(|_| !targets.is_empty()) else { return Vec::new() };
        let mut culprits = condition.culprits(&|monitor| {
            let target = targets.get(monitor as usize);
            target.and_then(|index| of(*index)).unwrap_or(Verdict::SETTLED_UP)
        });
        culprits.sort_unstable();
        culprits.dedup();
        culprits
    }

    /// The endpoints that a target is asked for.
    pub fn endpoints_of(&self, target: usize) -> impl Iterator<Item = EndpointId> + '_ {
        let pools = self.pools.get(target).into_iter().flat_map(|pools| pools.iter().copied());
        pools.flat_map(move |pool| {
            let endpoints = self.endpoints.get(pool as usize).map_or(&[][..], |all| all);
            let asked = (0..).zip(endpoints).filter(move |(_, targets)| targets.contains(&target));
            asked.map(move |(index, _)| EndpointId { pool, index })
        })
    }

    /// The indices of an endpoint's targets.
    pub fn targets_of(&self, endpoint: EndpointId) -> &[usize] {
        let pool = self.endpoints.get(endpoint.pool as usize);
        pool.and_then(|p| p.get(endpoint.index as usize)).map_or(&[], |targets| targets)
    }
}

/// Regions are numbered from below, and pools without one from above.
fn domain(inventory: &Inventory, pools: &[PoolId]) -> Domain {
    let region = |id: &PoolId| inventory.pools.get(*id as usize).and_then(|pool| pool.region);
    let first = pools.first().copied().unwrap_or_default();
    pools.iter().find_map(region).unwrap_or(Domain::MAX - first)
}

#[derive(Default)]
struct Draft {
    targets: Vec<Arc<ProbeTarget>>,
    pools: Vec<Vec<PoolId>>,
    by_key: HashMap<Arc<str>, usize>,
}

impl Draft {
    /// The index of the target of a monitor at an address; a new one if nobody asked for it yet.
    fn target(&mut self, monitor: &Monitor, at: &Place<'_>, pool: PoolId) -> usize {
        let target = ProbeTarget::new(monitor, at);
        let index = *self.by_key.entry(target.key.clone()).or_insert_with(|| {
            self.targets.push(Arc::new(target));
            self.pools.push(Vec::new());
            self.targets.len() - 1
        });
        // Pools come in ascending order, so a repeated one is the last.
        if self.pools[index].last() != Some(&pool) {
            self.pools[index].push(pool);
        }
        index
    }
}

/// Where an endpoint is probed, and by what name if it has one of its own.
pub(super) struct Place<'e> {
    /// `pool/address`
    endpoint: String,
    address: IpAddr,
    port: Option<u16>,
    host: Option<&'e str>,
    sni: Option<&'e str>,
}

/// None where there is no address that could be asked, though one `is_asked`.
fn place(endpoint: &Endpoint, name: String, is_asked: bool) -> Option<Place<'_>> {
    let probe = endpoint.probe.as_ref();
    let address = match (probe.and_then(|probe| probe.address), &endpoint.address) {
        (Some(address), _) => address,
        (None, EndpointAddress::Ip(address)) => *address,
        (None, EndpointAddress::Host { .. }) if is_asked => return None,
        (None, EndpointAddress::Host { .. }) => NOWHERE,
    };
    Some(Place {
        endpoint: name,
        address,
        port: probe.and_then(|probe| probe.port),
        host: probe.and_then(|probe| probe.host.as_deref()),
        sni: probe.and_then(|probe| probe.sni.as_deref()),
    })
}

impl ProbeTarget {
    fn new(monitor: &Monitor, at: &Place<'_>) -> Self {
        let request = Request::new(&monitor.kind, at);
        let mut target = Self {
            key: "".into(),
            address: at.address,
            request,
            timeout: monitor.timeout,
            settings: monitor.into(),
            watch: monitor.watch,
        };
        target.key = key::of(&target).into();
        target
    }

    /// Where an idle connection is to be kept, if anywhere: not where the next probe comes so soon
    /// that nothing would be seen sooner, and not where it runs into its timeout before it is slow.
    pub fn watched(&self) -> Option<SocketAddr> {
        if self.settings.interval < WATCHED_INTERVAL || self.timeout < WATCHED_TIMEOUT {
            return None;
        }
        let port = self.request.watched_port()?;
        self.watch.then_some(SocketAddr::new(self.address, port))
    }

    /// Whether nobody is asked, and the endpoint is listened to.
    pub fn is_heartbeat(&self) -> bool {
        matches!(self.request, Request::Heartbeat(_))
    }

    /// Whether what comes of it says nothing of the way to the endpoint: nobody is asked, or a
    /// command is, which may ask anybody.
    pub fn is_blind(&self) -> bool {
        matches!(self.request, Request::Heartbeat(_) | Request::Exec(_))
    }

    /// Whether another target asks the same of the same address, though perhaps at other times.
    pub fn asks_the_same(&self, other: &Self) -> bool {
        self.address == other.address && self.request == other.request
    }
}

#[cfg(test)]
mod tests;
