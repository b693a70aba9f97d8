//! What answers IPv4 and what answers IPv6, made one where they choose alike.
//!
//! A pool counts each family by itself, so that two pools of one family each are one pool of both
//! if all else of them is the same.

use super::plan::{Plan, Policy};

/// One policy for what two answer, each of other families: the same one over pools of both, if
/// they choose alike, else one after the other, for a pool without the asked family is passed over.
pub(super) fn join(plan: &mut Plan, first: Policy, second: Policy) -> Policy {
    let mut pairs = Vec::new();
    if is_alike(plan, &first, &second, &mut pairs) && is_one_to_one(&mut pairs) {
        for (into, from) in pairs {
            let endpoints = plan.pools.get(from).map(|pool| pool.endpoints.clone());
            if let Some(pool) = plan.pools.get_mut(into) {
                pool.endpoints.extend(endpoints.unwrap_or_default());
            }
        }
        return first;
    }
    let mut branches = Vec::new();
    for policy in [first, second] {
        match policy {
            Policy::Failover(list) => branches.extend(list),
            other => branches.push(other),
        }
    }
    Policy::Failover(branches)
}

/// Each pool must have one counterpart, and be that of no other.
fn is_one_to_one(pairs: &mut Vec<(usize, usize)>) -> bool {
    pairs.sort_unstable();
    pairs.dedup();
    let differ = |pairs: &[(usize, usize)]| pairs.windows(2).all(|pair| pair[0].0 != pair[1].0);
    let mut turned: Vec<(usize, usize)> = pairs.iter().map(|(a, b)| (*b, *a)).collect();
    turned.sort_unstable();
    differ(pairs) && differ(&turned)
}

fn is_alike(plan: &Plan, first: &Policy, second: &Policy, pairs: &mut Vec<(usize, usize)>) -> bool {
    let same_form = match (first, second) {
        (Policy::Pool(a), Policy::Pool(b)) => {
            pairs.push((*a, *b));
            return is_same_but_for_family(plan, *a, *b);
        }
        (Policy::Failover(_), Policy::Failover(_)) | (Policy::Nearest(_), Policy::Nearest(_)) => {
            true
        }
        (Policy::Weighted(a), Policy::Weighted(b)) => {
            a.iter().map(|(_, weight)| weight).eq(b.iter().map(|(_, weight)| weight))
        }
        (Policy::Geo(a), Policy::Geo(b)) => {
            a.iter().map(|(key, _)| key).eq(b.iter().map(|(key, _)| key))
        }
        _ => false,
    };
    let (first, second) = (first.branches(), second.branches());
    let mut both = first.iter().zip(&second);
    same_form && first.len() == second.len() && both.all(|(a, b)| is_alike(plan, a, b, pairs))
}

fn is_same_but_for_family(plan: &Plan, a: usize, b: usize) -> bool {
    let (Some(a), Some(b)) = (plan.pools.get(a), plan.pools.get(b)) else { return false };
    let (families, others) = (a.families(), b.families());
    a.region == b.region
        && a.monitors == b.monitors
        && (a.min_healthy, a.always_all) == (b.min_healthy, b.always_all)
        && (a.one_answer, &a.comments) == (b.one_answer, &b.comments)
        && !families.contains(&0)
        && !others.contains(&0)
        && others.iter().all(|family| !families.contains(family))
}
