//! `weighted`: addresses or host names by weight, alone or in groups.
//!
//! | `multi` | in groups | gdnsd answers | here |
//! |---|---|---|---|
//! | no | no | one, by weight | one, by weight |
//! | yes | no | each with a chance of its weight to the greatest | all, where all weigh the same; else one, by weight |
//! | no | yes | one group by weight, and of it each with such a chance | one group by weight, and of it all; or one by weight, where they weigh differently |
//! | yes | yes | each group with such a chance, and one of each by weight | one group by weight, and of it one by weight |

use std::collections::HashMap;

use super::resources::{Resource, Resources, Stanza};
use super::vscf::{Kind, Value};
use crate::import::join::join;
use crate::import::plan::{Endpoint, Policy, Target};

/// The most that one endpoint may weigh here.
const MOST_WEIGHT: u32 = 1_000_000;
/// gdnsd's limit.
const MOST_WEIGHT_OF_GDNSD: u32 = 1 << 20;

/// The policy of a resource.
pub(super) fn policy<'a>(
    resources: &mut Resources<'a, '_>,
    resource: &Resource<'a>,
) -> Option<Policy> {
    let mut policy = None;
    for stanza in resources.stanzas(resource) {
        let is_grouped =
            stanza.entries.iter().any(|(_, value)| matches!(value.kind, Kind::Hash(_)));
        let next = match is_grouped {
            true => grouped(resources, resource, &stanza),
            false => ungrouped(resources, resource, &stanza),
        };
        policy = match (policy.take(), next) {
            (Some(before), Some(next)) => Some(join(resources.plan, before, next)),
            (before, next) => before.or(next),
        };
    }
    if policy.is_none() {
        let found = format!("the resource {}", super::resources::shown(resource));
        let place = &resource.value.place;
        resources.plan.notes.push(place, found, "nothing of it can be answered", "it is left out");
    }
    policy
}

fn ungrouped<'a>(
    resources: &mut Resources<'a, '_>,
    resource: &Resource<'a>,
    stanza: &Stanza<'a>,
) -> Option<Policy> {
    let endpoints = endpoints(resources, resource, &stanza.entries);
    let first = endpoints.first()?;
    let family = first.target.family();
    let multi = stanza.scope.is_true("multi") && family != 0;
    let is_even = endpoints.iter().all(|endpoint| endpoint.weight == first.weight);
    if multi && !is_even {
        let why = "each address would have a chance of its own to be answered beside the others";
        note(resources, resource, "multi", why, "one address in each answer, by weight");
    }
    let weights: Vec<u32> = endpoints.iter().map(|endpoint| endpoint.weight).collect();
    let monitors = resources.monitors(&stanza.scope);
    let endings = ["", if family == 6 { "-v6" } else { "-v4" }];
    let pool = resources.pool(resource, &endings, monitors, endpoints);
    let is_probed = resources.plan.pools.get(pool).is_some_and(|pool| !pool.monitors.is_empty());
    let least = match is_probed {
        true => min_healthy(resources, resource, stanza, &weights),
        false => 1,
    };
    if let Some(pool) = resources.plan.pools.get_mut(pool) {
        pool.one_answer = !(multi && is_even);
        pool.min_healthy = least;
        if multi && is_even {
            pool.endpoints.iter_mut().for_each(|endpoint| endpoint.weight = 1);
        }
    }
    Some(Policy::Pool(pool))
}

/// How many must be up for their weights to come up to the threshold.
fn min_healthy<'a>(
    resources: &mut Resources<'a, '_>,
    resource: &Resource<'a>,
    stanza: &Stanza<'a>,
    weights: &[u32],
) -> usize {
    let threshold = resources.threshold(&stanza.scope);
    let (count, exact) = needed(weights, threshold);
    if !exact {
        let why = "it is a share of the weights, and here endpoints are counted";
        let instead = format!("min_healthy = {count}, so many come up to it whichever they are");
        note(resources, resource, "up_thresh", why, &instead);
    }
    count
}

/// The least number that is enough whichever they are, and whether no fewer ever are.
fn needed(weights: &[u32], threshold: f64) -> (usize, bool) {
    let total: u64 = weights.iter().copied().map(u64::from).sum();
    let wanted = (total as f64 * threshold).ceil() as u64;
    let mut sorted = weights.to_vec();
    sorted.sort_unstable();
    let sum =
        |weights: &mut dyn Iterator<Item = &u32>| -> u64 { weights.copied().map(u64::from).sum() };
    let enough = |count: &usize| sum(&mut sorted.iter().take(*count)) >= wanted;
    let count = (1..=sorted.len()).find(enough).unwrap_or(sorted.len().max(1));
    let most_of_fewer = sum(&mut sorted.iter().rev().take(count - 1));
    (count, most_of_fewer < wanted.max(1))
}

