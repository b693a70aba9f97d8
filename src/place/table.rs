//! A table from address to value, and how wide a network round an address has the same value.
//!
//! Kept as the sorted starts of runs of equal values, so that looking up is one binary search and
//! the scope follows from the run's two ends, whether or not they lie on network boundaries.

use std::net::IpAddr;

/// Runs of equal values over all IPv4 and all IPv6 addresses.
#[derive(Clone, Debug)]
pub struct Table<V> {
    v4: Runs<u32, V>,
    v6: Runs<u128, V>,
}

#[derive(Clone, Debug)]
struct Runs<A, V> {
    starts: Vec<A>,
    values: Vec<V>,
}

/// Runs in ascending order: the first starts at address 0, each lasts until the next.
pub type RunList<A, V> = Vec<(A, V)>;

impl<V: Copy + PartialEq> Table<V> {
    /// From runs in ascending order of their starts; neighbours of equal value are merged, and
    /// what lies before the first run has the value `before`.
    pub fn new(v4: &[(u32, V)], v6: &[(u128, V)], before: V) -> Self {
        Self { v4: Runs::new(v4, 0, before), v6: Runs::new(v6, 0, before) }
    }

    /// The value at an address, and the length of the widest prefix that holds the address and
    /// nothing but that value. IPv4-mapped IPv6 addresses are looked up as IPv4.
    pub fn get(&self, address: IpAddr) -> (V, u8) {
        match address.to_canonical() {
            IpAddr::V4(ip) => {
                let address = ip.to_bits();
                let (value, first, next) = self.v4.run(address);
                let after_start =
                    first.checked_sub(1).map_or(0, |b| (address ^ b).leading_zeros() + 1);
                let before_end = next.map_or(0, |n| (address ^ n).leading_zeros() + 1);
                (value, after_start.max(before_end) as u8)
            }
            IpAddr::V6(ip) => {
                let address = ip.to_bits();
                let (value, first, next) = self.v6.run(address);
                let after_start =
                    first.checked_sub(1).map_or(0, |b| (address ^ b).leading_zeros() + 1);
                let before_end = next.map_or(0, |n| (address ^ n).leading_zeros() + 1);
                (value, after_start.max(before_end) as u8)
            }
        }
    }

    /// The runs of IPv4 addresses: each start with its value.
    pub fn v4_runs(&self) -> impl Iterator<Item = (u32, V)> {
        self.v4.starts.iter().copied().zip(self.v4.values.iter().copied())
    }

    /// The runs of IPv6 addresses: each start with its value.
    pub fn v6_runs(&self) -> impl Iterator<Item = (u128, V)> {
        self.v6.starts.iter().copied().zip(self.v6.values.iter().copied())
    }
}

impl<A: Copy + Ord, V: Copy + PartialEq> Runs<A, V> {
    fn new(runs: &[(A, V)], zero: A, before: V) -> Self {
        let mut merged = Self { starts: vec![zero], values: vec![before] };
        for &(start, value) in runs {
            if start == zero {
                merged.values[0] = value;
            } else if merged.values.last() != Some(&value) {
                merged.starts.push(start);
                merged.values.push(value);
            }
        }
        merged
    }

    /// The value at an address, where its run starts and where the next one does.
    fn run(&self, address: A) -> (V, A, Option<A>) {
        // The first start is zero, so at least one start is not above the address.
        let index = self.starts.partition_point(|start| *start <= address) - 1;
        (self.values[index], self.starts[index], self.starts.get(index + 1).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table<char> {
        let v4 = [
            (0x0a00_0000, 'a'), // 10.0.0.0/9
            (0x0a80_0000, 'a'), // 10.128.0.0/9
            (0x0b00_0000, '-'),
            (0xc000_0200, 'b'), // 192.0.2.0/25
            (0xc000_0280, 'c'), // 192.0.2.128/25
            (0xc000_0300, '-'),
        ];
        Table::new(&v4, &[(0x2001_0db8 << 96, 'd'), (0x2001_0db9 << 96, '-')], '-')
    }

    #[test]
    fn the_scope_is_the_widest_block_of_the_same_value() {
        for (address, value, scope) in [
            ("10.0.0.1", 'a', 8),
            ("10.200.0.1", 'a', 8),
            ("192.0.2.1", 'b', 25),
            ("192.0.2.255", 'c', 25),
            ("192.0.3.0", '-', 24),
            ("192.0.1.255", '-', 23),
            ("255.255.255.255", '-', 3),
            ("9.255.255.255", '-', 7),
            ("::ffff:10.0.0.1", 'a', 8),
            ("2001:db8::1", 'd', 32),
            ("2001:db9::", '-', 32),
            ("fe80::1", '-', 1),
        ] {
            assert_eq!(table().get(address.parse().unwrap()), (value, scope), "{address}");
        }
        assert_eq!(Table::new(&[], &[], 'x').get("192.0.2.1".parse().unwrap()), ('x', 0));
    }
}
