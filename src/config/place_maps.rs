//! The compiled maps of all `geo` and `nearest` policies of a load, each shared by all that
//! prefer alike.

use std::collections::HashMap;
use std::sync::Arc;

use crate::health::Location;
use crate::place::{GeoKey, PlaceMap, Places, geo_map, nearest_map};

/// Maps by what they were compiled from.
#[derive(Default)]
pub(super) struct PlaceMaps {
    geo: HashMap<Vec<GeoKey>, Arc<PlaceMap>>,
    nearest: HashMap<Vec<[u64; 2]>, Arc<PlaceMap>>,
}

impl PlaceMaps {
    /// The map of a list of keys.
    pub(super) fn geo(&mut self, places: &Places, keys: Vec<GeoKey>) -> Arc<PlaceMap> {
        let map = self.geo.entry(keys);
        map.or_insert_with_key(|keys| Arc::new(geo_map(places, keys))).clone()
    }

    /// The map of a list of locations.
    pub(super) fn nearest(&mut self, places: &Places, branches: &[Location]) -> Arc<PlaceMap> {
        let bits = |place: &Location| [place.latitude.to_bits(), place.longitude.to_bits()];
        let map = self.nearest.entry(branches.iter().map(bits).collect());
        map.or_insert_with(|| Arc::new(nearest_map(places, branches))).clone()
    }
}
