//! What is built is found again, byte for byte: a zone held against a plain model of one.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::select;

use super::{name, zone};
use crate::wire::{QName, RrSet, rtype};
use crate::zone::{Found, Node, Zone};

/// A type of which nothing is known but bytes.
const OPAQUE: u16 = 65_280;

/// Labels below the apex, from the left, as they are written.
type Labels = Vec<Vec<u8>>;

/// What the records of a zone are, by lower-case owner and type.
type Model = BTreeMap<Labels, BTreeMap<u16, Vec<Vec<u8>>>>;

/// What is expected or found: the sets of a name, or what stands above it and where.
#[derive(Debug, PartialEq)]
enum Outcome {
    Node(Vec<(u16, u16, Vec<u8>)>),
    Wildcard(Vec<(u16, u16, Vec<u8>)>, usize),
    Cut(usize),
    Dname(usize),
    Missing,
}

fn lower(labels: &[Vec<u8>]) -> Labels {
    labels.iter().map(|label| label.to_ascii_lowercase()).collect()
}

fn is_wildcard(labels: &[Vec<u8>]) -> bool {
    labels.first().is_some_and(|label| label == b"*")
}

/// A name as a master file has it, each byte escaped.
fn text(labels: &[Vec<u8>]) -> String {
    let escaped = |label: &Vec<u8>| label.iter().map(|byte| format!("\\{byte:03}")).collect();
    match labels {
        [] => "@".into(),
        _ => labels.iter().map(escaped).collect::<Vec<String>>().join("."),
    }
}

fn wire(labels: &[Vec<u8>], apex: &str) -> Vec<u8> {
    let mut wire = Vec::new();
    for label in labels {
        wire.push(label.len() as u8);
        wire.extend_from_slice(label);
    }
    wire.extend_from_slice(name(apex).as_wire());
    wire
}

/// Whether a name has a delegation, which asterisks never are.
fn is_cut(model: &Model, owner: &[Vec<u8>]) -> bool {
    let ns = model.get(owner).is_some_and(|sets| sets.contains_key(&rtype::NS));
    ns && !owner.is_empty() && !is_wildcard(owner)
}

fn has_dname(model: &Model, owner: &[Vec<u8>]) -> bool {
    model.get(owner).is_some_and(|sets| sets.contains_key(&rtype::DNAME))
}

/// The names from right above one up to the apex.
fn above(owner: &[Vec<u8>]) -> impl Iterator<Item = &[Vec<u8>]> {
    (1..=owner.len()).map(|depth| &owner[depth..])
}

/// Leaves out what no zone may have.
fn model(records: &[(Labels, u16, Vec<u8>)]) -> Model {
    let mut model = Model::new();
    for (owner, rtype, data) in records {
        let sets = model.entry(lower(owner)).or_default();
        let set = sets.entry(*rtype).or_default();
        if !set.contains(data) {
            set.push(data.clone());
        }
    }
    let whole = model.clone();
    model.retain(|owner, sets| {
        if is_cut(&whole, owner) {
            sets.remove(&rtype::DNAME);
        }
        if is_wildcard(owner) {
            sets.remove(&rtype::NS);
        }
        !sets.is_empty() && !above(owner).any(|name| has_dname(&whole, name))
    });
    model
}

/// The names that exist, empty ones and the apex included.
fn existing(model: &Model) -> BTreeSet<Labels> {
    let mut names = BTreeSet::from([Labels::new()]);
    for owner in model.keys() {
        names.extend((0..owner.len()).map(|depth| owner[depth..].to_vec()));
    }
    names.retain(|name| !above(name).any(|name| is_cut(model, name)));
    names
}

fn expected_sets(model: &Model, owner: &[Vec<u8>]) -> Vec<(u16, u16, Vec<u8>)> {
    let sets = model.get(owner).into_iter().flatten();
    let encode = |rtype: u16, data: &Vec<u8>| {
        let fixed = [0xc0, 12, (rtype >> 8) as u8, rtype as u8, 0, 1, 0, 0, 0, 60];
        [&fixed[..], &(data.len() as u16).to_be_bytes(), data].concat()
    };
    let set = |(rtype, data): (&u16, &Vec<Vec<u8>>)| {
        let records = data.iter().map(|data| encode(*rtype, data)).collect::<Vec<_>>();
        (*rtype, data.len() as u16, records.concat())
    };
    sets.map(set).collect()
}

/// What RFC 1034 4.3.2 says, word by word.
fn expected(model: &Model, asked: &[Vec<u8>]) -> Outcome {
    let asked = lower(asked);
    let names = existing(model);
    for depth in (0..asked.len()).rev() {
        if is_cut(model, &asked[depth..]) {
            return Outcome::Cut(depth);
        }
    }
    let depth = (0..=asked.len()).find(|depth| names.contains(&asked[*depth..])).unwrap();
    let encloser = &asked[depth..];
    if depth == 0 {
        return Outcome::Node(expected_sets(model, encloser));
    }
    if has_dname(model, encloser) {
        return Outcome::Dname(depth);
    }
    let wildcard = [&[b"*".to_vec()][..], encloser].concat();
    match names.contains(&wildcard) {
        true => Outcome::Wildcard(expected_sets(model, &wildcard), depth),
        false => Outcome::Missing,
    }
}

