//! `simplefo`: the primary address, or else the secondary one.

use super::resources::{Resource, Resources};
use crate::import::join::join;
use crate::import::plan::{Endpoint, Policy};

/// The policy of a resource.
pub(super) fn policy<'a>(
    resources: &mut Resources<'a, '_>,
    resource: &Resource<'a>,
) -> Option<Policy> {
    let mut policy = None;
    for stanza in resources.stanzas(resource) {
        let monitors = resources.monitors(&stanza.scope);
        let mut pools = Vec::new();
        for role in ["primary", "secondary"] {
            let entry = stanza.entries.iter().find(|(label, _)| label == role);
            let target = entry.and_then(|(_, value)| resources.target(value, &resource.name));
            let Some(target) = target else { continue };
            let family = if target.family() == 6 { "v6" } else { "v4" };
            let endings = [format!("-{role}"), format!("-{role}-{family}")];
            let endings: Vec<&str> = endings.iter().map(String::as_str).collect();
            let endpoint = Endpoint { target, weight: 1 };
            let pool = resources.pool(resource, &endings, monitors.clone(), vec![endpoint]);
            pools.push(Policy::Pool(pool));
        }
        let Some(next) = Policy::failover(pools) else { continue };
        policy = Some(match policy.take() {
            Some(before) => join(resources.plan, before, next),
            None => next,
        });
    }
    if policy.is_none() {
        let found = format!("the resource {}", super::resources::shown(resource));
        let why = "it has neither a primary nor a secondary address";
        resources.plan.notes.push(&resource.value.place, found, why, "it is left out");
    }
    policy
}
