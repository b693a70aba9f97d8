//! The client subnet (RFC 7871).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const FAMILY_NONE: u16 = 0;
const FAMILY_IPV4: u16 = 1;
const FAMILY_IPV6: u16 = 2;
/// Where the address begins: after family, source and scope length.
const ADDRESS_AT: usize = 4;
/// What an IPv4 address begins with that is written as one of IPv6.
const MAPPED: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/// A client subnet option: its data, as sent.
#[derive(Clone, Copy, Debug)]
pub struct Subnet<'p>(&'p [u8]);

impl<'p> Subnet<'p> {
    /// Reads the option's data; none for every malformed form (RFC 7871 6, 7.1.1, 7.2.1).
    pub(super) fn read(data: &'p [u8]) -> Option<Self> {
        let &[f1, f2, source, scope, ref address @ ..] = data else { return None };
        let bits = match u16::from_be_bytes([f1, f2]) {
            FAMILY_NONE => 0,
            FAMILY_IPV4 => 32,
            FAMILY_IPV6 => 128,
            _ => return None,
        };
        let wanted_bytes = usize::from(source).div_ceil(8);
        if scope != 0 || source > bits || address.len() != wanted_bytes {
            return None;
        }
        let host_bits = (8 - source % 8) % 8;
        if address.last().is_some_and(|last| last & ((1u8 << host_bits) - 1) != 0) {
            return None;
        }
        Some(Self(data))
    }

    /// The option's data: echoed but for the scope (RFC 7871 7.2.1).
    pub(super) fn data(&self) -> &'p [u8] {
        self.0
    }

    /// The network's first address; none if the asker told no network at all (length 0).
    pub fn network(&self) -> Option<IpAddr> {
        let address = self.0.get(ADDRESS_AT..).filter(|address| !address.is_empty())?;
        let mut octets = [0; 16];
        octets.get_mut(..address.len())?.copy_from_slice(address);
        let [a, b, c, d, ..] = octets;
        let is_ipv4 = self.0.get(1) == Some(&(FAMILY_IPV4 as u8));
        Some(if is_ipv4 { Ipv4Addr::new(a, b, c, d).into() } else { Ipv6Addr::from(octets).into() })
    }

    /// The scope to reply, from that of the choice, which was made for the canonical address.
    pub(super) fn scope(&self, chosen: u8) -> u8 {
        match self.0.get(ADDRESS_AT..) {
            // Without a network there is nothing to scope (RFC 7871 7.1.2).
            None | Some([]) => 0,
            Some(address) if chosen > 0 && address.starts_with(&MAPPED) => 96 + chosen,
            Some(_) => chosen,
        }
    }
}
