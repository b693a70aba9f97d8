//! Address ranges as runs: the sorted starts of stretches of one value, each lasting to the next.

use super::address::Address;

/// Starts in ascending order, each with the value that holds from there to the next start. What
/// lies before the first one has the default value.
pub type Runs<A, V> = Vec<(A, V)>;

/// Appends a network that lies after all those in `runs`; the gap before it has the default value.
pub fn push_network<A: Address, V: Copy + Default + PartialEq>(
    runs: &mut Runs<A, V>,
    (first, last): (A, A),
    value: V,
) {
    // The end of the network before is the start of this one if there is no gap.
    if runs.last().is_some_and(|(start, _)| *start == first) {
        runs.pop();
    }
    if runs.last().is_none_or(|(_, before)| *before != value) {
        runs.push((first, value));
    }
    runs.extend(last.next().map(|next| (next, V::default())));
}

/// Lays two lists of runs over each other: for every stretch in which both have one value,
/// `combine` of the two. Neighbours of equal value are merged.
pub fn zip_runs<A: Address, X: Copy + Default, Y: Copy + Default, V: Copy + PartialEq>(
    xs: impl Iterator<Item = (A, X)>,
    ys: impl Iterator<Item = (A, Y)>,
    mut combine: impl FnMut(X, Y) -> V,
) -> Runs<A, V> {
    let (mut xs, mut ys) = (xs.peekable(), ys.peekable());
    let (mut x, mut y) = (X::default(), Y::default());
    let mut start = A::ZERO;
    let mut out: Runs<A, V> = Vec::new();
    loop {
        while let Some((_, value)) = xs.next_if(|run| run.0 <= start) {
            x = value;
        }
        while let Some((_, value)) = ys.next_if(|run| run.0 <= start) {
            y = value;
        }
        let value = combine(x, y);
        if out.last().is_none_or(|(_, before)| *before != value) {
            out.push((start, value));
        }
        let ahead = [xs.peek().map(|run| run.0), ys.peek().map(|run| run.0)];
        match ahead.into_iter().flatten().min() {
            Some(next) => start = next,
            None => return out,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_that_touch_make_one_run_and_gaps_have_the_default() {
        let mut runs = Vec::new();
        for (network, value) in [((2, 3), 'a'), ((4, 7), 'a'), ((8, 8), 'b'), ((16, 31), 'b')] {
            push_network(&mut runs, network, value);
        }
        let gap = char::default();
        assert_eq!(runs, [(2_u32, 'a'), (8, 'b'), (9, gap), (16, 'b'), (32, gap)]);
        push_network(&mut runs, (32, u32::MAX), 'c');
        assert_eq!(runs.last(), Some(&(32, 'c')));
    }

    #[test]
    fn zipped_runs_change_where_either_changes() {
        let xs = [(5_u32, 1), (9, 2)];
        let ys = [(0, 10), (5, 20), (7, 30), (9, 29), (12, 29)];
        let zipped = zip_runs(xs.into_iter(), ys.into_iter(), |x, y| x + y);
        assert_eq!(zipped, [(0, 10), (5, 21), (7, 31)]);
        let nothing = zip_runs(std::iter::empty(), std::iter::empty(), |x: i32, y: i32| x + y);
        assert_eq!(nothing, [(0_u32, 0)]);
    }
}
