//! A zone as data: names to record sets in wire form, found by the rules of RFC 1034, 2308, 4592
//! and 6672.
//!
//! [`read`] turns master files into records, [`build`] checks them and makes a [`Zone`];
//! [`Zones`] are all that are served. Neither knows of messages or of who asks. The lexer is there
//! for whoever reads master files of other dialects.

mod build;
mod findings;
mod lookup;
mod node;
mod read;
mod records;
mod store;
mod zones;

pub use build::{Steered, SteeredTypes, build};
pub use lookup::Found;
pub use node::{Node, Referral};
pub(crate) use read::{Entry, Flaw, Lexer, Token, flaw, seconds};
pub use read::{Include, read};
pub use records::{Position, Record, Records};
pub use zones::Zones;

use self::store::Store;
use crate::wire::Name;

/// One zone, immutable.
#[derive(Debug)]
pub struct Zone {
    /// Its apex in lower case.
    pub apex: Name,
    /// Labels of its apex.
    apex_labels: usize,
    /// How many records its file has.
    pub records: usize,
    /// Every name that exists, empty non-terminals included, but for those below delegations.
    store: Store,
    /// The SOA record with the TTL of negative answers (RFC 2308 3), encoded; its owner is written
    /// as an ancestor of the asked name.
    negative: Box<[u8]>,
}

#[cfg(test)]
impl Zone {
    /// All names that exist, in lower-case wire form.
    pub(crate) fn owners(&self) -> impl Iterator<Item = Vec<u8>> {
        self.store
            .nodes()
            .filter_map(|(_, node)| Some([node.name()?, self.apex.as_wire()].concat()))
    }
}
