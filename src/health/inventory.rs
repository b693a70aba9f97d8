//! What there is: regions, monitors, pools and their endpoints, as `zones/pools.toml` gives them.
//!
//! Everything here is resolved and checked: indices instead of names, no half-valid value.

use std::net::IpAddr;

use super::condition::Condition;
use super::family::Family;
use super::monitor::Monitor;
use super::share::Share;

/// Index into [`Inventory::regions`].
pub type RegionId = u32;
/// Index into [`Inventory::monitors`].
pub type MonitorId = u32;
/// Index into [`Inventory::pools`].
pub type PoolId = u32;

/// All regions, monitors and pools, each in the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inventory {
    /// The places that pools can be in.
    pub regions: Vec<Region>,
    /// The ways to ask an endpoint whether it is well.
    pub monitors: Vec<Monitor>,
    /// The pools.
    pub pools: Vec<Pool>,
}

/// A place with coordinates; a failure domain.
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    /// Its name in the files.
    pub name: String,
    /// Where it is; `nearest` needs it.
    pub location: Option<Location>,
}

/// A point on the globe, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Location {
    /// North positive, -90 to 90.
    pub latitude: f64,
    /// East positive, -180 to 180.
    pub longitude: f64,
}

/// Endpoints that stand for the same thing in one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// Its name in the files.
    pub name: String,
    /// The region it is in, if it names one.
    pub region: Option<RegionId>,
    /// All of these must pass, unless they are combined otherwise; none: always up.
    pub monitors: Vec<MonitorId>,
    /// How they are combined, if not all of them must pass.
    pub combined: Option<Combined>,
    /// It is up only while each of these is, for any family that they have; no circle of pools
    /// requires itself.
    pub requires: Vec<PoolId>,
    /// At least one; all addresses or all host names.
    pub endpoints: Vec<Endpoint>,
    /// The pool is up for a family while this many of its endpoints of that family are; at
    /// least 1.
    pub min_healthy: u32,
    /// When fewer than this share of the endpoints of a family that no person took out are up,
    /// all of these are answered: those that are left would not bear what all have borne.
    pub panic_below: Option<Share>,
    /// How many endpoints an answer holds.
    pub answers: Answers,
}

/// Monitors that are combined by monitors over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Combined {
    /// What makes an endpoint up; its monitors are indices into the pool's.
    pub condition: Condition,
    /// The monitors that the pool names.
    pub names: Vec<String>,
}

/// How many of a pool's endpoints one answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// Every healthy one.
    All,
    /// One, drawn by weight. Pools of host names always answer one.
    One,
}

/// One thing that can be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// What is answered.
    pub address: EndpointAddress,
    /// Its share where one endpoint is drawn; 0 only when nothing else is up.
    pub weight: u32,
    /// Where and by what name it is probed, where that is not what it is answered by.
    pub probe: Option<ProbeAt>,
}

/// An address or a host name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointAddress {
    /// Answered as A or AAAA.
    Ip(IpAddr),
    /// Answered as CNAME: an absolute name in uncompressed wire form, and as written (lower
    /// case, with its final dot).
    Host {
        /// Uncompressed wire form.
        wire: Box<[u8]>,
        /// Presentation form.
        text: String,
    },
}

impl EndpointAddress {
    /// What it is of.
    pub fn family(&self) -> Family {
        match self {
            Self::Ip(IpAddr::V4(_)) => Family::V4,
            Self::Ip(IpAddr::V6(_)) => Family::V6,
            Self::Host { .. } => Family::Host,
        }
    }

    /// As `pool/ADDRESS` names it.
    pub fn text(&self) -> String {
        match self {
            Self::Ip(ip) => ip.to_string(),
            Self::Host { text, .. } => text.clone(),
        }
    }
}

/// What an endpoint's probes do otherwise than the monitor and the address that is answered say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ProbeAt {
    /// The address, or the one that is answered.
    pub address: Option<IpAddr>,
    /// The port, or the monitor's.
    pub port: Option<u16>,
    /// The Host header, or the monitor's.
    pub host: Option<String>,
    /// The name for TLS, or the monitor's.
    pub sni: Option<String>,
}

impl Pool {
    /// What makes an endpoint up; the monitors of it are indices into the pool's.
    pub fn condition(&self) -> Condition {
        match &self.combined {
            Some(combined) => combined.condition.clone(),
            None => Condition::all(
                (0..).zip(&self.monitors).map(|(n, _)| Condition::Monitor(n)).collect(),
            ),
        }
    }

    /// Whether it answers with host names.
    pub fn answers_hosts(&self) -> bool {
        self.endpoints.iter().any(|e| matches!(e.address, EndpointAddress::Host { .. }))
    }

    /// `pool/address`, the endpoint's identity.
    pub fn endpoint_name(&self, index: usize) -> String {
        format!("{}/{}", self.name, self.endpoints[index].address.text())
    }
}

impl Inventory {
    /// The pool of a name.
    pub fn pool(&self, name: &str) -> Option<PoolId> {
        self.pools.iter().position(|p| p.name == name).map(|i| i as PoolId)
    }

    /// The region of a name.
    pub fn region(&self, name: &str) -> Option<RegionId> {
        self.regions.iter().position(|r| r.name == name).map(|i| i as RegionId)
    }
}
