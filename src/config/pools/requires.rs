//! What pools require of each other.

use std::collections::HashMap;

use super::{find, index};
use crate::config::document::{Item, Kind, Table};
use crate::finding::words::quoted;
use crate::health::{Pool, PoolId};

/// How many pools of a circle a finding names.
const MOST_NAMED: usize = 10;

/// What one pool requires, each with where it says so.
type Requirements<'d> = Vec<(PoolId, Item<'d>)>;

/// Reads what each of the pools requires, once all of them are known.
pub(super) fn read(root: &Table<'_>, pools: &mut [Pool], complete: bool) {
    let names: Vec<String> = pools.iter().map(|pool| pool.name.clone()).collect();
    let ids = index(names.iter().map(String::as_str));
    let mut all: Vec<Requirements<'_>> = pools.iter().map(|_| Vec::new()).collect();
    let Some(Kind::Table(table)) = root.get("pools").map(|item| item.kind()) else { return };
    for (name, item) in table.entries() {
        let Kind::Table(table) = item.kind() else { continue };
        let of_it = ids.get(name).and_then(|id| all.get_mut(*id as usize));
        if let (Some(list), Some(of_it)) = (table.get("requires"), of_it) {
            *of_it = requirements(&list, &ids, complete);
        }
    }
    check_circles(&all, &names);
    for (pool, requirements) in pools.iter_mut().zip(all) {
        pool.requires = requirements.into_iter().map(|(id, _)| id).collect();
    }
}

fn requirements<'d>(list: &Item<'d>, ids: &HashMap<&str, u32>, complete: bool) -> Requirements<'d> {
    let mut all = Requirements::new();
    for item in list.one_or_more("the name of a pool, or a list of them").unwrap_or_default() {
        let Some(name) = item.text("the name of a pool") else { continue };
        let Some(id) = find(&item, "pool", name, ids, complete) else { continue };
        if all.iter().any(|(other, _)| *other == id) {
            item.finding(format!("pool {} a second time", quoted(name)), "each pool once");
        } else {
            all.push((id, item));
        }
    }
    all
}

/// Notes pools that require themselves by way of others: they could never be up again.
fn check_circles(all: &[Requirements<'_>], names: &[String]) {
    let mut is_left = left_in_circles(all);
    for start in 0..all.len() {
        // Whoever is left requires another one that is left, so this way ends in a circle, unless
        // it comes to where an earlier one has been.
        let (mut way, mut at) = (Vec::new(), start);
        while std::mem::take(&mut is_left[at].unseen) {
            way.push(at);
            let next = all[at].iter().find(|(id, _)| is_left[*id as usize].in_circle);
            let Some((next, _)) = next else { break };
            at = *next as usize;
        }
        if let Some(first) = way.iter().position(|id| *id == at) {
            note_circle(&way[first..], all, names);
        }
    }
}

/// Whether a pool is in a circle or hangs on one, and whether nobody came by yet.
#[derive(Clone, Copy)]
struct Left {
    in_circle: bool,
    unseen: bool,
}

/// Takes away pools that require nothing which is left, until there are no more of these.
fn left_in_circles(all: &[Requirements<'_>]) -> Vec<Left> {
    let mut missing: Vec<usize> = all.iter().map(Vec::len).collect();
    let mut dependents = vec![Vec::new(); all.len()];
    for (id, requirements) in all.iter().enumerate() {
        requirements.iter().for_each(|(required, _)| dependents[*required as usize].push(id));
    }
    let mut free: Vec<usize> = (0..all.len()).filter(|id| missing[*id] == 0).collect();
    while let Some(id) = free.pop() {
        for dependent in &dependents[id] {
            missing[*dependent] -= 1;
            if missing[*dependent] == 0 {
                free.push(*dependent);
            }
        }
    }
    missing.iter().map(|n| Left { in_circle: *n > 0, unseen: *n > 0 }).collect()
}

/// Where the first pool of the file that is in the circle names the next one.
fn note_circle(circle: &[usize], all: &[Requirements<'_>], names: &[String]) {
    let first = (0..circle.len()).min_by_key(|at| circle[*at]).unwrap_or(0);
    let round = || circle.iter().cycle().skip(first).copied();
    let (Some(from), Some(to)) = (round().next(), round().nth(1)) else { return };
    let shown = round().skip(1).take(circle.len().min(MOST_NAMED));
    let shown: Vec<String> = shown.map(|id| quoted(&names[id])).collect();
    let more = match circle.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(", and so on by {more} more"),
    };
    let shown = shown.join(", which requires ");
    let found = format!("a circle: {} requires {shown}{more}", quoted(&names[from]));
    if let Some((_, item)) = all[from].iter().find(|(id, _)| *id as usize == to) {
        item.finding(found, "no pool that requires itself by way of others");
    }
}
