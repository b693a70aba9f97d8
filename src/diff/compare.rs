//! Two worlds to their differences.

use std::collections::{BTreeMap, BTreeSet};

use super::{Case, CountryDiff, Diff, MoveDiff, NameChange, NameDiff, Part, PoolDiff};
use crate::health::{Inventory, Pool, Standing, StandingNow};
use crate::place::{Addresses, Census, CountryCode, country};
use crate::shares::{Censuses, Given, Move, Pairing, Said, moves};
use crate::steering::{Asked, Outcome, Pools, SteeredName};
use crate::view::World;

/// Compares two states of the files.
pub fn compare(before: &World, after: &World) -> Diff {
    let names = Names::of(before, after);
    let cases = cases(before, after);
    let mut censuses = Censuses::new(before, after);
    let differences = names.0.iter().filter_map(|(name, pair)| {
        let both: Vec<&SteeredName> = pair.before.into_iter().chain(pair.after).collect();
        let census = censuses.of(&both);
        let inhabited = census.countries.values().filter(|all| all.v4 + all.v6 > 0.0).count();
        let sides = (before, after);
        let compared = Compared { cases: &cases, census: &census, inhabited, sides };
        compared.name(name, *pair)
    });
    Diff {
        before: before.revision.clone(),
        after: after.revision.clone(),
        compared: names.0.len(),
        names: differences.collect(),
        pools: pools(&before.inventory, &after.inventory),
    }
}

/// A name on both sides.
#[derive(Clone, Copy, Debug, Default)]
struct Pair<'a> {
    before: Option<&'a SteeredName>,
    after: Option<&'a SteeredName>,
}

struct Names<'a>(BTreeMap<String, Pair<'a>>);

impl<'a> Names<'a> {
    fn of(before: &'a World, after: &'a World) -> Self {
        let mut names = BTreeMap::<String, Pair<'a>>::new();
        for name in before.steered.iter().flatten() {
            names.entry(name.owner.to_string()).or_default().before = Some(name);
        }
        for name in after.steered.iter().flatten() {
            names.entry(name.owner.to_string()).or_default().after = Some(name);
        }
        Self(names)
    }
}

/// How the pools of both sides stand while something has failed.
struct Situation {
    failed: Option<String>,
    before: Pools,
    after: Pools,
    pairing: Pairing,
    /// By pool of each side, whether it stands otherwise than while all is well.
    struck: [Vec<bool>; 2],
}

impl Situation {
    /// Whether a name may be answered otherwise than while all is well.
    fn concerns(&self, pair: Pair<'_>) -> bool {
        let is_struck = |side: usize, name: Option<&SteeredName>| {
            let mut slots = name.into_iter().flat_map(|name| &name.slots);
            slots.any(|id| self.struck[side].get(*id as usize) == Some(&true))
        };
        self.failed.is_none() || is_struck(0, pair.before) || is_struck(1, pair.after)
    }
}

/// While all is well, and while each region of either side has failed that has any pool.
fn cases(before: &World, after: &World) -> Vec<Situation> {
    let sides = [&before.inventory, &after.inventory];
    let regions = sides.iter().flat_map(|inventory| {
        let pools = inventory.pools.iter().filter_map(|pool| pool.region);
        pools.filter_map(|id| inventory.regions.get(id as usize)).map(|region| &region.name)
    });
    let regions: BTreeSet<&String> = regions.collect();
    let failures = [None].into_iter().chain(regions.into_iter().map(Some));
    let situation = |failed: Option<&String>| {
        let pools = sides.map(|inventory| standing_without(inventory, failed));
        let [pools_before, pools_after] = pools;
        let pairing = Pairing::new(
            Given { world: before, pools: &pools_before },
            Given { world: after, pools: &pools_after },
        );
        let struck = [(before, &pools_before), (after, &pools_after)]
            .map(|(world, pools)| struck_by(failed, &world.inventory, pools));
        let (before, after) = (pools_before, pools_after);
        Situation { failed: failed.cloned(), before, after, pairing, struck }
    };
    failures.map(situation).collect()
}

/// The pools of a region, and those that need them.
fn struck_by(failed: Option<&String>, inventory: &Inventory, pools: &Pools) -> Vec<bool> {
    let failed = failed.and_then(|name| inventory.region(name));
    let of_region = |pool: &Pool| failed.is_some() && pool.region == failed;
    let own = (0..).zip(&inventory.pools).filter(|(_, pool)| of_region(pool)).map(|(id, _)| id);
    let mut struck = vec![false; inventory.pools.len()];
    for id in pools.and_dependents(&own.collect::<Vec<_>>()) {
        if let Some(struck) = struck.get_mut(id as usize) {
            *struck = true;
        }
    }
    struck
}

/// How the pools stand if those of a region are down and all others up.
fn standing_without(inventory: &Inventory, failed: Option<&String>) -> Pools {
    let failed = failed.and_then(|name| inventory.region(name));
    Pools::new(inventory, |id| {
        let region = inventory.pools.get(id.pool as usize).and_then(|pool| pool.region);
        let is_down = failed.is_some() && region == failed;
        let standing = if is_down { Standing::Down } else { Standing::Up };
        StandingNow { standing, hold: None }
    })
}

/// What one name is compared by.
struct Compared<'a> {
    cases: &'a [Situation],
    census: &'a Census,
    /// How many countries have addresses.
    inhabited: usize,
    sides: (&'a World, &'a World),
}

