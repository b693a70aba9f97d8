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
use std::sync::{Arc, Weak};

use crate::place::{Census, PlaceMap, Strata};
use crate::steering::{AllDown, Pools, SteeredName};
use crate::view::World;

pub use self::moves::{Move, Said, moves};
pub use self::pairing::Pairing;
pub use self::spread::{ByCountry, Spread, all_down, by_country, spread};

/// How names are steered, and how the pools stand.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// What the files say.
    pub world: &'a World,
    /// How its pools stand.
    pub pools: &'a Pools,
}

/// Censuses of the clients of two worlds, or of one twice, each counted once.
#[derive(Debug)]
pub struct Censuses {
    strata: Strata,
    /// By where the maps are.
    counted: HashMap<Vec<usize>, Counted>,
}

#[derive(Debug)]
struct Counted {
    /// Only to be recognized by: pointers that are not used again while these are held.
    _maps: Vec<Weak<PlaceMap>>,
    census: Arc<Census>,
}

impl Censuses {
    /// None counted yet; countries are as `after` has them.
    pub fn new(before: &World, after: &World) -> Self {
        let mut maps = Vec::new();
        for name in [before, after].into_iter().flat_map(|world| world.steered.iter().flatten()) {
            place_maps(name, &mut maps);
        }
        let others = (!Arc::ptr_eq(&before.places, &after.places)).then_some(&*before.places);
        let maps = distinct(maps);
        let strata = Strata::new(&after.places, others, maps.into_iter().map(|map| &**map));
        Self { strata, counted: HashMap::new() }
    }

    /// Of all that some names of these worlds tell apart.
    pub fn of(&mut self, names: &[&SteeredName]) -> Arc<Census> {
        let mut maps = Vec::new();
        names.iter().for_each(|name| place_maps(name, &mut maps));
        let maps = distinct(maps);
        let key = maps.iter().map(|map| Arc::as_ptr(map).addr()).collect();
        let counted = self.counted.entry(key).or_insert_with(|| {
            let refs: Vec<&PlaceMap> = maps.iter().map(|map| &***map).collect();
            let census = Arc::new(Census::new(&self.strata, &refs));
            Counted { _maps: maps.iter().map(|map| Arc::downgrade(map)).collect(), census }
        });
        Arc::clone(&counted.census)
    }
}

fn place_maps<'a>(name: &'a SteeredName, to: &mut Vec<&'a Arc<PlaceMap>>) {
    name.policy.place_maps(to);
    if let AllDown::Policy(last) = &name.all_down {
        last.place_maps(to);
    }
}

fn distinct(mut maps: Vec<&Arc<PlaceMap>>) -> Vec<&Arc<PlaceMap>> {
    maps.sort_by_key(|map| Arc::as_ptr(map));
    maps.dedup_by_key(|map| Arc::as_ptr(map));
    maps
}
