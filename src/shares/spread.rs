//! What all clients together are told, and those of each country.

use std::collections::BTreeMap;

use super::Given;
use crate::place::{Addresses, Census, CountryCode};
use crate::steering::{Asked, Outcome, SteeredName, odds};

/// Shares of all addresses, by what they are told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spread {
    /// Of all clients.
    pub all: BTreeMap<Outcome, Addresses>,
    /// Of those of each country; they sum up to the country's share of all.
    pub countries: BTreeMap<CountryCode, BTreeMap<Outcome, Addresses>>,
    /// Of those for whom every candidate is down.
    pub all_down: Addresses,
}

/// What the clients of a name are told; the census is of what the name tells apart, or finer.
pub fn spread(given: Given<'_>, name: &SteeredName, asked: Asked, census: &Census) -> Spread {
    let mut spread = Spread::default();
    for cell in &census.cells {
        let odds = odds(name, given.pools, asked, cell.client);
        if odds.all_down {
            spread.all_down = spread.all_down.plus(cell.addresses);
        }
        for (outcome, share) in odds.shares {
            add(&mut spread.all, outcome, cell.addresses.times(share));
            for (country, addresses) in &cell.countries {
                let country = spread.countries.entry(*country).or_default();
                add(country, outcome, addresses.times(share));
            }
        }
    }
    spread
}

fn add(sums: &mut BTreeMap<Outcome, Addresses>, outcome: Outcome, addresses: Addresses) {
    let sum = sums.entry(outcome).or_default();
    *sum = sum.plus(addresses);
}
