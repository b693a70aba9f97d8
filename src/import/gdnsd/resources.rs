//! What DYNA and DYNC name: `plugin!resource`, looked up in the plugins' hashes.

use std::collections::HashMap;
use std::net::IpAddr;

use super::maps::Map;
use super::scope::Scope;
use super::services::{Service, Services};
use super::vscf::{Kind, Value};
use super::{meta, multifo, simplefo, weighted};
use crate::finding::Finding;
use crate::finding::words::quoted;
use crate::import::plan::{Endpoint, Plan, Policy, Pool, Region, Target};
use crate::import::source::Place;
use crate::import::{Include, fields};

/// References lead from one to the next so often, and no further: they may go in a circle.
const MOST_REFERENCES: usize = 8;

/// All resources, and what those that were asked for came to.
pub(super) struct Resources<'a, 'i> {
    pub(super) plan: &'a mut Plan,
    services: Services,
    pub(super) plugins: Option<&'a Value>,
    /// The name of the main file, which paths in maps are relative to.
    pub(super) config: &'a str,
    pub(super) include: &'a mut Include<'i>,
    known: HashMap<Known, Option<Policy>>,
    /// What names of pools begin with, and the plugin that has them so.
    bases: HashMap<String, String>,
    /// Regions by datacenter and coordinates.
    regions: HashMap<(String, String), usize>,
    /// The maps of geoip.
    pub(super) maps: HashMap<String, Option<std::rc::Rc<Map>>>,
    references: usize,
    /// Set once there is more than can be written.
    pub(super) too_much: Option<Finding>,
}

/// What was made before: plugin, resource and region.
pub(super) type Known = (String, String, Option<usize>);

/// One resource while it is read.
pub(super) struct Resource<'v> {
    /// Its name, which names of pools begin with.
    pub(super) name: String,
    pub(super) value: &'v Value,
    pub(super) scope: Scope<'v>,
    /// The index of the region that its pools are in.
    pub(super) region: Option<usize>,
}

/// What is read of one family: its entries, and the keys that hold for them.
pub(super) struct Stanza<'v> {
    pub(super) entries: Vec<(String, &'v Value)>,
    pub(super) scope: Scope<'v>,
}

/// Keys of a resource that are no addresses.
const SETTINGS: [&str; 12] = [
    "service_types",
    "up_thresh",
    "ignore_health",
    "multi",
    "plugin",
    "addrs_v4",
    "addrs_v6",
    "datacenters",
    "dcmap",
    "map",
    "skip_first",
    "resources",
];

impl<'a, 'i> Resources<'a, 'i> {
    pub(super) fn new(
        plan: &'a mut Plan,
        services: Services,
        (config, plugins): (&'a str, Option<&'a Value>),
        include: &'a mut Include<'i>,
    ) -> Self {
        Self {
            plan,
            services,
            plugins,
            config,
            include,
            known: HashMap::new(),
            bases: HashMap::new(),
            regions: HashMap::new(),
            maps: HashMap::new(),
            references: 0,
            too_much: None,
        }
    }

