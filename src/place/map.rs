//! From a client's address to what one policy prefers there, best first.

use std::collections::HashMap;
use std::net::IpAddr;

use super::class::{Class, Places};
use super::countries::Continent;
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
}

impl PlaceMap {
    /// The branches for a client, best first, and the widest scope with the same ones.
    pub fn chain(&self, client: IpAddr) -> (&[u16], u8) {
        let (id, scope) = self.table.get(client);
        (&self.chains[id as usize], scope)
    }

    /// Compiles a map from what each class and each network prefer.
    fn compile(
        places: &Places,
        networks: &[(IpAddr, u8, u16)],
        chain_of: impl Fn(&Class) -> Vec<u16>,
    ) -> Self {
        let mut chains = Chains::default();
        let class_chains: Vec<Vec<u16>> = places.classes().iter().map(chain_of).collect();
        let mut v4 = Vec::new();
        let mut v6 = Vec::new();
        for (start, class) in places.table().v4_runs() {
            v4.push((start, class as usize));
        }
        for (start, class) in places.table().v6_runs() {
            v6.push((start, class as usize));
        }
        let (mut v4_networks, mut v6_networks) = (Vec::new(), Vec::new());
        for &(address, length, key) in networks {
            match address {
                IpAddr::V4(ip) => {
                    let first = ip.to_bits();
                    let last = first | u32::MAX.checked_shr(u32::from(length)).unwrap_or(0);
                    v4_networks.push((first, last, length, key));
                }
                IpAddr::V6(ip) => {
                    let first = ip.to_bits();
                    let last = first | u128::MAX.checked_shr(u32::from(length)).unwrap_or(0);
                    v6_networks.push((first, last, length, key));
                }
            }
        }
        let v4 = overlay(&v4, &v4_networks, |a: u32| a.checked_add(1), &class_chains, &mut chains);
        let v6 = overlay(&v6, &v6_networks, |a: u128| a.checked_add(1), &class_chains, &mut chains);
        let table = Table::new(&v4, &v6, 0);
        Self { chains: chains.list, table }
    }
}

#[derive(Default)]
struct Chains {
    list: Vec<Box<[u16]>>,
    ids: HashMap<Vec<u16>, u32>,
}

impl Chains {
    fn id(&mut self, chain: Vec<u16>) -> u32 {
        let next = self.list.len() as u32;
        *self.ids.entry(chain).or_insert_with_key(|chain| {
            self.list.push(chain.as_slice().into());
            next
        })
    }
}

