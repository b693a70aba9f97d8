//! A table from address to value, and how wide a network round an address has the same value.
//!
//! Kept as the sorted starts of runs of equal values, so that looking up is one search and the
//! scope follows from the run's two ends, whether or not they lie on network boundaries. An index
//! by the address's leading bits leaves little to be searched.

use std::net::{IpAddr, Ipv6Addr};

use super::address::Address;
use super::edges::Edges;

/// Runs of equal values over all IPv4 and all IPv6 addresses.
#[derive(Clone, Debug)]
pub struct Table<V> {
    v4: Family<u32, V>,
    v6: Family<u128, V>,
}

/// The first start is zero, and each run lasts until the next one starts.
#[derive(Clone, Debug)]
struct Family<A, V> {
    starts: Vec<A>,
    values: Vec<V>,
    /// For each number that `index_bits` leading bits can be: the run of the first address that
    /// begins so. And the last run.
    index: Vec<u32>,
    index_bits: u32,
}

/// Which runs of a table go together.
#[derive(Clone, Debug)]
pub(super) struct Groups {
    v4: Edges,
    v6: Edges,
}

/// An index of more bits would not stay in a cache.
const MAX_INDEX_BITS: u32 = 16;

impl<V: Copy + PartialEq> Table<V> {
    /// From runs in ascending order of their starts; neighbours of equal value are merged, and
    /// what lies before the first run has the value `before`.
    pub fn new(v4: &[(u32, V)], v6: &[(u128, V)], before: V) -> Self {
        Self { v4: Family::new(v4, before), v6: Family::new(v6, before) }
    }

    /// The value at an address, and the length of the widest prefix that holds the address and
    /// nothing but that value.
    ///
    /// IPv4-mapped IPv6 addresses have the value of the IPv4 address, and a length of 96 more.
    #[inline]
    pub fn get(&self, address: IpAddr) -> (V, u8) {
        match address {
            IpAddr::V4(ip) => self.v4.get(ip.to_bits()),
            IpAddr::V6(ip) => self.get_v6(ip),
        }
    }

    #[inline(never)]
    fn get_v6(&self, ip: Ipv6Addr) -> (V, u8) {
        match ip.to_ipv4_mapped() {
            Some(ip) => {
                let (value, scope) = self.v4.get(ip.to_bits());
                (value, 96 + scope)
            }
            None => self.v6.get(ip.to_bits()),
        }
    }

    /// The value at an address, and the length of the widest prefix that holds the address and nothing but runs of
    /// its group.
    pub(super) fn get_within(&self, address: IpAddr, groups: &Groups) -> (V, u8) {
        match address {
            IpAddr::V4(ip) => self.v4.get_within(ip.to_bits(), &groups.v4),
            IpAddr::V6(ip) => self.get_v6_within(ip, groups),
        }
    }

    #[inline(never)]
    fn get_v6_within(&self, ip: Ipv6Addr, groups: &Groups) -> (V, u8) {
        match ip.to_ipv4_mapped() {
            Some(ip) => {
                let (value, scope) = self.v4.get_within(ip.to_bits(), &groups.v4);
                (value, 96 + scope)
            }
            None => self.v6.get_within(ip.to_bits(), &groups.v6),
        }
    }

    /// The values of IPv4 addresses from one on, up to another one if there is one.
    pub(super) fn v4_values(&self, from: u32, to: Option<u32>) -> &[V] {
        self.v4.values_between(from, to)
    }

    /// The values of IPv6 addresses from one on, up to another one if there is one.
    pub(super) fn v6_values(&self, from: u128, to: Option<u128>) -> &[V] {
        self.v6.values_between(from, to)
    }

    /// The runs of IPv4 addresses: each start with its value.
    pub fn v4_runs(&self) -> impl Iterator<Item = (u32, V)> {
        self.v4.runs()
    }

    /// The runs of IPv6 addresses: each start with its value.
    pub fn v6_runs(&self) -> impl Iterator<Item = (u128, V)> {
        self.v6.runs()
    }
}

impl<A: Address, V: Copy + PartialEq> Family<A, V> {
    fn new(runs: &[(A, V)], before: V) -> Self {
        let (starts, values) = (vec![A::ZERO], vec![before]);
        let mut merged = Self { starts, values, index: Vec::new(), index_bits: 1 };
        for &(start, value) in runs {
            if start == A::ZERO {
                merged.values[0] = value;
            } else if merged.values.last() != Some(&value) {
                merged.starts.push(start);
                merged.values.push(value);
            }
        }
        merged.starts.shrink_to_fit();
        merged.values.shrink_to_fit();
        merged.index();
        merged
    }

