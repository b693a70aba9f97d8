//! What databases say of networks, merged: every address has one [`Class`].

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::countries::Continent;
use super::map::GeoKey;
use super::networks::Networks;
use super::table::Table;
use super::ways::{Way, Ways};
use crate::health::Location;

/// All that is known of the clients of some networks. Each part may be unknown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Class {
    /// The continent, as the database has it, else as the country's.
    pub continent: Option<Continent>,
    /// ISO 3166-1 alpha-2, upper case.
    pub country: Option<[u8; 2]>,
    /// ISO 3166-2 without the country, e.g. `CA` of `US-CA`.
    pub subdivision: Option<Box<str>>,
    /// The autonomous system.
    pub asn: Option<u32>,
    /// The place itself, or the country's centroid.
    pub location: Option<Location>,
}

/// Index into the classes of [`Places`]; 0 is the class of which nothing is known.
pub type ClassId = u32;

/// Every address's class.
#[derive(Debug)]
pub struct Places {
    classes: Vec<Class>,
    table: Arc<Table<ClassId>>,
    /// What the maps that were compiled from it share.
    ways: Mutex<Ways>,
}

impl Places {
    /// From classes, whose first is that of the unknown, and a table of indices into them.
    pub fn new(classes: Vec<Class>, table: Table<ClassId>) -> Self {
        Self { classes, table: Arc::new(table), ways: Mutex::default() }
    }

    /// Nothing is known of any address.
    pub fn unknown() -> Self {
        Self::new(vec![Class::default()], Table::new(&[], &[], 0))
    }

    /// The class of an address, and the widest scope that has the same one.
    pub fn class(&self, address: IpAddr) -> (&Class, u8) {
        let (id, scope) = self.table.get(address);
        (&self.classes[id as usize], scope)
    }

    /// Whether anything is known by which clients could be told apart as a key does: of `AS64500`,
    /// whether the AS number of any client is known.
    pub fn tell_apart(&self, key: &GeoKey) -> bool {
        self.classes.iter().any(|class| key.asks_for_what_is_in(class))
    }

    /// All classes, by [`ClassId`].
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// The table from address to [`ClassId`].
    pub fn table(&self) -> &Table<ClassId> {
        &self.table
    }

    /// How the map of a policy finds a chain, from the number of the chain for each class.
    pub(super) fn way(&self, by_class: Arc<[u32]>, networks: Option<Networks>) -> Way {
        let mut ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        ways.of(&self.table, by_class, networks)
    }
}
