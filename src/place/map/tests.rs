use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::super::address::Address;
use super::super::table::Table;
use super::super::ways::TABLES;
use super::*;

fn places() -> Places {
    let us = Class {
        continent: Some(Continent::NorthAmerica),
        country: Some(*b"US"),
        subdivision: Some("CA".into()),
        asn: Some(64500),
        location: Some(Location { latitude: 37.0, longitude: -120.0 }),
    };
    let fr = Class {
        continent: Some(Continent::Europe),
        country: Some(*b"FR"),
        location: Some(Location { latitude: 47.0, longitude: 2.0 }),
        ..Class::default()
    };
    let v4 = [(0x0a00_0000, 1), (0x0b00_0000, 2), (0x0c00_0000, 0)];
    Places::new(vec![Class::default(), us, fr], Table::new(&v4, &[], 0))
}

#[test]
fn the_most_specific_key_goes_first_and_the_others_follow() {
    let keys = [
        GeoKey::Default,
        GeoKey::Continent(Continent::NorthAmerica),
        GeoKey::Country(*b"US"),
        GeoKey::Subdivision(*b"US", "CA".into()),
        GeoKey::Asn(64500),
        GeoKey::Network { address: "10.0.0.0".parse().unwrap(), length: 8 },
        GeoKey::Network { address: "10.1.0.0".parse().unwrap(), length: 16 },
        GeoKey::Network { address: "2001:db8::".parse().unwrap(), length: 32 },
        GeoKey::Network { address: "255.0.0.0".parse().unwrap(), length: 8 },
    ];
    let map = geo_map(&places(), &keys);
    for (client, chain, scope) in [
        ("10.1.0.9", &[6, 5, 4, 3, 2, 1, 0][..], 16),
        ("10.0.0.9", &[5, 4, 3, 2, 1, 0], 16),
        ("10.2.0.9", &[5, 4, 3, 2, 1, 0], 15),
        ("11.0.0.1", &[0], 8),
        ("12.0.0.1", &[0], 6),
        ("2001:db8::1", &[7, 0], 32),
        ("255.1.1.1", &[8, 0], 8),
    ] {
        let (found, found_scope) = map.chain(client.parse().unwrap());
        assert_eq!(found, chain, "{client}");
        if client != "11.0.0.1" && client != "12.0.0.1" {
            assert_eq!(found_scope, scope, "{client}");
        }
    }
    assert_eq!(map.chain("11.0.0.1".parse().unwrap()).1, 8);
    assert_eq!(map.chain("12.0.0.1".parse().unwrap()).1, 6);
}

#[test]
fn a_policy_that_does_not_care_has_scope_zero() {
    let map = geo_map(&places(), &[GeoKey::Default]);
    assert_eq!(map.chain("10.1.1.1".parse().unwrap()), (&[0][..], 0));
}

#[test]
fn whole_family_networks_are_keys_too() {
    let keys =
        [GeoKey::Default, GeoKey::Network { address: "0.0.0.0".parse().unwrap(), length: 0 }];
    let map = geo_map(&places(), &keys);
    assert_eq!(map.chain("10.1.1.1".parse().unwrap()), (&[1, 0][..], 0));
    assert_eq!(map.chain("::1".parse().unwrap()), (&[0][..], 0));
}

#[test]
fn the_nearest_goes_first_and_unknown_places_keep_the_list() {
    let virginia = Location { latitude: 39.04, longitude: -77.49 };
    let dublin = Location { latitude: 53.35, longitude: -6.26 };
    let map = nearest_map(&places(), &[dublin, virginia]);
    assert_eq!(map.chain("10.0.0.1".parse().unwrap()).0, [1, 0]);
    assert_eq!(map.chain("11.0.0.1".parse().unwrap()).0, [0, 1]);
    assert_eq!(map.chain("12.0.0.1".parse().unwrap()).0, [0, 1]);
}

#[test]
fn distances_are_those_of_the_globe() {
    let london = Location { latitude: 51.5074, longitude: -0.1278 };
    let new_york = Location { latitude: 40.7128, longitude: -74.0060 };
    let km = great_circle_km(london, new_york);
    assert!((5560.0..5580.0).contains(&km), "{km}");
    let (fiji, samoa) = (
        Location { latitude: -17.0, longitude: 179.0 },
        Location { latitude: -14.0, longitude: -172.0 },
    );
    assert!(great_circle_km(fiji, samoa) < 1100.0, "the date line is no wall");
}

#[test]
fn networks_may_have_host_bits_and_be_ipv4_mapped() {
    let keys = [
        GeoKey::Network { address: "192.0.2.77".parse().unwrap(), length: 24 },
        GeoKey::Network { address: "::ffff:198.51.100.0".parse().unwrap(), length: 120 },
        GeoKey::Default,
    ];
    let map = geo_map(&Places::unknown(), &keys);
    for (client, chain, scope) in [
        ("192.0.2.1", &[0, 2][..], 24),
        ("198.51.100.9", &[1, 2], 24),
        ("::ffff:198.51.100.9", &[1, 2], 120),
        ("203.0.113.1", &[2], 5),
    ] {
        assert_eq!(map.chain(client.parse().unwrap()), (chain, scope), "{client}");
    }
}

