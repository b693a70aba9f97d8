//! How many addresses policies treat alike, and of which countries they are.
//!
//! Addresses for which all of some [`PlaceMap`]s have the same chains make a cell. Shares are of the
//! addresses that can be a client's: all of IPv4 but what is private, reserved or multicast; of IPv6 those of
//! which databases know anything, or all that are given out (2000::/3) if they know none.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::address::Address;
use super::class::{ClassId, Places};
use super::interner::Interner;
use super::map::PlaceMap;
use super::runs::{Runs, push_network, zip_runs};

/// An ISO 3166-1 alpha-2 code, or that it is not known.
pub type CountryCode = Option<[u8; 2]>;

/// A share of all addresses of each family, from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Addresses {
    /// Of IPv4.
    pub v4: f64,
    /// Of IPv6.
    pub v6: f64,
}

/// Addresses that policies treat alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// One of them, to be asked in the name of all; of IPv4 if there is any.
    pub client: IpAddr,
    /// How many they are.
    pub addresses: Addresses,
    /// How many of them are of each country.
    pub countries: BTreeMap<CountryCode, Addresses>,
}

/// All addresses, in cells.
#[derive(Clone, Debug, PartialEq)]
pub struct Census {
    /// The cells, the largest of IPv4 first.
    pub cells: Vec<Cell>,
    /// How many addresses each country has.
    pub countries: BTreeMap<CountryCode, Addresses>,
}

impl Addresses {
    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self { v4: self.v4 + other.v4, v6: self.v6 + other.v6 }
    }

    /// A part of them.
    pub fn times(self, part: f64) -> Self {
        Self { v4: self.v4 * part, v6: self.v6 * part }
    }
}

/// The addresses of each class, which are counted once for all maps that tell classes apart and no more.
#[derive(Debug)]
pub struct Population {
    v4: Vec<Count>,
    v6: Vec<Count>,
}

impl Population {
    /// Those of some places.
    pub fn new(places: &Places) -> Self {
        Self { v4: counts_v4(places, &[]), v6: counts_v6(places, &[]) }
    }
}

impl Census {
    /// Counts the cells of some maps. Countries are as `places` has them, which maps may be from others; the
    /// population is that of `places`.
    pub fn new(places: &Places, population: &Population, maps: &[&PlaceMap]) -> Self {
        let by_class: Option<Vec<&[u32]>> =
            maps.iter().map(|map| map.by_class(places.table())).collect();
        let (v4, v6) = match by_class {
            Some(by_class) => {
                let told_apart =
                    |counts: &[Count]| counts.iter().map(|it| it.by(&by_class)).collect();
                (told_apart(&population.v4), told_apart(&population.v6))
            }
            None => (counts_v4(places, maps), counts_v6(places, maps)),
        };
        Self::of_counts(&v4, &v6)
    }

    fn of_counts(v4: &[Count], v6: &[Count]) -> Self {
        let mut cells = HashMap::<&[u32], Cell>::new();
        let mut countries = BTreeMap::<CountryCode, Addresses>::new();
        let (all_v4, all_v6) = (total(v4), total(v6));
        let v4s =
            v4.iter().map(|count| (count, Addresses { v4: count.addresses / all_v4, v6: 0.0 }));
        let v6s =
            v6.iter().map(|count| (count, Addresses { v4: 0.0, v6: count.addresses / all_v6 }));
        for (count, addresses) in v4s.chain(v6s) {
            let cell = cells.entry(&count.chains).or_insert_with(|| Cell {
                client: count.client,
                addresses: Addresses::default(),
                countries: BTreeMap::new(),
            });
            cell.addresses = cell.addresses.plus(addresses);
            for sums in [&mut cell.countries, &mut countries] {
                let sum = sums.entry(count.country).or_default();
                *sum = sum.plus(addresses);
            }
        }
        let mut cells: Vec<Cell> = cells.into_values().collect();
        cells.sort_by(|a, b| {
            let (larger, smaller) = (b.addresses, a.addresses);
            let by_size = larger.v4.total_cmp(&smaller.v4).then(larger.v6.total_cmp(&smaller.v6));
            by_size.then(a.client.cmp(&b.client))
        });
        Self { cells, countries }
    }
}

