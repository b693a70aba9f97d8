//! The OPT record of a reply.

use std::time::Duration;

use super::cookie::{ReplyCookie, Worth};
use super::{
    Edns, ExtendedError, Keepalive, OPTION_BYTES, OPTION_CLIENT_SUBNET, OPTION_COOKIE,
    OPTION_EXTENDED_ERROR, OPTION_KEEPALIVE, OPTION_NSID, Options, padding,
};
use crate::dns::{Asker, MAX_UDP_BYTES};
use crate::view::View;
use crate::wire::Rcode;

/// An OPT record without options, in bytes.
const BARE_BYTES: usize = 11;

/// The OPT record of a reply, but for what comes of the answer.
pub struct ReplyOpt<'a> {
    asked: &'a Edns<'a>,
    /// What the asker gets for what it asked; none if it asked for nothing.
    told: Option<Told<'a>>,
    bytes: usize,
}

struct Told<'a> {
    nsid: Option<&'a [u8]>,
    cookie: Option<ReplyCookie>,
    /// How long the connection may be silent, in tenths of a second.
    keepalive: Option<u16>,
    is_padded: bool,
}

impl<'a> ReplyOpt<'a> {
    /// What is told to an asker with this OPT record.
    #[inline]
    pub fn new(asked: &'a Edns<'a>, view: &'a View, asker: &Asker) -> Self {
        let options = &asked.options;
        let told = options.asks.then(|| Told::new(options, view, asker));
        let subnet_bytes = options.subnet.map_or(0, |subnet| OPTION_BYTES + subnet.data().len());
        let bytes = BARE_BYTES + subnet_bytes + told.as_ref().map_or(0, Told::bytes);
        Self { asked, told, bytes }
    }

    /// Bytes that it takes, but for an extended error and padding.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// What a question for nothing but a cookie is answered (RFC 7873 5.4); none if there is no
    /// cookie to answer with.
    pub fn cookie_rcode(&self) -> Option<Rcode> {
        self.cookie_worth().map(|worth| match worth {
            Worth::ClientOnly | Worth::Good => Rcode::NOERROR,
            Worth::Bad => Rcode::BADCOOKIE,
        })
    }

    /// Whether the asker has shown by a server cookie that its address is its own.
    pub fn cookie_is_good(&self) -> bool {
        self.cookie_worth() == Some(Worth::Good)
    }

    fn cookie_worth(&self) -> Option<Worth> {
        Some(self.told.as_ref()?.cookie.as_ref()?.worth)
    }

    /// How much padding makes of a reply of so many bytes, all but the padding, a good length within
    /// `limit`; none where none is due, or where there is no room for it.
    pub fn padding_bytes(&self, unpadded: usize, limit: usize) -> Option<usize> {
        let is_due = self.told.as_ref().is_some_and(|told| told.is_padded);
        if is_due { padding::bytes(unpadded, limit) } else { None }
    }

    /// Writes it at the start of `out`, which has room for [`Self::bytes`], the error and so many
    /// bytes of padding; returns how many bytes that was.
    pub fn write(
        &self,
        out: &mut [u8],
        rcode: Rcode,
        scope: u8,
        error: Option<ExtendedError>,
        padding_bytes: Option<usize>,
    ) -> Option<usize> {
        let unpadded = self.bytes + error.map_or(0, ExtendedError::bytes);
        let total = unpadded + padding_bytes.map_or(0, |bytes| OPTION_BYTES + bytes);
        let out = out.get_mut(..total)?;
        let [u1, u2] = MAX_UDP_BYTES.to_be_bytes();
        let flags = if self.asked.dnssec_ok { 0x80 } else { 0 };
        let [l1, l2] = u16::try_from(total - BARE_BYTES).ok()?.to_be_bytes();
        let bare = [0, 0, 41, u1, u2, rcode.high_bits(), 0, flags, 0, l1, l2];
        out[..BARE_BYTES].copy_from_slice(&bare);
        let mut at = BARE_BYTES;
        if let Some(subnet) = &self.asked.options.subnet {
            let end = put(out, at, OPTION_CLIENT_SUBNET, subnet.data());
            out[at + 7] = subnet.scope(scope);
            at = end;
        }
        if let Some(told) = &self.told {
            at = told.write(out, at);
        }
        if let Some(error) = error {
            put(out, at, OPTION_EXTENDED_ERROR, error.data());
        }
        if let Some(bytes) = padding_bytes {
            padding::write(out, unpadded, bytes);
        }
        Some(total)
    }
}

impl<'a> Told<'a> {
    fn new(asked: &Options<'a>, view: &'a View, asker: &Asker) -> Self {
        let idle = asker.idle_timeout.filter(|_| asked.keepalive == Some(Keepalive::Asked));
        Self {
            nsid: view.nsid.as_deref().filter(|_| asked.nsid),
            cookie: asked.cookie.and_then(|cookie| cookie.reply(asker, &view.cookie_secrets)),
            keepalive: idle.map(tenths_of_a_second),
            is_padded: asked.padding && padding::is_allowed(asker.transport),
        }
    }

    fn bytes(&self) -> usize {
        let of = |data: Option<usize>| data.map_or(0, |bytes| OPTION_BYTES + bytes);
        of(self.nsid.map(<[u8]>::len))
            + of(self.cookie.as_ref().map(|cookie| cookie.data.len()))
            + of(self.keepalive.map(|_| 2))
    }

    /// Writes it from `at` on, where there is room for it; returns where it ends.
    fn write(&self, out: &mut [u8], mut at: usize) -> usize {
        if let Some(id) = self.nsid {
            at = put(out, at, OPTION_NSID, id);
        }
        if let Some(cookie) = &self.cookie {
            at = put(out, at, OPTION_COOKIE, &cookie.data);
        }
        if let Some(tenths) = self.keepalive {
            at = put(out, at, OPTION_KEEPALIVE, &tenths.to_be_bytes());
        }
        at
    }
}

/// A time as a keepalive option has it (RFC 7828 3.1).
fn tenths_of_a_second(time: Duration) -> u16 {
    u16::try_from(time.as_millis() / 100).unwrap_or(u16::MAX)
}

/// Writes an option where there is room for it; returns where it ends.
fn put(out: &mut [u8], at: usize, code: u16, data: &[u8]) -> usize {
    out[at..at + 2].copy_from_slice(&code.to_be_bytes());
    // What is told comes from a packet or a configuration that bounds it below 64 KiB.
    out[at + 2..at + 4].copy_from_slice(&(data.len() as u16).to_be_bytes());
    out[at + 4..at + 4 + data.len()].copy_from_slice(data);
    at + 4 + data.len()
}