/// The sets of a name, but for the apex's SOA and NS, of which the model knows nothing.
fn found_sets(node: &Node<'_>) -> Vec<(u16, u16, Vec<u8>)> {
    let apex = node.set(rtype::SOA).is_some();
    let plain = |set: &RrSet<'_>| !(apex && [rtype::NS, rtype::SOA].contains(&set.rtype()));
    let sets = node.sets().filter(plain);
    sets.map(|set| (set.rtype(), set.count(), set.wire().unwrap().to_vec())).collect()
}

fn found(zone: &Zone, asked: &[Vec<u8>]) -> Outcome {
    let mut qname = QName::new(7);
    qname.set(&wire(asked, "example.com."));
    match zone.find(&qname, rtype::A) {
        Found::Node(node, 0) => Outcome::Node(found_sets(&node)),
        Found::Node(node, depth) => Outcome::Wildcard(found_sets(&node), depth),
        Found::Cut(_, depth) => Outcome::Cut(depth),
        Found::Dname(_, depth) => Outcome::Dname(depth),
        Found::Missing => Outcome::Missing,
    }
}

fn label() -> impl Strategy<Value = Vec<u8>> {
    let odd = [&b"a"[..], b"B", b"c", b"*", b"*a", b"\0", b".", b"Z\xff", &[b'x'; 63]];
    select(odd.map(<[u8]>::to_vec).to_vec())
}

fn labels() -> impl Strategy<Value = Labels> {
    // Three of the longest, and the apex, are 205 bytes.
    proptest::collection::vec(label(), 0..=3)
}

fn record() -> impl Strategy<Value = (Labels, u16, Vec<u8>)> {
    let target = wire(&[b"elsewhere".to_vec()], ".");
    let data = prop_oneof![
        6 => any::<[u8; 4]>().prop_map(|data| (rtype::A, data.to_vec())),
        4 => proptest::collection::vec(any::<u8>(), 0..300).prop_map(|data| (OPAQUE, data)),
        1 => Just((rtype::NS, target.clone())),
        1 => Just((rtype::DNAME, target)),
    ];
    (labels(), data).prop_map(|(owner, (rtype, data))| (owner, rtype, data))
}

fn zone_text(records: &[(Labels, u16, Vec<u8>)], model: &Model) -> String {
    let mut lines = String::new();
    for (owner, rtype, data) in records {
        let kept = model.get(&lower(owner)).is_some_and(|sets| sets.contains_key(rtype));
        if kept {
            let hex: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
            let owner = text(owner);
            lines.push_str(&format!("{owner} TYPE{rtype} \\# {} {hex}\n", data.len()));
        }
    }
    lines
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Owners, what is above them, and names that may not exist.
    #[test]
    fn every_name_is_found_as_the_model_has_it(
        mut records in proptest::collection::vec(record(), 0..40),
        asked in proptest::collection::vec(labels(), 20),
    ) {
        records.retain(|(owner, rtype, _)| !owner.is_empty() || *rtype != rtype::NS);
        let model = model(&records);
        let zone = zone(&zone_text(&records, &model));
        let names = existing(&model);
        prop_assert_eq!(zone.store.nodes().count(), names.len());
        let owners = records.iter().map(|(owner, ..)| owner);
        for asked in names.iter().chain(owners).chain(&asked) {
            prop_assert_eq!(found(&zone, asked), expected(&model, asked), "{:?}", asked);
        }
    }
}

/// As many records as a message can hold, and as few bytes as they can have.
#[test]
fn sets_of_any_size_are_found_whole() {
    for count in [1, 2, 8, 9, 300, 4_063] {
        let data: Vec<Vec<u8>> = (0..count as u32).map(|n| n.to_be_bytes().to_vec()).collect();
        let records: Vec<_> =
            data.iter().map(|data| (vec![b"big".to_vec()], rtype::A, data.clone())).collect();
        let model = model(&records);
        let zone = zone(&zone_text(&records, &model));
        let asked = [b"big".to_vec()];
        assert_eq!(found(&zone, &asked), expected(&model, &asked), "{count}");
    }
    let many: String = (0..500).map(|n| format!("types TYPE{} \\# 0\n", 1_000 + n)).collect();
    let zone = zone(&many);
    let Outcome::Node(sets) = found(&zone, &[b"types".to_vec()]) else { panic!("no such name") };
    assert_eq!(sets.len(), 500);
    assert!(sets.iter().map(|(rtype, ..)| *rtype).eq(1_000..1_500));
}

/// The longest names that there are, and as many labels as fit.
#[test]
fn the_longest_names_are_found() {
    let many: Labels = vec![b"a".to_vec(); 120];
    let long: Labels = vec![vec![b'y'; 63], vec![b'z'; 63], vec![b'x'; 63], vec![b'w'; 46]];
    let records = [(many.clone(), rtype::A, vec![1; 4]), (long.clone(), rtype::A, vec![2; 4])];
    let model = model(&records);
    let zone = zone(&zone_text(&records, &model));
    for asked in [&many[..], &many[1..], &long[..], &long[2..], &[]] {
        assert_eq!(found(&zone, asked), expected(&model, asked), "{asked:?}");
        let below = [&[b"b".to_vec()][..], &asked[1.min(asked.len())..]].concat();
        assert_eq!(found(&zone, &below), expected(&model, &below), "{below:?}");
    }
}
