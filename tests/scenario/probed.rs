//! What is behind an endpoint: the servers that are probed, and how they are.

use std::collections::{HashMap, VecDeque};

use steersman::health::{EndpointAddress, EndpointId, Inventory, MonitorKind};

use super::story::{Among, Who};

/// One page of one server, as the files of the story have it: what one monitor asks there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Page {
    /// Where it is probed, as written: an address, perhaps with a port.
    pub server: String,
    /// The path of an HTTP monitor; of others, their kind.
    pub path: String,
}

/// All pages of an inventory, each with an endpoint and the number of the monitor that asks it.
pub fn pages(inventory: &Inventory) -> Vec<(EndpointId, usize, Page)> {
    let mut pages = Vec::new();
    for (pool_id, pool) in (0..).zip(&inventory.pools) {
        for (index, endpoint) in (0..).zip(&pool.endpoints) {
            let at = endpoint.probe.clone().unwrap_or_default();
            let address = match (at.address, &endpoint.address) {
                (Some(address), _) => address,
                (None, EndpointAddress::Ip(address)) => *address,
                (None, EndpointAddress::Host { .. }) => continue,
            };
            let server = match at.port {
                Some(port) => std::net::SocketAddr::new(address, port).to_string(),
                None => address.to_string(),
            };
            for (number, monitor) in pool.monitors.iter().enumerate() {
                let path = match &inventory.monitors[*monitor as usize].kind {
                    MonitorKind::Http(check) | MonitorKind::Https(check) => check.path.clone(),
                    MonitorKind::Tcp(_) => "tcp".into(),
                    MonitorKind::Icmp => "icmp".into(),
                    MonitorKind::Heartbeat => "heartbeat".into(),
                    other => panic!("no story knows {other:?}"),
                };
                let id = EndpointId { pool: pool_id, index };
                pages.push((id, number, Page { server: server.clone(), path }));
            }
        }
    }
    pages
}

/// The pages that a story speaks of.
pub fn meant(inventory: &Inventory, who: &Who) -> Result<Vec<Page>, String> {
    let is_meant = |id: EndpointId| {
        let pool = &inventory.pools[id.pool as usize];
        match &who.among {
            Among::Everything => true,
            Among::Region(name) => {
                pool.region.is_some_and(|id| inventory.regions[id as usize].name == *name)
            }
            Among::Pool(name) => pool.name == *name,
            Among::Endpoint(name, address) => {
                pool.name == *name && pool.endpoints[id.index as usize].address.text() == *address
            }
        }
    };
    let asks = |id: EndpointId, number: usize| {
        let monitor = inventory.pools[id.pool as usize].monitors[number];
        let name = &inventory.monitors[monitor as usize].name;
        who.monitor.as_ref().is_none_or(|wanted| wanted == name)
    };
    let mut meant: Vec<Page> = pages(inventory)
        .into_iter()
        .filter(|(id, number, _)| is_meant(*id) && asks(*id, *number))
        .map(|(_, _, page)| page)
        .collect();
    meant.sort();
    meant.dedup();
    if meant.is_empty() { Err("nothing that is probed is meant".into()) } else { Ok(meant) }
}

/// What a page does with probes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Condition {
    /// They succeed.
    #[default]
    Well,
    /// They fail: the status is 503.
    Broken,
    /// They fail: the status is good, and the body is another one.
    OtherBody,
    /// The process is gone: they fail, and connections have ended.
    Gone,
    /// They get no answer.
    Hangs,
    /// The host is gone: they get no answer, and in the end connections do not either.
    Vanished,
}

impl Condition {
    fn is_silent(self) -> bool {
        matches!(self, Self::Hangs | Self::Vanished)
    }
}

/// How a page is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mind {
    condition: Condition,
    /// What the next probes come to, before that counts.
    next: VecDeque<bool>,
    /// Whether nothing more may happen after those.
    waits: bool,
    /// Probes answered so far.
    pub answered: u64,
}

/// How all pages are.
#[derive(Debug, Default)]
pub struct Minds(HashMap<Page, Mind>);

impl Minds {
    /// How a page is; pages that nobody spoke of are well.
    pub fn of(&mut self, page: &Page) -> &mut Mind {
        self.0.entry(page.clone()).or_default()
    }

    /// Whether a page is well, what the next probes come to aside.
    pub fn is_well(&self, page: &Page) -> bool {
        self.0.get(page).is_none_or(|mind| mind.condition == Condition::Well)
    }

    /// Whether the process of a server is gone.
    pub fn is_gone(&self, server: &str) -> bool {
        self.0.iter().any(|(page, mind)| page.server == server && mind.condition == Condition::Gone)
    }

    /// Time goes on for all.
    pub fn go_on(&mut self) {
        self.0.values_mut().for_each(|mind| mind.waits = false);
    }
}

impl Mind {
    /// How it is, what the next probes come to aside.
    pub fn condition(&self) -> Condition {
        self.condition
    }

    /// From now on probes are answered so, those that hang too.
    pub fn turn(&mut self, condition: Condition) {
        self.condition = condition;
        self.waits = false;
    }

    /// The next probes succeed or fail, and then none comes before time goes on.
    pub fn foretell(&mut self, well: bool, times: usize) {
        self.next.extend(std::iter::repeat_n(well, times));
        self.waits = true;
    }

    /// Whether all that was foretold has happened.
    pub fn is_done(&self) -> bool {
        self.next.is_empty()
    }

    /// Whether a probe would get an answer now.
    pub fn is_awake(&self) -> bool {
        !self.waits || !self.next.is_empty()
    }

    /// What a probe comes to now; none if it has to wait, or hangs.
    pub fn probe(&mut self) -> Option<bool> {
        let outcome = match (self.next.pop_front(), self.condition) {
            (Some(outcome), _) => outcome,
            (None, _) if self.waits => return None,
            (None, condition) if condition.is_silent() => return None,
            (None, condition) => condition == Condition::Well,
        };
        self.answered += 1;
        Some(outcome)
    }

    /// A probe was given up that got no answer; returns whether the story meant it to be.
    pub fn give_up(&mut self) -> bool {
        let meant = self.condition.is_silent() && self.is_awake();
        self.answered += u64::from(meant);
        meant
    }
}
