use std::net::Ipv4Addr;

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

/// What a chain must be by its definition: all matching networks, the longest first, then the
/// country, then the default.
fn expected_chain(keys: &[GeoKey], address: u32, country: Option<[u8; 2]>) -> Vec<u16> {
    let matching = |length: u8| {
        keys.iter().position(|key| match key {
            GeoKey::Network { address: IpAddr::V4(ip), length: of_key } => {
                *of_key == length && ip.to_bits().common_bits(address) >= length
            }
            _ => false,
        })
    };
    let of_country = keys.iter().position(|key| match key {
        GeoKey::Country(code) => Some(*code) == country,
        _ => false,
    });
    let default = keys.iter().position(|key| *key == GeoKey::Default);
    let networks = (0..=32).rev().filter_map(matching);
    networks.chain(of_country).chain(default).map(|index| index as u16).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A universe of 64 addresses at the end of the address space: any classes, any networks.
    #[test]
    fn chains_and_scopes_are_those_of_the_definition(
        classes in proptest::collection::vec(0..3_u32, 64),
        networks in proptest::collection::btree_set((0..64_u32, 24..=32_u8), 0..8),
    ) {
        let base = u32::MAX - 63;
        let countries = [None, Some(*b"FR"), Some(*b"US")];
        let runs: Vec<(u32, u32)> =
            classes.iter().enumerate().map(|(at, class)| (base + at as u32, *class)).collect();
        let places = Places::new(
            countries.map(|country| Class { country, ..Class::default() }).to_vec(),
            Table::new(&runs, &[], 0),
        );
        let blocks: std::collections::BTreeSet<(u32, u8)> =
            networks.into_iter().map(|(at, length)| ((base + at).network(length).0, length)).collect();
        let mut keys = vec![GeoKey::Default, GeoKey::Country(*b"US")];
        keys.extend(blocks.into_iter().map(|(first, length)| GeoKey::Network {
            address: Ipv4Addr::from_bits(first).into(),
            length,
        }));
        let map = geo_map(&places, &keys);
        for _ in 1..TABLES {
            geo_map(&places, &keys[..1]);
        }
        let by_steps = geo_map(&places, &keys);
        prop_assert!(matches!((&map.way, &by_steps.way), (Way::Table(_), Way::Steps(_))));
        // No key is shorter than 24 bits, so one /23 shows all that differs anywhere.
        let first_of_all = base.network(23).0;
        let expected: Vec<Vec<u16>> = (first_of_all..=u32::MAX)
            .map(|address| {
                let class = address.checked_sub(base).map_or(0, |at| classes[at as usize]);
                expected_chain(&keys, address, countries[class as usize])
            })
            .collect();
        for address in base..=u32::MAX {
            let client = Ipv4Addr::from_bits(address).into();
            let (chain, scope) = map.chain(client);
            prop_assert_eq!((chain, scope), by_steps.chain(client), "whichever way");
            prop_assert_eq!(chain, &expected[(address - first_of_all) as usize]);
            let uniform = |length: u8| {
                let (first, last) = address.network(length);
                let block = (first - first_of_all) as usize..=(last - first_of_all) as usize;
                expected[block].iter().all(|other| other == chain)
            };
            let widest = (23..=32).find(|length| uniform(*length));
            prop_assert_eq!(Some(scope), widest.map(|length| if length == 23 { 0 } else { length }));
        }
    }
}
