//! `failover`: the first that is up.
//!
//! | 1st | 2nd | picks |
//! |---|---|---|
//! | up | any | 1st |
//! | down | up | 2nd |
//! | down | down | nothing |
//! | no endpoint of the family | up | 2nd |

use super::choose::{Picked, Walk};
use super::policy::Policy;
use super::trace::Trace;

pub(super) fn pick<'a, T: Trace>(
    walk: &mut Walk<'a, '_, T>,
    branches: &'a [Policy],
) -> Option<Picked<'a>> {
    branches.iter().find_map(|branch| walk.pick(branch))
}
