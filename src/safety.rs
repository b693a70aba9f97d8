//! Whether a change breaks a safety rule that held before, or makes worse what was broken.
//!
//! | demand | breaks if, after the change |
//! |---|---|
//! | `min_regions = N` | fewer than N regions are up, and fewer than before |
//! | `min_capacity = S` | less than S of the endpoints of a name is up, and less than before |
//! | `region = R`, `only_while = [O, …]` | people have taken R out and none of O is up, and that was not so before |
//!
//! A region is up while all of its pools are, each for any of its families. Endpoints of a pool that is not up
//! for their family do not count as up. What fails by itself breaks no rule: nobody can refuse it; and
//! whatever leaves things as good as they are can be done while a rule is broken.

use std::collections::{HashMap, HashSet};

use crate::health::{Demand, Inventory, PoolId, Rule, Seen};
use crate::shares::Given;
use crate::steering::{PoolStands, Pools, SteeredName};

/// A rule that a change would break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The rule's name.
    pub rule: String,
    /// What would be so, and what must.
    pub why: String,
}

/// Rules in words, each with why.
pub fn in_words(rules: &[Broken]) -> String {
    let rules = rules.iter().map(|Broken { rule, why }| format!("rule {rule}: {why}"));
    rules.collect::<Vec<_>>().join("; ")
}

/// The rules that a change would break, in the order of the file.
pub fn broken(rules: &[Rule], before: Given<'_>, after: Given<'_>) -> Vec<Broken> {
    let found = rules.iter().filter_map(|rule| {
        let why = match &rule.demand {
            Demand::MinRegions { count, regions } => few_regions(*count, regions, before, after),
            Demand::MinCapacity { .. } => little_capacity(&rule.demand, before, after),
            Demand::OutOnlyWhile { region, others } => {
                let is_out = |given| is_out_without(region, others, given);
                (is_out(after) && !is_out(before)).then(|| {
                    format!("{region} would be out while none of {} is up", others.join(", "))
                })
            }
        };
        why.map(|why| Broken { rule: rule.name.clone(), why })
    });
    found.collect()
}

fn few_regions(
    count: u32,
    regions: &[String],
    before: Given<'_>,
    after: Given<'_>,
) -> Option<String> {
    let up = |given| regions_up(regions, given);
    let (before, after) = (up(before), up(after));
    let named = match after.is_empty() {
        true => String::new(),
        false => format!(" ({})", after.join(", ")),
    };
    (after.len() < count as usize && after.len() < before.len()).then(|| {
        let regions = if after.len() == 1 { "region" } else { "regions" };
        format!("{} {regions} would be up{named}; at least {count} must be", after.len())
    })
}

/// Those of some regions, or of all that have pools, that are up.
fn regions_up<'a>(of: &[String], given: Given<'a>) -> Vec<&'a str> {
    let inventory: &Inventory = &given.world.inventory;
    let named = inventory.regions.iter().map(|region| region.name.as_str());
    named
        .filter(|name| (of.is_empty() || of.iter().any(|one| one == name)) && is_up(name, given))
        .collect()
}

fn is_up(region: &str, given: Given<'_>) -> bool {
    let mut pools = pools_of(region, &given.world.inventory).peekable();
    let is_up = |id| given.pools.get(id).is_some_and(|pool| pool.is_up());
    pools.peek().is_some() && pools.all(is_up)
}

fn pools_of<'a>(region: &str, inventory: &'a Inventory) -> impl Iterator<Item = PoolId> + 'a {
    let region = inventory.region(region);
    let pools = (0..).zip(&inventory.pools);
    pools.filter(move |(_, pool)| region.is_some() && pool.region == region).map(|(id, _)| id)
}

/// Whether a region is not up because of people, while none of some others is.
fn is_out_without(region: &str, others: &[String], given: Given<'_>) -> bool {
    let by_people = |id: PoolId| {
        let mut sets = given.pools.get(id).into_iter().flat_map(|pool| pool.sets());
        // Or something that it requires.
        let taken_out = |stands: PoolStands| {
            stands.drained + stands.forced_down > 0 || stands.seen == Seen::TakenOut
        };
        sets.any(|set| !set.is_up() && taken_out(set.stands()))
    };
    pools_of(region, &given.world.inventory).any(by_people)
        && !others.iter().any(|other| is_up(other, given))
}

/// The worst of the names that have too little.
fn little_capacity(demand: &Demand, before: Given<'_>, after: Given<'_>) -> Option<String> {
    let Demand::MinCapacity { share, names } = demand else { return None };
    let wanted: HashSet<&str> = names.iter().map(String::as_str).collect();
    let is_concerned =
        |name: &&SteeredName| wanted.is_empty() || wanted.contains(name.owner.to_string().as_str());
    let missed = steered(after).filter(is_concerned).filter_map(|name| {
        let (up, all) = capacity(name, after.pools);
        share.is_missed_by(up, all).then_some((name, up, all))
    });
    let missed: Vec<(&SteeredName, u32, u32)> = missed.collect();
    // Mostly nothing is, of very many.
    if missed.is_empty() {
        return None;
    }
    let known: HashMap<_, &SteeredName> = steered(before).map(|name| (&name.owner, name)).collect();
    let worse = missed.into_iter().filter_map(|(name, up, all)| {
        // What is new was nothing before.
        let (up_before, all_before) = capacity(known.get(&name.owner)?, before.pools);
        let fell = u64::from(up) * u64::from(all_before) < u64::from(up_before) * u64::from(all);
        fell.then(|| (name.owner.to_string(), up, all))
    });
    let mut worse: Vec<(String, u32, u32)> = worse.collect();
    worse.sort_by(|(a, up_a, all_a), (b, up_b, all_b)| {
        let parts = (u64::from(*up_a) * u64::from(*all_b), u64::from(*up_b) * u64::from(*all_a));
        parts.0.cmp(&parts.1).then_with(|| a.cmp(b))
    });
    let (owner, up, all) = worse.first()?;
    let others = match worse.len() - 1 {
        0 => String::new(),
        1 => " and 1 more name".into(),
        more => format!(" and {more} more names"),
    };
    Some(format!(
        "{up} of {all} endpoints of {owner} would be up; at least {share} must be{others}"
    ))
}

fn steered(given: Given<'_>) -> impl Iterator<Item = &SteeredName> {
    given.world.steered.iter().flatten()
}

/// How many of the endpoints are up that a name may answer, and how many there are.
fn capacity(name: &SteeredName, pools: &Pools) -> (u32, u32) {
    let sets = name.slots.iter().filter_map(|id| pools.get(*id)).flat_map(|pool| pool.sets());
    sets.fold((0, 0), |(up, all), set| {
        let healthy = if set.is_up() { set.stands().healthy } else { 0 };
        (up + healthy, all + set.stands().total)
    })
}

#[cfg(test)]
mod tests;
