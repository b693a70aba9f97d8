//! Numbers of record types and classes (IANA DNS parameters) that the program treats specially.

/// IPv4 address.
pub const A: u16 = 1;
/// Delegation.
pub const NS: u16 = 2;
/// Alias.
pub const CNAME: u16 = 5;
/// Start of authority.
pub const SOA: u16 = 6;
/// Pointer.
pub const PTR: u16 = 12;
/// Mail exchange.
pub const MX: u16 = 15;
/// Text.
pub const TXT: u16 = 16;
/// IPv6 address.
pub const AAAA: u16 = 28;
/// Service location (RFC 2782).
pub const SRV: u16 = 33;
/// Alias of a whole subtree (RFC 6672).
pub const DNAME: u16 = 39;
/// EDNS (RFC 6891).
pub const OPT: u16 = 41;
/// Delegation signer; lives on the parent's side of a cut.
pub const DS: u16 = 43;
/// Signature (RFC 4034); stands beside whatever it signs, a CNAME too.
pub const RRSIG: u16 = 46;
/// Proof of what does not exist (RFC 4034); stands beside a CNAME too.
pub const NSEC: u16 = 47;
/// First of the types that only a question or a meta record may have (RFC 6895 3.1).
pub const FIRST_META: u16 = 128;
/// Stands in NSEC for what does not exist (RFC 9824); a meta type.
pub const NXNAME: u16 = 128;
/// Key agreement (RFC 2930); a meta type.
pub const TKEY: u16 = 249;
/// Transaction signature (RFC 8945); a meta type.
pub const TSIG: u16 = 250;
/// Incremental zone transfer.
pub const IXFR: u16 = 251;
/// Zone transfer.
pub const AXFR: u16 = 252;
/// Mailbox-related records (obsolete, RFC 1035 3.2.3).
pub const MAILB: u16 = 253;
/// Mail agents (obsolete, RFC 1035 3.2.3).
pub const MAILA: u16 = 254;
/// Any type (RFC 8482).
pub const ANY: u16 = 255;

/// The Internet class.
pub const IN: u16 = 1;
/// The Chaos class, in which servers are asked about themselves.
pub const CH: u16 = 3;

/// Whether only a question or a meta record may have a type (RFC 6895 3.1).
pub fn is_meta(rtype: u16) -> bool {
    rtype == OPT || (FIRST_META..=ANY).contains(&rtype)
}
