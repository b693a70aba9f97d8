//! From a client's address to what one policy prefers there, best first.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::address::Address;
use super::class::{Class, ClassId, Places};
use super::countries::Continent;
use super::interner::Interner;
use super::runs::Runs;
use super::table::{Groups, Table};
use crate::health::Location;

/// One key of a `geo` policy. The order of the variants is that of specificity, best first.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GeoKey {
    /// A network; of two that match, the longer one goes first.
    Network {
        /// Its first address.
        address: IpAddr,
        /// Its length in bits.
        length: u8,
    },
    /// An autonomous system.
    Asn(u32),
    /// A part of a country: ISO 3166-1 alpha-2 and the ISO 3166-2 code without it.
    Subdivision([u8; 2], Box<str>),
    /// A country, ISO 3166-1 alpha-2.
    Country([u8; 2]),
    /// A continent.
    Continent(Continent),
    /// Whatever nothing else matched.
    Default,
}

impl GeoKey {
    /// Whether a class says whatever the key asks for, be it this or another.
    pub(super) fn asks_for_what_is_in(&self, class: &Class) -> bool {
        match self {
            Self::Network { .. } | Self::Default => true,
            Self::Asn(_) => class.asn.is_some(),
            Self::Subdivision(..) => class.subdivision.is_some(),
            Self::Country(_) => class.country.is_some(),
            Self::Continent(_) => class.continent.is_some(),
        }
    }

    /// Whether clients of a class match; networks are matched by address instead.
    fn matches(&self, class: &Class) -> bool {
        match self {
            Self::Network { .. } => false,
            Self::Asn(asn) => class.asn == Some(*asn),
            Self::Subdivision(country, code) => {
                class.country == Some(*country) && class.subdivision.as_ref() == Some(code)
            }
            Self::Country(country) => class.country == Some(*country),
            Self::Continent(continent) => class.continent == Some(*continent),
            Self::Default => true,
        }
    }
}

/// For every address, the branches of one policy in the order in which to try them.
#[derive(Clone, Debug)]
pub struct PlaceMap {
    chains: Vec<Box<[u16]>>,
    /// From address to chain, where nothing else has to be looked at.
    direct: Option<Arc<Table<u32>>>,
    table: Arc<Table<ClassId>>,
    grouping: Arc<Grouping>,
    /// None where no key is a network.
    networks: Option<Networks>,
}

/// Which classes a policy treats alike.
#[derive(Debug)]
struct Grouping {
    /// By class the number of its chain.
    by_class: Box<[u32]>,
    way: Way,
}

/// How a client's chain is found.
#[derive(Debug)]
enum Way {
    /// In a table of chains: the fastest, but it takes some megabytes.
    Table(Arc<Table<u32>>),
    /// In the table of classes, by the neighbours in it that are one: a fiftieth of that.
    Groups(Groups),
}

/// So many groupings have a table each; few files have more.
const TABLES: usize = 64;

/// The groupings of one set of places, each shared by all policies that tell the same clients apart, whatever they
/// prefer for them.
#[derive(Debug, Default)]
pub struct Groupings(HashMap<Box<[u32]>, Arc<Grouping>>);

impl Groupings {
    fn of(&mut self, places: &Places, by_class: Box<[u32]>) -> Arc<Grouping> {
        let has_table = self.0.len() < TABLES;
        let grouping = self.0.entry(by_class).or_insert_with_key(|by_class| {
            let chain = |class: ClassId| by_class.get(class as usize).copied();
            let way = match has_table {
                true => Way::Table(Arc::new(
                    places.table().mapped(|class| chain(class).unwrap_or_default()),
                )),
                false => Way::Groups(places.table().groups(chain)),
            };
            Arc::new(Grouping { by_class: by_class.clone(), way })
        });
        Arc::clone(grouping)
    }
}

/// The first and the last address of each of some networks.
#[derive(Clone, Debug)]
pub(super) struct Blocks {
    pub(super) v4: Vec<(u32, u32)>,
    pub(super) v6: Vec<(u128, u128)>,
}

/// The keys that are networks.
#[derive(Clone, Debug)]
struct Networks {
    blocks: Blocks,
    /// From address to a set of them, all that hold it. Set 0 is the empty one.
    table: Table<u32>,
    /// The chain for a set and what is preferred for the class.
    together: HashMap<(u32, u32), u32>,
}

impl PlaceMap {
    /// The branches for a client, best first, and the widest scope with the same ones.
    pub fn chain(&self, client: IpAddr) -> (&[u16], u8) {
        if let Some(table) = &self.direct {
            let (id, scope) = table.get(client);
            return (&self.chains[id as usize], scope);
        }
        self.chain_by_steps(client)
    }

    #[inline(never)]
    fn chain_by_steps(&self, client: IpAddr) -> (&[u16], u8) {
        let (of_class, scope) = match &self.grouping.way {
            Way::Table(chains) => chains.get(client),
            Way::Groups(groups) => self.of_class_within(client, groups),
        };
        let Some(networks) = &self.networks else {
            return (&self.chains[of_class as usize], scope);
        };
        let (set, within) = networks.table.get(client);
        // Where the sets or the classes' chains differ, so do the chains of both together: what is widest within
        // both is widest.
        (&self.chains[networks.chain(set, of_class) as usize], scope.max(within))
    }

