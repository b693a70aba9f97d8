//! Which pool of one side is which of the other, and whether it answers the same.

use std::collections::HashMap;

use super::Given;
use crate::health::PoolId;
use crate::steering::{Asked, Outcome};

/// For each pool of one side, the one of the same name at the other.
#[derive(Clone, Debug)]
pub struct Pairing {
    /// And whether it answers the same to each [`Asked`].
    after: Vec<Option<(PoolId, [bool; 3])>>,
}

impl Pairing {
    /// By name; two pools answer the same if their endpoints to answer, weights and `answers` are.
    pub fn new(before: Given<'_>, after: Given<'_>) -> Self {
        let pools = (0..).zip(&after.world.inventory.pools);
        let by_name: HashMap<&str, PoolId> =
            pools.map(|(id, pool)| (pool.name.as_str(), id)).collect();
        let pair = |(id, name): (PoolId, &str)| {
            let other = *by_name.get(name)?;
            let answers_the_same = |asked| {
                let set = |given: Given<'_>, id| given.pools.get(id)?.set(asked).cloned();
                match (set(before, id), set(after, other)) {
                    (Some(a), Some(b)) => a.answers_as(&b),
                    (a, b) => a.is_none() && b.is_none(),
                }
            };
            Some((other, [Asked::A, Asked::Aaaa, Asked::Alias].map(answers_the_same)))
        };
        let names = before.world.inventory.pools.iter().map(|pool| pool.name.as_str());
        Self { after: (0..).zip(names).map(pair).collect() }
    }

    /// Whether clients who are told the one and then the other notice no difference.
    pub fn is_same(&self, before: Outcome, after: Outcome, asked: Asked) -> bool {
        match (before, after) {
            (Outcome::Pool(before), Outcome::Pool(after)) => self
                .after
                .get(before as usize)
                .and_then(|pair| *pair)
                .is_some_and(|(other, same)| other == after && same[asked as usize]),
            (before, after) => before == after,
        }
    }
}
