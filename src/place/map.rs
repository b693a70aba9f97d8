//! From a client's address to what one policy prefers there, best first.

use std::net::IpAddr;
use std::sync::Arc;

use super::class::{Class, Places};
use super::countries::Continent;
use super::interner::Interner;
use super::networks::{Blocks, Networks};
use super::ways::Way;
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
    way: Way,
    blocks: Blocks,
}

impl PlaceMap {
    /// The branches for a client, best first, and the widest scope with the same ones.
    pub fn chain(&self, client: IpAddr) -> (&[u16], u8) {
        let (id, scope) = match &self.way {
            Way::Table(table) => table.get(client),
            Way::Steps(steps) => steps.get(client),
        };
        (&self.chains[id as usize], scope)
    }

    #[cfg(test)]
    pub(super) fn way(&self) -> &Way {
        &self.way
    }

    /// The number of a client's chain, which means nothing beside equality.
    pub(super) fn number(&self, client: IpAddr) -> u32 {
        match &self.way {
            Way::Table(table) => table.get(client).0,
            Way::Steps(steps) => steps.get(client).0,
        }
    }

    /// The networks that it tells from what is around them; all else it tells apart by class.
    pub(super) fn blocks(&self) -> &Blocks {
        &self.blocks
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
        let by_class: Arc<[u32]> =
            places.classes().iter().map(|class| chains.id(chain_of(class))).collect();
        let (networks, blocks) = (!networks.is_empty())
            .then(|| Networks::new(places.table(), networks, &by_class, &mut chains))
            .unzip();
        Self {
            way: places.way(by_class, networks),
            chains: chains.into_list(),
            blocks: blocks.unwrap_or_default(),
        }
    }
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
