//! How many addresses policies treat alike, and of which countries they are.
//!
//! Addresses for which all of some [`PlaceMap`]s have the same chains make a cell. Shares are of the
//! addresses that can be a client's: all of IPv4 but what is private, reserved or multicast; of IPv6 those of
//! which databases know anything, or all that are given out (2000::/3) if they know none.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use super::map::PlaceMap;
use super::strata::Strata;

/// An ISO 3166-1 alpha-2 code, or that it is not known.
pub type CountryCode = Option<[u8; 2]>;

/// A share of all addresses of each family, from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Addresses {
    /// Of IPv4.
    pub v4: f64,
    /// Of IPv6.
    pub v6: f64,
}

/// Addresses that policies treat alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// One of them, to be asked in the name of all; of IPv4 if there is any.
    pub client: IpAddr,
    /// How many they are.
    pub addresses: Addresses,
    /// How many of them are of each country.
    pub countries: BTreeMap<CountryCode, Addresses>,
}

/// All addresses, in cells.
#[derive(Clone, Debug, PartialEq)]
pub struct Census {
    /// The cells, the largest of IPv4 first.
    pub cells: Vec<Cell>,
    /// How many addresses each country has.
    pub countries: BTreeMap<CountryCode, Addresses>,
}

impl Addresses {
    /// Both together. Nothing is more than all, though the rounding of many parts may come to it.
    pub fn plus(self, other: Self) -> Self {
        Self { v4: (self.v4 + other.v4).min(1.0), v6: (self.v6 + other.v6).min(1.0) }
    }

    /// A part of them.
    pub fn times(self, part: f64) -> Self {
        Self { v4: self.v4 * part, v6: self.v6 * part }
    }
}

impl Census {
    /// Counts the cells of some maps, which are among those that the strata were made for.
    pub fn new(strata: &Strata, maps: &[&PlaceMap]) -> Self {
        let mut cells = HashMap::<Vec<u32>, Cell>::new();
        let mut countries = BTreeMap::<CountryCode, Addresses>::new();
        for stratum in strata.all() {
            let chains = maps.iter().map(|map| map.number(stratum.client)).collect();
            let cell = cells.entry(chains).or_insert_with(|| Cell {
                client: stratum.client,
                addresses: Addresses::default(),
                countries: BTreeMap::new(),
            });
            cell.addresses = cell.addresses.plus(stratum.addresses);
            for sums in [&mut cell.countries, &mut countries] {
                let sum = sums.entry(stratum.country).or_default();
                *sum = sum.plus(stratum.addresses);
            }
        }
        let mut cells: Vec<Cell> = cells.into_values().collect();
        cells.sort_by(|a, b| {
            let (larger, smaller) = (b.addresses, a.addresses);
            let by_size = larger.v4.total_cmp(&smaller.v4).then(larger.v6.total_cmp(&smaller.v6));
            by_size.then(a.client.cmp(&b.client))
        });
        Self { cells, countries }
    }
}

#[cfg(test)]
mod tests;
