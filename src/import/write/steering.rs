//! `ZONE.toml`.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::relative;
use super::toml::{comments, key, list, text};
use crate::import::plan::{Plan, Policy, Steered, Zone};

/// The file, or nothing where no name is steered.
pub(in crate::import) fn steering(plan: &Plan, zone: &Zone) -> Option<String> {
    if zone.steered.is_empty() {
        return None;
    }
    let mut out = comments(&zone.head);
    for steered in &zone.steered {
        out += &one_name(plan, zone, steered);
    }
    Some(out)
}

fn one_name(plan: &Plan, zone: &Zone, steered: &Steered) -> String {
    let owner = key(&relative(&steered.owner, &zone.apex));
    let mut out = format!("\n{}[{owner}]\n", comments(&steered.comments));
    let _ = writeln!(out, "ttl = {}", steered.ttl_seconds);
    match &steered.policy {
        Policy::Pool(_) => out += &list("failover", &[inline(plan, &steered.policy)]),
        Policy::Failover(branches) => out += &list("failover", &inlines(plan, branches)),
        Policy::Nearest(branches) => out += &list("nearest", &inlines(plan, branches)),
        Policy::Weighted(branches) => match pools_once(plan, branches) {
            Some(names) => {
                let _ = writeln!(out, "\n[{owner}.weighted]");
                for (name, weight) in names {
                    let _ = writeln!(out, "{} = {weight}", key(name));
                }
            }
            None => out += &list("weighted", &long_form(plan, branches)),
        },
        Policy::Geo(branches) => {
            let _ = writeln!(out, "\n[{owner}.geo]");
            for (place, branch) in branches {
                out += &match branch {
                    Policy::Failover(branches) => list(&key(place), &inlines(plan, branches)),
                    branch => format!("{} = {}\n", key(place), inline(plan, branch)),
                };
            }
        }
    }
    out
}

/// A policy on one line.
fn inline(plan: &Plan, policy: &Policy) -> String {
    match policy {
        Policy::Pool(pool) => text(name(plan, *pool)),
        Policy::Failover(branches) => format!("[{}]", inlines(plan, branches).join(", ")),
        Policy::Nearest(branches) => {
            format!("{{ nearest = [{}] }}", inlines(plan, branches).join(", "))
        }
        Policy::Weighted(branches) => match pools_once(plan, branches) {
            Some(names) => {
                let names = names.iter().map(|(name, weight)| format!("{} = {weight}", key(name)));
                format!("{{ weighted = {{ {} }} }}", names.collect::<Vec<_>>().join(", "))
            }
            None => format!("{{ weighted = [{}] }}", long_form(plan, branches).join(", ")),
        },
        Policy::Geo(branches) => {
            let branches = branches
                .iter()
                .map(|(place, branch)| format!("{} = {}", key(place), inline(plan, branch)));
            format!("{{ geo = {{ {} }} }}", branches.collect::<Vec<_>>().join(", "))
        }
    }
}

fn inlines(plan: &Plan, policies: &[Policy]) -> Vec<String> {
    policies.iter().map(|policy| inline(plan, policy)).collect()
}

fn long_form(plan: &Plan, branches: &[(Policy, u32)]) -> Vec<String> {
    let one = |(policy, weight): &(Policy, u32)| {
        format!("{{ to = {}, weight = {weight} }}", inline(plan, policy))
    };
    branches.iter().map(one).collect()
}

/// Names and weights, where all branches are pools, each once.
fn pools_once<'p>(plan: &'p Plan, branches: &[(Policy, u32)]) -> Option<Vec<(&'p str, u32)>> {
    let mut seen = HashSet::new();
    let one = |(policy, weight): &(Policy, u32)| match policy {
        Policy::Pool(pool) if seen.insert(*pool) => Some((name(plan, *pool), *weight)),
        _ => None,
    };
    branches.iter().map(one).collect()
}

fn name(plan: &Plan, pool: usize) -> &str {
    plan.pools.get(pool).map_or("", |pool| &pool.name)
}
