//! The vocabulary of the wire: names, record types, response codes, record sets ready to
//! copy.
//!
//! This room knows neither zones nor policies nor messages as a whole.

mod name;
mod qname;
mod rcode;
mod rrset;
pub mod rtype;

pub(crate) use name::are_same_and_short;
pub use name::{Name, NameError};
pub use qname::QName;
pub use rcode::Rcode;
pub use rrset::{MAX_WIRE_BYTES, Owner, Patch, RrSet, RrSetBuilder, RrSets, TooLarge};
