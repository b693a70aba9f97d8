//! What all clients together are told, and those of each country.

use std::collections::BTreeMap;

use super::Given;
use crate::place::{Addresses, Census, CountryCode};
use crate::steering::{Asked, Outcome, SteeredName, odds};

/// Shares of all addresses, by what they are told.
pub type Spread = BTreeMap<Outcome, Addresses>;

/// The same of each country; they sum up to the country's share of all.
pub type ByCountry = BTreeMap<CountryCode, Spread>;

/// What the clients of a name are told; the census is of what the name tells apart, or finer.
pub fn spread(given: Given<'_>, name: &SteeredName, asked: Asked, census: &Census) -> Spread {
    let mut spread = Spread::new();
    for cell in &census.cells {
        for (outcome, share) in odds(name, given.pools, asked, cell.client).shares {
            add(&mut spread, outcome, cell.addresses.times(share));
        }
    }
    spread
}

/// What those of each country are told.
pub fn by_country(
    given: Given<'_>,
    name: &SteeredName,
    asked: Asked,
    census: &Census,
) -> ByCountry {
    let mut countries = ByCountry::new();
    for cell in &census.cells {
        for (outcome, share) in odds(name, given.pools, asked, cell.client).shares {
            for (country, addresses) in &cell.countries {
                let country = countries.entry(*country).or_default();
                add(country, outcome, addresses.times(share));
            }
        }
    }
    countries
}

/// The share of all addresses for which every candidate is down.
pub fn all_down(given: Given<'_>, name: &SteeredName, asked: Asked, census: &Census) -> Addresses {
    let is_down = |client| odds(name, given.pools, asked, client).all_down;
    let down = census.cells.iter().filter(|cell| is_down(cell.client));
    down.fold(Addresses::default(), |sum, cell| sum.plus(cell.addresses))
}

fn add(sums: &mut Spread, outcome: Outcome, addresses: Addresses) {
    let sum = sums.entry(outcome).or_default();
    *sum = sum.plus(addresses);
}
