//! `metafo` and `geoip`: datacenters, each of which is a resource of another plugin.
//!
//! gdnsd takes the first datacenter of a list that has not failed, and if all have, the first. So
//! does a failover here. What is otherwise has a note:
//!
//! - here each family fails over by itself, in gdnsd all of a datacenter at once;
//! - here a client whose datacenters are all down goes on to a less specific place, in gdnsd not.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::maps::{Map, Order};
use super::resources::{Resource, Resources, shown};
use super::scope::Scope;
use super::vscf::{Kind, Value};
use crate::finding::words::quoted;
use crate::import::plan::{Endpoint, Policy};
use crate::import::source::Place;

/// The policy of a resource of metafo.
pub(super) fn metafo<'a>(
    resources: &mut Resources<'a, '_>,
    resource: &Resource<'a>,
) -> Option<Policy> {
    let names = texts(resource.value.get("datacenters"));
    let mut order = Order::List(names.clone());
    if resource.scope.is_true("skip_first") {
        order = without_first(resources, resource, order);
    }
    let policy = in_order(resources, "metafo", resource, &order, None);
    check_families(resources, resource, "metafo", &names, None);
    if policy.is_none() {
        unanswerable(resources, resource);
    }
    policy
}

/// The policy of a resource of geoip.
pub(super) fn geoip<'a>(
    resources: &mut Resources<'a, '_>,
    resource: &Resource<'a>,
) -> Option<Policy> {
    let map = map(resources, resource)?;
    let skips = resource.scope.is_true("skip_first");
    let order = |resources: &mut Resources<'a, '_>, order: &Order| match skips {
        true => without_first(resources, resource, order.clone()),
        false => order.clone(),
    };
    let default_order = order(resources, &map.default);
    let default = in_order(resources, "geoip", resource, &default_order, Some(&map));
    let mut branches = Vec::new();
    for (key, key_order, place) in &map.keys {
        let key_order = order(resources, key_order);
        if key_order == default_order && !map.has_between(key) {
            // What everybody gets needs no key.
            continue;
        }
        match in_order(resources, "geoip", resource, &key_order, Some(&map)) {
            Some(policy) => {
                if !resources.spend(policy.size(), place) {
                    return None;
                }
                branches.push((key.clone(), key_order, policy));
            }
            None => {
                let found = format!("{key} of {}", shown(resource));
                let why = "it has no datacenter to answer with, and a place cannot be left without";
                resources.plan.notes.push(place, found, why, "what is less specific");
            }
        }
    }
    check_families(resources, resource, "geoip", &map.datacenters, Some(&map));
    let Some(default) = default else {
        unanswerable(resources, resource);
        return None;
    };
    check_fences(resources, resource, &branches, &default_order);
    if branches.is_empty() {
        return Some(default);
    }
    let mut keys: Vec<(String, Policy)> =
        branches.into_iter().map(|(key, _, policy)| (key, policy)).collect();
    keys.push(("default".into(), default));
    Some(Policy::Geo(keys))
}

/// The policy of one datacenter of a resource: `resource/datacenter`.
pub(super) fn datacenter<'a>(
    resources: &mut Resources<'a, '_>,
    plugin: &str,
    resource: &Resource<'a>,
    name: &str,
    place: &Place,
) -> Option<Policy> {
    let map = match plugin {
        "geoip" => map(resources, resource),
        _ => None,
    };
    let policy = one(resources, plugin, resource, name, map.as_deref());
    if policy.is_none() {
        let found = format!("{plugin}!{}/{name}", resource.name);
        let why = "there is no such datacenter, or it has nothing to answer with";
        resources.plan.notes.push(place, found, why, "it is left out");
    }
    policy
}

fn map<'a>(resources: &mut Resources<'a, '_>, resource: &Resource<'a>) -> Option<Rc<Map>> {
    let name = resource.scope.get("map").and_then(Value::text).unwrap_or_default().to_owned();
    let map = Map::named(resources, &name);
    if map.is_none() {
        let found = format!("the map {} of {}", quoted(&name), shown(resource));
        let why = "there is no such map";
        resources.plan.notes.push(&resource.value.place, found, why, "it is left out");
    }
    map
}

