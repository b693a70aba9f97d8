//! The networks without a limit, as sorted ranges.

use std::net::IpAddr;

pub(super) struct Exempt {
    v4: Ranges<u32>,
    v6: Ranges<u128>,
}

/// First and last of each range, in order and apart from each other.
struct Ranges<T>(Box<[(T, T)]>);

impl Exempt {
    /// Networks by an address of each and the length in bits.
    pub(super) fn new(networks: &[(IpAddr, u8)]) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (address, length) in networks {
            match address {
                IpAddr::V4(ip) => {
                    let host = u32::MAX.checked_shr((*length).into()).unwrap_or(0);
                    v4.push((ip.to_bits() & !host, ip.to_bits() | host));
                }
                IpAddr::V6(ip) => {
                    let host = u128::MAX.checked_shr((*length).into()).unwrap_or(0);
                    v6.push((ip.to_bits() & !host, ip.to_bits() | host));
                }
            }
        }
        Self { v4: Ranges::new(v4), v6: Ranges::new(v6) }
    }

    #[inline]
    pub(super) fn contains(&self, address: &IpAddr) -> bool {
        match address {
            IpAddr::V4(ip) => self.v4.contains(ip.to_bits()),
            IpAddr::V6(ip) => self.v6.contains(ip.to_bits()),
        }
    }
}

impl<T: Copy + Ord> Ranges<T> {
    fn new(mut ranges: Vec<(T, T)>) -> Self {
        ranges.sort_unstable();
        // Of two networks one holds the other, or they have nothing in common.
        ranges.dedup_by(|later, before| later.1 <= before.1);
        Self(ranges.into())
    }

    #[inline]
    fn contains(&self, address: T) -> bool {
        if let [(first, last)] = *self.0 {
            return first <= address && address <= last;
        }
        let after = self.0.partition_point(|(first, _)| *first <= address);
        self.0[..after].last().is_some_and(|(_, last)| address <= *last)
    }
}
