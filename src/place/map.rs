//! From a client's address to what one policy prefers there, best first.

use std::collections::HashMap;
use std::net::IpAddr;

use super::address::Address;
use super::class::{Class, ClassId, Places};
use super::countries::Continent;
use super::interner::Interner;
use super::runs::{Runs, zip_runs};
use super::table::Table;
use crate::health::Location;

/// One key of a `geo` policy. The order of the variants is that of specificity, best first.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GeoKey {
    /// A network; of two that match, the longer one goes first.
    Network {
        /// Its first address.
        address: IpAddr,
        /// Its length in bits.
        length: u8,
    },
    /// An autonomous system.
    Asn(u32),
    /// A part of a country: ISO 3166-1 alpha-2 and the ISO 3166-2 code without it.
    Subdivision([u8; 2], Box<str>),
    /// A country, ISO 3166-1 alpha-2.
    Country([u8; 2]),
    /// A continent.
    Continent(Continent),
    /// Whatever nothing else matched.
    Default,
}

impl GeoKey {
    /// Whether a class says whatever the key asks for, be it this or another.
    pub(super) fn asks_for_what_is_in(&self, class: &Class) -> bool {
        match self {
            Self::Network { .. } | Self::Default => true,
            Self::Asn(_) => class.asn.is_some(),
            Self::Subdivision(..) => class.subdivision.is_some(),
            Self::Country(_) => class.country.is_some(),
            Self::Continent(_) => class.continent.is_some(),
        }
    }

    /// Whether clients of a class match; networks are matched by address instead.
    fn matches(&self, class: &Class) -> bool {
        match self {
            Self::Network { .. } => false,
            Self::Asn(asn) => class.asn == Some(*asn),
            Self::Subdivision(country, code) => {
                class.country == Some(*country) && class.subdivision.as_ref() == Some(code)
            }
            Self::Country(country) => class.country == Some(*country),
            Self::Continent(continent) => class.continent == Some(*continent),
            Self::Default => true,
        }
    }
}

/// For every address, the branches of one policy in the order in which to try them.
#[derive(Clone, Debug)]
pub struct PlaceMap {
    chains: Vec<Box<[u16]>>,
    table: Table<u32>,
    networks: Networks,
}

/// The first and the last address of each network that a map tells from what is around it. All else it tells
/// apart by class.
#[derive(Clone, Debug, Default)]
pub(super) struct Networks {
    pub(super) v4: Vec<(u32, u32)>,
    pub(super) v6: Vec<(u128, u128)>,
}

impl PlaceMap {
    /// The branches for a client, best first, and the widest scope with the same ones.
    pub fn chain(&self, client: IpAddr) -> (&[u16], u8) {
        let (id, scope) = self.table.get(client);
        (&self.chains[id as usize], scope)
    }

    /// The table from address to chain, by numbers that mean nothing beside equality.
    pub(super) fn table(&self) -> &Table<u32> {
        &self.table
    }

    /// What it tells apart beside classes.
    pub(super) fn networks(&self) -> &Networks {
        &self.networks
    }

    /// Those of `count` branches that are tried for no client at all.
    pub fn unreached(&self, count: u16) -> Vec<u16> {
        let mut reached = vec![false; usize::from(count)];
        for index in self.chains.iter().flatten() {
            if let Some(reached) = reached.get_mut(usize::from(*index)) {
                *reached = true;
            }
        }
        (0..count).filter(|index| !reached[usize::from(*index)]).collect()
    }

    /// Compiles a map from what each class and each network prefer.
    fn compile(
        places: &Places,
        networks: &[(IpAddr, u8, u16)],
        chain_of: impl Fn(&Class) -> Box<[u16]>,
    ) -> Self {
        let mut chains = Interner::default();
        let by_class: Vec<u32> =
            places.classes().iter().map(|class| chains.id(chain_of(class))).collect();
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for &(address, length, key) in networks {
            match (address, address.to_canonical()) {
                (IpAddr::V4(ip), _) => v4.push(Network::new(ip.to_bits(), length, key)),
                (IpAddr::V6(_), IpAddr::V4(ip)) if length >= 96 => {
                    v4.push(Network::new(ip.to_bits(), length - 96, key));
                }
                (IpAddr::V6(ip), _) => v6.push(Network::new(ip.to_bits(), length, key)),
            }
        }
        let networks = Networks { v4: ends(&v4), v6: ends(&v6) };
        let table = places.table();
        let v4 = overlay(table.v4_runs(), v4, &by_class, &mut chains);
        let v6 = overlay(table.v6_runs(), v6, &by_class, &mut chains);
        Self { chains: chains.into_list(), table: Table::new(&v4, &v6, by_class[0]), networks }
    }
}

