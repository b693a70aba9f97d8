//! `geo` and `nearest`: by where the client is, the first that is up along the client's chain.
//!
//! For `geo` the chain holds every key that matches, the most specific first: networks by
//! length, AS number, subdivision, country, continent, `default`. For `nearest` it is the list
//! in the order of distance. Both orders are compiled at load (see `place`).
//!
//! | chain | up | picks |
//! |---|---|---|
//! | NA-US-CA, NA, default | all | NA-US-CA |
//! | NA-US-CA, NA, default | NA, default | NA |
//! | default | none | nothing |

use super::choose::{Picked, Walk};
use super::policy::Placed;
use super::trace::{Step, Trace};

pub(super) fn pick<'a, T: Trace>(
    walk: &mut Walk<'a, '_, T>,
    placed: &'a Placed,
) -> Option<Picked<'a>> {
    let chain = look_up(walk, placed);
    chain.iter().find_map(|&index| {
        let pick = walk.pick(placed.branches.get(usize::from(index))?);
        walk.trace.step(Step::Tried { policy: placed, index, picked: pick.is_some() });
        pick
    })
}

pub(super) fn is_up<'a, T: Trace>(walk: &mut Walk<'a, '_, T>, placed: &'a Placed) -> bool {
    let chain = look_up(walk, placed);
    chain
        .iter()
        .filter_map(|index| placed.branches.get(usize::from(*index)))
        .any(|branch| walk.is_up(branch))
}

fn look_up<'a, T: Trace>(walk: &mut Walk<'a, '_, T>, placed: &'a Placed) -> &'a [u16] {
    let (chain, scope) = placed.map.chain(walk.client.to_canonical());
    walk.scope = walk.scope.max(scope);
    walk.trace.step(Step::Placed { policy: placed, chain, scope });
    chain
}
