//! Records to a zone, or to everything that is wrong with them.

use super::Zone;
use super::read::Records;
use crate::finding::Finding;
use crate::wire::Name;

/// A steered name as the zone must know it.
#[derive(Clone, Debug)]
pub struct Steered {
    /// The owner, absolute, in lower case.
    pub owner: Name,
    /// What it answers.
    pub types: SteeredTypes,
    /// The steering file, and where the owner stands in it (line and column).
    pub file: String,
    /// Line and column of the owner in the steering file.
    pub position: (u32, u32),
}

/// What a steered name answers, and so what the master file may not give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SteeredTypes {
    /// A and AAAA.
    Addresses,
    /// CNAME, now or when pools change: nothing else may stand there (RFC 1034 3.6.2).
    Hosts,
}

/// Builds the zone of an apex from its records and steered names, whose order [`super::Node`]s
/// refer to; its table is keyed with `seed`.
pub fn build(
    apex: &Name,
    records: &Records,
    steered: &[Steered],
    seed: u64,
) -> Result<Zone, Vec<Finding>> {
    let _ = (apex, records, steered, seed);
    Err(Vec::new())
}
