//! Master files (RFC 1035 5) to records.
//!
//! The text is cut into entries and tokens here, so that every record and every mistake has its
//! line and column; record data is read by the types of `domain`.

mod data;
mod directives;
mod lexer;
mod loc;
mod mistakes;
mod more;
mod rare;
mod reader;
#[cfg(test)]
mod tests;
mod time;
mod tokens;

pub(super) use data::type_name;

use crate::finding::Finding;
use crate::wire::Name;

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Index into [`Records::files`].
    pub file: u32,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

/// One record as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The owner, case as written.
    pub owner: Name,
    /// The type.
    pub rtype: u16,
    /// The TTL in seconds.
    pub ttl_seconds: u32,
    /// The data, uncompressed: the whole wire form that its type has.
    pub rdata: Box<[u8]>,
    /// Where its entry begins.
    pub position: Position,
}

/// All records of a master file and the files that it includes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// The files by the names that findings use; the first is the zone's own.
    pub files: Vec<String>,
    /// The records in the order in which they were read.
    pub list: Vec<Record>,
    /// Whether some could not be read, so that nobody can tell what is missing.
    pub incomplete: bool,
}

/// Gives the display name and bytes of an included file, from its path as written and the
/// display name of the file that includes it, or says why it cannot.
pub type Include<'a> = dyn FnMut(&str, &str) -> Result<(String, Vec<u8>), String> + 'a;

/// Reads a master file.
///
/// After a mistake reading goes on with the next entry, so that all of them are found. What could
/// be read is given beside them, for [`super::build`] to find what else is wrong.
pub fn read(
    file: &str,
    bytes: &[u8],
    origin: &Name,
    include: &mut Include<'_>,
) -> (Records, Vec<Finding>) {
    reader::Reader::new(include).read(file, bytes, origin)
}
