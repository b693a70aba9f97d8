//! Cookies (RFC 7873), in the form that all servers of a zone make alike (RFC 9018).
//!
//! An asker that brings a cookie back has got an earlier reply, so its address is not forged.
//! Nobody is turned away for having none.

use std::net::IpAddr;

use siphasher::sip::SipHasher24;

use crate::dns::Asker;
use crate::view::CookieSecrets;

/// The client's part.
const CLIENT_BYTES: usize = 8;
/// All of a cookie: the client's part, version, three reserved bytes, time and hash.
const WHOLE_BYTES: usize = 24;
const HASH_AT: usize = 16;
/// The only version that there is.
const VERSION: u8 = 1;
/// How old a good cookie may be (RFC 9018 4.3).
const OLDEST_SECONDS: i32 = 3600;
/// How far its time may be ahead of ours (RFC 9018 4.3).
const MOST_AHEAD_SECONDS: i32 = 300;
/// A good cookie that is older than this is renewed (RFC 9018 4.3).
const RENEWED_AFTER_SECONDS: i32 = 1800;

/// A cookie option: its data, the client's part and then what it takes for ours, if anything.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cookie<'p>(&'p [u8]);

/// What an asker's cookie is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worth {
    /// It has only the client's part as yet.
    ClientOnly,
    /// The rest is none of ours, or too old.
    Bad,
    /// It shows that the asker's address is its own.
    Good,
}

/// The cookie option of a reply.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReplyCookie {
    pub(super) worth: Worth,
    pub(super) data: [u8; WHOLE_BYTES],
}

impl<'p> Cookie<'p> {
    /// Reads the option's data; none for every malformed length (RFC 7873 5.2.2).
    pub(super) fn read(data: &'p [u8]) -> Option<Self> {
        matches!(data.len(), 8 | 16..=40).then_some(Self(data))
    }

    /// What to reply; none if there is no secret to make a cookie with.
    pub(super) fn reply(self, asker: &Asker, secrets: &CookieSecrets) -> Option<ReplyCookie> {
        let first = secrets.all().first()?;
        let (client, server) = self.0.split_first_chunk()?;
        let whole = <[u8; WHOLE_BYTES]>::try_from(self.0).ok();
        let (worth, lasts) = match &whole {
            Some(whole) => check(whole, asker, secrets.all()),
            None if server.is_empty() => (Worth::ClientOnly, false),
            None => (Worth::Bad, false),
        };
        let data = whole.filter(|_| lasts).unwrap_or_else(|| make(client, asker, first));
        Some(ReplyCookie { worth, data })
    }
}

/// What a cookie of our length is worth, and whether it need not be renewed.
fn check(whole: &[u8; WHOLE_BYTES], asker: &Asker, secrets: &[[u8; 16]]) -> (Worth, bool) {
    let [before_hash @ .., h1, h2, h3, h4, h5, h6, h7, h8] = whole;
    let [.., t1, t2, t3, t4] = *before_hash;
    // Serial number arithmetic (RFC 1982), for the time begins anew in 2106.
    let made_seconds = u32::from_be_bytes([t1, t2, t3, t4]);
    let age_seconds = asker.unix_seconds.wrapping_sub(made_seconds).cast_signed();
    let is_in_time = (-MOST_AHEAD_SECONDS..=OLDEST_SECONDS).contains(&age_seconds);
    if before_hash[CLIENT_BYTES] != VERSION || !is_in_time {
        return (Worth::Bad, false);
    }
    // Compared as numbers, which takes as long for any two.
    let told = u64::from_le_bytes([*h1, *h2, *h3, *h4, *h5, *h6, *h7, *h8]);
    match secrets.iter().position(|secret| hash(before_hash, asker.source, secret) == told) {
        None => (Worth::Bad, false),
        Some(secret) => (Worth::Good, secret == 0 && age_seconds <= RENEWED_AFTER_SECONDS),
    }
}

fn make(client: &[u8; CLIENT_BYTES], asker: &Asker, secret: &[u8; 16]) -> [u8; WHOLE_BYTES] {
    let mut before_hash = [0; HASH_AT];
    before_hash[..CLIENT_BYTES].copy_from_slice(client);
    before_hash[CLIENT_BYTES] = VERSION;
    before_hash[12..].copy_from_slice(&asker.unix_seconds.to_be_bytes());
    let mut whole = [0; WHOLE_BYTES];
    whole[..HASH_AT].copy_from_slice(&before_hash);
    let hash = hash(&before_hash, asker.source, secret);
    whole[HASH_AT..].copy_from_slice(&hash.to_le_bytes());
    whole
}

/// SipHash-2-4 over all that stands before the hash, and the address (RFC 9018 4.4).
fn hash(before_hash: &[u8; HASH_AT], source: IpAddr, secret: &[u8; 16]) -> u64 {
    let mut hashed = [0; HASH_AT + 16];
    hashed[..HASH_AT].copy_from_slice(before_hash);
    let length = match source {
        IpAddr::V4(v4) => {
            hashed[HASH_AT..HASH_AT + 4].copy_from_slice(&v4.octets());
            HASH_AT + 4
        }
        IpAddr::V6(v6) => {
            hashed[HASH_AT..].copy_from_slice(&v6.octets());
            HASH_AT + 16
        }
    };
    SipHasher24::new_with_key(secret).hash(&hashed[..length])
}
