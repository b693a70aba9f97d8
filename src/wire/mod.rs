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
pub use name::{Name, NameError, tail};
pub use qname::QName;
pub use rcode::Rcode;
/// Bytes of a message's header, the least that a message can have (RFC 1035 4.1.1).
pub const HEADER_BYTES: usize = 12;
/// In its third byte: that it is a response.
pub const RESPONSE_BIT: u8 = 0x80;
/// In the same: the operation, 0 for QUERY.
pub const OPCODE_BITS: u8 = 0x78;
/// In the same: that it is cut.
pub const TRUNCATED_BIT: u8 = 0x02;
/// A name has at most 127 labels of one byte, and the root (RFC 1035 2.3.4).
pub(crate) const MAX_LABELS: usize = 128;

pub use rrset::{MAX_WIRE_BYTES, Owner, Patch, RrSet, RrSetBuilder, RrSets, TooLarge};
