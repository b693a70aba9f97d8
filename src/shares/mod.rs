//! What share of all clients is answered what, by one view or by another.
//!
//! Clients are weighed by the number of their addresses (`place::Census`), draws by their odds
//! (`steering::odds`). So what is said here of a name holds for all who may ask for it, and not for a
//! sample. A sticky name is taken for what all networks together are told: which of them moves when shares
//! change is decided by each network's own number.

mod moves;
mod pairing;
mod spread;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use crate::place::{Census, PlaceMap, Places, Population};
use crate::steering::{AllDown, Pools, SteeredName};
use crate::view::World;

pub use self::moves::{Move, Said, moves};
pub use self::pairing::Pairing;
pub use self::spread::{Spread, spread};

/// How names are steered, and how the pools stand.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// What the files say.
    pub world: &'a World,
    /// How its pools stand.
    pub pools: &'a Pools,
}

/// Censuses for one set of places, each counted once.
#[derive(Debug)]
pub struct Censuses {
    places: Arc<Places>,
    population: Population,
    /// By what their maps tell apart; these are kept, so that the numbers for it stay theirs.
    counted: HashMap<Vec<usize>, (Vec<Arc<PlaceMap>>, Arc<Census>)>,
}

impl Censuses {
    /// None counted yet; countries are as `places` has them.
    pub fn new(places: &Arc<Places>) -> Self {
        let population = Population::new(places);
        Self { places: Arc::clone(places), population, counted: HashMap::new() }
    }

    /// Whether they are of these places.
    pub fn are_of(&self, places: &Arc<Places>) -> bool {
        Arc::ptr_eq(&self.places, places)
    }

    /// Of all that some names tell apart.
    pub fn of(&mut self, names: &[&SteeredName]) -> Arc<Census> {
        let mut maps: Vec<&Arc<PlaceMap>> = Vec::new();
        for name in names {
            name.policy.place_maps(&mut maps);
            if let AllDown::Policy(last) = &name.all_down {
                last.place_maps(&mut maps);
            }
        }
        maps.sort_by_key(|map| map.partition());
        maps.dedup_by_key(|map| map.partition());
        let partitions = maps.iter().map(|map| map.partition()).collect();
        if let Some((_, census)) = self.counted.get(&partitions) {
            return Arc::clone(census);
        }
        let refs: Vec<&PlaceMap> = maps.iter().map(|map| &***map).collect();
        let census = Arc::new(Census::new(&self.places, &self.population, &refs));
        let kept = maps.into_iter().cloned().collect();
        self.counted.insert(partitions, (kept, Arc::clone(&census)));
        census
    }
}