/// Datacenters in an order: a failover, or the nearest.
fn in_order<'a>(
    resources: &mut Resources<'a, '_>,
    plugin: &str,
    resource: &Resource<'a>,
    order: &Order,
    map: Option<&Map>,
) -> Option<Policy> {
    match order {
        Order::List(names) => {
            let policies: Vec<Policy> = names
                .iter()
                .filter_map(|name| one(resources, plugin, resource, name, map))
                .collect();
            if !resources.spend(policies.iter().map(Policy::size).sum(), &resource.value.place) {
                return None;
            }
            Policy::failover(policies)
        }
        Order::Nearest => nearest(resources, plugin, resource, map?),
    }
}

/// The nearest of those that have coordinates. Each stands where its first pool does.
fn nearest<'a>(
    resources: &mut Resources<'a, '_>,
    plugin: &str,
    resource: &Resource<'a>,
    map: &Map,
) -> Option<Policy> {
    let mut policies: Vec<Policy> = Vec::new();
    for name in map.datacenters.iter().filter(|name| map.coordinates.contains_key(*name)) {
        let policy = one(resources, plugin, resource, name, Some(map));
        policies.extend(policy.filter(|policy| !policies.contains(policy)));
    }
    let limit = map.limit.unwrap_or(usize::MAX);
    if policies.len() > limit && policies.iter().any(|policy| resources.plan.can_fail(policy)) {
        let found = format!("auto_dc_limit {limit} for {}", shown(resource));
        let why = "when the nearest are down, all others are tried too";
        resources.plan.notes.push(&map.place, found, why, "nearest without a limit");
    }
    let is_placed = |policy: &Policy| {
        let mut pools = Vec::new();
        policy.pools(&mut pools);
        let first = pools.first().and_then(|pool| resources.plan.pools.get(*pool));
        let region = first.and_then(|pool| pool.region);
        region
            .and_then(|region| resources.plan.regions.get(region))
            .is_some_and(|r| r.location.is_some())
    };
    match policies.len() {
        0 | 1 => policies.pop(),
        _ if policies.iter().all(is_placed) => Some(Policy::Nearest(policies)),
        _ => {
            let found = format!("auto_dc_coords for {}", shown(resource));
            let why = "a datacenter that is made of others has no place of its own";
            let instead = "a failover in the order of the datacenters";
            resources.plan.notes.push(&map.place, found, why, instead);
            Policy::failover(policies)
        }
    }
}

/// One datacenter, read once for each resource.
fn one<'a>(
    resources: &mut Resources<'a, '_>,
    plugin: &str,
    resource: &Resource<'a>,
    name: &str,
    map: Option<&Map>,
) -> Option<Policy> {
    let location = map.and_then(|map| map.coordinates.get(name).copied());
    let value = resource.value.get("dcmap")?.get(name)?;
    let region = resources.region(name, location);
    let key = (plugin.to_owned(), format!("{}/{name}", resource.name), Some(region));
    if let Some(known) = resources.known(&key) {
        return known;
    }
    let policy = read(resources, plugin, resource, name, value, region);
    resources.remember(key, policy.clone());
    policy
}

fn read<'a>(
    resources: &mut Resources<'a, '_>,
    meta: &str,
    resource: &Resource<'a>,
    datacenter: &str,
    value: &'a Value,
    region: usize,
) -> Option<Policy> {
    let default =
        resource.scope.get("plugin").and_then(Value::text).unwrap_or("multifo").to_owned();
    let text = value.text();
    if let Some(reference) = text.filter(|text| text.starts_with(['%', '!'])) {
        let (plugin, named) = reference.trim_start_matches('%').split_once('!')?;
        let plugin = if plugin.is_empty() { default.as_str() } else { plugin };
        return resources.policy(plugin, named, Some(region), &value.place);
    }
    let name = resources.base(format!("{}-{datacenter}", resource.name), meta);
    let inner = |scope: Scope<'a>| Resource { name, value, scope, region: Some(region) };
    if let Some(text) = text.filter(|text| text.ends_with('.')) {
        let target = resources.target(value, text)?;
        let resource = inner(Scope::default());
        let endpoint = Endpoint { target, weight: 1 };
        return Some(Policy::Pool(resources.pool(&resource, &[""], Vec::new(), vec![endpoint])));
    }
    let is_hash = matches!(value.kind, Kind::Hash(_));
    let plugin = value.get("plugin").and_then(Value::text).unwrap_or(&default).to_owned();
    // Addresses without labels are multifo's whatever the default is.
    let plugin = if is_hash { plugin } else { "multifo".into() };
    let scope = resource.scope.within(value).outside(resources.plugin(&plugin));
    let inner = inner(scope);
    if !resources.enter(&value.place, &inner.name) {
        return None;
    }
    let policy = resources.read(&plugin, &inner);
    resources.leave();
    policy
}

