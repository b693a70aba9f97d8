//! The rules of a dynamic record to the keys of `geo`.
//!
//! octoDNS takes the first rule that matches, and has them in such an order that this is the most
//! specific one; here the most specific key counts, whatever the order. So what a rule before it
//! covers is left out. A rule with subnets and geos matches who is in one or the other.

use std::collections::HashSet;
use std::net::IpAddr;
use std::rc::Rc;

use super::dynamic::Dynamic;
use super::yaml::{Kind, Node};
use crate::finding::Finding;
use crate::finding::words::quoted;
use crate::import::fields;
use crate::import::finish::geo_key;
use crate::import::plan::Policy;
use crate::import::source::Place;

/// The policy of all rules.
pub(super) fn policy(dynamic: &mut Dynamic<'_>) -> Result<Option<Policy>, Finding> {
    let node = Rc::clone(dynamic.node);
    let rules = match node.get("rules").map(|rules| (&rules.kind, rules)) {
        Some((Kind::List(rules), _)) => rules.clone(),
        Some((_, rules)) => {
            dynamic.note(&rules.place, "the rules", "rules are a list", "the record's values");
            Vec::new()
        }
        None => Vec::new(),
    };
    let mut keys = Keys::default();
    let mut default: Option<Policy> = None;
    let mut ended = false;
    for rule in &rules {
        if ended {
            let why = "the rule before it matches everybody";
            dynamic.note(&rule.place, "a rule", why, "it is left out");
            continue;
        }
        let Some(chain) = chain(dynamic, rule)? else { continue };
        let texts = keys.of(dynamic, rule);
        if texts.is_none() {
            default = Some(chain);
            ended = true;
            continue;
        }
        for key in texts.unwrap_or_default() {
            dynamic.plan.spend(chain.size(), &rule.place)?;
            keys.branches.push((key, chain.clone()));
        }
    }
    if !ended {
        let why = "no rule matches everybody";
        let place = dynamic.entry.place.clone();
        dynamic.note(&place, "the rules", why, "the record's values for whoever is left");
    }
    let Some(default) = default.or_else(|| dynamic.last()) else {
        return Ok(keys.branches.into_iter().next().map(|(_, policy)| policy));
    };
    if keys.branches.is_empty() {
        return Ok(Some(default));
    }
    keys.branches.push(("default".into(), default));
    Ok(Some(Policy::Geo(keys.branches)))
}

/// What a rule sends its clients to; none, with a note, if it is no rule.
fn chain(dynamic: &mut Dynamic<'_>, rule: &Rc<Node>) -> Result<Option<Policy>, Finding> {
    let pool = rule.get("pool");
    let name = pool.and_then(|pool| pool.text()).unwrap_or_default().to_owned();
    let place: Place = pool.map_or(&rule.place, |pool| &pool.place).clone();
    if !dynamic.has_pool(&name) {
        let found = format!("a rule with the pool {}", quoted(&name));
        dynamic.note(&place, &found, "there is no such pool", "the rule is left out");
        return Ok(None);
    }
    let chain = dynamic.chain(&name, &place)?;
    if chain.is_none() {
        let found = format!("a rule with the pool {}", quoted(&name));
        dynamic.note(&place, &found, "nothing of it can be answered", "the rule is left out");
    }
    Ok(chain)
}

/// The keys so far.
#[derive(Default)]
struct Keys {
    branches: Vec<(String, Policy)>,
    places: HashSet<String>,
    networks: HashSet<Network>,
}

/// A network: whether it is of IPv6, its first address, and its length.
type Network = (bool, u128, u8);

impl Keys {
    /// The keys of a rule that no rule before it covers; none if it matches everybody.
    fn of(&mut self, dynamic: &mut Dynamic<'_>, rule: &Rc<Node>) -> Option<Vec<String>> {
        let list = |key| rule.get(key).map(|list| list.items()).unwrap_or_default();
        let (subnets, geos) = (list("subnets"), list("geos"));
        if subnets.is_empty() && geos.is_empty() {
            return None;
        }
        let networks = subnets.iter().map(|node| (node, fields::network(text(node))));
        let places = geos.iter().map(|node| (node, place_key(text(node))));
        let (mut keys, mut own) = (Vec::new(), HashSet::new());
        for (node, key) in networks.chain(places) {
            let found = node.shown();
            match key {
                Err(why) => dynamic.note(&node.place, &found, &why, "it is left out"),
                Ok(key) if self.is_covered(&key) => {
                    let why = "a rule before it matches all of it";
                    dynamic.note(&node.place, &found, why, "it is left out");
                }
                // Within a rule all lead to the same, so that only equal keys matter there.
                Ok(key) if own.insert(key.clone()) => keys.push(key),
                Ok(_) => {}
            }
        }
        keys.iter().for_each(|key| self.add(key));
        Some(keys)
    }

    fn is_covered(&self, key: &str) -> bool {
        match bits(key) {
            Some(network) => wider_networks(network).any(|wider| self.networks.contains(&wider)),
            None => wider_places(key).any(|wider| self.places.contains(wider)),
        }
    }

    fn add(&mut self, key: &str) {
        match bits(key) {
            Some(network) => self.networks.insert(network),
            None => self.places.insert(key.to_owned()),
        };
    }
}

fn text(node: &Node) -> &str {
    node.text().unwrap_or_default()
}

/// A place, and not one of the other keys that `geo` has.
fn place_key(text: &str) -> Result<String, String> {
    // What begins otherwise is a network, an AS number or a word.
    let continent = text.split('-').next().unwrap_or_default();
    match continent.len() == 2 && continent.bytes().all(|byte| byte.is_ascii_uppercase()) {
        true => geo_key(text),
        false => Err("it is no geo code".into()),
    }
}

/// The network that a key means, if it means one.
fn bits(key: &str) -> Option<Network> {
    let (address, length) = key.split_once('/')?;
    let length = length.parse().ok()?;
    match address.parse().ok()? {
        IpAddr::V4(ip) => Some((false, u128::from(ip.to_bits()) << 96, length)),
        IpAddr::V6(ip) => Some((true, ip.to_bits(), length)),
    }
}

/// A network, and all that it lies in.
fn wider_networks((is_v6, address, length): Network) -> impl Iterator<Item = Network> {
    (0..=length).map(move |length| {
        let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
        (is_v6, address & mask, length)
    })
}

/// A place, and all that it lies in.
fn wider_places(key: &str) -> impl Iterator<Item = &str> {
    let dashes = key.char_indices().filter(|(_, c)| *c == '-').map(|(at, _)| at);
    dashes.chain([key.len()]).filter_map(|end| key.get(..end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_covers_a_key() {
        assert!(wider_places("NA-US-CA").eq(["NA", "NA-US", "NA-US-CA"]));
        let wide = |text: &str| bits(text).unwrap();
        assert!(
            wider_networks(wide("192.0.0.0/2"))
                .eq(["0.0.0.0/0", "128.0.0.0/1", "192.0.0.0/2"].map(wide))
        );
        assert!(wider_networks(wide("2001:db8::/128")).any(|n| n == wide("2001:db8::/32")));
        assert!(place_key("EU-FR").is_ok() && place_key("default").is_err());
        assert!(place_key("10.0.0.0/8").is_err() && place_key("AS1").is_err());
    }
}
