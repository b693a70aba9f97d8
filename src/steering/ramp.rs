//! `ramp` of `weighted`: what comes back takes its share little by little.
//!
//! First a branch is drawn as ever. One whose pool came back has gone some of ten steps, and takes
//! so many tenths of its share; the rest goes to those that have come furthest, by their weights.
//!
//! | weights | steps | shares |
//! |---|---|---|
//! | 80, 20 | all 10 | 80 of 100, 20 of 100 |
//! | 80, 20 | 1, 10 | 8 of 100, 92 of 100 |
//! | 80, 20 | 5, 10 | 40 of 100, 60 of 100 |
//! | 50, 30, 20 | 2, 10, 10 | 10, 30 + 24 and 20 + 16 of 100 |
//! | 50, 30, 20 | 2, down, 10 | 10 of 70, none, 60 of 70 |
//! | 80, 20 | 3, 3 | 80 of 100, 20 of 100: nobody has come further |
//! | 80, 20 | 3, 6 | 40 of 100, 60 of 100: 3 parts of 6, for nobody has come further than 6 |
//! | 80, 0 | 1, 10 | 1 of 10, 9 of 10: weight 0 only while nothing else could bear the rest |
//!
//! The step says nothing of which branch is drawn, only whether it takes what was drawn. So with
//! `sticky` a client's network goes to what comes back at one of its steps, once, and moves for no
//! other.

use super::choose::{Picked, Walk};
use super::draw::Draw;
use super::paces::{RAMP_STEPS, Ramp};
use super::policy::{Branch, Policy, Ramped, Weighted};
use super::set::Set;
use super::trace::{Step, Trace};
use super::weighted::{Among, draw_among, draw_among_all, sticky_draw};

pub(super) fn pick<'a, T: Trace>(
    walk: &mut Walk<'a, '_, T>,
    policy: &'a Ramped,
) -> Option<Picked<'a>> {
    let weighted = &policy.weighted;
    let Some(salt) = weighted.sticky else {
        let mut drawn = draw_among_all(walk, weighted)?;
        let mut draw = walk.draw;
        if !walk.is_up(&drawn.policy) {
            drawn = drawn_among(walk, weighted, Among::Up, &mut draw)?;
        }
        drawn = established(walk, policy, drawn, &mut draw, None)?;
        walk.draw = draw;
        return walk.pick(&drawn.policy);
    };
    let (mut draw, bits) = sticky_draw(walk.client, salt);
    walk.scope = walk.scope.max(bits);
    let mut drawn = drawn_among(walk, weighted, Among::Candidates, &mut draw)?;
    if !walk.is_up(&drawn.policy) {
        drawn = drawn_among(walk, weighted, Among::Up, &mut draw)?;
    }
    // By another number than those it is drawn among are drawn by, so that a network goes where it
    // went while that was down.
    let (steps, _) = sticky_draw(walk.client, !salt);
    drawn = established(walk, policy, drawn, &mut draw, Some(steps))?;
    walk.pick(&drawn.policy)
}

fn drawn_among<'a, T: Trace>(
    walk: &mut Walk<'a, '_, T>,
    weighted: &'a Weighted,
    among: Among,
    draw: &mut Draw,
) -> Option<&'a Branch> {
    let index = draw_among(walk, weighted, among, draw)?;
    weighted.branches.get(index)
}

/// What was drawn, or another one in its place that has come further: `steps` says which, if it is
/// not `draw` that does.
fn established<'a, T: Trace>(
    walk: &mut Walk<'a, '_, T>,
    policy: &'a Ramped,
    drawn: &'a Branch,
    draw: &mut Draw,
    steps: Option<Draw>,
) -> Option<&'a Branch> {
    let step = step(walk, &drawn.policy, policy.ramp);
    if step == RAMP_STEPS {
        return Some(drawn);
    }
    let of = furthest(walk, policy);
    if step >= of {
        return Some(drawn);
    }
    let number = match steps {
        Some(mut steps) => steps.take(of.into()),
        None => draw.take(of.into()),
    };
    let taken = number < step.into();
    walk.trace.step(Step::Ramp { policy, branch: &drawn.policy, step, of, taken });
    if taken {
        return Some(drawn);
    }
    drawn_among(walk, &policy.weighted, Among::Established(policy.ramp, of), draw)
}

/// How far that branch has come that has come furthest.
fn furthest<'a, T: Trace>(walk: &mut Walk<'a, '_, T>, policy: &'a Ramped) -> u8 {
    let mut most = 0;
    for branch in &policy.weighted.branches {
        let step = step(walk, &branch.policy, policy.ramp);
        if step > most && walk.is_up(&branch.policy) {
            most = step;
        }
    }
    most
}

/// How far a branch has come: as far as that of its pools which is up and has come furthest.
pub(super) fn step<'a, T: Trace>(walk: &Walk<'a, '_, T>, policy: &'a Policy, ramp: Ramp) -> u8 {
    let mut most = 0;
    policy.any_pool(&mut |pool| {
        let set = walk.pools.get(pool).and_then(|state| state.set(walk.asked));
        let set = set.filter(|set| set.is_up());
        let step = |set: &Set| set.back().map_or(RAMP_STEPS, |back| back.step(ramp));
        most = most.max(set.map_or(0, step));
        most == RAMP_STEPS
    });
    most
}
