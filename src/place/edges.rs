//! Which runs of a table go together for somebody: a bit for each run, whether another group begins with it.
//!
//! Beside the runs themselves, which all share, that is what each policy has of its own: a thousand of them
//! take no more than some tables. Words without any bit are passed over by words of the level above.

const WORD: usize = u64::BITS as usize;

/// The beginnings of groups.
#[derive(Clone, Debug)]
pub(super) struct Edges {
    /// The bits; and for each word of a level a bit in the next one, whether it has any. The last level is one word.
    levels: Vec<Box<[u64]>>,
}

impl Edges {
    /// From whether a group begins with each run, as one does with the first.
    pub(super) fn new(begins: impl Iterator<Item = bool>) -> Self {
        let mut levels = vec![packed(begins)];
        while let Some(words) = levels.last().filter(|words| words.len() > 1) {
            let next = packed(words.iter().map(|bits| *bits != 0));
            levels.push(next);
        }
        Self { levels }
    }

    /// The run with which the group of a run begins.
    pub(super) fn first(&self, run: usize) -> usize {
        let highest = |bits: u64| (bits.ilog2()) as usize;
        let mut at = run;
        for (level, words) in self.levels.iter().enumerate() {
            let up_to = u64::MAX >> (WORD - 1 - at % WORD);
            let bits = words.get(at / WORD).map_or(0, |bits| bits & up_to);
            if bits != 0 {
                return self.below(level, at / WORD * WORD + highest(bits), highest);
            }
            let Some(before) = (at / WORD).checked_sub(1) else { break };
            at = before;
        }
        0
    }

    /// The run with which the group after that of a run begins.
    pub(super) fn next(&self, run: usize) -> Option<usize> {
        let lowest = |bits: u64| bits.trailing_zeros() as usize;
        let mut at = run + 1;
        for (level, words) in self.levels.iter().enumerate() {
            let bits = words.get(at / WORD)? & (u64::MAX << (at % WORD));
            if bits != 0 {
                return Some(self.below(level, at / WORD * WORD + lowest(bits), lowest));
            }
            at = at / WORD + 1;
        }
        None
    }

    /// From a bit of a level, which is set, down to the run that it stands for.
    fn below(&self, level: usize, bit: usize, pick: impl Fn(u64) -> usize) -> usize {
        // A bit that is set stands for a word that has one.
        let word =
            |at, words: &[u64]| words.get(at).copied().filter(|bits| *bits != 0).unwrap_or(1);
        let lower = self.levels.iter().take(level).rev();
        lower.fold(bit, |at, words| at * WORD + pick(word(at, words)))
    }
}

fn packed(mut bits: impl Iterator<Item = bool>) -> Box<[u64]> {
    let word = || {
        let bits = (0..WORD).zip(bits.by_ref());
        bits.map(|(at, bit)| u64::from(bit) << at).reduce(|word, bit| word | bit)
    };
    std::iter::from_fn(word).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// However many levels it takes, and however far apart the edges are.
        #[test]
        fn groups_are_those_of_the_definition(
            count in 1..20_000_usize,
            edges in proptest::collection::btree_set(0..20_000_usize, 0..20),
            asked in proptest::collection::vec(0..20_000_usize, 50),
        ) {
            let edges: BTreeSet<usize> = edges.into_iter().filter(|run| *run < count).chain([0]).collect();
            let found = Edges::new((0..count).map(|run| edges.contains(&run)));
            let beside = edges.iter().flat_map(|edge| [edge.saturating_sub(1), *edge, edge + 1]);
            for run in asked.into_iter().chain(beside).filter(|run| *run < count) {
                prop_assert_eq!(Some(found.first(run)), edges.range(..=run).next_back().copied());
                prop_assert_eq!(found.next(run), edges.range(run + 1..).next().copied());
            }
        }
    }
}
