//! `multifo`: all addresses of a group that are up.
//!
//! | up | gdnsd answers | here |
//! |---|---|---|
//! | at least `up_thresh` of them, rounded up | those | the pool is up: those |
//! | fewer | all, and tells `metafo` and `geoip` that it has failed | the pool is down by `min_healthy`: what is next, or at last all |

use std::collections::HashSet;

use super::resources::{Resource, Resources};
use crate::import::join::join;
use crate::import::plan::{Endpoint, Policy, Target};

/// The policy of a resource.
pub(super) fn policy<'a>(
    resources: &mut Resources<'a, '_>,
    resource: &Resource<'a>,
) -> Option<Policy> {
    let mut policy = None;
    for stanza in resources.stanzas(resource) {
        let targets: Vec<Target> = stanza
            .entries
            .iter()
            .filter_map(|(_, value)| resources.target(value, &resource.name))
            .collect();
        let monitors = resources.monitors(&stanza.scope);
        let threshold = resources.threshold(&stanza.scope);
        let ignores = stanza.scope.is_true("ignore_health");
        for (family, ending) in [(4, "-v4"), (6, "-v6"), (0, "-cname")] {
            let endpoints = once(targets.iter().filter(|target| target.family() == family));
            if endpoints.is_empty() {
                continue;
            }
            let total = endpoints.len();
            let pool = resources.pool(resource, &["", ending], monitors.clone(), endpoints);
            if let Some(pool) =
                resources.plan.pools.get_mut(pool).filter(|p| !p.monitors.is_empty())
            {
                pool.min_healthy = at_least(total, threshold);
                pool.always_all = ignores;
            }
            let next = Policy::Pool(pool);
            policy = Some(match policy.take() {
                Some(before) => join(resources.plan, before, next),
                None => next,
            });
        }
    }
    if policy.is_none() {
        let found = format!("the resource {}", super::resources::shown(resource));
        let place = &resource.value.place;
        resources.plan.notes.push(place, found, "nothing of it can be answered", "it is left out");
    }
    policy
}

/// How many of so many are a share of them, rounded up.
pub(super) fn at_least(total: usize, share: f64) -> usize {
    ((total as f64 * share).ceil() as usize).clamp(1, total.max(1))
}

/// Endpoints of equal weight, each once.
fn once<'t>(targets: impl Iterator<Item = &'t Target>) -> Vec<Endpoint> {
    let mut seen = HashSet::new();
    let new = targets.filter(|target| seen.insert((*target).clone()));
    new.map(|target| Endpoint { target: target.clone(), weight: 1 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of the manual's table of thresholds.
    #[test]
    fn thresholds_are_rounded_up() {
        for (share, needed) in [
            (0.1, [1, 1, 1, 1, 1, 1, 1, 1]),
            (0.3, [1, 1, 1, 2, 2, 2, 3, 3]),
            (0.5, [1, 1, 2, 2, 3, 3, 4, 4]),
            (0.7, [1, 2, 3, 3, 4, 5, 5, 6]),
            (1.0, [1, 2, 3, 4, 5, 6, 7, 8]),
        ] {
            let counted: Vec<usize> = (1..=8).map(|total| at_least(total, share)).collect();
            assert_eq!(counted, needed, "{share}");
        }
    }
}
