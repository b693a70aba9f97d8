//! A zone as data: names to record sets in wire form, found by the rules of RFC 1034, 2308, 4592
//! and 6672.
//!
//! [`read`] turns master files into records, [`build`] checks them and makes a [`Zone`];
//! [`Zones`] are all that are served. Neither knows of messages or of who asks.

mod build;
mod findings;
mod lookup;
mod read;

pub use build::{Steered, SteeredTypes, build};
pub use lookup::{Found, Zones};
pub use read::{Include, Position, Record, Records, read};

use crate::wire::{Name, RrSet};

/// Says that a [`Node`] has no such neighbour.
pub(crate) const NONE: u32 = u32::MAX;

/// One zone, immutable.
#[derive(Debug)]
pub struct Zone {
    /// Its apex in lower case.
    pub apex: Name,
    /// Labels of its apex.
    pub(crate) apex_labels: usize,
    /// How many records its file has.
    pub records: usize,
    /// Every name that exists, empty non-terminals included; the apex comes first.
    pub(crate) nodes: Vec<Node>,
    /// Open-addressing table of indices into `nodes`, `NONE` where free; its length is a power
    /// of two and at least twice that of `nodes`.
    pub(crate) table: Box<[u32]>,
    /// The SOA record with the TTL of negative answers (RFC 2308 3); its owner is written as an
    /// ancestor of the asked name.
    pub(crate) negative: RrSet,
}

/// One name of a zone.
#[derive(Debug)]
pub struct Node {
    /// Its name in lower-case wire form.
    pub(crate) name: Box<[u8]>,
    /// Its record sets in ascending order of type; those of a delegation are not here, except DS.
    pub(crate) sets: Box<[RrSet]>,
    /// What a delegation at this very name says.
    pub(crate) referral: Option<Box<Referral>>,
    /// The node of the topmost delegation at or above this name, or `NONE`.
    pub(crate) cut: u32,
    /// The node of the wildcard just below this name, or `NONE`.
    pub(crate) wildcard: u32,
    /// Index of its steered name within the zone, or `NONE`.
    pub(crate) steered: u32,
}

/// A delegation: what a referral carries (RFC 1034 4.3.2 step 3b).
#[derive(Debug)]
pub struct Referral {
    /// The name servers, for the authority section.
    pub(crate) name_servers: RrSet,
    /// Addresses of name servers below the cut, without which nobody could reach them
    /// (RFC 9471): a referral without them is truncated.
    pub(crate) glue: Box<[RrSet]>,
    /// Addresses of name servers elsewhere in the zone, which help but need not fit.
    pub(crate) extra: Box<[RrSet]>,
}
