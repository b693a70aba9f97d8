//! Differences for a terminal.

use std::fmt::Write as _;

use super::words::{part, percent, places};
use super::{Case, Diff, NameChange, NameDiff};

/// One paragraph for each name.
pub fn text(diff: &Diff) -> String {
    let mut out = String::new();
    for name in &diff.names {
        self::name(&mut out, name);
    }
    for pool in &diff.pools {
        let (before, after) = (pool.before.join(", "), pool.after.join(", "));
        let _ = writeln!(out, "pool {}: {before} -> {after}", pool.pool);
    }
    let _ = match diff.names.len() {
        0 => write!(out, "none of {} names is answered differently", diff.compared),
        1 => write!(out, "1 of {} names is answered differently", diff.compared),
        count => write!(out, "{count} of {} names are answered differently", diff.compared),
    };
    out
}

fn name(out: &mut String, name: &NameDiff) {
    let what = match name.change {
        NameChange::Added => " (steered from now on)",
        NameChange::Removed => " (no longer steered)",
        NameChange::Changed => "",
    };
    let _ = writeln!(out, "{}{what}", name.name);
    if let Some((before, after)) = name.ttl_seconds {
        let _ = writeln!(out, "  ttl: {before} s -> {after} s");
    }
    for case in &name.cases {
        self::case(out, case);
    }
}

fn case(out: &mut String, case: &Case) {
    let failed = case.failed.as_ref().map(|region| format!(", if {region} fails"));
    let (types, failed) = (case.types.join(", "), failed.unwrap_or_default());
    let _ = writeln!(out, "  {types}{failed}: {} moves", part(case.moved));
    for one in &case.moves {
        let share = match one.part.ipv4 {
            0.0 => percent(one.part.ipv6),
            share => percent(share),
        };
        let other = if one.from == one.to { " (other endpoints)" } else { "" };
        let _ = writeln!(out, "    {share:>6}  {} -> {}{other}: {}", one.from, one.to, places(one));
    }
}