/// Lays networks (first, last, length, key) over runs of classes; the longest network that holds
/// an address comes first in its chain.
fn overlay<A: Copy + Ord>(
    runs: &[(A, usize)],
    networks: &[(A, A, u8, u16)],
    successor: impl Fn(A) -> Option<A>,
    class_chains: &[Vec<u16>],
    chains: &mut Chains,
) -> Vec<(A, u32)> {
    let mut starts: Vec<A> = runs.iter().map(|run| run.0).collect();
    for &(first, last, ..) in networks {
        starts.push(first);
        starts.extend(successor(last));
    }
    starts.sort_unstable();
    starts.dedup();
    let mut networks: Vec<_> = networks.to_vec();
    networks.sort_by_key(|&(first, _, length, key)| (first, length, key));
    let mut open: Vec<(A, u16)> = Vec::new();
    let (mut next_network, mut run) = (0, 0);
    let mut class_ids: Vec<Option<u32>> = vec![None; class_chains.len()];
    let mut out = Vec::with_capacity(starts.len());
    for start in starts {
        while runs.get(run + 1).is_some_and(|next| next.0 <= start) {
            run += 1;
        }
        open.retain(|(last, _)| *last >= start);
        while networks.get(next_network).is_some_and(|network| network.0 <= start) {
            let (_, last, _, key) = networks[next_network];
            open.push((last, key));
            next_network += 1;
        }
        let class = runs.get(run).map_or(0, |run| run.1);
        let id = if open.is_empty() {
            match class_ids[class] {
                Some(id) => id,
                None => {
                    let id = chains.id(class_chains[class].clone());
                    class_ids[class] = Some(id);
                    id
                }
            }
        } else {
            // Networks nest, so the one opened last is the longest.
            let keys = open.iter().rev().map(|(_, key)| *key);
            chains.id(keys.chain(class_chains[class].iter().copied()).collect())
        };
        out.push((start, id));
    }
    out
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
        let mut order: Vec<u16> = (0..branches.len() as u16).collect();
        if let Some(client) = class.location {
            let distance = |index: &u16| great_circle_km(client, branches[usize::from(*index)]);
            order.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
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
mod tests {
    use super::*;

    fn places() -> Places {
        let us = Class {
            continent: Some(Continent::NorthAmerica),
            country: Some(*b"US"),
            subdivision: Some("CA".into()),
            asn: Some(64500),
            location: Some(Location { latitude: 37.0, longitude: -120.0 }),
        };
        let fr = Class {
            continent: Some(Continent::Europe),
            country: Some(*b"FR"),
            location: Some(Location { latitude: 47.0, longitude: 2.0 }),
            ..Class::default()
        };
        let v4 = [(0x0a00_0000, 1), (0x0b00_0000, 2), (0x0c00_0000, 0)];
        Places::new(vec![Class::default(), us, fr], Table::new(&v4, &[], 0))
    }

    #[test]
    fn the_most_specific_key_goes_first_and_the_others_follow() {
        let keys = [
            GeoKey::Default,
            GeoKey::Continent(Continent::NorthAmerica),
            GeoKey::Country(*b"US"),
            GeoKey::Subdivision(*b"US", "CA".into()),
            GeoKey::Asn(64500),
            GeoKey::Network { address: "10.0.0.0".parse().unwrap(), length: 8 },
            GeoKey::Network { address: "10.1.0.0".parse().unwrap(), length: 16 },
            GeoKey::Network { address: "2001:db8::".parse().unwrap(), length: 32 },
            GeoKey::Network { address: "255.0.0.0".parse().unwrap(), length: 8 },
        ];
        let map = geo_map(&places(), &keys);
        for (client, chain, scope) in [
            ("10.1.0.9", &[6, 5, 4, 3, 2, 1, 0][..], 16),
            ("10.0.0.9", &[5, 4, 3, 2, 1, 0], 16),
            ("10.2.0.9", &[5, 4, 3, 2, 1, 0], 15),
            ("11.0.0.1", &[0], 8),
            ("12.0.0.1", &[0], 6),
            ("2001:db8::1", &[7, 0], 32),
            ("255.1.1.1", &[8, 0], 8),
        ] {
            // 11/8 (France) and the unknown prefer the same, so their runs are one.
            let (found, found_scope) = map.chain(client.parse().unwrap());
            assert_eq!(found, chain, "{client}");
            if client != "11.0.0.1" && client != "12.0.0.1" {
                assert_eq!(found_scope, scope, "{client}");
            }
        }
        assert_eq!(map.chain("11.0.0.1".parse().unwrap()).1, 8);
        assert_eq!(map.chain("12.0.0.1".parse().unwrap()).1, 6);
    }

    #[test]
    fn a_policy_that_does_not_care_has_scope_zero() {
        let map = geo_map(&places(), &[GeoKey::Default]);
        assert_eq!(map.chain("10.1.1.1".parse().unwrap()), (&[0][..], 0));
    }

    #[test]
    fn whole_family_networks_are_keys_too() {
        let keys =
            [GeoKey::Default, GeoKey::Network { address: "0.0.0.0".parse().unwrap(), length: 0 }];
        let map = geo_map(&places(), &keys);
        assert_eq!(map.chain("10.1.1.1".parse().unwrap()), (&[1, 0][..], 0));
        assert_eq!(map.chain("::1".parse().unwrap()), (&[0][..], 0));
    }

    #[test]
    fn the_nearest_goes_first_and_unknown_places_keep_the_list() {
        let virginia = Location { latitude: 39.04, longitude: -77.49 };
        let dublin = Location { latitude: 53.35, longitude: -6.26 };
        let map = nearest_map(&places(), &[dublin, virginia]);
        assert_eq!(map.chain("10.0.0.1".parse().unwrap()).0, [1, 0]);
        assert_eq!(map.chain("11.0.0.1".parse().unwrap()).0, [0, 1]);
        assert_eq!(map.chain("12.0.0.1".parse().unwrap()).0, [0, 1]);
    }

    #[test]
    fn distances_are_those_of_the_globe() {
        let london = Location { latitude: 51.5074, longitude: -0.1278 };
        let new_york = Location { latitude: 40.7128, longitude: -74.0060 };
        let km = great_circle_km(london, new_york);
        assert!((5560.0..5580.0).contains(&km), "{km}");
        let (fiji, samoa) = (
            Location { latitude: -17.0, longitude: 179.0 },
            Location { latitude: -14.0, longitude: -172.0 },
        );
        assert!(great_circle_km(fiji, samoa) < 1100.0, "the date line is no wall");
    }
}
