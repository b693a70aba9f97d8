//! Zones made by chance: a few labels, so that everything meets everything.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::random::Random;
use crate::zones::{Zones, is_within, join};

const LABELS: [&str; 6] = ["a", "b", "c", "*", "\\032x", "Up"];
const DIGEST: &str = "8 2 000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f";

/// The data of each type at one owner.
type Node = BTreeMap<&'static str, Vec<String>>;
/// Nodes by owner: its labels, first one first.
type Nodes = BTreeMap<Vec<String>, Node>;

/// Families of zones below two names each, where aliases lead from one to the other.
pub fn families(count: usize, random: &mut Random) -> Zones {
    const SHAPES: [&[&str]; 5] =
        [&["", "a", "b.a"], &["", "a.a"], &["", "c"], &[""], &["", "a", "b"]];
    let mut zones = Zones::default();
    for family in 0..count {
        let (r, s) = (format!("r{family}."), format!("s{family}."));
        let mut apexes = vec![s];
        apexes.extend(random.pick(&SHAPES).iter().map(|below| join(below, &r)));
        add_family(&mut zones, &apexes, random);
    }
    zones
}

/// The root, and zones below it.
pub fn under_a_root(random: &mut Random) -> Zones {
    let mut zones = Zones::default();
    let apexes = [".", "r1.", "a.r1.", "c."].map(str::to_owned);
    add_family(&mut zones, &apexes, random);
    zones
}

fn add_family(zones: &mut Zones, apexes: &[String], random: &mut Random) {
    let targets: Vec<String> = (0..30).map(|_| target(apexes, random)).collect();
    let mut made: Vec<(&String, Nodes)> = Vec::new();
    for apex in apexes {
        let mut nodes = nodes(apex, &targets, random);
        for child in apexes {
            if child != apex && nearest_above(child, apexes) == Some(apex) && random.percent(75) {
                delegate(&mut nodes, child, apex, random);
            }
        }
        made.push((apex, nodes));
    }
    rename_nothing_with_names_below(&mut made);
    for (apex, nodes) in made {
        zones.add(apex, text(apex, &nodes, random));
    }
}

fn text(apex: &str, nodes: &Nodes, random: &mut Random) -> String {
    let least = random.pick(&[60, 300, 7200]);
    let mut text =
        format!("@ 3600 SOA ns.zz. host.zz. 1 3600 900 1209600 {least}\n@ 3600 NS ns.zz.\n");
    if apex == "." {
        // BIND wants the address of a name server that lies in the zone.
        text += "ns.zz 60 A 192.0.2.251\n";
    }
    for (owner, node) in nodes {
        let owner = if owner.is_empty() { "@".into() } else { owner.join(".") };
        for (rtype, data) in node {
            for data in data {
                writeln!(text, "{owner} 60 {rtype} {data}").unwrap();
            }
        }
    }
    text
}

/// The zone right above another one.
fn nearest_above<'a>(child: &str, apexes: &'a [String]) -> Option<&'a String> {
    let above = apexes.iter().filter(|apex| *apex != child && is_within(child, apex));
    above.max_by_key(|apex| apex.len())
}

fn target(apexes: &[String], random: &mut Random) -> String {
    let depth = *random.pick(&[0, 1, 1, 2, 2, 3]);
    let labels: Vec<&str> = (0..depth).map(|_| *random.pick(&["a", "b", "c", "*", "d"])).collect();
    let outside = "zz.".to_owned();
    let apex = if random.percent(20) { &outside } else { random.pick(apexes) };
    join(&labels.join("."), apex)
}

fn nodes(apex: &str, targets: &[String], random: &mut Random) -> Nodes {
    let mut nodes = Nodes::new();
    for _ in 0..random.between(4, 24) {
        let depth = *random.pick(&[1, 1, 1, 2, 2, 2, 3, 3, 4]);
        let owner: Vec<String> = (0..depth).map(|_| (*random.pick(&LABELS)).to_owned()).collect();
        add_records(&mut nodes, owner, apex, targets, random);
    }
    if random.percent(8) {
        nodes.entry(Vec::new()).or_default().insert("DNAME", vec![random.pick(targets).clone()]);
    }
    mend(&mut nodes, random);
    nodes
}

