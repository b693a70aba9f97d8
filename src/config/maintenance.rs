//! `zones/maintenance.toml`: planned maintenance.

use super::document::{Document, Item, Table};
use crate::finding::words::{did_you_mean, one_of, plain_name, quoted};
use crate::health::{Inventory, Target};
use crate::maintenance::{Window, WindowText, Wrong};

const KEYS: [&str; 8] =
    ["target", "start", "end", "timezone", "repeats", "lead", "announce", "reason"];

/// What windows may name.
pub(super) struct Known<'a> {
    pub(super) inventory: &'a Inventory,
    /// Whether `pools.toml` has no other regions and pools.
    pub(super) complete: bool,
}

/// Reads the whole file. What is wrong is noted in the document.
pub(super) fn read(document: &Document<'_>, known: &Known<'_>) -> Vec<Window> {
    let root = document.root();
    root.expect_keys(&["maintenance"]);
    let expected = "tables, such as [maintenance.NAME]";
    let Some(table) = root.get("maintenance").and_then(|item| item.table(expected)) else {
        return Vec::new();
    };
    let windows = table.entries().filter_map(|(name, item)| {
        let table = item.table(&format!("a table, [maintenance.{name}]"))?;
        if let Err(expected) = plain_name(name) {
            item.key_finding(quoted(name), format!("a name of {expected}"));
            return None;
        }
        window(name, &item, (document, &table), known)
    });
    windows.collect()
}

