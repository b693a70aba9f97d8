//! When an endpoint is up, by what several monitors say of it.
//!
//! | condition | up while | could change when |
//! |---|---|---|
//! | one monitor | it says so | it could |
//! | at least `count` of some, and so many are up | | as many of these fell as there are more than `count`, and one |
//! | the same, and fewer are up | | as many rose as are missing |
//! | not another | that is down | that could |
//!
//! All of `n` are at least `n` of them; any is at least one.

use std::time::Duration;

use super::standing::{State, Verdict};

/// What has to be so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// That a monitor says up, by its number.
    Monitor(u32),
    /// At least so many of some.
    AtLeast {
        /// How many; from 1 to the number of those.
        count: usize,
        /// Of these.
        of: Vec<Condition>,
    },
    /// That something is not so.
    Not(Box<Condition>),
}

impl Condition {
    /// That all of some are so; always, of none.
    pub fn all(of: Vec<Self>) -> Self {
        Self::AtLeast { count: of.len(), of }
    }

    /// The monitors that it looks at, each as often as it is named.
    pub fn monitors(&self) -> Box<dyn Iterator<Item = u32> + '_> {
        match self {
            Self::Monitor(index) => Box::new(std::iter::once(*index)),
            Self::Not(other) => other.monitors(),
            Self::AtLeast { of, .. } => Box::new(of.iter().flat_map(Self::monitors)),
        }
    }

    /// How many are within each other, at most; one monitor is none.
    pub fn depth(&self) -> usize {
        match self {
            Self::Monitor(_) => 0,
            Self::Not(other) => 1 + other.depth(),
            Self::AtLeast { of, .. } => 1 + of.iter().map(Self::depth).max().unwrap_or(0),
        }
    }

    /// The same of monitors with other numbers.
    pub fn renumbered(&self, number: &mut impl FnMut(u32) -> u32) -> Self {
        match self {
            Self::Monitor(index) => Self::Monitor(number(*index)),
            Self::Not(other) => Self::Not(Box::new(other.renumbered(number))),
            Self::AtLeast { count, of } => {
                let of = of.iter().map(|one| one.renumbered(number)).collect();
                Self::AtLeast { count: *count, of }
            }
        }
    }

    /// The monitors that make it what it is, each as often as it does.
    pub fn culprits(&self, monitors: &impl Fn(u32) -> Verdict) -> Vec<u32> {
        match self {
            Self::Monitor(index) => vec![*index],
            Self::Not(other) => other.culprits(monitors),
            Self::AtLeast { of, .. } => {
                let state = self.verdict(monitors).state;
                let alike = of.iter().filter(|one| one.verdict(monitors).state == state);
                alike.flat_map(|one| one.culprits(monitors)).collect()
            }
        }
    }

    /// What follows from what the pool's monitors say, which is given by their index.
    pub fn verdict(&self, monitors: &impl Fn(u32) -> Verdict) -> Verdict {
        match self {
            Self::Monitor(index) => monitors(*index),
            Self::Not(other) => {
                let Verdict { state, hold } = other.verdict(monitors);
                Verdict { state: state.other(), hold }
            }
            Self::AtLeast { count, of } => {
                at_least(*count, of.iter().map(|condition| condition.verdict(monitors)))
            }
        }
    }
}

fn at_least(count: usize, all: impl Iterator<Item = Verdict>) -> Verdict {
    let (up, down): (Vec<Verdict>, Vec<Verdict>) = all.partition(|one| one.state == State::Up);
    match up.len().checked_sub(count) {
        Some(more) => Verdict { state: State::Up, hold: soonest(&up, more) },
        None => Verdict { state: State::Down, hold: soonest(&down, count - up.len() - 1) },
    }
}