fn grouped<'a>(
    resources: &mut Resources<'a, '_>,
    resource: &Resource<'a>,
    stanza: &Stanza<'a>,
) -> Option<Policy> {
    let multi = stanza.scope.is_true("multi");
    let monitors = resources.monitors(&stanza.scope);
    let mut branches = Vec::new();
    let mut uneven = false;
    for (label, group) in &stanza.entries {
        let entries: Vec<(String, &Value)> =
            group.entries().iter().map(|(key, value)| (key.text.clone(), value)).collect();
        let endpoints = endpoints(resources, resource, &entries);
        let Some(first) = endpoints.first() else { continue };
        let weight: u64 = endpoints.iter().map(|endpoint| u64::from(endpoint.weight)).sum();
        let is_even = endpoints.iter().all(|endpoint| endpoint.weight == first.weight);
        uneven |= !is_even;
        let family = if first.target.family() == 6 { "v6" } else { "v4" };
        let endings = [format!("-{label}"), format!("-{label}-{family}")];
        let endings: Vec<&str> = endings.iter().map(String::as_str).collect();
        let pool = resources.pool(resource, &endings, monitors.clone(), endpoints);
        if let Some(pool) = resources.plan.pools.get_mut(pool) {
            pool.one_answer = multi || !is_even;
            if !pool.one_answer {
                pool.endpoints.iter_mut().for_each(|endpoint| endpoint.weight = 1);
            }
        }
        branches.push((Policy::Pool(pool), weight));
    }
    if multi {
        let why = "addresses of several groups would be answered together";
        note(resources, resource, "multi", why, "one address of one group, both by weight");
    } else if uneven {
        let why = "in a group each address would have a chance of its own";
        let instead = "one address of the group, by weight, where weights differ";
        note(resources, resource, "a group of unequal weights", why, instead);
    }
    if !monitors.is_empty() && branches.len() > 1 {
        let why = "the share of a group falls with each of its addresses that is down, and \
                   up_thresh is about all groups";
        let instead = "a group has all of its share while any of it is up";
        note(resources, resource, "groups", why, instead);
    }
    let branches = scaled(&branches);
    match branches.len() {
        0 | 1 => branches.into_iter().next().map(|(policy, _)| policy),
        _ => Some(Policy::Weighted(branches)),
    }
}

/// Sums of weights within what a branch may weigh; their ratios stay, as far as whole numbers go.
fn scaled(branches: &[(Policy, u64)]) -> Vec<(Policy, u32)> {
    let most = branches.iter().map(|(_, weight)| *weight).max().unwrap_or(0);
    let by = most.div_ceil(u64::from(MOST_WEIGHT)).max(1);
    let scaled = |(policy, weight): &(Policy, u64)| {
        (policy.clone(), u32::try_from((weight / by).max(1)).unwrap_or(MOST_WEIGHT))
    };
    branches.iter().map(scaled).collect()
}

/// Entries of `[target, weight]`, all of the family of the first; equal ones put together.
fn endpoints(
    resources: &mut Resources<'_, '_>,
    resource: &Resource<'_>,
    entries: &[(String, &Value)],
) -> Vec<Endpoint> {
    let mut endpoints: Vec<Endpoint> = Vec::new();
    let mut at: HashMap<Target, usize> = HashMap::new();
    for (label, value) in entries {
        let pair = match &value.kind {
            Kind::Array(items) => match items.as_slice() {
                [target, weight] => Some((target, weight)),
                _ => None,
            },
            _ => None,
        };
        let number = |weight: &Value| weight.text().and_then(|text| text.parse().ok());
        let weight = pair.and_then(|(_, weight)| number(weight));
        let in_range = |weight: &u32| (1..MOST_WEIGHT_OF_GDNSD).contains(weight);
        let Some(((target, _), weight)) = pair.zip(weight.filter(in_range)) else {
            let found = format!("{label} of {}", super::resources::shown(resource));
            let why = "it is an array of what is answered and its weight, below 2^20";
            resources.plan.notes.push(&value.place, found, why, "it is left out");
            continue;
        };
        let Some(target) = resources.target(target, &resource.name) else { continue };
        let family = endpoints.first().map(|first| first.target.family());
        if family.is_some_and(|family| family != target.family()) {
            let found = format!("{label} of {}", super::resources::shown(resource));
            let why = "it is of another family than the first one";
            resources.plan.notes.push(&value.place, found, why, "it is left out");
            continue;
        }
        let weight = weight.min(MOST_WEIGHT);
        match at.get(&target).and_then(|index| endpoints.get_mut(*index)) {
            Some(same) => same.weight = same.weight.saturating_add(weight).min(MOST_WEIGHT),
            None => {
                at.insert(target.clone(), endpoints.len());
                endpoints.push(Endpoint { target, weight });
            }
        }
    }
    endpoints
}

fn note(
    resources: &mut Resources<'_, '_>,
    resource: &Resource<'_>,
    what: &str,
    why: &str,
    instead: &str,
) {
    let found = format!("{what} of {}", super::resources::shown(resource));
    resources.plan.notes.push(&resource.value.place, found, why, instead);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_weights_is_a_number_of_endpoints_where_it_can_be() {
        for (weights, threshold, expected) in [
            (&[1, 1, 1][..], 0.5, (2, true)),
            (&[10, 10, 10, 10], 0.01, (1, true)),
            (&[45, 60, 75], 0.5, (2, true)),
            (&[99, 15, 1], 0.5, (3, false)),
            (&[44, 11, 11, 11], 0.01, (1, true)),
            (&[5], 1.0, (1, true)),
        ] {
            assert_eq!(needed(weights, threshold), expected, "{weights:?} {threshold}");
        }
    }
}