fn window(
    name: &str,
    item: &Item<'_>,
    (document, table): (&Document<'_>, &Table<'_>),
    known: &Known<'_>,
) -> Option<Window> {
    table.expect_keys_of_named(&KEYS);
    let mut is_whole = true;
    let mut text = |key: &str, example: Option<&str>| match (table.get(key), example) {
        (Some(item), _) => {
            let text = item.text("a text").map(str::to_owned);
            is_whole &= text.is_some();
            text
        }
        (None, Some(example)) => {
            item.key_finding(format!("maintenance {} without {key}", quoted(name)), example);
            is_whole = false;
            None
        }
        (None, None) => None,
    };
    let time = "a date and time by the clock of its timezone, such as \"2026-12-05T22:00\"";
    let target = text("target", Some(r#"target = "region:NAME" or "pool:NAME""#));
    let (start, end) = (text("start", Some(time)), text("end", Some(time)));
    let reason = text("reason", Some(r#"reason = "…", why"#));
    let [timezone, repeats, lead, announce] =
        ["timezone", "repeats", "lead", "announce"].map(|key| text(key, None));
    if !is_whole {
        return None;
    }
    let (target, start, end, reason) = (target?, start?, end?, reason?);
    let text = WindowText { target, start, end, timezone, repeats, lead, announce, reason };
    let window = text.read(name).map_err(|wrong| {
        for Wrong { field, expected } in wrong {
            if let Some(item) = table.get(field) {
                item.finding(item.shown(), expected);
            }
        }
    });
    let (line, column) = item.key_position();
    let place = Some((document.file().to_owned(), line, column));
    let window = window.ok().filter(|window| is_known(&window.target, table, known));
    window.map(|window| Window { place, ..window })
}

fn is_known(target: &Target, table: &Table<'_>, known: &Known<'_>) -> bool {
    if !known.complete || target.exists_in(known.inventory) {
        return true;
    }
    if let Some(item) = table.get("target") {
        let regions = known.inventory.regions.iter().map(|r| format!("region:{}", r.name));
        let pools = known.inventory.pools.iter().map(|p| format!("pool:{}", p.name));
        let names: Vec<String> = regions.chain(pools).collect();
        let names = || names.iter().map(String::as_str);
        let meant = did_you_mean(&target.to_string(), names());
        item.finding(format!("unknown target {}{meant}", item.shown()), one_of(names()));
    }
    false
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::document;
    use crate::health::Region;
    use crate::maintenance::Repeats;

    const HOUR: Duration = Duration::from_secs(60 * 60);

    fn read_text(text: &str) -> (Vec<Window>, Vec<String>) {
        let region = Region { name: "us".into(), location: None };
        let inventory = Inventory { regions: vec![region], ..Inventory::default() };
        let known = Known { inventory: &inventory, complete: true };
        let (windows, findings) =
            document::read("m.toml", text.as_bytes(), |document| read(document, &known));
        (windows.unwrap_or_default(), findings.iter().map(ToString::to_string).collect())
    }

    const GOOD: &str = "[maintenance.a]\ntarget = 'region:us'\nstart = '2026-12-05T22:00'\n\
                        end = '2026-12-06T02:00'\nreason = 'patches'\n";

    #[test]
    fn a_window_has_defaults_and_the_clock_of_its_place() {
        let (windows, findings) = read_text(GOOD);
        assert_eq!(findings, [""; 0]);
        let Window { lasts, repeats, lead, announce, .. } = &windows[0];
        assert_eq!(
            (*lasts, *repeats, *lead, *announce),
            (4 * HOUR, Repeats::Once, HOUR / 6, 24 * HOUR)
        );
        let more = "timezone = 'Europe/Berlin'\nrepeats = 'weekly'\nlead = '1h'\nannounce = '7d'\n";
        let (windows, findings) = read_text(&format!("{GOOD}{more}"));
        assert_eq!(findings, [""; 0]);
        assert_eq!(windows[0].repeats, Repeats::Days(7));
        assert_eq!(windows[0].zone.iana_name(), Some("Europe/Berlin"));
    }

    #[test]
    fn each_mistake_has_its_place_and_its_words() {
        let with = |from: &str, to: &str| GOOD.replace(from, to);
        for (text, wanted) in [
            ("[window.a]".to_owned(), "m.toml:1:2: unknown key \"window\""),
            (
                "[maintenance.a]".into(),
                "m.toml:1:14: maintenance \"a\" without target; expected target = \"region:NAME\"",
            ),
            (
                with("region:us", "region:usa"),
                "m.toml:2:10: unknown target \"region:usa\" (did you mean \"region:us\"?); expected region:us",
            ),
            (
                with("region:us", "endpoint:us/192.0.2.1"),
                "m.toml:2:10: \"endpoint:us/192.0.2.1\"; expected region:NAME or pool:NAME",
            ),
            (
                with("2026-12-05T22:00", "2026-12-05T22:00Z"),
                "m.toml:3:9: \"2026-12-05T22:00Z\"; expected a date and time by the clock of its timezone",
            ),
            (
                with("2026-12-05T22:00", "tomorrow"),
                "m.toml:3:9: \"tomorrow\"; expected a date and time",
            ),
            (
                with("2026-12-06T02:00", "2026-12-05T22:00"),
                "m.toml:4:7: \"2026-12-05T22:00\"; expected a time after start",
            ),
            (
                format!("{GOOD}timezone = 'Berlin'"),
                "m.toml:6:12: \"Berlin\"; expected a time zone of the IANA database",
            ),
            (
                GOOD.replace("maintenance.a", r#"maintenance."a\u001bb""#),
                "m.toml:1:14: \"a\\u{1b}b\"; expected a name of 1 to 64 letters, digits, dots, hyphens and underscores",
            ),
            (with("patches", " "), "m.toml:5:10: \" \"; expected why, in a few words on one line"),
            (
                with("patches", "pat\u{202e}ches"),
                "m.toml:5:10: \"pat\\u{202e}ches\"; expected why, in a few words on one line",
            ),
            (
                format!("{GOOD}repeats = 'often'"),
                "m.toml:6:11: \"often\"; expected \"daily\", \"weekly\"",
            ),
            (
                format!("{GOOD}repeats = 'daily'\nlead = '10h'"),
                "m.toml:4:7: \"2026-12-06T02:00\"; expected an end from which it is back, with its lead, before",
            ),
            (
                with("2026-12-05T22:00", "2027-03-28T02:30")
                    .replace("2026-12-06T02:00", "2027-03-28T06:00")
                    + "timezone = 'Europe/Berlin'",
                "m.toml:3:9: \"2027-03-28T02:30\"; expected a time that there is: clocks go forward over this one",
            ),
        ] {
            let (_, findings) = read_text(&text);
            assert!(findings.iter().any(|line| line.starts_with(wanted)), "{text}\n{findings:#?}");
        }
    }
}
