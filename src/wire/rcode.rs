//! Response codes (RFC 6895 2.3), their extended bits included.

use std::fmt;

/// A response code; shown by its mnemonic (IANA DNS parameters), or `RCODE` and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rcode(pub u16);

impl Rcode {
    /// No error.
    pub const NOERROR: Self = Self(0);
    /// The question cannot be read.
    pub const FORMERR: Self = Self(1);
    /// The server failed.
    pub const SERVFAIL: Self = Self(2);
    /// There is no such name.
    pub const NXDOMAIN: Self = Self(3);
    /// An operation that is not served.
    pub const NOTIMP: Self = Self(4);
    /// Outside all zones, or of a kind that is not served.
    pub const REFUSED: Self = Self(5);
    /// A name grew too long through DNAME (RFC 6672 2.2).
    pub const YXDOMAIN: Self = Self(6);
    /// Not a zone of this server (RFC 2136 2.2, RFC 5936 2.2.1).
    pub const NOTAUTH: Self = Self(9);
    /// An unknown version of EDNS (RFC 6891).
    pub const BADVERS: Self = Self(16);
    /// A server cookie that is not good (RFC 7873).
    pub const BADCOOKIE: Self = Self(23);

    /// The four bits that a header holds.
    pub fn low_bits(self) -> u8 {
        (self.0 & 0x0f) as u8
    }

    /// The eight bits that an OPT record holds.
    pub fn high_bits(self) -> u8 {
        (self.0 >> 4) as u8
    }
}

impl fmt::Display for Rcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            0 => "NOERROR",
            1 => "FORMERR",
            2 => "SERVFAIL",
            3 => "NXDOMAIN",
            4 => "NOTIMP",
            5 => "REFUSED",
            6 => "YXDOMAIN",
            7 => "YXRRSET",
            8 => "NXRRSET",
            9 => "NOTAUTH",
            10 => "NOTZONE",
            16 => "BADVERS",
            23 => "BADCOOKIE",
            other => return write!(f, "RCODE{other}"),
        })
    }
}
