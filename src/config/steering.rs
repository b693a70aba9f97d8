//! `zones/NAME.toml`: the names of one zone that are steered, and how.

use std::collections::HashMap;

use super::document::{Document, Item, Kind, Table, unknown_key};
use super::owner;
use super::policy::{OPTIONS, POLICIES, Reader, Shared};
use crate::duration::parse_duration;
use crate::finding::words::{one_of, quoted};
use crate::hash::fnv1a;
use crate::health::{EndpointAddress, Pool};
use crate::steering::{AllDown, Policy, SteeredName};
use crate::wire::Name;
use crate::zone::{Steered, SteeredTypes};

const DEFAULT_TTL_SECONDS: u32 = 30;
/// RFC 2181 8.
const MAX_TTL_SECONDS: u32 = i32::MAX as u32;

/// The steered names of one zone, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Steering {
    /// How they are steered; those without fault.
    pub(super) names: Vec<SteeredName>,
    /// What the zone must know of each; those whose owner is good.
    pub(super) owners: Vec<Steered>,
}

/// Reads the whole file; what is wrong is noted in the document.
pub(super) fn read(document: &Document<'_>, apex: &Name, shared: &mut Shared<'_>) -> Steering {
    let mut steering = Steering::default();
    let mut seen: HashMap<Name, &str> = HashMap::new();
    let root = document.root();
    for (text, item) in root.entries() {
        let owner = read_owner(text, &item, apex);
        let Some(table) = item.table("the table of a name, such as [www]") else { continue };
        let salt = owner.as_ref().map_or(0, |owner| fnv1a(owner.as_wire()));
        let mut reader = Reader::new(shared, salt);
        let body = read_body(&mut reader, text, &item, &table);
        let slots = reader.slots;
        // What stands under a bad owner has been looked through all the same.
        let Some(owner) = owner else { continue };
        if let Some(first) = seen.insert(owner.clone(), text) {
            let found = format!("{}, the same name as {}", quoted(text), quoted(first));
            item.key_finding(found, "each name once");
            continue;
        }
        let pools = slots.iter().filter_map(|id| shared.inventory.pools.get(*id as usize));
        let pools: Vec<&Pool> = pools.collect();
        check_loops(&item, &owner, &pools);
        let some_hosts = pools.iter().any(|pool| pool.answers_hosts());
        steering.owners.push(Steered {
            owner: owner.clone(),
            types: if some_hosts { SteeredTypes::Hosts } else { SteeredTypes::Addresses },
            file: document.file().into(),
            position: item.key_position(),
        });
        let Some(body) = body else { continue };
        steering.names.push(SteeredName {
            owner,
            ttl_seconds: body.ttl_seconds,
            policy: body.policy,
            all_down: body.all_down,
            first_slot: shared.allot_slots(slots.len()),
            slots: slots.into(),
            some_hosts,
        });
    }
    steering
}

fn read_owner(text: &str, item: &Item<'_>, apex: &Name) -> Option<Name> {
    match owner::parse(text, apex) {
        Ok(owner) => Some(owner),
        Err((found, expected)) => {
            item.key_finding(found, expected);
            None
        }
    }
}

/// What stands under an owner.
struct Body {
    ttl_seconds: u32,
    policy: Policy,
    all_down: AllDown,
}

fn read_body(
    reader: &mut Reader<'_, '_>,
    owner: &str,
    item: &Item<'_>,
    table: &Table<'_>,
) -> Option<Body> {
    let is_dotted = check_keys(owner, table);
    let ttl = table.get("ttl").map_or(Some(DEFAULT_TTL_SECONDS), |item| ttl_seconds(&item));
    let has_policy = table.entries().any(|(key, _)| POLICIES.contains(&key));
    if !has_policy && !is_dotted {
        item.key_finding(format!("{} without a policy", quoted(owner)), one_of(POLICIES));
    }
    let policy = reader.keyed(table, 1);
    let all_down =
        table.get("all_down").map_or(Some(AllDown::Serve), |item| all_down(reader, &item));
    Some(Body { ttl_seconds: ttl?, policy: policy?, all_down: all_down? })
}

