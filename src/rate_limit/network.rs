//! Who counts as one client.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const IPV4_BITS: u32 = 24;
const IPV6_BITS: u32 = 56;
/// What tells the families apart, in the byte that neither network reaches.
const IPV4: u64 = 1;
const IPV6: u64 = 2;

/// A client network: an IPv4 `/24` or an IPv6 `/56`, of which whoever has one address mostly has
/// all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network(u64);

impl Network {
    /// That of an address.
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => Self(u64::from(v4.to_bits() >> (32 - IPV4_BITS)) << 8 | IPV4),
            IpAddr::V6(v6) => Self(((v6.to_bits() >> (128 - IPV6_BITS)) as u64) << 8 | IPV6),
        }
    }

    /// As a number, never 0.
    pub fn to_bits(self) -> u64 {
        self.0
    }

    /// From its number.
    pub fn from_bits(bits: u64) -> Option<Self> {
        matches!(bits & 0xff, IPV4 | IPV6).then_some(Self(bits))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.0 >> 8;
        if self.0 & 0xff == IPV4 {
            // It was made of so many bits.
            let first = Ipv4Addr::from_bits((bits as u32) << (32 - IPV4_BITS));
            write!(f, "{first}/{IPV4_BITS}")
        } else {
            let first = Ipv6Addr::from_bits(u128::from(bits) << (128 - IPV6_BITS));
            write!(f, "{first}/{IPV6_BITS}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_told_as_people_write_them() {
        for (address, text) in [
            ("192.0.2.255", "192.0.2.0/24"),
            ("0.0.0.0", "0.0.0.0/24"),
            ("255.255.255.255", "255.255.255.0/24"),
            ("2001:db8:1:2ff::9", "2001:db8:1:200::/56"),
            ("::1", "::/56"),
        ] {
            let network = Network::of(address.parse().unwrap());
            assert_eq!(network.to_string(), text);
            assert_eq!(Network::from_bits(network.to_bits()), Some(network));
        }
        assert_eq!(Network::from_bits(0), None);
    }
}