impl Compared<'_> {
    fn name(&self, name: &str, pair: Pair<'_>) -> Option<NameDiff> {
        let (change, ttl_seconds) = match (pair.before, pair.after) {
            (Some(before), Some(after)) => {
                let ttls = (before.ttl_seconds, after.ttl_seconds);
                (NameChange::Changed, (ttls.0 != ttls.1).then_some(ttls))
            }
            (None, _) => (NameChange::Added, None),
            (_, None) => (NameChange::Removed, None),
        };
        let mut cases = Vec::<Case>::new();
        for situation in self.cases.iter().filter(|situation| situation.concerns(pair)) {
            let said: Vec<MoveDiff> = cases
                .iter()
                .filter(|case| case.failed.is_none())
                .flat_map(|case| case.moves.iter().cloned())
                .collect();
            cases.extend(self.situation(situation, pair, &said));
            if change != NameChange::Changed {
                break;
            }
        }
        let name = name.to_owned();
        let differs = change != NameChange::Changed || ttl_seconds.is_some() || !cases.is_empty();
        differs.then_some(NameDiff { name, change, ttl_seconds, cases })
    }

    /// One case for each set of types of which the same holds. Of a failure only what moves by it that has not
    /// been said, and not that a pool has other endpoints.
    fn situation(&self, situation: &Situation, pair: Pair<'_>, said: &[MoveDiff]) -> Vec<Case> {
        let before = Given { world: self.sides.0, pools: &situation.before };
        let after = Given { world: self.sides.1, pools: &situation.after };
        let mut cases = Vec::<Case>::new();
        for (asked, rtype) in [(Asked::A, "A"), (Asked::Aaaa, "AAAA")] {
            let pairing = (&situation.pairing, asked);
            let found = moves((before, pair.before), (after, pair.after), pairing, self.census);
            let found = found.into_iter().filter(|one| !is_nothing(one));
            let is_news = |one: &MoveDiff| {
                situation.failed.is_none() || one.from != one.to && !said.contains(one)
            };
            let moves: Vec<MoveDiff> =
                found.map(|one| self.move_diff(one)).filter(is_news).collect();
            if let Some(case) = cases.iter_mut().find(|case| case.moves == moves) {
                case.types.push(rtype);
            } else if !moves.is_empty() {
                let moved = moves.iter().fold(Part::default(), |sum, one| Part {
                    ipv4: sum.ipv4 + one.part.ipv4,
                    ipv6: sum.ipv6 + one.part.ipv6,
                });
                let failed = situation.failed.clone();
                cases.push(Case { failed, types: vec![rtype], moved, moves });
            }
        }
        cases
    }

    fn move_diff(&self, one: Move) -> MoveDiff {
        let said = |said, world: &World| match said {
            Said::Unsteered => "not steered".to_owned(),
            Said::Steered(Outcome::NoData) => "no data".to_owned(),
            Said::Steered(Outcome::ServFail) => "server failure".to_owned(),
            Said::Steered(Outcome::Pool(id)) => world
                .inventory
                .pools
                .get(id as usize)
                .map(|pool| pool.name.clone())
                .unwrap_or_default(),
        };
        let mut countries: Vec<(&CountryCode, &Addresses)> = one.countries.iter().collect();
        countries.sort_by(|a, b| {
            let size = |(_, addresses): &(_, &Addresses)| (addresses.v4, addresses.v6);
            size(b).partial_cmp(&size(a)).unwrap_or(std::cmp::Ordering::Equal)
        });
        let known = |(code, moved): (&CountryCode, &Addresses)| {
            let all = self.census.countries.get(code).copied().unwrap_or_default();
            let part = if all.v4 > 0.0 { moved.v4 / all.v4 } else { moved.v6 / all.v6 };
            (part > 0.0).then(|| country_diff(*code, rounded(part)))
        };
        let countries: Vec<CountryDiff> = countries.into_iter().filter_map(known).collect();
        let first = countries.first().map(|country| country.part);
        let everywhere = countries.len() == self.inhabited
            && countries.iter().all(|country| Some(country.part) == first);
        MoveDiff {
            from: said(one.from, self.sides.0),
            to: said(one.to, self.sides.1),
            part: Part { ipv4: rounded(one.addresses.v4), ipv6: rounded(one.addresses.v6) },
            everywhere,
            countries,
            example: one.client.to_string(),
        }
    }
}

/// No data where nothing was steered, or the other way round: of a type that the name does not have.
fn is_nothing(one: &Move) -> bool {
    let nothing = [Said::Unsteered, Said::Steered(Outcome::NoData)];
    nothing.contains(&one.from) && nothing.contains(&one.to)
}

fn country_diff(code: CountryCode, part: f64) -> CountryDiff {
    let code = code.map(|code| String::from_utf8_lossy(&code).into_owned());
    let name = match &code {
        Some(code) => country(code).map_or_else(|| code.clone(), |known| known.name.to_owned()),
        None => "unknown places".to_owned(),
    };
    CountryDiff { code, name, part }
}

/// As exact as anybody needs, and the same however it was summed.
fn rounded(part: f64) -> f64 {
    const DIGITS: f64 = 1e9;
    (part * DIGITS).round() / DIGITS
}

fn pools(before: &Inventory, after: &Inventory) -> Vec<PoolDiff> {
    let endpoints = |pool: &Pool| -> Vec<String> {
        let mut all: Vec<String> = pool.endpoints.iter().map(|e| e.address.text()).collect();
        all.sort();
        all
    };
    let paired = before.pools.iter().filter_map(|pool| {
        let other = after.pools.get(after.pool(&pool.name)? as usize)?;
        let (before, after) = (endpoints(pool), endpoints(other));
        (before != after).then(|| PoolDiff { pool: pool.name.clone(), before, after })
    });
    paired.collect()
}
