//! Cells and countries of small databases.

use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::super::address::Address as _;
use super::super::class::{Class, Places};
use super::super::map::{GeoKey, geo_map};
use super::super::table::Table;
use super::*;

/// 11.0.0.0/8 and 2001:db8::/32 are Norway's, 12.0.0.0/8 and 2001:db9::/32 Chile's.
fn places() -> Places {
    let class = |code: &[u8; 2]| Class { country: Some(*code), ..Class::default() };
    let classes = vec![Class::default(), class(b"NO"), class(b"CL")];
    let v4 = [(11 << 24, 1), (12 << 24, 2), (13 << 24, 0)];
    let v6 = [(0x2001_0db8 << 96, 1), (0x2001_0db9 << 96, 2), (0x2001_0dba << 96, 0)];
    Places::new(classes, Table::new(&v4, &v6, 0))
}

fn network(first: [u8; 4], length: u8) -> GeoKey {
    GeoKey::Network { address: first.into(), length }
}

/// Of all IPv4 addresses that can be a client's.
fn v4(addresses: f64) -> f64 {
    let private = (1u64 << 20) + 2 * (1 << 16) + (1 << 22);
    addresses / ((1u64 << 32) - (1 << 29) - 3 * (1 << 24) - private) as f64
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-12
}

#[test]
fn without_maps_all_are_alike() {
    let census = Census::new(&Strata::new(&places(), None, []), &[]);
    let [cell] = &census.cells[..] else { panic!("{census:?}") };
    assert!(near(cell.addresses.v4, 1.0) && near(cell.addresses.v6, 1.0), "{cell:?}");
    assert_eq!(cell.countries, census.countries);
    let norway = census.countries[&Some(*b"NO")];
    assert!(near(norway.v4, v4(f64::from(1 << 24))) && near(norway.v6, 0.5), "{norway:?}");
}

#[test]
fn cells_are_what_all_maps_treat_alike() {
    let places = places();
    let old = geo_map(&places, &[GeoKey::Country(*b"NO"), GeoKey::Default]);
    let new = geo_map(&places, &[network([12, 128, 0, 0], 9), GeoKey::Default]);
    let census = Census::new(&Strata::new(&places, None, [&old, &new]), &[&old, &new]);
    let found: Vec<_> = census.cells.iter().map(|cell| (cell.client.to_string(), cell)).collect();
    let clients: Vec<&str> = found.iter().map(|(client, _)| client.as_str()).collect();
    assert_eq!(clients, ["1.0.0.0", "11.0.0.0", "12.128.0.0"]);
    let half = found[2].1;
    assert!(near(half.addresses.v4, v4(f64::from(1 << 23))) && half.addresses.v6 == 0.0);
    assert_eq!(half.countries.keys().collect::<Vec<_>>(), [&Some(*b"CL")]);
    let sum = |of: &dyn Fn(&Cell) -> f64| census.cells.iter().map(of).sum::<f64>();
    assert!(near(sum(&|cell| cell.addresses.v4), 1.0) && near(sum(&|cell| cell.addresses.v6), 1.0));
}

/// An office's own network: nobody on the internet has it, and yet its clients are told something.
#[test]
fn networks_that_nobody_has_are_cells_of_no_share() {
    let places = places();
    let map = geo_map(&places, &[network([10, 0, 0, 0], 8), GeoKey::Default]);
    let census = Census::new(&Strata::new(&places, None, [&map]), &[&map]);
    let office = census.cells.iter().find(|cell| cell.client.to_string() == "10.0.0.0").unwrap();
    assert_eq!(office.addresses, Addresses::default());
}

#[test]
fn where_databases_know_no_ipv6_what_is_given_out_counts() {
    let key = GeoKey::Network { address: "2000::".parse().unwrap(), length: 4 };
    let places = Places::unknown();
    let map = geo_map(&places, &[key, GeoKey::Default]);
    let census = Census::new(&Strata::new(&places, None, [&map]), &[&map]);
    let found: Vec<(String, f64)> =
        census.cells.iter().map(|cell| (cell.client.to_string(), cell.addresses.v6)).collect();
    assert_eq!(found, [("1.0.0.0".into(), 0.5), ("2000::".into(), 0.5)]);
}

