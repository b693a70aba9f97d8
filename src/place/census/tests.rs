//! Cells and countries of small databases.

use super::super::class::Class;
use super::super::map::{GeoKey, Groupings, geo_map};
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

fn census(places: &Places, maps: &[&PlaceMap]) -> Census {
    Census::new(places, &Population::new(places), maps)
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-12
}

#[test]
fn without_maps_all_are_alike() {
    let census = census(&places(), &[]);
    let [cell] = &census.cells[..] else { panic!("{census:?}") };
    assert!(near(cell.addresses.v4, 1.0) && near(cell.addresses.v6, 1.0), "{cell:?}");
    assert_eq!(cell.countries, census.countries);
    let norway = census.countries[&Some(*b"NO")];
    assert!(near(norway.v4, v4(f64::from(1 << 24))) && near(norway.v6, 0.5), "{norway:?}");
}

#[test]
fn cells_are_what_all_maps_treat_alike() {
    let places = places();
    let old =
        geo_map(&places, &[GeoKey::Country(*b"NO"), GeoKey::Default], &mut Groupings::default());
    let new = geo_map(
        &places,
        &[network([12, 128, 0, 0], 9), GeoKey::Default],
        &mut Groupings::default(),
    );
    let census = census(&places, &[&old, &new]);
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
    let map =
        geo_map(&places, &[network([10, 0, 0, 0], 8), GeoKey::Default], &mut Groupings::default());
    let census = census(&places, &[&map]);
    let office = census.cells.iter().find(|cell| cell.client.to_string() == "10.0.0.0").unwrap();
    assert_eq!(office.addresses, Addresses::default());
}

#[test]
fn where_databases_know_no_ipv6_what_is_given_out_counts() {
    let key = GeoKey::Network { address: "2000::".parse().unwrap(), length: 4 };
    let places = Places::unknown();
    let map = geo_map(&places, &[key, GeoKey::Default], &mut Groupings::default());
    let census = census(&places, &[&map]);
    let found: Vec<(String, f64)> =
        census.cells.iter().map(|cell| (cell.client.to_string(), cell.addresses.v6)).collect();
    assert_eq!(found, [("1.0.0.0".into(), 0.5), ("2000::".into(), 0.5)]);
}

/// Whether the population is asked or each address anew, the same is counted.
#[test]
fn classes_are_counted_as_addresses_are() {
    let places = places();
    let maps = [GeoKey::Country(*b"NO"), GeoKey::Country(*b"CL")]
        .map(|key| geo_map(&places, &[key, GeoKey::Default], &mut Groupings::default()));
    // Nobody's network makes no difference, but all addresses are gone through.
    let nobody = GeoKey::Network { address: "ff00::".parse().unwrap(), length: 128 };
    let slow = geo_map(&places, &[GeoKey::Default, nobody], &mut Groupings::default());
    let by_class = census(&places, &[&maps[0], &maps[1]]);
    let by_address = census(&places, &[&maps[0], &maps[1], &slow]);
    assert_eq!(by_class.cells.len(), 3);
    let counted = |census: &Census| -> Vec<_> {
        let cells = census.cells.iter().filter(|cell| cell.addresses != Addresses::default());
        cells.cloned().collect()
    };
    assert_eq!(counted(&by_class), counted(&by_address));
}
