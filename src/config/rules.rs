//! `zones/rules.toml`: safety rules, by the names of regions and owner names.

use super::document::{Document, Item, Table};
use super::share;
use crate::finding::words::{did_you_mean, one_of, quoted};
use crate::health::{Demand, Inventory, Rule};
use crate::wire::Name;

const KEYS: [&str; 6] = ["min_regions", "regions", "min_capacity", "names", "region", "only_while"];
/// Each kind of rule, and what may stand beside its key.
const KINDS: [(&str, &str); 3] =
    [("min_regions", "regions"), ("min_capacity", "names"), ("region", "only_while")];

/// What rules may name.
pub(super) struct Known<'a> {
    pub(super) inventory: &'a Inventory,
    /// Whether `pools.toml` has no other regions.
    pub(super) all_regions: bool,
    /// The steered names; none where some could not be read.
    pub(super) names: Option<Vec<String>>,
}

/// Reads the whole file. What is wrong is noted in the document.
pub(super) fn read(document: &Document<'_>, known: &Known<'_>) -> Vec<Rule> {
    let root = document.root();
    root.expect_keys(&["rules"]);
    let expected = "tables, such as [rules.NAME]";
    let Some(table) = root.get("rules").and_then(|item| item.table(expected)) else {
        return Vec::new();
    };
    let rules = table.entries().filter_map(|(name, item)| {
        let table = item.table(&format!("a table, [rules.{name}]"))?;
        let (line, column) = item.key_position();
        let place = (document.file().to_owned(), line, column);
        Some(Rule { name: name.into(), place, demand: demand(name, &item, &table, known)? })
    });
    rules.collect()
}

fn demand(name: &str, item: &Item<'_>, table: &Table<'_>, known: &Known<'_>) -> Option<Demand> {
    table.expect_keys_of_named(&KEYS);
    let kinds = KINDS.iter().filter(|(key, _)| table.get(key).is_some());
    let kinds: Vec<&(&str, &str)> = kinds.collect();
    let [(key, beside)] = kinds[..] else {
        let found = match kinds.is_empty() {
            true => format!("rule {} that demands nothing", quoted(name)),
            false => format!("rule {} that demands several things", quoted(name)),
        };
        item.key_finding(found, one_of(KINDS.map(|(key, _)| key)));
        return None;
    };
    for (other, _) in table.entries().filter(|(other, _)| KEYS.contains(other)) {
        if let Some(item) = table.get(other).filter(|_| other != *key && other != *beside) {
            item.key_finding(other.to_owned(), format!("only {beside} beside {key}"));
        }
    }
    let value = table.get(key)?;
    match *key {
        "min_regions" => min_regions(&value, table, known),
        "min_capacity" => min_capacity(&value, table, known),
        _ => out_only_while(name, &value, table, known),
    }
}

fn min_regions(value: &Item<'_>, table: &Table<'_>, known: &Known<'_>) -> Option<Demand> {
    let regions = table.get("regions").map(|list| regions(&list, known)).unwrap_or_default();
    let inhabited = |name: &&String| is_inhabited(name, known.inventory);
    let there = match regions.is_empty() {
        true => known.inventory.regions.iter().filter(|r| inhabited(&&r.name)).count(),
        false => regions.iter().filter(inhabited).count(),
    };
    let most = if known.all_regions { there as u32 } else { u32::MAX };
    let expected = match most {
        0 => "a rule about regions that have pools; there are none".to_owned(),
        1 => "1, for there is one such region".to_owned(),
        u32::MAX => "a number of regions".to_owned(),
        most => format!("1 to {most}, for there are {most} such regions"),
    };
    Some(Demand::MinRegions { count: value.integer(1..=most, &expected)?, regions })
}

fn min_capacity(value: &Item<'_>, table: &Table<'_>, known: &Known<'_>) -> Option<Demand> {
    let names = table.get("names").map(|list| owner_names(&list, known)).unwrap_or_default();
    Some(Demand::MinCapacity { share: share::read(value)?, names })
}

fn out_only_while(
    name: &str,
    value: &Item<'_>,
    table: &Table<'_>,
    known: &Known<'_>,
) -> Option<Demand> {
    let region = region(value, known);
    let Some(list) = table.get("only_while") else {
        let found = format!("rule {} without only_while", quoted(name));
        value.key_finding(found, r#"only_while = ["REGION"], one of which must be up"#);
        return None;
    };
    let others = regions(&list, known);
    let region = region?;
    if others.contains(&region) {
        list.finding(format!("region {} itself", quoted(&region)), "other regions");
    }
    if others.is_empty() {
        return None;
    }
    Some(Demand::OutOnlyWhile { region, others })
}

fn is_inhabited(region: &str, inventory: &Inventory) -> bool {
    let id = inventory.region(region);
    id.is_some() && inventory.pools.iter().any(|pool| pool.region == id)
}

fn regions(list: &Item<'_>, known: &Known<'_>) -> Vec<String> {
    let items = list.one_or_more("the name of a region, or a list of them");
    if items.as_ref().is_some_and(Vec::is_empty) {
        list.finding(list.shown(), "at least one region");
    }
    let regions = items.unwrap_or_default();
    once(&regions, "each region once", |item| region(item, known))
}

/// What is read of some items. One that is there a second time counts for nothing more, so it was meant to be another.
fn once(
    items: &[Item<'_>],
    expected: &str,
    read: impl Fn(&Item<'_>) -> Option<String>,
) -> Vec<String> {
    let mut all = Vec::new();
    for item in items {
        match read(item) {
            Some(name) if all.contains(&name) => {
                item.finding(format!("{} a second time", item.shown()), expected);
            }
            name => all.extend(name),
        }
    }
    all
}

fn region(item: &Item<'_>, known: &Known<'_>) -> Option<String> {
    let name = item.text("the name of a region")?;
    let names = || known.inventory.regions.iter().map(|region| region.name.as_str());
    if names().any(|other| other == name) {
        return Some(name.into());
    }
    if known.all_regions {
        let meant = did_you_mean(name, names());
        let expected = match names().next() {
            None => "a region; pools.toml has none".to_owned(),
            Some(_) => one_of(names()),
        };
        item.finding(format!("unknown region {}{meant}", quoted(name)), expected);
    }
    None
}

/// Absolute names, with or without their final dot.
fn owner_names(list: &Item<'_>, known: &Known<'_>) -> Vec<String> {
    let items = list.one_or_more("an absolute owner name, or a list of them");
    if items.as_ref().is_some_and(Vec::is_empty) {
        list.finding(list.shown(), "at least one name; without the key, all steered names");
    }
    let name = |item: &Item<'_>| -> Option<String> {
        let text = item.text("an absolute owner name")?;
        let Ok(name) = Name::parse(text, &Name::root()) else {
            item.finding(item.shown(), "an absolute owner name, such as www.example.com");
            return None;
        };
        let name = name.to_string().to_lowercase();
        let is_unknown = known.names.as_ref().is_some_and(|names| !names.contains(&name));
        if is_unknown {
            let meant = did_you_mean(&name, known.names.iter().flatten().map(String::as_str));
            let found = format!("{}, which is not steered{meant}", quoted(text));
            item.finding(found, "a steered name");
        }
        (!is_unknown).then_some(name)
    };
    once(&items.unwrap_or_default(), "each name once", name)
}

#[cfg(test)]
mod tests;
