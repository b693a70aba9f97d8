//! That a lookup costs the same in zones of all sizes, by counting what it looks at.

use std::cell::Cell;

use super::*;
use crate::zone::{Zone, build, read};

const SEED: u64 = 7;

/// A zone with so many names besides the apex.
fn zone(names: usize) -> Zone {
    let mut text = "@ 60 SOA ns host 9 1h 15m 2w 30\n@ 60 NS ns.example.net.\n$TTL 60\n".to_owned();
    for n in 0..names {
        text.push_str(&format!("host{n} A 192.0.2.1\n"));
    }
    let apex = Name::parse("example.com.", &Name::root()).unwrap();
    let (records, findings) = read("z", text.as_bytes(), &apex, &mut |_, _| Err("none".into()));
    assert_eq!(findings, []);
    build(&apex, &records, &[], SEED).unwrap()
}

/// The slots from where a name is looked for to where it is.
fn slots_until(store: &Store, hash: u64, unit: u32) -> usize {
    let mask = store.table.len() - 1;
    let place = |at: usize| store.table[(hash as usize + at) & mask] & store.place_bits;
    (0..=mask).find(|at| place(*at) == unit).unwrap() + 1
}

#[test]
fn a_lookup_looks_at_as_little_in_a_big_zone_as_in_a_small_one() {
    for names in [10, 1_000, 100_000] {
        let store = &zone(names).store;
        let mut name = QName::new(SEED);
        let (mut slots, compared) = (0, Cell::new(0));
        for (unit, node) in store.nodes() {
            let below = node.name().unwrap();
            name.set(&[below, b"\x07example\x03com\0"].concat());
            slots += slots_until(store, name.hash(0), unit);
            let found = store.find(name.hash(0), |there| {
                compared.set(compared.get() + 1);
                there == below
            });
            assert!(found.is_some(), "{below:?}");
        }
        // With half of the table free, three in two slots are to be expected (Knuth 6.4).
        assert!(slots as f64 <= 1.6 * (names + 1) as f64, "{slots} slots of {names} names");
        assert!(compared.get() as f64 <= 1.05 * (names + 1) as f64, "{compared:?} of {names}");

        compared.set(0);
        for n in 0..names {
            name.set(&[b"\x08nx", format!("{n:06}").as_bytes(), b"\x07example\x03com\0"].concat());
            let found = store.find(name.hash(0), |_| {
                compared.set(compared.get() + 1);
                false
            });
            assert!(found.is_none());
        }
        assert!(compared.get() * 20 <= names.max(20), "{compared:?} for {names} that do not exist");
    }
}

/// The smallest and the largest part of a slot that a place can need.
#[test]
fn slots_tell_names_apart_whatever_room_places_need() {
    let mut store = zone(1_000).store;
    for place_bits in [store.place_bits, u32::MAX] {
        store.place_bits = place_bits;
        (store.table, _) = store.index(&Name::parse("example.com.", &Name::root()).unwrap(), SEED);
        let mut name = QName::new(SEED);
        for n in 0..1_000 {
            let host = format!("host{n}");
            let whole = [&[host.len() as u8], host.as_bytes()].concat();
            name.set(&[&whole, &b"\x07example\x03com\0"[..]].concat());
            let found = store.find(name.hash(0), |there| there == whole);
            assert!(found.is_some(), "{host}");
        }
    }
}
