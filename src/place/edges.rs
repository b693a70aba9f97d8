//! Which runs of a table go together for somebody: a bit for each run, whether another group begins with it.
//!
//! Beside the runs themselves, which all share, that and a number for each class is what each policy has of its
//! own: with classes of countries, a thousand of them take no more than some tables. Words without any bit are
//! passed over by words of the level above.

const WORD: usize = u64::BITS as usize;

/// The beginnings of groups.
#[derive(Clone, Debug)]
pub(super) struct Edges {
    bits: Box<[u64]>,
    /// For each word of the bits a bit, whether it has any; and for each word of a level a bit in the next one. The last
    /// level is one word.
    levels: Vec<Box<[u64]>>,
}

impl Edges {
    /// Between neighbouring runs whose values are of different kinds; by the value of each run, and the kind of
    /// each value. Loads wait for it, with thousands of policies.
    pub(super) fn new(runs: &[u32], kinds: &[u32]) -> Self {
        // No policy has so many.
        let mut before = u32::MAX;
        let begins = |value: &u32| {
            let kind = kinds.get(*value as usize).copied().unwrap_or_default();
            std::mem::replace(&mut before, kind) != kind
        };
        let bits = packed(runs, begins);
        let above = |words: &[u64]| packed(words, |bits| *bits != 0);
        let mut levels = vec![above(&bits)];
        while let Some(words) = levels.last().filter(|words| words.len() > 1) {
            let next = above(words);
            levels.push(next);
        }
        Self { bits, levels }
    }

    /// The run with which the group of a run begins.
    #[inline]
    pub(super) fn first(&self, run: usize) -> usize {
        // Mostly it is near.
        let bits = self.bits.get(run / WORD).map_or(0, |bits| bits & up_to(run));
        if bits != 0 { run / WORD * WORD + highest(bits) } else { self.first_far(run) }
    }

    /// The run with which the group after that of a run begins.
    #[inline]
    pub(super) fn next(&self, run: usize) -> Option<usize> {
        let at = run + 1;
        let bits = self.bits.get(at / WORD)? & from(at);
        if bits != 0 { Some(at / WORD * WORD + lowest(bits)) } else { self.next_far(at) }
    }

    #[inline(never)]
    fn first_far(&self, run: usize) -> usize {
        let mut at = run / WORD;
        for (level, words) in self.levels.iter().enumerate() {
            let Some(before) = at.checked_sub(1) else { break };
            let bits = words.get(before / WORD).map_or(0, |bits| bits & up_to(before));
            if bits != 0 {
                return self.below(level, before / WORD * WORD + highest(bits), highest);
            }
            at = before / WORD;
        }
        0
    }

    #[inline(never)]
    fn next_far(&self, at: usize) -> Option<usize> {
        let mut at = at / WORD;
        for (level, words) in self.levels.iter().enumerate() {
            let after = at + 1;
            let bits = words.get(after / WORD)? & from(after);
            if bits != 0 {
                return Some(self.below(level, after / WORD * WORD + lowest(bits), lowest));
            }
            at = after / WORD;
        }
        None
    }

    /// From a bit of a level above the runs, which is set, down to the run that it stands for.
    fn below(&self, level: usize, bit: usize, pick: impl Fn(u64) -> usize) -> usize {
        // A bit that is set stands for a word that has one.
        let word =
            |at, words: &[u64]| words.get(at).copied().filter(|bits| *bits != 0).unwrap_or(1);
        let lower = self.levels.iter().take(level).rev().chain([&self.bits]);
        lower.fold(bit, |at, words| at * WORD + pick(word(at, words)))
    }
}

/// The bits of a word up to and with that of a position.
fn up_to(at: usize) -> u64 {
    u64::MAX >> (WORD - 1 - at % WORD)
}

/// And from it on.
fn from(at: usize) -> u64 {
    u64::MAX << (at % WORD)
}

fn highest(bits: u64) -> usize {
    WORD - 1 - bits.leading_zeros() as usize
}

fn lowest(bits: u64) -> usize {
    bits.trailing_zeros() as usize
}

fn packed<T>(items: &[T], mut bit: impl FnMut(&T) -> bool) -> Box<[u64]> {
    let mut word = |items: &[T]| {
        let bits = (0..).zip(items).map(|(at, item)| u64::from(bit(item)) << at);
        bits.fold(0, |word, bit| word | bit)
    };
    items.chunks(WORD).map(&mut word).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Holds the edges of so many runs against the definition: beside each of them, and where it is asked for.
    fn check(
        count: usize,
        edges: impl IntoIterator<Item = usize>,
        asked: impl IntoIterator<Item = usize>,
    ) {
        let edges: BTreeSet<usize> =
            edges.into_iter().filter(|run| *run < count).chain([0]).collect();
        // Of three values, two of which are of one kind.
        let mut value = 0;
        let runs: Vec<u32> = (0..count)
            .map(|run| {
                let other = (value + 1) % 2;
                value = if edges.contains(&run) { other } else { value };
                if value == 1 && run % 3 == 0 { 2 } else { value }
            })
            .collect();
        let found = Edges::new(&runs, &[7, 0, 0]);
        let beside = edges.iter().flat_map(|edge| [edge.saturating_sub(1), *edge, edge + 1]);
        for run in asked.into_iter().chain(beside).filter(|run| *run < count) {
            let before = edges.range(..=run).next_back().copied();
            assert_eq!(Some(found.first(run)), before, "{run} of {count}, {edges:?}");
            let after = edges.range(run + 1..).next().copied();
            assert_eq!(found.next(run), after, "{run} of {count}, {edges:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// However many levels it takes, and however far apart the edges are.
        #[test]
        fn groups_are_those_of_the_definition(
            count in 1..20_000_usize,
            edges in proptest::collection::btree_set(0..20_000_usize, 0..20),
            asked in proptest::collection::vec(0..20_000_usize, 50),
        ) {
            check(count, edges, asked);
        }
    }

    /// A database of cities has some hundred thousand runs, which take a level more than 64³ of them.
    #[test]
    fn groups_as_large_as_a_database_are_those_of_the_definition() {
        const LEVEL: usize = WORD * WORD * WORD;
        let count = LEVEL + 70_000;
        let asked = || (0..count).step_by(997).chain([LEVEL - 1, LEVEL, count - 1]);
        for edges in [
            &[][..],
            &[1],
            &[count - 1],
            &[WORD - 1, LEVEL - 1],
            &[WORD * WORD, LEVEL],
            &[LEVEL + 1, count - WORD],
            &[5, 4_095, 131_072, LEVEL + 4_096, count - 2],
        ] {
            check(count, edges.iter().copied(), asked());
        }
        assert_eq!(Edges::new(&vec![0; LEVEL], &[0]).levels.len(), 2);
        assert_eq!(Edges::new(&vec![0; count], &[0]).levels.len(), 3);
    }
}
