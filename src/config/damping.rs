//! `damping` of a monitor: for how long what falls again and again stays down.

use std::time::Duration;

use super::document::{Item, Kind, Table};
use crate::duration::format_duration;
use crate::health::Damping;

/// What `damping = true` means.
const DEFAULT: Damping = Damping {
    falls: 3,
    within: Duration::from_secs(600),
    hold: Duration::from_secs(30),
    longest: Duration::from_secs(600),
};
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Reads it; none where it is off, or wrong, which is noted.
pub(super) fn read(item: &Item<'_>) -> Option<Damping> {
    match item.kind() {
        Kind::Table(table) => Some(read_table(&table)),
        Kind::Text(_) | Kind::List(_) => {
            item.finding(item.shown(), "true, false, or a table such as { falls = 3 }");
            None
        }
        Kind::Other => item.boolean()?.then_some(DEFAULT),
    }
}

fn read_table(table: &Table<'_>) -> Damping {
    table.expect_keys(&["falls", "within", "hold", "longest"]);
    let time = |key: &str| table.get(key).and_then(|item| item.duration(SHORTEST..=LONGEST));
    let falls = table
        .get("falls")
        .and_then(|item| item.integer(1..=1000, "a number of falls from 1 to 1000"));
    let hold = time("hold").unwrap_or(DEFAULT.hold);
    let damping = Damping {
        falls: falls.unwrap_or(DEFAULT.falls),
        within: time("within").unwrap_or(DEFAULT.within),
        hold,
        longest: time("longest").unwrap_or(DEFAULT.longest.max(hold)),
    };
    if let Some(item) = table.get("longest").filter(|_| damping.longest < hold) {
        item.finding(
            format!("{}, shorter than the first hold of {}", item.shown(), format_duration(hold)),
            "a time at least as long as hold",
        );
    }
    damping
}