fn add_records(
    nodes: &mut Nodes,
    owner: Vec<String>,
    apex: &str,
    targets: &[String],
    random: &mut Random,
) {
    let address = |random: &mut Random| format!("192.0.2.{}", random.between(1, 250));
    let target = random.pick(targets).clone();
    let (rtype, data) = match random.below(100) {
        0..36 => ("A", vec![address(random)]),
        36..39 => ("A", (1..=random.between(40, 90)).map(|n| format!("192.0.2.{n}")).collect()),
        39..47 => ("TXT", vec![format!("\"{}\"", random.between(1, 9))]),
        47..50 => ("TYPE65400", vec!["\\# 3 010203".into()]),
        50..56 => ("MX", vec![format!("10 {target}")]),
        56..73 => ("CNAME", vec![target]),
        73..83 => ("DNAME", vec![target]),
        83..94 if owner[0] != "*" => {
            let own = join(&format!("ns.{}", owner.join(".")), apex);
            let server = if random.percent(50) { own } else { target };
            if random.percent(40) {
                let glue = [vec!["ns".to_owned()], owner.clone()].concat();
                nodes.entry(glue).or_default().entry("A").or_default().push(address(random));
            }
            ("NS", vec![server])
        }
        _ => ("AAAA", vec![format!("2001:db8::{}", random.between(1, 99))]),
    };
    nodes.entry(owner).or_default().entry(rtype).or_default().extend(data);
}

/// Takes away what no server loads.
fn mend(nodes: &mut Nodes, random: &mut Random) {
    for node in nodes.values_mut() {
        for data in node.values_mut() {
            data.sort();
            data.dedup();
        }
        for single in ["CNAME", "DNAME"] {
            if let Some(data) = node.get_mut(single) {
                data.truncate(1);
            }
        }
        if node.len() > 1 {
            node.remove("CNAME");
        }
        if node.contains_key("NS") {
            node.remove("DNAME");
        }
        if node.contains_key("NS") && random.percent(30) {
            node.insert("DS", vec![format!("{} {DIGEST}", random.between(1, 9))]);
        }
    }
    nodes.retain(|_, node| !node.is_empty());
    let renamed: Vec<Vec<String>> = nodes
        .iter()
        .filter(|(_, node)| node.contains_key("DNAME"))
        .map(|(o, _)| o.clone())
        .collect();
    nodes.retain(|owner, _| {
        !renamed.iter().any(|above| owner.len() > above.len() && owner.ends_with(above))
    });
}

/// NSD takes no DNAME above a name, even if the two are in different zones.
fn rename_nothing_with_names_below(made: &mut [(&String, Nodes)]) {
    let full = |owner: &[String], apex: &str| join(&owner.join("."), apex).to_lowercase();
    let names: Vec<String> = made
        .iter()
        .flat_map(|(apex, nodes)| nodes.keys().map(|owner| full(owner, apex)))
        .chain(made.iter().map(|(apex, _)| (*apex).clone()))
        .collect();
    for (apex, nodes) in made {
        for (owner, node) in nodes.iter_mut() {
            let owner = full(owner, apex);
            if names.iter().any(|name| *name != owner && is_within(name, &owner)) {
                node.remove("DNAME");
            }
        }
        nodes.retain(|_, node| !node.is_empty());
    }
}

fn delegate(nodes: &mut Nodes, child: &str, apex: &str, random: &mut Random) {
    let relative = match apex {
        "." => child.trim_end_matches('.'),
        apex => child.trim_end_matches(apex).trim_end_matches('.'),
    };
    let owner: Vec<String> = relative.split('.').map(str::to_owned).collect();
    let node = nodes.entry(owner.clone()).or_default();
    node.remove("CNAME");
    node.insert("NS", vec![join("ns", child)]);
    if random.percent(50) {
        node.insert("DS", vec![format!("5 {DIGEST}")]);
    }
    let glue = nodes.entry([vec!["ns".to_owned()], owner].concat()).or_default();
    glue.remove("CNAME");
    glue.entry("A").or_default().push("192.0.2.77".into());
}
