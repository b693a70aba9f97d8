//! `failover`: the first that is up.
//!
//! | 1st | 2nd | picks |
//! |---|---|---|
//! | up | any | 1st |
//! | down | up | 2nd |
//! | down | down | nothing |
//! | no endpoint of the family | up | 2nd |
//!
//! With a `failback` other than `auto`, what has failed is held back when it is up again: until it
//! has been up for so long, or until a person returns to it. What was never down, or was only
//! taken out by people, is not. Only if nothing else is up is it picked all the same.
//!
//! | 1st | 2nd | 3rd | picks |
//! |---|---|---|---|
//! | up | any | any | 1st |
//! | held back | up | any | 2nd |
//! | held back | held back | up | 3rd |
//! | held back | down | down | 1st |
//! | held back | held back | down | 1st |
//! | down | held back | held back | 2nd |
//!
//! A policy as a branch is held back while everything of it that is up is; once it is not, it
//! picks as it always does.

use super::choose::{Picked, Walk};
use super::policy::{HeldFailover, Policy};
use super::trace::{Step, Trace};

pub(super) fn pick<'a, T: Trace>(
    walk: &mut Walk<'a, '_, T>,
    branches: &'a [Policy],
) -> Option<Picked<'a>> {
    branches.iter().find_map(|branch| walk.pick(branch))
}

pub(super) fn pick_held<'a, T: Trace>(
    walk: &mut Walk<'a, '_, T>,
    policy: &'a HeldFailover,
) -> Option<Picked<'a>> {
    for branch in &policy.branches {
        if walk.has_come_back(branch, policy.bit) {
            return walk.pick(branch);
        }
        walk.trace.step(Step::HeldBack { policy, branch });
    }
    pick(walk, &policy.branches)
}
