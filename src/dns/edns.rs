//! EDNS (RFC 6891) and its options: client subnet (RFC 7871) and NSID (RFC 5001).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::query::Fault;

const OPTION_NSID: u16 = 3;
const OPTION_CLIENT_SUBNET: u16 = 8;
const FAMILY_NONE: u16 = 0;
const FAMILY_IPV4: u16 = 1;
const FAMILY_IPV6: u16 = 2;

/// What an OPT record says.
#[derive(Clone, Copy, Debug)]
pub struct Edns<'p> {
    /// The largest UDP reply that the asker can take, in bytes.
    pub udp_bytes: u16,
    /// Whether DNSSEC records are welcome; copied into the reply (RFC 3225 3).
    pub dnssec_ok: bool,
    /// Whether the server's identity is asked for.
    pub nsid: bool,
    /// The client subnet.
    pub subnet: Option<Subnet<'p>>,
}

/// A client subnet option.
#[derive(Clone, Copy, Debug)]
pub struct Subnet<'p> {
    /// The option's data as sent: echoed but for the scope (RFC 7871 7.2.1).
    data: &'p [u8],
    /// The network's first address; none if the asker told no network at all (length 0).
    pub network: Option<IpAddr>,
}

impl<'p> Edns<'p> {
    /// From the ten bytes after the owner name, and the record's data. With a fault the options
    /// are left out, but the reply still carries OPT (RFC 6891 7).
    pub fn read(fixed: &[u8], data: &'p [u8]) -> (Self, Option<Fault>) {
        let byte = |at: usize| fixed.get(at).copied().unwrap_or(0);
        let mut edns = Self {
            udp_bytes: u16::from_be_bytes([byte(2), byte(3)]),
            dnssec_ok: byte(6) & 0x80 != 0,
            nsid: false,
            subnet: None,
        };
        if byte(5) != 0 {
            return (edns, Some(Fault::EdnsVersion));
        }
        if edns.read_options(data).is_none() {
            (edns.nsid, edns.subnet) = (false, None);
            return (edns, Some(Fault::Malformed));
        }
        (edns, None)
    }

    /// Reads the options; none if one is malformed.
    fn read_options(&mut self, data: &'p [u8]) -> Option<()> {
        let mut rest = data;
        while let &[c1, c2, l1, l2, ref after @ ..] = rest {
            let length = usize::from(u16::from_be_bytes([l1, l2]));
            let value = after.get(..length)?;
            match u16::from_be_bytes([c1, c2]) {
                // A second one is as malformed as one that cannot be read.
                OPTION_CLIENT_SUBNET if self.subnet.is_some() => return None,
                OPTION_CLIENT_SUBNET => self.subnet = Some(Subnet::read(value)?),
                OPTION_NSID => self.nsid = true,
                // Unknown options are ignored (RFC 6891 6.1.2).
                _ => {}
            }
            rest = &after[length..];
        }
        rest.is_empty().then_some(())
    }

    /// Bytes that the OPT record of the reply takes.
    pub fn reply_bytes(&self, nsid: Option<&[u8]>) -> usize {
        let nsid = nsid.filter(|_| self.nsid).map_or(0, |id| 4 + id.len());
        11 + nsid + self.subnet.map_or(0, |subnet| 4 + subnet.data.len())
    }
}

impl<'p> Subnet<'p> {
    /// Reads the option's data; none for every malformed form (RFC 7871 7.1.1, 7.2.1).
    fn read(data: &'p [u8]) -> Option<Self> {
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
        let mut octets = [0; 16];
        octets[..address.len()].copy_from_slice(address);
        let [a, b, c, d, ..] = octets;
        let network = match bits {
            _ if source == 0 => None,
            32 => Some(IpAddr::V4(Ipv4Addr::new(a, b, c, d))),
            _ => Some(IpAddr::V6(Ipv6Addr::from(octets))),
        };
        Some(Self { data, network })
    }

    /// The scope to reply, from that of the choice, which was made for the canonical address.
    fn scope(&self, chosen: u8) -> u8 {
        match self.network {
            // Without a network there is nothing to scope (RFC 7871 7.1.2).
            None => 0,
            Some(IpAddr::V6(ip)) if chosen > 0 && ip.to_ipv4_mapped().is_some() => 96 + chosen,
            Some(_) => chosen,
        }
    }
}

/// What the OPT record of a reply says.
pub struct ReplyEdns<'a> {
    /// The asker's.
    pub asked: &'a Edns<'a>,
    /// The upper eight bits of the response code.
    pub rcode_high: u8,
    /// How wide a client network shares the answer.
    pub scope: u8,
    /// The server's identity, if it has one.
    pub nsid: Option<&'a [u8]>,
    /// The largest UDP packet that this server takes, in bytes.
    pub udp_bytes: u16,
}

impl ReplyEdns<'_> {
    /// Writes the OPT record at the start of `out`, which has room for
    /// [`Edns::reply_bytes`]; returns how many bytes that was.
    pub fn write(&self, out: &mut [u8]) -> Option<usize> {
        let total = self.asked.reply_bytes(self.nsid);
        let out = out.get_mut(..total)?;
        let [u1, u2] = self.udp_bytes.to_be_bytes();
        let flags = if self.asked.dnssec_ok { 0x80 } else { 0 };
        let [l1, l2] = u16::try_from(total - 11).ok()?.to_be_bytes();
        out[..11].copy_from_slice(&[0, 0, 41, u1, u2, self.rcode_high, 0, flags, 0, l1, l2]);
        let mut at = 11;
        if let Some(id) = self.nsid.filter(|_| self.asked.nsid) {
            at = put_option(out, at, OPTION_NSID, id);
        }
        if let Some(subnet) = self.asked.subnet {
            let end = put_option(out, at, OPTION_CLIENT_SUBNET, subnet.data);
            out[at + 7] = subnet.scope(self.scope);
            at = end;
        }
        Some(at)
    }
}

fn put_option(out: &mut [u8], at: usize, code: u16, data: &[u8]) -> usize {
    out[at..at + 2].copy_from_slice(&code.to_be_bytes());
    // Both options come from a packet or a configuration that bounds them below 64 KiB.
    out[at + 2..at + 4].copy_from_slice(&(data.len() as u16).to_be_bytes());
    out[at + 4..at + 4 + data.len()].copy_from_slice(data);
    at + 4 + data.len()
}