fn without_first<'a>(
    resources: &mut Resources<'a, '_>,
    resource: &Resource<'a>,
    order: Order,
) -> Order {
    match order {
        Order::List(mut names) => {
            if names.len() > 1 {
                names.remove(0);
            }
            Order::List(names)
        }
        Order::Nearest => {
            let found = format!("skip_first of {}", shown(resource));
            let why = "the nearest cannot be passed over";
            resources.plan.notes.push(
                &resource.value.place,
                found,
                why,
                "it is heeded in lists only",
            );
            Order::Nearest
        }
    }
}

fn unanswerable<'a>(resources: &mut Resources<'a, '_>, resource: &Resource<'a>) {
    let found = format!("the resource {}", shown(resource));
    let why = "no datacenter has anything to answer with";
    resources.plan.notes.push(&resource.value.place, found, why, "it is left out");
}

/// Says where a datacenter has not what others have, and where its families fail over alone.
fn check_families<'a>(
    resources: &mut Resources<'a, '_>,
    resource: &Resource<'a>,
    plugin: &str,
    names: &[String],
    map: Option<&Map>,
) {
    let mut all: BTreeSet<Vec<u8>> = BTreeSet::new();
    let (mut of_two, mut count) = (false, 0);
    for name in names {
        let Some(policy) = one(resources, plugin, resource, name, map) else { continue };
        let mut pools = Vec::new();
        policy.pools(&mut pools);
        let pools: Vec<_> =
            pools.iter().filter_map(|pool| resources.plan.pools.get(*pool)).collect();
        let families: BTreeSet<u8> = pools.iter().flat_map(|pool| pool.families()).collect();
        let is_probed = pools.iter().any(|pool| !pool.monitors.is_empty());
        of_two |= is_probed && families.contains(&4) && families.contains(&6);
        // A host name answers whatever is asked.
        if !families.contains(&0) {
            all.insert(families.into_iter().collect());
        }
        count += 1;
    }
    let place = &resource.value.place;
    if all.len() > 1 {
        let found = format!("datacenters of {} with other families than others", shown(resource));
        let why = "gdnsd takes a datacenter whatever is asked; here one without the asked family \
                   is passed over";
        resources.plan.notes.push(place, found, why, "the next one with that family is answered");
    }
    if of_two && count > 1 {
        let found = format!("datacenters of {} with both families", shown(resource));
        let why = "gdnsd takes all of a datacenter away when one family of it fails";
        resources.plan.notes.push(place, found, why, "each family fails over by itself");
    }
}

/// Says where a client would go on to datacenters that its own list does not have.
fn check_fences<'a>(
    resources: &mut Resources<'a, '_>,
    resource: &Resource<'a>,
    branches: &[(String, Order, Policy)],
    default: &Order,
) {
    let names = |order: &Order| -> BTreeSet<String> {
        match order {
            Order::List(names) => names.iter().cloned().collect(),
            Order::Nearest => BTreeSet::new(),
        }
    };
    let default = names(default);
    for (key, order, policy) in branches {
        let own = names(order);
        if !resources.plan.can_fail(policy) {
            continue;
        }
        let others = branches.iter().filter(|(other, ..)| covers(other, key));
        let mut less_specific = others.map(|(_, order, _)| names(order)).chain([default.clone()]);
        let goes_on = matches!(order, Order::List(_))
            && less_specific.any(|others| others.is_empty() || !others.is_subset(&own));
        if goes_on {
            let found = format!("{key} of {}", shown(resource));
            let why = "gdnsd keeps its clients to its own datacenters, even when all are down";
            let instead = "then they go on to a less specific place, at last to default";
            resources.plan.notes.push(&resource.value.place, found, why, instead);
            return;
        }
    }
}

/// Whether whoever matches the second key may match the first one, too.
fn covers(wide: &str, narrow: &str) -> bool {
    let is_network = narrow.contains('/');
    wide != narrow && (is_network || narrow.starts_with(&format!("{wide}-")))
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let items = value.map(Value::items).unwrap_or_default();
    items.iter().filter_map(|item| item.text().map(str::to_owned)).collect()
}