    /// The hash of a plugin.
    pub(super) fn plugin(&self, name: &str) -> Option<&'a Value> {
        self.plugins.and_then(|plugins| plugins.get(name))
    }

    /// What `plugin!resource` comes to, in a region; none, with a note, if nothing does.
    pub(super) fn policy(
        &mut self,
        plugin: &str,
        resource: &str,
        region: Option<usize>,
        place: &Place,
    ) -> Option<Policy> {
        let key = (plugin.to_owned(), resource.to_owned(), region);
        if let Some(known) = self.known(&key) {
            return known;
        }
        if !self.enter(place, &format!("{plugin}!{resource}")) {
            return None;
        }
        let policy = self.look_up(plugin, resource, region, place);
        self.leave();
        self.remember(key, policy.clone());
        policy
    }

    /// What was made before.
    pub(super) fn known(&self, key: &Known) -> Option<Option<Policy>> {
        self.known.get(key).cloned()
    }

    pub(super) fn remember(&mut self, key: Known, policy: Option<Policy>) {
        self.known.insert(key, policy);
    }

    /// Goes one resource deeper; not, with a note, if they may go on for ever.
    pub(super) fn enter(&mut self, place: &Place, what: &str) -> bool {
        let is_room = self.references < MOST_REFERENCES && self.too_much.is_none();
        if is_room {
            self.references += 1;
        } else {
            let why = "references lead further than these, or in a circle";
            self.plan.notes.push(place, what, why, "it is left out");
        }
        is_room
    }

    pub(super) fn leave(&mut self) {
        self.references -= 1;
    }

    fn look_up(
        &mut self,
        plugin: &str,
        resource: &str,
        region: Option<usize>,
        place: &Place,
    ) -> Option<Policy> {
        let top = self.plugin(plugin);
        let found = || format!("{plugin}!{resource}");
        let Some(top) = top.filter(|_| is_known(plugin)) else {
            let why = match plugin {
                "null" | "reflect" => "it cannot be one of several things to choose among",
                _ => "no such plugin is configured",
            };
            self.plan.notes.push(place, found(), why, "it is left out");
            return None;
        };
        let (name, datacenter) = match (plugin, resource.split_once('/')) {
            ("metafo" | "geoip", Some((name, datacenter))) => (name, Some(datacenter)),
            _ => (resource, None),
        };
        let home = match plugin {
            "metafo" | "geoip" => top.get("resources"),
            _ => Some(top),
        };
        let is_setting =
            SETTINGS.contains(&name) && home.is_some_and(|home| home.place == top.place);
        let Some(value) = home.and_then(|home| home.get(name)).filter(|_| !is_setting) else {
            self.plan.notes.push(place, found(), "there is no such resource", "it is left out");
            return None;
        };
        let scope = Scope::of([value, top]);
        // A pool is in one region, so that what several datacenters refer to is a pool in each.
        let at = region.filter(|_| home.is_some_and(|home| home.place == top.place));
        let name = match at.and_then(|region| self.plan.regions.get(region)) {
            Some(region) => format!("{name}-{}", region.name),
            None => name.to_owned(),
        };
        let name = self.base(name, plugin);
        let resource = Resource { name, value, scope, region };
        match datacenter {
            Some(datacenter) => meta::datacenter(self, plugin, &resource, datacenter, place),
            None => self.read(plugin, &resource),
        }
    }

    /// What a resource of a plugin comes to, wherever it is written.
    pub(super) fn read(&mut self, plugin: &str, resource: &Resource<'a>) -> Option<Policy> {
        match plugin {
            "multifo" => multifo::policy(self, resource),
            "simplefo" => simplefo::policy(self, resource),
            "weighted" => weighted::policy(self, resource),
            "metafo" => meta::metafo(self, resource),
            "geoip" => meta::geoip(self, resource),
            _ => {
                let target = self.target(resource.value, &resource.name)?;
                let endpoint = Endpoint { target, weight: 1 };
                Some(Policy::Pool(self.pool(resource, &[""], Vec::new(), vec![endpoint])))
            }
        }
    }

    /// Adds a pool of a resource. Of the endings of its name the first counts that leaves it free.
    pub(super) fn pool(
        &mut self,
        resource: &Resource<'_>,
        endings: &[&str],
        monitors: Vec<usize>,
        endpoints: Vec<Endpoint>,
    ) -> usize {
        let names: Vec<String> =
            endings.iter().map(|ending| format!("{}{ending}", resource.name)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let name = self.plan.names.pool(&names);
        // Only heartbeats can be waited for on behalf of a host name.
        let monitors = match endpoints.iter().any(|endpoint| endpoint.target.family() == 0) {
            true => self.without_probes(monitors, resource),
            false => monitors,
        };
        let (comments, min_healthy) = (Vec::new(), 1);
        self.plan.add_pool(Pool {
            name,
            comments,
            region: resource.region,
            monitors,
            endpoints,
            min_healthy,
            always_all: false,
            one_answer: false,
        })
    }

    fn without_probes(&mut self, monitors: Vec<usize>, resource: &Resource<'_>) -> Vec<usize> {
        let is_down = |index: &usize| {
            self.plan
                .monitors
                .get(*index)
                .is_some_and(|monitor| monitor.kind == crate::import::plan::MonitorKind::Down)
        };
        let (kept, probing): (Vec<usize>, Vec<usize>) = monitors.into_iter().partition(is_down);
        if !probing.is_empty() {
            let found = format!("the service_types of {}", resource.name);
            let why = "host names are never looked up, so that nobody knows what to probe";
            let instead = "no monitor: they are always up; give each endpoint a probe address";
            self.plan.notes.push(&resource.value.place, found, why, instead);
        }
        kept
    }

    /// What names of a resource's pools begin with: its name, and its plugin's where another
    /// plugin has a resource of that name.
    pub(super) fn base(&mut self, name: String, plugin: &str) -> String {
        let owner = self.bases.entry(name.clone()).or_insert_with(|| plugin.to_owned());
        match owner == plugin {
            true => name,
            false => format!("{name}-{plugin}"),
        }
    }

    /// The monitors that `service_types` asks for.
    pub(super) fn monitors(&mut self, scope: &Scope<'_>) -> Vec<usize> {
        let mut monitors = Vec::new();
        for item in scope.get("service_types").map(Value::items).unwrap_or_default() {
            match item.text().map(|name| self.services.get(name)) {
                Some(Some(Service::Monitor(monitor))) => monitors.push(monitor),
                Some(Some(Service::Up)) => {}
                _ => {
                    let found = format!("the service type {}", item.shown());
                    let why = "there is none of that name";
                    self.plan.notes.push(&item.place, found, why, "no monitor");
                }
            }
        }
        monitors.sort_unstable();
        monitors.dedup();
        monitors
    }

    /// The share of what must be up.
    pub(super) fn threshold(&mut self, scope: &Scope<'_>) -> f64 {
        const DEFAULT: f64 = 0.5;
        let Some(value) = scope.get("up_thresh") else { return DEFAULT };
        let share = value.text().and_then(|text| text.parse().ok());
        share.filter(|share: &f64| *share > 0.0 && *share <= 1.0).unwrap_or_else(|| {
            let found = format!("up_thresh {}", value.shown());
            let why = "it is a share above 0 and up to 1";
            self.plan.notes.push(&value.place, found, why, "0.5");
            DEFAULT
        })
    }

    /// An address or a host name; none, with a note, if it can be neither.
    pub(super) fn target(&mut self, value: &Value, resource: &str) -> Option<Target> {
        let text = value.text().unwrap_or_default();
        let is_address = text.parse::<IpAddr>().is_ok() || !text.ends_with('.');
        let target = match is_address {
            true => fields::address(text).map(Target::Address),
            false => fields::host(text).map(Target::Host),
        };
        target
            .map_err(|why| {
                let found = format!("{} of {resource}", value.shown());
                self.plan.notes.push(&value.place, found, why, "it is left out");
            })
            .ok()
    }

    /// What a resource has of each family, or of all if it does not say.
    pub(super) fn stanzas(&self, resource: &Resource<'a>) -> Vec<Stanza<'a>> {
        let value = resource.value;
        let families: Vec<&Value> =
            ["addrs_v4", "addrs_v6"].into_iter().filter_map(|key| value.get(key)).collect();
        let of = |value: &'a Value, scope: Scope<'a>| Stanza { entries: entries(value), scope };
        if families.is_empty() {
            return vec![of(value, resource.scope.clone())];
        }
        families.into_iter().map(|family| of(family, resource.scope.within(family))).collect()
    }

    /// The region of a datacenter.
    pub(super) fn region(&mut self, datacenter: &str, location: Option<(f64, f64)>) -> usize {
        let key = (datacenter.to_owned(), format!("{location:?}"));
        if let Some(known) = self.regions.get(&key) {
            return *known;
        }
        let name = self.plan.names.region(&[datacenter]);
        self.plan.regions.push(Region { name, location });
        let index = self.plan.regions.len() - 1;
        self.regions.insert(key, index);
        index
    }

    /// Takes account of branches that are made; says whether there is room for them.
    pub(super) fn spend(&mut self, branches: usize, place: &Place) -> bool {
        if let Err(finding) = self.plan.spend(branches, place) {
            self.too_much.get_or_insert(finding);
        }
        self.too_much.is_none()
    }
}

fn is_known(plugin: &str) -> bool {
    matches!(plugin, "multifo" | "simplefo" | "weighted" | "metafo" | "geoip" | "static")
}

/// The entries that are no settings; those of an array are called by their number.
fn entries(value: &Value) -> Vec<(String, &Value)> {
    match &value.kind {
        Kind::Hash(entries) => entries
            .iter()
            .filter(|(key, _)| !SETTINGS.contains(&key.text.as_str()))
            .map(|(key, value)| (key.text.clone(), value))
            .collect(),
        _ => (1..).map(|n: u32| n.to_string()).zip(value.items()).collect(),
    }
}

/// A note's word for a resource.
pub(super) fn shown(resource: &Resource<'_>) -> String {
    quoted(&resource.name)
}
