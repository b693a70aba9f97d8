//! What is to be asked: the distinct questions that an inventory's monitors put to its endpoints.
//!
//! Pure. The same question to the same address, with the same settings, is one target however
//! many pools and monitors share it; the monitor's name does not matter.

use std::collections::HashMap;
use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::hash::fnv1a;
use crate::health::{
    Condition, Damping, Domain, Endpoint, EndpointAddress, EndpointId, HttpCheck, Initial,
    Inventory, Monitor, MonitorKind, Pool, PoolId, ProbeAt, StatusRange, TrackerSettings, Verdict,
};

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

/// What is asked: a [`MonitorKind`] with every default filled in for one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// An HTTP request, in the clear or over TLS.
    Http(HttpRequest),
    /// A connection that opens.
    Tcp {
        /// To this port.
        port: u16,
    },
    /// An echo request.
    Icmp,
}

/// An HTTP request and what is wanted of the response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// To this port.
    pub port: u16,
    /// Path and query, beginning with a slash.
    pub path: String,
    /// The Host header.
    pub host: String,
    /// Over TLS, if any.
    pub tls: Option<TlsSettings>,
    /// The statuses that are well.
    pub status: Vec<StatusRange>,
    /// A text that the beginning of the body must contain.
    pub body: Option<String>,
}

/// How TLS is spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings {
    /// The host name (sent as SNI) or address that the certificate must be for.
    pub name: String,
    /// Whether the certificate must be good.
    pub verify: bool,
}

/// All targets of an inventory, and who hangs on which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The distinct targets, in the order of the inventory.
    pub targets: Vec<Arc<ProbeTarget>>,
    /// For each target the pools that share it, in ascending order.
    pub pools: Vec<Arc<[PoolId]>>,
    /// For each target what it fails together with: the region of its first pool, or that pool.
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
            let targets_of = |endpoint: &Endpoint| match probed_at(endpoint) {
                Some(at) => monitors.iter().map(|m| draft.target(m, at, id)).collect(),
                None => Box::default(),
            };
            pool.endpoints.iter().map(targets_of).collect()
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

    /// The indices of an endpoint's targets.
    pub fn targets_of(&self, endpoint: EndpointId) -> &[usize] {
        let pool = self.endpoints.get(endpoint.pool as usize);
        pool.and_then(|p| p.get(endpoint.index as usize)).map_or(&[], |targets| targets)
    }
}

/// Regions are numbered from below, and pools without one from above.
fn domain(inventory: &Inventory, pools: &[PoolId]) -> Domain {
    let first = pools.first().copied().unwrap_or_default();
    let region = inventory.pools.get(first as usize).and_then(|pool| pool.region);
    region.unwrap_or(Domain::MAX - first)
}

#[derive(Default)]
struct Draft {
    targets: Vec<Arc<ProbeTarget>>,
    pools: Vec<Vec<PoolId>>,
    by_key: HashMap<Arc<str>, usize>,
}

