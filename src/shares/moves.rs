//! Who is told something else: from what, to what, and where they are.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Given, Pairing};
use crate::place::{Addresses, Census, CountryCode};
use crate::steering::{Asked, Outcome, SteeredName, odds};

/// What is said of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Said {
    /// Nothing, for it is not steered.
    Unsteered,
    /// This.
    Steered(Outcome),
}

/// Clients that are told something else.
#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    /// What they were told.
    pub from: Said,
    /// What they are told now. The same pool where it has other endpoints.
    pub to: Said,
    /// How many there are.
    pub addresses: Addresses,
    /// How many of them there are in each country.
    pub countries: BTreeMap<CountryCode, Addresses>,
    /// One of them.
    pub client: IpAddr,
}

/// Less than this is what is left of rounding.
const NOTHING: f64 = 1e-9;

/// Who moves: as few as there can be, for whoever can stay is taken to stay. The larger moves come first.
pub fn moves(
    (before, name_before): (Given<'_>, Option<&SteeredName>),
    (after, name_after): (Given<'_>, Option<&SteeredName>),
    (pairing, asked): (&Pairing, Asked),
    census: &Census,
) -> Vec<Move> {
    let mut all = BTreeMap::<(Said, Said), Move>::new();
    for cell in &census.cells {
        let told = |given: Given<'_>, name: Option<&SteeredName>| match name {
            Some(name) => odds(name, given.pools, asked, cell.client)
                .shares
                .into_iter()
                .map(|(outcome, share)| (Said::Steered(outcome), share))
                .collect(),
            None => vec![(Said::Unsteered, 1.0)],
        };
        let (mut old, mut new) = (told(before, name_before), told(after, name_after));
        stay(&mut old, &mut new, |a, b| match (a, b) {
            (Said::Steered(a), Said::Steered(b)) => pairing.is_same(a, b, asked),
            (a, b) => a == b,
        });
        let moved: f64 = new.iter().map(|(_, share)| share).sum();
        if moved < NOTHING {
            continue;
        }
        for ((from, out), (to, into)) in
            old.iter().flat_map(|out| new.iter().map(move |into| (*out, *into)))
        {
            let part = out * into / moved;
            if part < NOTHING {
                continue;
            }
            let sums = all.entry((from, to)).or_insert_with(|| Move {
                from,
                to,
                addresses: Addresses::default(),
                countries: BTreeMap::new(),
                client: cell.client,
            });
            sums.addresses = sums.addresses.plus(cell.addresses.times(part));
            for (country, addresses) in &cell.countries {
                let sum = sums.countries.entry(*country).or_default();
                *sum = sum.plus(addresses.times(part));
            }
        }
    }
    let mut all: Vec<Move> = all.into_values().collect();
    let size = |one: &Move| one.addresses.v4 + one.addresses.v6;
    all.sort_by(|a, b| size(b).total_cmp(&size(a)));
    all
}

/// Takes away from both what is in both.
fn stay(old: &mut [(Said, f64)], new: &mut [(Said, f64)], is_same: impl Fn(Said, Said) -> bool) {
    for (from, out) in old {
        for (_, into) in new.iter_mut().filter(|(to, _)| is_same(*from, *to)) {
            let stays = out.min(*into);
            *out -= stays;
            *into -= stays;
        }
    }
}