/// Addresses of one family, one class and one chain of each map.
#[derive(Debug)]
struct Count {
    class: ClassId,
    chains: Box<[u32]>,
    country: CountryCode,
    /// How many of them can be a client's.
    addresses: f64,
    /// The first.
    client: IpAddr,
}

impl Count {
    /// The same, of the chains that maps have for the class.
    fn by(&self, by_class: &[&[u32]]) -> Self {
        let chain = |map: &&[u32]| map.get(self.class as usize).copied().unwrap_or_default();
        Self { chains: by_class.iter().map(chain).collect(), ..*self }
    }
}

/// Not 0, so that where there is nobody, nobody's share is 0.
fn total(counts: &[Count]) -> f64 {
    counts.iter().map(|count| count.addresses).sum::<f64>().max(1.0)
}

fn counts_v4(places: &Places, maps: &[&PlaceMap]) -> Vec<Count> {
    let mut closed: Runs<u32, bool> = Vec::new();
    for (network, length) in NOBODYS {
        push_network(&mut closed, network.to_bits().network(length), true);
    }
    let maps = maps.iter().map(|map| map.v4_runs()).collect();
    let open = |class, closed: bool| (class, !closed);
    let classes = zip_runs(places.table().v4_runs(), closed.into_iter(), open);
    counts(places, classes, maps, |bits| Ipv4Addr::from_bits(bits).into())
}

fn counts_v6(places: &Places, maps: &[&PlaceMap]) -> Vec<Count> {
    let table = places.table();
    let is_known = table.v6_runs().any(|(_, class)| class != 0);
    let mut given: Runs<u128, bool> = Vec::new();
    push_network(&mut given, GIVEN_V6.to_bits().network(3), true);
    let maps = maps.iter().map(|map| map.v6_runs()).collect();
    let open = |class, given| (class, if is_known { class != 0 } else { given });
    let classes = zip_runs(table.v6_runs(), given.into_iter(), open);
    counts(places, classes, maps, |bits| Ipv6Addr::from_bits(bits).into())
}

/// Networks that no client on the internet has, in ascending order (RFC 6890, RFC 1112).
const NOBODYS: [(Ipv4Addr, u8); 8] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];
/// What IANA gives out so far.
const GIVEN_V6: Ipv6Addr = Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0);

/// A stretch of addresses: a class, whether these can be a client's, and a chain of each map.
type Stretch = (ClassId, bool, Box<[u32]>);

fn counts<A: Address>(
    places: &Places,
    classes: Runs<A, (ClassId, bool)>,
    maps: Vec<Runs<A, u32>>,
    address: impl Fn(A) -> IpAddr,
) -> Vec<Count> {
    let mut stretches = Interner::<Stretch>::default();
    let first = |(class, open)| (class, open, [].into());
    let mut runs: Runs<A, u32> =
        classes.into_iter().map(|(start, class)| (start, stretches.id(first(class)))).collect();
    for map in maps {
        let mut known = HashMap::new();
        runs = zip_runs(runs.into_iter(), map.into_iter(), |stretch, chain| {
            *known.entry((stretch, chain)).or_insert_with(|| {
                let (class, open, chains) = &stretches.list()[stretch as usize];
                let chains = [chains, &[chain][..]].concat().into();
                stretches.id((*class, *open, chains))
            })
        });
    }
    let ends = runs.iter().skip(1).map(|(start, _)| Some(*start)).chain([None]);
    let mut sums = BTreeMap::<u32, (f64, A)>::new();
    for ((start, stretch), end) in runs.iter().zip(ends) {
        sums.entry(*stretch).or_insert((0.0, *start)).0 += start.count_to(end);
    }
    let count = |(stretch, (addresses, first)): (u32, (f64, A))| {
        let (class, open, chains) = &stretches.list()[stretch as usize];
        Count {
            class: *class,
            chains: chains.clone(),
            country: places.classes().get(*class as usize).and_then(|class| class.country),
            addresses: if *open { addresses } else { 0.0 },
            client: address(first),
        }
    };
    let mut counts: Vec<Count> = sums.into_iter().map(count).collect();
    // Whoever stands for a cell had better be one that can be a client.
    counts.sort_by_key(|count| count.addresses == 0.0);
    counts
}

#[cfg(test)]
mod tests;