/// When so many others could have changed, and one more; never while it is settled.
fn soonest(verdicts: &[Verdict], others: usize) -> Option<Duration> {
    let mut holds: Vec<Duration> = verdicts.iter().filter_map(|verdict| verdict.hold).collect();
    holds.sort_unstable();
    holds.get(others).copied()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use State::{Down, Up};

    /// A monitor's state, and for how many seconds that stays.
    type Said = (State, Option<u64>);

    fn verdict(condition: &Condition, said: &[Said]) -> Said {
        let Verdict { state, hold } = condition.verdict(&|index| {
            let (state, seconds) = said[index as usize];
            Verdict { state, hold: seconds.map(Duration::from_secs) }
        });
        (state, hold.map(|hold| hold.as_secs()))
    }

    fn monitors(count: u32) -> Vec<Condition> {
        (0..count).map(Condition::Monitor).collect()
    }

    fn one(of: Vec<Condition>) -> Condition {
        Condition::AtLeast { count: 1, of }
    }

    /// The table above, and that of all monitors that a pool names.
    #[test]
    fn what_follows_from_several_monitors() {
        let two_of = || Condition::AtLeast { count: 2, of: monitors(3) };
        for (condition, said, wanted) in [
            (Condition::all(vec![]), &[][..], (Up, None)),
            (one(vec![]), &[], (Down, None)),
            (Condition::all(monitors(2)), &[(Up, None), (Up, None)], (Up, None)),
            (Condition::all(monitors(2)), &[(Up, None), (Up, Some(2))], (Up, Some(2))),
            (Condition::all(monitors(2)), &[(Up, Some(1)), (Up, Some(2))], (Up, Some(1))),
            (Condition::all(monitors(2)), &[(Up, Some(1)), (Down, None)], (Down, None)),
            (Condition::all(monitors(2)), &[(Up, Some(1)), (Down, Some(2))], (Down, Some(2))),
            (Condition::all(monitors(2)), &[(Down, Some(1)), (Down, Some(2))], (Down, Some(2))),
            (Condition::all(monitors(2)), &[(Down, None), (Down, Some(2))], (Down, None)),
            (one(monitors(2)), &[(Down, Some(1)), (Down, Some(2))], (Down, Some(1))),
            (one(monitors(2)), &[(Up, Some(1)), (Up, Some(2))], (Up, Some(2))),
            (one(monitors(2)), &[(Up, Some(1)), (Up, None)], (Up, None)),
            (one(monitors(2)), &[(Up, Some(1)), (Down, None)], (Up, Some(1))),
            (two_of(), &[(Up, Some(1)), (Up, Some(2)), (Up, Some(3))], (Up, Some(2))),
            (two_of(), &[(Up, Some(1)), (Down, Some(2)), (Up, Some(3))], (Up, Some(1))),
            (two_of(), &[(Up, Some(1)), (Down, Some(2)), (Down, Some(3))], (Down, Some(2))),
            (two_of(), &[(Down, Some(1)), (Down, None), (Down, Some(3))], (Down, Some(3))),
            (
                Condition::Not(Box::new(two_of())),
                &[(Down, None), (Up, Some(1)), (Up, None)],
                (Down, Some(1)),
            ),
            (Condition::Not(Box::new(Condition::Monitor(0))), &[(Down, Some(4))], (Up, Some(4))),
        ] {
            assert_eq!(verdict(&condition, said), wanted, "{condition:?} {said:?}");
        }
    }

    fn any_condition() -> impl Strategy<Value = Condition> {
        let leaf = (0..4_u32).prop_map(Condition::Monitor);
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                inner.clone().prop_map(|other| Condition::Not(Box::new(other))),
                (vec(inner, 1..4), any::<proptest::sample::Index>()).prop_map(|(of, count)| {
                    Condition::AtLeast { count: count.index(of.len()) + 1, of }
                }),
            ]
        })
    }

    #[test]
    fn whoever_makes_it_so_is_to_blame() {
        // That 0 passes, or 1, and that 2 does not.
        let web = || {
            Condition::all(vec![one(monitors(2)), Condition::Not(Box::new(Condition::Monitor(2)))])
        };
        for (said, wanted) in [
            ([Down, Down, Down], &[0, 1][..]),
            ([Up, Down, Up], &[2]),
            ([Down, Down, Up], &[0, 1, 2]),
            ([Up, Down, Down], &[0, 2]),
            ([Up, Up, Down], &[0, 1, 2]),
        ] {
            let culprits =
                web().culprits(&|index| Verdict { state: said[index as usize], hold: None });
            assert_eq!(culprits, wanted, "{said:?}");
        }
    }

    proptest! {
        /// Whatever those monitors do that may change by a moment, nothing changes that was to
        /// stay beyond it.
        #[test]
        fn nothing_changes_sooner_than_the_monitors_let_it(
            condition in any_condition(),
            said in vec((prop_oneof![Just(Up), Just(Down)], proptest::option::of(0..5_u64)), 4),
        ) {
            let (state, hold) = verdict(&condition, &said);
            for moment in 0..5 {
                if hold.is_some_and(|hold| hold <= moment) {
                    continue;
                }
                let may_change: Vec<usize> =
                    (0..4).filter(|i| said[*i].1.is_some_and(|hold| hold <= moment)).collect();
                for changes in 0..1 << may_change.len() {
                    let mut later = said.clone();
                    for (bit, index) in may_change.iter().enumerate() {
                        if changes >> bit & 1 == 1 {
                            later[*index].0 = later[*index].0.other();
                        }
                    }
                    prop_assert_eq!(verdict(&condition, &later).0, state, "{:?} at {}", later, moment);
                }
            }
        }
    }
}