impl Draft {
    /// The index of the target of a monitor at an address; a new one if nobody asked for it yet.
    fn target(&mut self, monitor: &Monitor, at: ProbeAt, pool: PoolId) -> usize {
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

fn probed_at(endpoint: &Endpoint) -> Option<ProbeAt> {
    endpoint.probe.or(match endpoint.address {
        EndpointAddress::Ip(address) => Some(ProbeAt { address, port: None }),
        EndpointAddress::Host { .. } => None,
    })
}

impl ProbeTarget {
    fn new(monitor: &Monitor, at: ProbeAt) -> Self {
        let request = match &monitor.kind {
            MonitorKind::Http(check) => Request::Http(http_request(check, at, false)),
            MonitorKind::Https(check) => Request::Http(http_request(check, at, true)),
            MonitorKind::Tcp { port } => Request::Tcp { port: at.port.unwrap_or(*port) },
            MonitorKind::Icmp => Request::Icmp,
        };
        let mut target = Self {
            key: "".into(),
            address: at.address,
            request,
            timeout: monitor.timeout,
            settings: monitor.into(),
            watch: monitor.watch,
        };
        target.key = target.make_key().into();
        target
    }

    /// Where an idle connection is to be kept, if anywhere: not where the next probe comes so soon
    /// that nothing would be seen sooner, and not where it runs into its timeout before it is slow.
    pub fn watched(&self) -> Option<SocketAddr> {
        if self.settings.interval < WATCHED_INTERVAL || self.timeout < WATCHED_TIMEOUT {
            return None;
        }
        let port = match &self.request {
            Request::Http(HttpRequest { port, .. }) | Request::Tcp { port } => *port,
            Request::Icmp => return None,
        };
        self.watch.then_some(SocketAddr::new(self.address, port))
    }

    /// Whether another target asks the same of the same address, though perhaps at other times.
    pub fn asks_the_same(&self, other: &Self) -> bool {
        self.address == other.address && self.request == other.request
    }

    /// What a person recognises, then a hash of everything, whether shown or not.
    fn make_key(&self) -> String {
        let mut key = self.request.shown(self.address);
        let mut whole = key.clone();
        self.write_rest(&mut whole);
        let _ = write!(key, " #{:016x}", fnv1a(whole.as_bytes()));
        key
    }

    /// Everything that [`Request::shown`] leaves out. The text is hashed into keys that are
    /// remembered on disk: changing it makes every verdict be forgotten once.
    fn write_rest(&self, text: &mut String) {
        let TrackerSettings { fall, rise, interval, retry, initial, damping } = self.settings;
        let timeout = self.timeout;
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\ninterval={} timeout={} retry={} fall={fall} rise={rise}",
            interval.as_nanos(),
            timeout.as_nanos(),
            retry.as_nanos(),
        );
        // Only what differs from the default is written, and so keeps the keys of earlier versions.
        if !self.watch {
            text.push_str("\nwatch=false");
        }
        if initial != Initial::Last {
            let _ = write!(text, "\ninitial={initial:?}");
        }
        if let Some(damping) = damping {
            let Damping { falls, within, hold, longest } = damping;
            let [within, hold, longest] = [within, hold, longest].map(|time| time.as_nanos());
            let _ = write!(text, "\ndamping={falls},{within},{hold},{longest}");
        }
        if let Request::Http(HttpRequest { tls, status, body, .. }) = &self.request {
            let _ = write!(text, "\nverify={:?} status=", tls.as_ref().map(|t| t.verify));
            for StatusRange { first, last } in status {
                let _ = write!(text, "{first}-{last},");
            }
            if let Some(body) = body {
                let _ = write!(text, "\nbody={body}");
            }
        }
    }
}

impl Request {
    /// The question as a person would recognise it.
    fn shown(&self, address: IpAddr) -> String {
        match self {
            Self::Icmp => format!("icmp {address}"),
            Self::Tcp { port } => format!("tcp {}", SocketAddr::new(address, *port)),
            Self::Http(HttpRequest { port, path, host, tls, .. }) => {
                let scheme = if tls.is_some() { "https" } else { "http" };
                let mut text = format!("{scheme}://{}{path}", SocketAddr::new(address, *port));
                let _ = write!(text, " host={host}");
                if let Some(tls) = tls {
                    let _ = write!(text, " sni={}", tls.name);
                }
                text
            }
        }
    }
}

fn http_request(check: &HttpCheck, at: ProbeAt, over_tls: bool) -> HttpRequest {
    let HttpCheck { path, port, host, sni, verify, status, body } = check;
    let port = at.port.unwrap_or(*port);
    let tls = over_tls.then(|| {
        let name = sni.as_deref().or(host.as_deref().map(without_port));
        let name = name.map_or_else(|| at.address.to_string(), canonical_name);
        TlsSettings { name, verify: *verify }
    });
    let usual_port = if over_tls { 443 } else { 80 };
    let host = host.clone().unwrap_or_else(|| authority(at.address, port, usual_port));
    HttpRequest { port, path: path.clone(), host, tls, status: status.clone(), body: body.clone() }
}

/// An address and port as a Host header names them (RFC 9110 section 7.2).
fn authority(address: IpAddr, port: u16, usual_port: u16) -> String {
    match (address, port == usual_port) {
        (IpAddr::V4(v4), true) => v4.to_string(),
        (IpAddr::V6(v6), true) => format!("[{v6}]"),
        (_, false) => SocketAddr::new(address, port).to_string(),
    }
}

/// The host of `host`, `host:port`, `[v6]` or `[v6]:port`.
fn without_port(host: &str) -> &str {
    if let Some((v6, _)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return v6;
    }
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.contains(':') => {
            name
        }
        _ => host,
    }
}

/// SNI has no final dot (RFC 6066 section 3).
fn canonical_name(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
