//! Where a client is: from a network to a place, and from a place to what a policy prefers there.
//!
//! [`Places`] is what the databases say, merged. For every set of `geo` keys and every list of
//! `nearest` regions a [`PlaceMap`] is compiled from it at load: network → an ordered list of the
//! policy's branches. A query looks up intervals and never decodes a record; the scope of an
//! answer is the widest block round the client whose preference is the same. The first maps have
//! a table each; the others share what tells clients apart.

mod address;
mod census;
mod class;
mod countries;
mod edges;
mod interner;
mod map;
mod networks;
mod runs;
mod strata;
mod table;
mod ways;

pub use address::Address;
pub use census::{Addresses, Cell, Census, CountryCode};
pub use class::{Class, ClassId, Places};
pub use countries::{Continent, Country, country};
pub use interner::Interner;
pub use map::{GeoKey, PlaceMap, geo_map, great_circle_km, nearest_map};
pub use runs::{Runs, push_network, zip_runs};
pub use strata::Strata;
pub use table::Table;