    #[inline(never)]
    fn of_class_within(&self, client: IpAddr, groups: &Groups) -> (u32, u8) {
        let (class, scope) = self.table.get_within(client, groups);
        (self.grouping.by_class[class as usize], scope)
    }

    /// The number of a client's chain, which means nothing beside equality.
    pub(super) fn number(&self, client: IpAddr) -> u32 {
        let of_class = self.grouping.by_class[self.table.get(client).0 as usize];
        self.networks
            .as_ref()
            .map_or(of_class, |networks| networks.chain(networks.table.get(client).0, of_class))
    }

    /// The networks that it tells from what is around them; all else it tells apart by class.
    pub(super) fn blocks(&self) -> Option<&Blocks> {
        self.networks.as_ref().map(|networks| &networks.blocks)
    }

    /// Those of `count` branches that are tried for no client at all.
    pub fn unreached(&self, count: u16) -> Vec<u16> {
        let mut reached = vec![false; usize::from(count)];
        for index in self.chains.iter().flatten() {
            if let Some(reached) = reached.get_mut(usize::from(*index)) {
                *reached = true;
            }
        }
        (0..count).filter(|index| !reached[usize::from(*index)]).collect()
    }

    /// Compiles a map from what each class and each network prefer.
    fn compile(
        places: &Places,
        networks: &[(IpAddr, u8, u16)],
        groupings: &mut Groupings,
        chain_of: impl Fn(&Class) -> Box<[u16]>,
    ) -> Self {
        let mut chains = Interner::default();
        let by_class = places.classes().iter().map(|class| chains.id(chain_of(class))).collect();
        let grouping = groupings.of(places, by_class);
        let networks = (!networks.is_empty())
            .then(|| Networks::new(places.table(), networks, &grouping.by_class, &mut chains));
        let direct = match &grouping.way {
            Way::Table(table) if networks.is_none() => Some(Arc::clone(table)),
            _ => None,
        };
        Self {
            chains: chains.into_list(),
            direct,
            table: Arc::clone(places.table()),
            grouping,
            networks,
        }
    }
}

impl Networks {
    /// Lays networks over classes: the longest network that holds an address comes first, its class's keys come last.
    fn new(
        classes: &Table<ClassId>,
        networks: &[(IpAddr, u8, u16)],
        by_class: &[u32],
        chains: &mut Interner<Box<[u16]>>,
    ) -> Self {
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
        Self { blocks, table: Table::new(&v4, &v6, 0), together }
    }

    /// The number of the chain for a set and a class's chain.
    fn chain(&self, set: u32, of_class: u32) -> u32 {
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

/// The map of a `geo` policy: chains are indices into `keys`, most specific first.
pub fn geo_map(places: &Places, keys: &[GeoKey], groupings: &mut Groupings) -> PlaceMap {
    let mut order: Vec<u16> = (0..keys.len() as u16).collect();
    order.sort_by_key(|index| &keys[usize::from(*index)]);
    let networks: Vec<(IpAddr, u8, u16)> = keys
        .iter()
        .enumerate()
        .filter_map(|(index, key)| match key {
            GeoKey::Network { address, length } => Some((*address, *length, index as u16)),
            _ => None,
        })
        .collect();
    PlaceMap::compile(places, &networks, groupings, |class| {
        order.iter().copied().filter(|index| keys[usize::from(*index)].matches(class)).collect()
    })
}

/// The map of a `nearest` policy: chains are indices into `branches`, nearest first; equal
/// distances and unknown places keep the order of the list.
pub fn nearest_map(places: &Places, branches: &[Location], groupings: &mut Groupings) -> PlaceMap {
    PlaceMap::compile(places, &[], groupings, |class| {
        let mut order: Box<[u16]> = (0..branches.len() as u16).collect();
        if let Some(client) = class.location {
            let far: Vec<f64> = branches.iter().map(|at| great_circle_km(client, *at)).collect();
            order.sort_by(|a, b| far[usize::from(*a)].total_cmp(&far[usize::from(*b)]));
        }
        order
    })
}

/// The distance between two points along the surface of a sphere of Earth's mean radius, in
/// kilometres (haversine formula).
pub fn great_circle_km(a: Location, b: Location) -> f64 {
    const EARTH_RADIUS_KM: f64 = 6371.0088;
    let (lat_a, lat_b) = (a.latitude.to_radians(), b.latitude.to_radians());
    let half_lat = (lat_b - lat_a) / 2.0;
    let half_lon = (b.longitude - a.longitude).to_radians() / 2.0;
    let h = half_lat.sin().powi(2) + lat_a.cos() * lat_b.cos() * half_lon.sin().powi(2);
    2.0 * EARTH_RADIUS_KM * h.clamp(0.0, 1.0).sqrt().asin()
}

#[cfg(test)]
mod tests;
