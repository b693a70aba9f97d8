//! The networks that are keys of a policy, laid over what it prefers by class.

use std::collections::HashMap;
use std::net::IpAddr;

use super::address::Address;
use super::class::ClassId;
use super::interner::Interner;
use super::runs::Runs;
use super::table::Table;

/// The first and the last address of each of some networks.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks {
    pub(super) v4: Vec<(u32, u32)>,
    pub(super) v6: Vec<(u128, u128)>,
}

/// The keys that are networks.
#[derive(Clone, Debug)]
pub(super) struct Networks {
    /// From address to a set of them, all that hold it. Set 0 is the empty one.
    pub(super) table: Table<u32>,
    /// The chain for a set and what is preferred for the class.
    together: HashMap<(u32, u32), u32>,
}

impl Networks {
    /// Lays networks, each an address, a length and a key, over classes: the longest network that holds an
    /// address comes first, its class's keys come last.
    pub(super) fn new(
        classes: &Table<ClassId>,
        networks: &[(IpAddr, u8, u16)],
        by_class: &[u32],
        chains: &mut Interner<Box<[u16]>>,
    ) -> (Self, Blocks) {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for &(address, length, key) in networks {
            match (address, address.to_canonical()) {
                (IpAddr::V4(ip), _) => v4.push(Network::new(ip.to_bits(), length, key)),
                (IpAddr::V6(_), IpAddr::V4(ip)) if length >= 96 => {
                    v4.push(Network::new(ip.to_bits(), length - 96, key));
                }
                (IpAddr::V6(ip), _) => v6.push(Network::new(ip.to_bits(), length, key)),
            }
        }
        let blocks = Blocks { v4: ends(&v4), v6: ends(&v6) };
        let mut sets = Interner::default();
        sets.id(Vec::new());
        let v4 = network_runs(v4, &mut sets);
        let v6 = network_runs(v6, &mut sets);
        let mut together = HashMap::new();
        let mut lay = |set: u32, class: &ClassId| {
            let of_class = by_class[*class as usize];
            together.entry((set, of_class)).or_insert_with(|| {
                let class_chain = &chains.list()[of_class as usize];
                let chain = [&sets.list()[set as usize][..], class_chain].concat();
                chains.id(chain.into())
            });
        };
        for (from, to, set) in stretches(&v4) {
            classes.v4_values(from, to).iter().for_each(|class| lay(set, class));
        }
        for (from, to, set) in stretches(&v6) {
            classes.v6_values(from, to).iter().for_each(|class| lay(set, class));
        }
        (Self { table: Table::new(&v4, &v6, 0), together }, blocks)
    }

    /// The number of the chain for a set and a class's chain.
    pub(super) fn chain(&self, set: u32, of_class: u32) -> u32 {
        if set == 0 {
            return of_class;
        }
        // All that occur are there.
        self.together.get(&(set, of_class)).copied().unwrap_or(of_class)
    }
}

fn ends<A: Address>(networks: &[Network<A>]) -> Vec<(A, A)> {
    networks.iter().map(|network| (network.first, network.last)).collect()
}

/// Where runs begin and end that are of any set of networks.
fn stretches<A: Address>(runs: &Runs<A, u32>) -> impl Iterator<Item = (A, Option<A>, u32)> {
    let ends = runs.iter().skip(1).map(|(start, _)| Some(*start)).chain([None]);
    let all = runs.iter().zip(ends).map(|((start, set), end)| (*start, end, *set));
    all.filter(|(_, _, set)| *set != 0)
}

/// A network as a key of a policy.
struct Network<A> {
    first: A,
    last: A,
    length: u8,
    key: u16,
}

impl<A: Address> Network<A> {
    fn new(address: A, length: u8, key: u16) -> Self {
        let (first, last) = address.network(length);
        Self { first, last, length, key }
    }
}

/// Runs of sets of keys: those of all networks that hold the addresses, the longest first.
fn network_runs<A: Address>(
    mut networks: Vec<Network<A>>,
    sets: &mut Interner<Vec<u16>>,
) -> Runs<A, u32> {
    let ends = networks.iter().filter_map(|network| network.last.next());
    let mut starts: Vec<A> = networks.iter().map(|network| network.first).chain(ends).collect();
    starts.sort_unstable();
    starts.dedup();
    networks.sort_by_key(|network| (network.first, network.length));
    let mut ahead = networks.into_iter().peekable();
    let mut open: Vec<Network<A>> = Vec::new();
    let mut set_from = |start: A| {
        open.retain(|network| network.last >= start);
        while let Some(network) = ahead.next_if(|network| network.first <= start) {
            open.push(network);
        }
        // Networks nest, so the one opened last is the longest.
        sets.id(open.iter().rev().map(|network| network.key).collect())
    };
    starts.into_iter().map(|start| (start, set_from(start))).collect()
}