    /// Makes the index, of about as many entries as there are runs.
    fn index(&mut self) {
        self.index_bits = self.starts.len().ilog2().clamp(1, MAX_INDEX_BITS);
        let mut run = 0;
        for leading in 0..1 << self.index_bits {
            let first = A::first_of(leading, self.index_bits);
            while self.starts.get(run + 1).is_some_and(|start| *start <= first) {
                run += 1;
            }
            // There are fewer runs than IPv4 addresses, far fewer in any file.
            self.index.push(run as u32);
        }
        // The last one, so that each entry has one behind it.
        self.index.push(self.starts.len() as u32 - 1);
    }

    /// The run of an address.
    #[inline]
    fn run(&self, address: A) -> usize {
        let leading = address.leading(self.index_bits) as usize;
        let (first, last) = match self.index.get(leading..leading + 2) {
            Some([first, last]) => (*first as usize, *last as usize),
            _ => (0, self.starts.len() - 1),
        };
        let later = self.starts.get(first + 1..=last).unwrap_or_default();
        first + later.partition_point(|start| *start <= address)
    }

    fn get(&self, address: A) -> (V, u8) {
        let run = self.run(address);
        (self.values[run], self.scope(address, run, Some(run + 1)))
    }

    fn get_within(&self, address: A, edges: &Edges) -> (V, u8) {
        let run = self.run(address);
        (self.values[run], self.scope(address, edges.first(run), edges.next(run)))
    }

    /// The length of the widest prefix that holds an address and lies within the runs from one on, up to
    /// another one.
    #[inline]
    fn scope(&self, address: A, first: usize, next: Option<usize>) -> u8 {
        // It holds neither the address before them nor the one after, so it is one bit longer than what
        // the address shares with either.
        let longer = |other: Option<A>| other.map_or(0, |other| address.common_bits(other) + 1);
        let before = self.starts.get(first).and_then(|start| start.previous());
        let after = next.and_then(|next| self.starts.get(next)).copied();
        longer(before).max(longer(after))
    }

    fn values_between(&self, from: A, to: Option<A>) -> &[V] {
        let after =
            to.map_or(self.starts.len(), |to| self.starts.partition_point(|start| *start < to));
        self.values.get(self.run(from)..after).unwrap_or_default()
    }

    fn runs(&self) -> impl Iterator<Item = (A, V)> {
        self.starts.iter().copied().zip(self.values.iter().copied())
    }
}

impl Table<u32> {
    /// Neighbouring runs whose values are of one kind, from the kind of each value.
    pub(super) fn groups(&self, kinds: &[u32]) -> Groups {
        Groups { v4: Edges::new(&self.v4.values, kinds), v6: Edges::new(&self.v6.values, kinds) }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

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
            ("::ffff:10.0.0.1", 'a', 96 + 8),
            ("2001:db8::1", 'd', 32),
            ("2001:db9::", '-', 32),
            ("fe80::1", '-', 1),
        ] {
            assert_eq!(table().get(address.parse().unwrap()), (value, scope), "{address}");
        }
    }

    #[test]
    fn a_table_of_one_value_has_scope_zero() {
        let table = Table::new(&[(7, 'x')], &[], 'x');
        assert_eq!((table.v4_runs().count(), table.v6_runs().count()), (1, 1));
        assert_eq!(table.get("192.0.2.1".parse().unwrap()), ('x', 0));
        assert_eq!(table.get("2001:db8::".parse().unwrap()), ('x', 0));
        assert_eq!(table.get("::ffff:192.0.2.1".parse().unwrap()), ('x', 96));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// 10.0.0.0/26 is cut into stretches of any length; all around it is another value.
        #[test]
        fn the_scope_is_the_shortest_prefix_within_one_value(
            stretches in proptest::collection::vec((0..3_u8, 1..20_usize), 64),
        ) {
            let base = 0x0a00_0000;
            let values: Vec<u8> = stretches
                .into_iter()
                .flat_map(|(value, length)| std::iter::repeat_n(value, length))
                .take(64)
                .collect();
            let inside = (base..).zip(values.iter().copied());
            let runs: Vec<(u32, u8)> = inside.chain([(base + 64, 9)]).collect();
            let table = Table::new(&runs, &[], 9);
            for at in 0..64 {
                let (value, scope) = table.get(Ipv4Addr::from_bits(base + at).into());
                prop_assert_eq!(value, values[at as usize]);
                let uniform = |length: u8| {
                    let (first, last) = at.network(length);
                    (first..=last).all(|other| values[other as usize] == value)
                };
                prop_assert_eq!(Some(scope), (26..=32).find(|length| uniform(*length)));
            }
        }
    }
}
