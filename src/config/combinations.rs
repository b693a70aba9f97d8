//! `[monitors.NAME]` over other monitors: `all`, `any`, `at_least` and `not`.

use std::collections::{HashMap, HashSet};

use super::document::{Item, Table};
use crate::finding::words::{did_you_mean, one_of, quoted};
use crate::health::{Condition, MonitorId};

/// The keys that combine.
pub(super) const KINDS: [&str; 4] = ["all", "any", "at_least", "not"];
/// As deep as policies may nest.
const MAX_DEPTH: usize = 16;
/// So many monitors at most come out of one; the same one may be named again and again.
const MAX_MONITORS: usize = 1000;

/// One such monitor, as it is written.
pub(super) struct Combination<'d> {
    name: &'d str,
    count: Count,
    parts: Vec<Part<'d>>,
}

#[derive(Clone, Copy)]
enum Count {
    All,
    AtLeast(usize),
    Not,
}

/// Another monitor, and where it is named.
struct Part<'d> {
    name: &'d str,
    item: Item<'d>,
}

/// Reads one; none if the table has another kind, or none.
pub(super) fn read<'d>(name: &'d str, table: &Table<'d>) -> Option<Combination<'d>> {
    let mut kinds = table.entries().filter(|(key, _)| KINDS.contains(key));
    let (kind, value) = kinds.next()?;
    table.expect_keys_of_named(&KINDS);
    for (second, item) in kinds {
        item.key_finding(
            format!("{} beside {}", quoted(second), quoted(kind)),
            "one of them; what is to be combined further is a monitor of its own",
        );
    }
    let (count, parts) = match kind {
        "all" => (Count::All, parts(&value)),
        "any" => (Count::AtLeast(1), parts(&value)),
        "not" => (Count::Not, part(&value).into_iter().collect()),
        _ => at_least(&value),
    };
    Some(Combination { name, count, parts })
}

fn at_least<'d>(value: &Item<'d>) -> (Count, Vec<Part<'d>>) {
    let expected = r#"a table, such as { count = 2, of = ["a", "b", "c"] }"#;
    let Some(table) = value.table(expected) else { return (Count::All, Vec::new()) };
    table.expect_keys(&["count", "of"]);
    let of = table.get("of").map(|item| parts(&item)).unwrap_or_default();
    let most = of.len().max(1);
    let expected = format!("a number from 1 to {most}, of the monitors under of");
    let count = table.get("count").and_then(|item| item.integer(1..=most as u32, &expected));
    for key in ["count", "of"].into_iter().filter(|key| table.get(key).is_none()) {
        table.finding(format!("at_least without {key}"), "both count and of");
    }
    (Count::AtLeast(count.unwrap_or(1) as usize), of)
}

fn parts<'d>(list: &Item<'d>) -> Vec<Part<'d>> {
    let expected = "a list of names of monitors";
    let Some(items) = list.list(expected) else { return Vec::new() };
    if items.is_empty() {
        list.finding(list.shown(), expected);
    }
    let mut seen = HashSet::new();
    let parts: Vec<Part<'_>> = items.iter().filter_map(part).collect();
    for Part { name, item } in parts.iter().filter(|part| !seen.insert(part.name)) {
        item.finding(format!("monitor {} a second time", quoted(name)), "each monitor once");
    }
    parts
}

fn part<'d>(item: &Item<'d>) -> Option<Part<'d>> {
    Some(Part { name: item.text("the name of a monitor")?, item: *item })
}

/// What each monitor of the file stands for, with those that are asked as the leaves.
pub(super) fn resolve<'d>(
    asked: HashMap<&'d str, MonitorId>,
    combinations: &[Combination<'d>],
    complete: bool,
) -> HashMap<&'d str, Condition> {
    let combined = combinations.iter().map(|one| (one.name, one)).collect();
    let known = asked.into_iter().map(|(name, id)| (name, Condition::Monitor(id))).collect();
    let noted = HashSet::new();
    let mut resolver = Resolver { combined, known, noted, complete, path: Vec::new() };
    for combination in combinations {
        resolver.combination(combination);
    }
    resolver.known
}

struct Resolver<'c, 'd> {
    combined: HashMap<&'d str, &'c Combination<'d>>,
    known: HashMap<&'d str, Condition>,
    /// Those of which something was noted: whatever has one within itself would only grow by it.
    noted: HashSet<&'d str>,
    /// Whether there are no others.
    complete: bool,
    /// The monitors that led here.
    path: Vec<&'d str>,
}

impl<'d> Resolver<'_, 'd> {
    /// What one comes to. After something was noted it is anything, so that whoever refers to it
    /// is not blamed.
    fn combination(&mut self, combination: &Combination<'d>) -> Condition {
        if let Some(known) = self.known.get(combination.name) {
            return known.clone();
        }
        self.path.push(combination.name);
        let parts = combination.parts.iter();
        let mut of: Vec<Condition> = parts.filter_map(|part| self.part(part)).collect();
        self.path.pop();
        if of.len() < combination.parts.len() {
            self.noted.insert(combination.name);
            of.clear();
        }
        let condition = match combination.count {
            Count::All => Condition::all(of),
            Count::AtLeast(count) => Condition::AtLeast { count, of },
            Count::Not => match of.pop() {
                Some(other) => Condition::Not(Box::new(other)),
                None => Condition::all(of),
            },
        };
        let condition = match too_much(&condition).zip(combination.parts.first()) {
            Some(((found, expected), part)) => {
                part.item.finding(found, expected);
                self.noted.insert(combination.name);
                Condition::all(Vec::new())
            }
            None => condition,
        };
        self.known.insert(combination.name, condition.clone());
        condition
    }

    fn part(&mut self, part: &Part<'d>) -> Option<Condition> {
        let Part { name, item } = part;
        if self.path.contains(name) {
            let way = self.path.iter().chain([name]).copied().collect::<Vec<_>>().join(" → ");
            item.finding(
                format!("monitor {} within itself: {way}", quoted(name)),
                "another monitor",
            );
            return None;
        }
        if self.path.len() > MAX_DEPTH {
            let (found, expected) = too_deep();
            item.finding(found, expected);
            return None;
        }
        if self.noted.contains(name) {
            return None;
        }
        if let Some(known) = self.known.get(name) {
            return Some(known.clone());
        }
        if let Some(combination) = self.combined.get(name).copied() {
            return Some(self.combination(combination));
        }
        if self.complete {
            let mut names: Vec<&str> =
                self.known.keys().chain(self.combined.keys()).copied().collect();
            names.sort_unstable();
            names.dedup();
            let meant = did_you_mean(name, names.iter().copied());
            item.finding(format!("unknown monitor {}{meant}", quoted(name)), one_of(names));
        }
        None
    }
}

/// What is wrong with the size of one.
fn too_much(condition: &Condition) -> Option<(String, String)> {
    let monitors = condition.monitors().count();
    if monitors > MAX_MONITORS {
        let expected = format!("at most {MAX_MONITORS}, counted as often as named");
        return Some((format!("{monitors} monitors in one"), expected));
    }
    (condition.depth() > MAX_DEPTH).then(too_deep)
}

fn too_deep() -> (String, String) {
    let expected = format!("at most {MAX_DEPTH} within each other");
    (format!("monitors nested deeper than {MAX_DEPTH}"), expected)
}