/// The last addresses of a family, and how they are written as addresses and as keys.
struct Universe<A> {
    addresses: Vec<A>,
    bits: u8,
    table: fn(&[(A, u32)]) -> Table<u32>,
    ip: fn(A) -> IpAddr,
    /// How much longer a length is said to be than it is in the family.
    longer: u8,
}

/// How many addresses of a universe have a class of their own.
const COUNT: usize = 64;
/// No key leaves more bits to hosts.
const HOST_BITS: u8 = 8;
const COUNTRIES: [Option<[u8; 2]>; 3] = [None, Some(*b"FR"), Some(*b"US")];

/// From an address to the last one.
fn all_from<A: Address>(first: A) -> Vec<A> {
    std::iter::successors(Some(first), |address| address.next()).collect()
}

/// The same map twice: with a table of its own, and by steps.
fn both_ways(places: &Places, keys: &[GeoKey]) -> [PlaceMap; 2] {
    let by_table = geo_map(places, keys);
    for _ in 1..TABLES {
        geo_map(places, &keys[..1]);
    }
    let by_steps = geo_map(places, keys);
    assert!(matches!((&by_table.way, &by_steps.way), (Way::Table(_), Way::Steps(_))));
    [by_table, by_steps]
}

impl<A: Address> Universe<A> {
    /// What a chain must be by its definition: all matching networks, the longest first, then the country, then
    /// the default.
    fn expected_chain(&self, networks: &[(A, u8)], address: A, class: u32) -> Vec<u16> {
        let mut chain: Vec<(u8, u16)> = (2..)
            .zip(networks)
            .filter(|(_, (first, length))| first.common_bits(address) >= *length)
            .map(|(index, (_, length))| (*length, index))
            .collect();
        chain.sort_by_key(|(length, _)| self.bits - length);
        let country = (COUNTRIES[class as usize] == Some(*b"US")).then_some(1);
        chain.into_iter().map(|(_, index)| index).chain(country).chain([0]).collect()
    }

    fn places(&self, classes: &[u32]) -> Places {
        let runs: Vec<(A, u32)> =
            self.addresses.iter().copied().zip(classes.iter().copied()).collect();
        let of_country = |country| Class { country, ..Class::default() };
        Places::new(COUNTRIES.map(of_country).to_vec(), (self.table)(&runs))
    }

    /// Default, a country, and the networks.
    fn keys(&self, networks: &[(A, u8)]) -> Vec<GeoKey> {
        let networks = networks.iter().map(|(first, length)| GeoKey::Network {
            address: (self.ip)(*first),
            length: length + self.longer,
        });
        [GeoKey::Default, GeoKey::Country(*b"US")].into_iter().chain(networks).collect()
    }

    /// Networks by the place of an address, and how many bits they leave to hosts.
    fn check(&self, classes: &[u32], networks: &BTreeSet<(usize, u8)>) {
        let network = |(at, host_bits): &(usize, u8)| {
            let length = self.bits - host_bits;
            (self.addresses[*at].network(length).0, length)
        };
        let networks: BTreeSet<(A, u8)> = networks.iter().map(network).collect();
        let networks: Vec<(A, u8)> = networks.into_iter().collect();
        let ways = both_ways(&self.places(classes), &self.keys(&networks));
        // One network that holds all of them shows all that differs anywhere.
        let widest = self.bits - HOST_BITS - 1;
        let around = all_from(self.addresses[0].network(widest).0);
        let class_of = |address| self.addresses.binary_search(address).map_or(0, |at| classes[at]);
        let expected: Vec<Vec<u16>> = around
            .iter()
            .map(|address| self.expected_chain(&networks, *address, class_of(address)))
            .collect();
        for (&address, chain) in around.iter().zip(&expected) {
            let is_uniform = |length: &u8| {
                let (first, last) = address.network(*length);
                let from = around.partition_point(|other| *other < first);
                let to = around.partition_point(|other| *other <= last);
                expected[from..to].iter().all(|other| other == chain)
            };
            let length = (widest..=self.bits).find(is_uniform).unwrap();
            let scope = self.longer + if length == widest { 0 } else { length };
            for way in &ways {
                let client = (self.ip)(address);
                assert_eq!(way.chain(client), (&chain[..], scope), "{client}, {:?}", way.way);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whichever the family, and whichever way is taken.
    #[test]
    fn chains_and_scopes_are_those_of_the_definition(
        classes in proptest::collection::vec(0..3_u32, COUNT),
        networks in proptest::collection::btree_set((0..COUNT, 0..=HOST_BITS), 0..8),
    ) {
        let v4 = Universe {
            addresses: all_from(u32::MAX - (COUNT as u32 - 1)),
            bits: 32,
            table: |runs| Table::new(runs, &[], 0),
            ip: |address| Ipv4Addr::from_bits(address).into(),
            longer: 0,
        };
        v4.check(&classes, &networks);
        let mapped = |address| Ipv4Addr::from_bits(address).to_ipv6_mapped().into();
        Universe { ip: mapped, longer: 96, ..v4 }.check(&classes, &networks);
        let v6 = Universe {
            addresses: all_from(u128::MAX - (COUNT as u128 - 1)),
            bits: 128,
            table: |runs| Table::new(&[], runs, 0),
            ip: |address| Ipv6Addr::from_bits(address).into(),
            longer: 0,
        };
        v6.check(&classes, &networks);
    }
}
