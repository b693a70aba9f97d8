//! `round_robin`: each that is up in turn.
//!
//! | up | turns 0, 1, 2, 3 |
//! |---|---|
//! | 1st, 2nd, 3rd | 1st, 2nd, 3rd, 1st |
//! | 1st, 3rd | 1st, 3rd, 1st, 3rd |
//! | none | nothing |

use super::choose::{Picked, Walk};
use super::policy::RoundRobin;
use super::trace::{Step, Trace};

pub(super) fn pick<'a, T: Trace>(
    walk: &mut Walk<'a, '_, T>,
    round_robin: &'a RoundRobin,
) -> Option<Picked<'a>> {
    let branches = &round_robin.branches;
    let of = branches.iter().filter(|branch| walk.is_up(branch)).count() as u64;
    if of == 0 {
        return None;
    }
    let counter = round_robin.turn as usize + walk.asked as usize;
    let turn = u64::from(walk.turns.next(counter)) % of;
    let branch = branches.iter().filter(|branch| walk.is_up(branch)).nth(turn as usize)?;
    walk.trace.step(Step::RoundRobin { branch, of });
    walk.pick(branch)
}
