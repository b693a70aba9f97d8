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
pub(crate) use lexer::{Entry, Flaw, Lexer, Token};
pub(crate) use mistakes::flaw;
pub(crate) use time::seconds;

use super::records::Records;
use crate::finding::Finding;
use crate::wire::Name;

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
