//! EDNS (RFC 6891) and its options: client subnet (RFC 7871), NSID (RFC 5001), cookies (RFC 7873
//! and 9018), TCP keepalive (RFC 7828), padding (RFC 7830) and extended errors (RFC 8914).
//!
//! What an asker says is read here in one walk, and what a reply says is written here. Each option
//! that is more than a number has its file.

mod cookie;
mod error;
mod padding;
mod reply;
mod subnet;

use super::query::Fault;
use cookie::Cookie;
pub use error::ExtendedError;
pub use reply::ReplyOpt;
pub use subnet::Subnet;

const OPTION_NSID: u16 = 3;
const OPTION_CLIENT_SUBNET: u16 = 8;
const OPTION_COOKIE: u16 = 10;
const OPTION_KEEPALIVE: u16 = 11;
const OPTION_PADDING: u16 = 12;
const OPTION_EXTENDED_ERROR: u16 = 15;
/// What an option has beside its data, in bytes.
const OPTION_BYTES: usize = 4;

/// What an OPT record says.
#[derive(Clone, Copy, Debug)]
pub struct Edns<'p> {
    /// The largest UDP reply that the asker can take, in bytes.
    pub udp_bytes: u16,
    /// Whether DNSSEC records are welcome; copied into the reply (RFC 3225 3).
    pub dnssec_ok: bool,
    /// The options.
    pub options: Options<'p>,
}

/// What the options of an OPT record say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'p> {
    /// Whether anything is asked for: identity, idle time, padding or cookie.
    asks: bool,
    /// Whether the server's identity is asked for.
    nsid: bool,
    /// Whether it is asked how long the connection may be silent.
    keepalive: Option<Keepalive>,
    /// Whether the question is padded, and so the reply is to be.
    padding: bool,
    /// The client subnet.
    pub subnet: Option<Subnet<'p>>,
    /// The cookie.
    cookie: Option<Cookie<'p>>,
}

/// A keepalive option. What is wrong with one matters only where there is a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keepalive {
    Asked,
    /// It tells a time, which is the server's to tell (RFC 7828 3.2.1).
    Malformed,
}

/// An option, or a list of them, that is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadOption {
    /// The last option is longer than the record.
    CutOff,
    /// A client subnet.
    Subnet,
    /// A cookie.
    Cookie,
    /// A keepalive.
    Keepalive,
}

impl<'p> Edns<'p> {
    /// From the ten bytes after the owner name, and the record's data. With a fault the options
    /// are left out, but the reply still carries OPT (RFC 6891 7).
    pub fn read(fixed: &[u8], data: &'p [u8]) -> (Self, Option<Fault>) {
        let byte = |at: usize| fixed.get(at).copied().unwrap_or(0);
        let mut edns = Self {
            udp_bytes: u16::from_be_bytes([byte(2), byte(3)]),
            dnssec_ok: byte(6) & 0x80 != 0,
            options: Options::default(),
        };
        if byte(5) != 0 {
            return (edns, Some(Fault::EdnsVersion));
        }
        if data.is_empty() {
            return (edns, None);
        }
        match Options::read(data) {
            Ok(options) => {
                edns.options = options;
                (edns, None)
            }
            Err(bad) => (edns, Some(Fault::Option(bad))),
        }
    }

    /// Whether there is a keepalive option, which QUIC forbids (RFC 9250 5.5.2).
    pub fn has_keepalive(&self) -> bool {
        self.options.keepalive.is_some()
    }

    /// To be called where there is a connection, for without one a keepalive option must not
    /// matter (RFC 7828 3.3.1): takes out all options if that one is malformed.
    pub fn check_keepalive(&mut self) -> Option<Fault> {
        if self.options.keepalive != Some(Keepalive::Malformed) {
            return None;
        }
        self.options = Options::default();
        Some(Fault::Option(BadOption::Keepalive))
    }
}

impl<'p> Options<'p> {
    fn read(data: &'p [u8]) -> Result<Self, BadOption> {
        let mut options = Self::default();
        let mut rest = data;
        while let &[c1, c2, l1, l2, ref after @ ..] = rest {
            let length = usize::from(u16::from_be_bytes([l1, l2]));
            let (value, next) = after.split_at_checked(length).ok_or(BadOption::CutOff)?;
            options.take(u16::from_be_bytes([c1, c2]), value)?;
            rest = next;
        }
        let Self { nsid, keepalive, padding, cookie, .. } = &options;
        options.asks = *nsid || keepalive.is_some() || *padding || cookie.is_some();
        if rest.is_empty() { Ok(options) } else { Err(BadOption::CutOff) }
    }

    fn take(&mut self, code: u16, value: &'p [u8]) -> Result<(), BadOption> {
        match code {
            // A second one is as malformed as one that cannot be read.
            OPTION_CLIENT_SUBNET if self.subnet.is_some() => return Err(BadOption::Subnet),
            OPTION_CLIENT_SUBNET => {
                self.subnet = Some(Subnet::read(value).ok_or(BadOption::Subnet)?);
            }
            OPTION_NSID => self.nsid = true,
            // Only the first one counts (RFC 7873 5).
            OPTION_COOKIE if self.cookie.is_some() => {}
            OPTION_COOKIE => self.cookie = Some(Cookie::read(value).ok_or(BadOption::Cookie)?),
            OPTION_KEEPALIVE if value.is_empty() => {
                self.keepalive = self.keepalive.or(Some(Keepalive::Asked));
            }
            OPTION_KEEPALIVE => self.keepalive = Some(Keepalive::Malformed),
            OPTION_PADDING => self.padding = true,
            // Unknown options are ignored (RFC 6891 6.1.2).
            _ => {}
        }
        Ok(())
    }
}
