//! Differences for a pull request.

use std::fmt::Write as _;

use super::words::{part, percent, places};
use super::{Diff, NameChange};

/// So many rows are shown: a comment that is longer than some 60 kB is refused by those who show it.
const ROWS: usize = 200;

/// A table with a row for each move.
pub fn markdown(diff: &Diff) -> String {
    let mut out = String::from("### What would be answered differently\n\n");
    if diff.is_empty() {
        let _ = write!(out, "Nothing: {} names were compared.", diff.compared);
        return out;
    }
    let _ = writeln!(out, "{} of {} names.\n", diff.names.len(), diff.compared);
    let mut rows = rows(diff);
    let more = rows.len().saturating_sub(ROWS);
    rows.truncate(ROWS);
    if !rows.is_empty() {
        out.push_str(
            "| name | types | while | moves | from | to | whose |\n|---|---|---|---|---|---|---|\n",
        );
        out.push_str(&rows.concat());
    }
    if more > 0 {
        let _ = writeln!(out, "\nAnd {more} more rows.");
    }
    for pool in &diff.pools {
        let list = |all: &[String]| all.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>();
        let (before, after) = (list(&pool.before).join(", "), list(&pool.after).join(", "));
        let _ = writeln!(out, "\nPool `{}`: {before} → {after}", pool.pool);
    }
    out.truncate(out.trim_end().len());
    out
}

fn rows(diff: &Diff) -> Vec<String> {
    let mut rows = Vec::new();
    for name in &diff.names {
        let what = match name.change {
            NameChange::Added => " (steered from now on)",
            NameChange::Removed => " (no longer steered)",
            NameChange::Changed => "",
        };
        let shown = format!("`{}`{what}", name.name);
        if let Some((before, after)) = name.ttl_seconds {
            rows.push(format!("| {shown} | | | | TTL {before} s | TTL {after} s | |\n"));
        }
        if name.cases.is_empty() && name.ttl_seconds.is_none() {
            rows.push(format!("| {shown} | | | | | | |\n"));
        }
        for case in &name.cases {
            let failed = case.failed.as_ref().map(|region| format!("`{region}` has failed"));
            let (types, failed) = (case.types.join(", "), failed.unwrap_or("all is well".into()));
            for one in &case.moves {
                let share = if one.part.ipv4 == 0.0 && one.part.ipv6 > 0.0 {
                    format!("{} of IPv6", percent(one.part.ipv6))
                } else {
                    part(one.part)
                };
                let to = if one.from == one.to { " (other endpoints)" } else { "" };
                let (from, to, whose) = (&one.from, format!("{}{to}", one.to), places(one));
                rows.push(format!(
                    "| {shown} | {types} | {failed} | {share} | {from} | {to} | {whose} |\n"
                ));
            }
        }
    }
    rows
}