/// Notes unknown keys; says whether one of them is a name with a dot that was not quoted.
fn check_keys(owner: &str, table: &Table<'_>) -> bool {
    let known: Vec<&str> = POLICIES.into_iter().chain(OPTIONS).chain(["ttl", "all_down"]).collect();
    let mut is_dotted = false;
    for (key, item) in table.entries().filter(|(key, _)| !known.contains(key)) {
        if let Kind::Table(_) = item.kind() {
            is_dotted = true;
            let path = dotted_path(owner, key, &item);
            item.key_finding(
                format!("[{path}], a table within a table"),
                format!("[\"{path}\"]: a name with a dot is quoted"),
            );
        } else {
            unknown_key(key, &item, &known);
        }
    }
    is_dotted
}

/// The whole name of which TOML has made tables within tables.
fn dotted_path(owner: &str, key: &str, item: &Item<'_>) -> String {
    let mut path = format!("{owner}.{key}");
    let mut at = *item;
    while let Kind::Table(table) = at.kind() {
        let mut entries = table.entries();
        let (Some((key, next)), None) = (entries.next(), entries.next()) else { break };
        if POLICIES.contains(&key) || !matches!(next.kind(), Kind::Table(_)) {
            break;
        }
        path = format!("{path}.{key}");
        at = next;
    }
    path
}

fn ttl_seconds(item: &Item<'_>) -> Option<u32> {
    let expected = r#"seconds from 1 to 2147483647, or a time such as "30s""#;
    let Kind::Text(text) = item.kind() else {
        return item.integer(1..=MAX_TTL_SECONDS, expected);
    };
    let seconds = parse_duration(text)
        .ok()
        .filter(|duration| duration.subsec_nanos() == 0)
        .and_then(|duration| u32::try_from(duration.as_secs()).ok())
        .filter(|seconds| (1..=MAX_TTL_SECONDS).contains(seconds));
    if seconds.is_none() {
        match text.parse::<u32>() {
            Ok(number) => item.finding(
                format!("{}, a time without its unit", quoted(text)),
                format!("{number}, or \"{number}s\""),
            ),
            Err(_) => item.finding(quoted(text), expected),
        }
    }
    seconds
}

fn all_down(reader: &mut Reader<'_, '_>, item: &Item<'_>) -> Option<AllDown> {
    let words = r#""serve", "nodata", "servfail""#;
    match item.kind() {
        Kind::Text("serve") => Some(AllDown::Serve),
        Kind::Text("nodata") => Some(AllDown::NoData),
        Kind::Text("servfail") => Some(AllDown::ServFail),
        Kind::Text(text) if !reader.knows(text) => {
            let (found, expected) = reader.unknown_pool_or(text, &["serve", "nodata", "servfail"]);
            item.finding(found, format!("{words}, or {expected}"));
            None
        }
        Kind::Other => {
            item.finding(item.shown(), format!("{words}, or a policy"));
            None
        }
        _ => reader.policy(item, 1).map(AllDown::Policy),
    }
}

/// A name that is an alias of itself never leads anywhere.
fn check_loops(item: &Item<'_>, owner: &Name, pools: &[&Pool]) {
    let leads_back = |pool: &&Pool| {
        let own = |address: &EndpointAddress| match address {
            EndpointAddress::Host { wire, .. } => **wire == *owner.as_wire(),
            EndpointAddress::Ip(_) => false,
        };
        pool.endpoints.iter().any(|endpoint| own(&endpoint.address))
    };
    for pool in pools.iter().copied().filter(leads_back) {
        item.key_finding(
            format!("{owner} steered to itself by pool {}", quoted(&pool.name)),
            "pools that lead elsewhere",
        );
    }
}

#[cfg(test)]
mod tests;
