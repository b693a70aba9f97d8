//! `weighted`: by weight among those that are up, in exact proportion.
//!
//! | weights | up | shares |
//! |---|---|---|
//! | 80, 20 | both | 80 of 100, 20 of 100 |
//! | 80, 20 | 2nd | all to the 2nd |
//! | 50, 30, 20 | 1st, 3rd | 50 of 70, none, 20 of 70 |
//! | 80, 0 | both | all to the 1st |
//! | 80, 0 | 2nd | all to the 2nd: weight 0 only when nothing else is up |
//!
//! Chance draws among all first, and only if what it drew is down again among those that are up:
//! so every share is what it would be among those that are up alone, and nobody looks at pools
//! that are not drawn. For w of a weight in all W, of which U is up, w/W + (W-U)/W · w/U = w/U.
//!
//! With `sticky` the client's network draws instead of chance, among those that could answer the
//! question at all. So a client stays with its pool while it is up, whatever becomes of the
//! others, and the shares over all networks are the same.

use std::net::IpAddr;

use super::choose::{Picked, Walk};
use super::draw::{Draw, mixed};
use super::paces::Ramp;
use super::policy::{Branch, Policy, Weighted};
use super::ramp;
use super::trace::{Step, Trace};

/// Sticky choices are shared by clients of the same network of this many bits.
const STICKY_V4_BITS: u8 = 24;
const STICKY_V6_BITS: u8 = 56;

pub(super) fn pick<'a, T: Trace>(
    walk: &mut Walk<'a, '_, T>,
    weighted: &'a Weighted,
) -> Option<Picked<'a>> {
    let branches = &weighted.branches;
    let Some(salt) = weighted.sticky else {
        let first = draw_among_all(walk, weighted)?;
        if let Some(pick) = walk.pick(&first.policy) {
            return Some(pick);
        }
        let mut draw = walk.draw;
        let drawn = draw_among(walk, weighted, Among::Up, &mut draw)?;
        walk.draw = draw;
        return walk.pick(&branches.get(drawn)?.policy);
    };
    let (mut draw, bits) = sticky_draw(walk.client, salt);
    walk.scope = walk.scope.max(bits);
    let mut drawn = draw_among(walk, weighted, Among::Candidates, &mut draw)?;
    if !walk.is_up(&branches.get(drawn)?.policy) {
        drawn = draw_among(walk, weighted, Among::Up, &mut draw)?;
    }
    // Chance is for the policies within; a client's network used up none of it.
    walk.pick(&branches.get(drawn)?.policy)
}

/// Whether some branch is.
pub(super) fn is_up<'a, T: Trace>(walk: &mut Walk<'a, '_, T>, weighted: &'a Weighted) -> bool {
    weighted.branches.iter().any(|branch| walk.is_up(&branch.policy))
}

/// Draws a branch by weight, whether or not it is up.
pub(super) fn draw_among_all<'a, T: Trace>(
    walk: &mut Walk<'a, '_, T>,
    weighted: &'a Weighted,
) -> Option<&'a Branch> {
    for branch in weighted.branches.iter().filter(|branch| branch.weight > 0) {
        walk.trace.step(Step::Share { branch: &branch.policy, weight: branch.weight });
    }
    let of = weighted.total_weight();
    let mut number = walk.draw.take(of);
    let drawn = weighted.branches.iter().find(|branch| {
        let left = number.checked_sub(branch.weight.into());
        number = left.unwrap_or(0);
        left.is_none()
    })?;
    walk.trace.step(Step::Weighted { branch: &drawn.policy, of, sticky: false, among_up: false });
    Some(drawn)
}

/// Which branches a draw is among.
#[derive(Clone, Copy)]
pub(super) enum Among {
    /// Those that could answer the question at all.
    Candidates,
    /// Those that are up.
    Up,
    /// Those that are up and have gone as far on a ramp.
    Established(Ramp, u8),
}

/// Draws a branch by weight; equally if all weights are 0.
pub(super) fn draw_among<'a, T: Trace>(
    walk: &mut Walk<'a, '_, T>,
    weighted: &'a Weighted,
    among: Among,
    draw: &mut Draw,
) -> Option<usize> {
    let test = |walk: &mut Walk<'a, '_, T>, policy: &'a Policy| match among {
        Among::Candidates => walk.is_candidate(policy),
        Among::Up => walk.is_up(policy),
        Among::Established(ramp, step) => {
            ramp::step(walk, policy, ramp) >= step && walk.is_up(policy)
        }
    };
    let branches = &weighted.branches;
    let mut sum = 0u64;
    // One bit for each of the first 64 branches, so that none of those is tested twice.
    let mut passed = 0u64;
    for (index, branch) in branches.iter().enumerate() {
        if test(walk, &branch.policy) {
            sum += u64::from(branch.weight);
            passed |= if index < 64 { 1 << index } else { 0 };
            walk.trace.step(Step::Share { branch: &branch.policy, weight: branch.weight });
        }
    }
    let passes = |walk: &mut Walk<'a, '_, T>, index: usize, branch: &'a Branch| match index {
        0..64 => passed >> index & 1 == 1,
        _ => test(walk, &branch.policy),
    };
    let of = match sum {
        // All that pass have weight 0, and so an equal share.
        0 => (0..).zip(branches).filter(|(index, branch)| passes(walk, *index, branch)).count()
            as u64,
        _ => sum,
    };
    if of == 0 {
        return None;
    }
    let mut number = draw.take(of);
    for (index, branch) in branches.iter().enumerate() {
        if !passes(walk, index, branch) {
            continue;
        }
        let weight = if sum == 0 { 1 } else { u64::from(branch.weight) };
        if number < weight {
            walk.trace.step(Step::Weighted {
                branch: &branch.policy,
                of,
                sticky: weighted.sticky.is_some(),
                among_up: !matches!(among, Among::Candidates),
            });
            return Some(index);
        }
        number -= weight;
    }
    None
}

/// A draw that is the same for all clients of a network, and how long that network's prefix is.
pub(super) fn sticky_draw(client: IpAddr, salt: u64) -> (Draw, u8) {
    let (network, bits) = match client.to_canonical() {
        IpAddr::V4(ip) => (u64::from(ip.to_bits() >> (32 - STICKY_V4_BITS)), STICKY_V4_BITS),
        // The upper 56 bits.
        IpAddr::V6(ip) => ((ip.to_bits() >> (128 - STICKY_V6_BITS)) as u64, STICKY_V6_BITS),
    };
    // Mixed, so that neighbouring networks draw independently.
    (Draw::new(mixed(network ^ salt.rotate_left(u32::from(bits)))), bits)
}
