//! What no policy of some files can tell apart, counted once: every census is made of these few, however
//! many networks the databases know.
//!
//! A [`PlaceMap`] tells addresses apart by their class and by the networks that its keys name. Networks nest, so
//! the longest one that holds an address stands for all that do.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::address::Address;
use super::census::{Addresses, CountryCode};
use super::class::{ClassId, Places};
use super::map::PlaceMap;
use super::runs::{Runs, push_network, zip_runs};

/// All addresses, in parts for each of which every map has one chain.
#[derive(Debug)]
pub struct Strata(Vec<Stratum>);

/// Addresses of one family and one country that are treated alike.
#[derive(Debug)]
pub(super) struct Stratum {
    pub(super) country: CountryCode,
    /// Those that can be a client's, as a share of all of the family.
    pub(super) addresses: Addresses,
    /// The first.
    pub(super) client: IpAddr,
}

impl Strata {
    /// For maps that were compiled from `places`, or from `others` where there are some. Countries are as
    /// `places` has them.
    pub fn new<'a>(
        places: &Places,
        others: Option<&Places>,
        maps: impl IntoIterator<Item = &'a PlaceMap>,
    ) -> Self {
        let (mut networks_v4, mut networks_v6) = (BTreeSet::new(), BTreeSet::new());
        for blocks in maps.into_iter().map(PlaceMap::blocks) {
            networks_v4.extend(&blocks.v4);
            networks_v6.extend(&blocks.v6);
        }
        let others_v4 = others.into_iter().flat_map(|others| others.table().v4_runs());
        let others_v6 = others.into_iter().flat_map(|others| others.table().v6_runs());
        let v4 = told_apart(classes_v4(places), others_v4, networks_v4);
        let v6 = told_apart(classes_v6(places), others_v6, networks_v6);
        let v4 = counted(places, &v4, |bits| Ipv4Addr::from_bits(bits).into());
        let v6 = counted(places, &v6, |bits| Ipv6Addr::from_bits(bits).into());
        let v4 = of_all(v4, |share| Addresses { v4: share, v6: 0.0 });
        let v6 = of_all(v6, |share| Addresses { v4: 0.0, v6: share });
        Self(v4.chain(v6).collect())
    }

    pub(super) fn all(&self) -> &[Stratum] {
        &self.0
    }
}

/// A class, whether its addresses can be a client's, the other class, and the longest network around.
type Kind = ((ClassId, bool), ClassId, u32);

fn told_apart<A: Address>(
    classes: Runs<A, (ClassId, bool)>,
    others: impl Iterator<Item = (A, ClassId)>,
    networks: BTreeSet<(A, A)>,
) -> Runs<A, Kind> {
    let both = zip_runs(classes.into_iter(), others, |class, other| (class, other));
    let networks = longest(networks).into_iter();
    zip_runs(both.into_iter(), networks, |(class, other), network| (class, other, network))
}

/// For each address the number of the longest network that holds it, from 1 on.
fn longest<A: Address>(networks: BTreeSet<(A, A)>) -> Runs<A, u32> {
    let mut starts: BTreeSet<A> = networks.iter().map(|(first, _)| *first).collect();
    starts.extend(networks.iter().filter_map(|(_, last)| last.next()));
    // Of those that begin at one address, the longest networks have the fewest addresses.
    let mut networks: Vec<(A, A)> = networks.into_iter().collect();
    networks.sort_by(|(a, a_end), (b, b_end)| a.cmp(b).then(b_end.cmp(a_end)));
    let mut ahead = (1..).zip(networks).peekable();
    let mut open: Vec<(u32, A)> = Vec::new();
    let mut number_from = |start: A| {
        open.retain(|(_, last)| *last >= start);
        while let Some((number, (_, last))) = ahead.next_if(|(_, (first, _))| *first <= start) {
            open.push((number, last));
        }
        open.last().map_or(0, |(number, _)| *number)
    };
    starts.into_iter().map(|start| (start, number_from(start))).collect()
}

/// Country, addresses that can be a client's, and the first, of each kind; those that nobody has come last, for
/// whoever stands for a cell had better be one that can be a client.
fn counted<A: Address>(
    places: &Places,
    runs: &Runs<A, Kind>,
    address: impl Fn(A) -> IpAddr,
) -> Vec<(CountryCode, f64, IpAddr)> {
    let mut numbers = HashMap::<Kind, usize>::new();
    let mut counts = Vec::new();
    let ends = runs.iter().skip(1).map(|(start, _)| Some(*start)).chain([None]);
    for ((start, kind), end) in runs.iter().zip(ends) {
        let (class, is_open) = kind.0;
        let number = *numbers.entry(*kind).or_insert_with(|| {
            let country = places.classes().get(class as usize).and_then(|class| class.country);
            counts.push((country, 0.0, address(*start)));
            counts.len() - 1
        });
        if is_open {
            counts[number].1 += start.count_to(end);
        }
    }
    counts.sort_by_key(|(_, addresses, _)| *addresses == 0.0);
    counts
}

/// As shares of all; where there is nobody, nobody's share is 0.
fn of_all(
    counts: Vec<(CountryCode, f64, IpAddr)>,
    share: impl Fn(f64) -> Addresses,
) -> impl Iterator<Item = Stratum> {
    let all = counts.iter().map(|(_, addresses, _)| addresses).sum::<f64>().max(1.0);
    counts.into_iter().map(move |(country, addresses, client)| Stratum {
        country,
        addresses: share(addresses / all),
        client,
    })
}

fn classes_v4(places: &Places) -> Runs<u32, (ClassId, bool)> {
    let mut closed: Runs<u32, bool> = Vec::new();
    for (network, length) in NOBODYS {
        push_network(&mut closed, network.to_bits().network(length), true);
    }
    let open = |class, closed: bool| (class, !closed);
    zip_runs(places.table().v4_runs(), closed.into_iter(), open)
}

fn classes_v6(places: &Places) -> Runs<u128, (ClassId, bool)> {
    let table = places.table();
    let is_known = table.v6_runs().any(|(_, class)| class != 0);
    let mut given: Runs<u128, bool> = Vec::new();
    push_network(&mut given, GIVEN_V6.to_bits().network(3), true);
    let open = |class, given| (class, if is_known { class != 0 } else { given });
    zip_runs(table.v6_runs(), given.into_iter(), open)
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