fn ends<A: Address>(networks: &[Network<A>]) -> Vec<(A, A)> {
    networks.iter().map(|network| (network.first, network.last)).collect()
}

/// A network as a key of a policy.
struct Network<A> {
    first: A,
    last: A,
    length: u8,
    key: u16,
}

impl<A: Address> Network<A> {
    fn new(address: A, length: u8, key: u16) -> Self {
        let (first, last) = address.network(length);
        Self { first, last, length, key }
    }
}

/// Lays networks over runs of classes, and makes them runs of chains: the longest network that
/// holds an address comes first, its class's keys come last.
fn overlay<A: Address>(
    classes: impl Iterator<Item = (A, ClassId)>,
    networks: Vec<Network<A>>,
    by_class: &[u32],
    chains: &mut Interner<Box<[u16]>>,
) -> Runs<A, u32> {
    let mut sets = Interner::default();
    let networks = network_runs(networks, &mut sets);
    let sets = sets.into_list();
    let mut known = HashMap::new();
    zip_runs(classes, networks.into_iter(), |class, set| {
        let class_chain = by_class[class as usize];
        if set == 0 {
            return class_chain;
        }
        *known.entry((class_chain, set)).or_insert_with(|| {
            let chain = [&sets[set as usize][..], &chains.list()[class_chain as usize]].concat();
            chains.id(chain.into())
        })
    })
}

/// Runs of sets of keys: those of all networks that hold the addresses, the longest first. Set 0
/// is the empty one.
fn network_runs<A: Address>(
    mut networks: Vec<Network<A>>,
    sets: &mut Interner<Vec<u16>>,
) -> Runs<A, u32> {
    sets.id(Vec::new());
    let ends = networks.iter().filter_map(|network| network.last.next());
    let mut starts: Vec<A> = networks.iter().map(|network| network.first).chain(ends).collect();
    starts.sort_unstable();
    starts.dedup();
    networks.sort_by_key(|network| (network.first, network.length));
    let mut ahead = networks.into_iter().peekable();
    let mut open: Vec<Network<A>> = Vec::new();
    let mut set_from = |start: A| {
        open.retain(|network| network.last >= start);
        while let Some(network) = ahead.next_if(|network| network.first <= start) {
            open.push(network);
        }
        // Networks nest, so the one opened last is the longest.
        sets.id(open.iter().rev().map(|network| network.key).collect())
    };
    starts.into_iter().map(|start| (start, set_from(start))).collect()
}

/// The map of a `geo` policy: chains are indices into `keys`, most specific first.
pub fn geo_map(places: &Places, keys: &[GeoKey]) -> PlaceMap {
    let mut order: Vec<u16> = (0..keys.len() as u16).collect();
    order.sort_by_key(|index| &keys[usize::from(*index)]);
    let networks: Vec<(IpAddr, u8, u16)> = keys
        .iter()
        .enumerate()
        .filter_map(|(index, key)| match key {
            GeoKey::Network { address, length } => Some((*address, *length, index as u16)),
            _ => None,
        })
        .collect();
    PlaceMap::compile(places, &networks, |class| {
        order.iter().copied().filter(|index| keys[usize::from(*index)].matches(class)).collect()
    })
}

/// The map of a `nearest` policy: chains are indices into `branches`, nearest first; equal
/// distances and unknown places keep the order of the list.
pub fn nearest_map(places: &Places, branches: &[Location]) -> PlaceMap {
    PlaceMap::compile(places, &[], |class| {
        let mut order: Box<[u16]> = (0..branches.len() as u16).collect();
        if let Some(client) = class.location {
            let far: Vec<f64> = branches.iter().map(|at| great_circle_km(client, *at)).collect();
            order.sort_by(|a, b| far[usize::from(*a)].total_cmp(&far[usize::from(*b)]));
        }
        order
    })
}

/// The distance between two points along the surface of a sphere of Earth's mean radius, in
/// kilometres (haversine formula).
pub fn great_circle_km(a: Location, b: Location) -> f64 {
    const EARTH_RADIUS_KM: f64 = 6371.0088;
    let (lat_a, lat_b) = (a.latitude.to_radians(), b.latitude.to_radians());
    let half_lat = (lat_b - lat_a) / 2.0;
    let half_lon = (b.longitude - a.longitude).to_radians() / 2.0;
    let h = half_lat.sin().powi(2) + lat_a.cos() * lat_b.cos() * half_lon.sin().powi(2);
    2.0 * EARTH_RADIUS_KM * h.clamp(0.0, 1.0).sqrt().asin()
}

#[cfg(test)]
mod tests;