/// However many networks the databases know, there is as much to count as there are classes, families and networks of keys.
#[test]
fn there_are_as_many_strata_as_can_be_told_apart() {
    let class = |code: &[u8; 2]| Class { country: Some(*code), ..Class::default() };
    let classes = vec![Class::default(), class(b"NO"), class(b"CL")];
    let v4: Vec<(u32, u32)> = (0..10_000).map(|n| ((11 << 24) + n * 16, 1 + n % 2)).collect();
    let places = Places::new(classes, Table::new(&v4, &[], 0));
    let map = geo_map(&places, &[network([11, 0, 4, 0], 24), GeoKey::Default]);
    let maps = [&map, &geo_map(&places, &[GeoKey::Country(*b"NO"), GeoKey::Default])];
    let strata = Strata::new(&places, None, maps);
    // IPv4: of no class, two classes around the network and two in it; of no class, and of the class that goes on to the end,
    // what no client can have. And two of IPv6.
    assert_eq!(strata.all().len(), 9, "{strata:?}");
}

/// What the chains of some maps are of, as a share of all IPv4 addresses that can be a client's: by a walk over
/// 16.0.0.0/4, in which all can, and around which nothing is known.
fn walked(places: &Places, maps: &[&PlaceMap]) -> Vec<(Vec<u32>, f64)> {
    let (first, last) = (16_u32 << 24, 32_u32 << 24);
    let blocks = maps.iter().map(|map| map.blocks()).flat_map(|blocks| &blocks.v4);
    let of_maps = blocks.flat_map(|(first, last)| [*first, last + 1]);
    let of_places = places.table().v4_runs().map(|(start, _)| start);
    let mut starts: Vec<u32> = of_maps.chain(of_places).chain([first]).collect();
    starts.retain(|start| (first..last).contains(start));
    starts.sort_unstable();
    starts.dedup();
    let chains = |bits: u32| {
        let chains = maps.iter().map(|map| map.number(Ipv4Addr::from_bits(bits).into()));
        chains.collect::<Vec<u32>>()
    };
    let mut sums = BTreeMap::from([(chains(1 << 24), 1.0 - v4(f64::from(last - first)))]);
    for (start, end) in starts.iter().zip(starts.iter().skip(1).chain([&last])) {
        *sums.entry(chains(*start)).or_default() += v4(f64::from(end - start));
    }
    sums.into_iter().collect()
}

/// A network between 16.0.0.0 and 31.255.255.255.
fn some_network() -> impl Strategy<Value = GeoKey> {
    (0..1_u32 << 28, 6..=16_u8).prop_map(|(bits, length)| {
        let (first, _) = ((16 << 24) + bits).network(length);
        GeoKey::Network { address: Ipv4Addr::from_bits(first).into(), length }
    })
}

fn some_keys() -> impl Strategy<Value = Vec<GeoKey>> {
    let countries = prop::sample::subsequence(vec![*b"NO", *b"CL", *b"SE"], 0..=3);
    (countries, prop::collection::btree_set(some_network(), 0..4)).prop_map(
        |(countries, networks)| {
            let countries = countries.into_iter().map(GeoKey::Country);
            countries.chain(networks).chain([GeoKey::Default]).collect()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Cells are those that any walk over all addresses finds, and of the same size.
    #[test]
    fn censuses_are_of_what_is_there(
        classes in prop::collection::btree_map(16..32_u32, 0..4_u32, 0..12),
        keys in prop::collection::vec(some_keys(), 1..4),
    ) {
        let class = |code: &[u8; 2]| Class { country: Some(*code), ..Class::default() };
        let known = vec![Class::default(), class(b"NO"), class(b"CL"), class(b"SE")];
        let v4 = classes.iter().map(|(byte, class)| (byte << 24, *class)).chain([(32 << 24, 0)]);
        let v4: Vec<(u32, u32)> = v4.collect();
        let places = Places::new(known, Table::new(&v4, &[], 0));
        let maps: Vec<PlaceMap> = keys.iter().map(|keys| geo_map(&places, keys)).collect();
        let all: Vec<&PlaceMap> = maps.iter().collect();
        let strata = Strata::new(&places, None, all.iter().copied());
        for of in [&all[..], &all[..1]] {
            let census = Census::new(&strata, of);
            for (chains, share) in walked(&places, of) {
                let is_it = |cell: &&Cell| {
                    chains.iter().zip(of).all(|(chain, map)| map.number(cell.client) == *chain)
                };
                let cells: Vec<&Cell> = census.cells.iter().filter(is_it).collect();
                prop_assert_eq!(cells.len(), 1, "{:?} of {:?}", chains, census);
                prop_assert!((cells[0].addresses.v4 - share).abs() < 1e-6, "{:?}: {}", cells, share);
            }
        }
    }
}
