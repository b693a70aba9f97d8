//! `zones/maintenance.toml`: planned maintenance.

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::document::{Document, Item, Table};
use crate::finding::words::{did_you_mean, one_of, quoted};
use crate::health::{Inventory, Target};
use crate::maintenance::{Repeats, Window, is_shown};

const KEYS: [&str; 8] =
    ["target", "start", "end", "timezone", "repeats", "lead", "announce", "reason"];

const LEAD: Duration = Duration::from_secs(10 * 60);
const ANNOUNCE: Duration = Duration::from_secs(24 * 60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

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
        window(name, &item, &table, known)
    });
    windows.collect()
}

fn window(name: &str, item: &Item<'_>, table: &Table<'_>, known: &Known<'_>) -> Option<Window> {
    table.expect_keys_of_named(&KEYS);
    let zone = table.get("timezone").map_or(Some(TimeZone::UTC), |item| timezone(&item));
    let missing = |key: &str, example: &str| {
        let found = format!("maintenance {} without {key}", quoted(name));
        item.key_finding(found, example);
    };
    let away = match table.get("target") {
        Some(item) => target(&item, known),
        None => {
            missing("target", r#"target = "region:NAME" or "pool:NAME""#);
            None
        }
    };
    let moment = |key: &str| match table.get(key) {
        Some(item) => moment(&item, zone.as_ref()),
        None => {
            missing(key, &format!("{key} = \"2026-12-05T22:00\", by the clock of its timezone"));
            None
        }
    };
    let (start, end) = (moment("start"), moment("end"));
    let reason = match table.get("reason") {
        Some(item) => item.text("why, in a few words").map(str::to_owned),
        None => {
            missing("reason", r#"reason = "…", why"#);
            None
        }
    };
    let repeats = table.get("repeats").map_or(Some(Repeats::Once), |item| repeats(&item));
    let within = |item: Item<'_>| item.duration(Duration::ZERO..=30 * DAY);
    let lead = table.get("lead").map_or(Some(LEAD), within);
    let announce = table.get("announce").map_or(Some(ANNOUNCE), within);
    let (start, end, repeats) = (start?, end?, repeats?);
    let lasts = Duration::try_from(end.duration_since(start)).ok().filter(|lasts| !lasts.is_zero());
    let end_item = table.get("end")?;
    let Some(lasts) = lasts else {
        end_item.finding(end_item.shown(), "a time after start");
        return None;
    };
    let apart = match repeats {
        Repeats::Once => Duration::MAX,
        Repeats::Days(days) => DAY * u32::try_from(days).unwrap_or(u32::MAX),
        Repeats::Months(_) => 28 * DAY,
    };
    let lead = lead?;
    if lasts.saturating_add(2 * lead) >= apart {
        end_item.finding(
            end_item.shown(),
            "an end from which it is back, with its lead, before it begins to leave again",
        );
        return None;
    }
    Some(Window {
        name: name.into(),
        target: away?,
        start,
        lasts,
        zone: zone?,
        repeats,
        lead,
        announce: announce?,
        // Known when the names are.
        ttl: Duration::ZERO,
        reason: reason?,
    })
}

fn timezone(item: &Item<'_>) -> Option<TimeZone> {
    let expected = r#"a time zone of the IANA database, such as "Europe/Berlin"; default UTC"#;
    let name = item.text(expected)?;
    let zone = TimeZone::get(name).ok();
    if zone.is_none() {
        item.finding(item.shown(), expected);
    }
    zone
}

fn target(item: &Item<'_>, known: &Known<'_>) -> Option<Target> {
    let expected = "region:NAME or pool:NAME";
    let target = match item.text(expected)?.parse() {
        Ok(target @ (Target::Region(_) | Target::Pool(_))) => target,
        _ => {
            item.finding(item.shown(), expected);
            return None;
        }
    };
    if known.complete && !target.exists_in(known.inventory) {
        let regions = known.inventory.regions.iter().map(|r| format!("region:{}", r.name));
        let pools = known.inventory.pools.iter().map(|p| format!("pool:{}", p.name));
        let names: Vec<String> = regions.chain(pools).collect();
        let names = || names.iter().map(String::as_str);
        let meant = did_you_mean(&target.to_string(), names());
        item.finding(format!("unknown target {}{meant}", item.shown()), one_of(names()));
        return None;
    }
    Some(target)
}

fn moment(item: &Item<'_>, zone: Option<&TimeZone>) -> Option<DateTime> {
    let expected = r#"a date and time by the clock of its timezone, such as "2026-12-05T22:00""#;
    let text = item.text(expected)?;
    // What has an offset says whose clock, and perhaps another one.
    let moment = text.parse::<DateTime>().ok().filter(|_| !text.contains(['Z', 'z', '[']));
    let Some(moment) = moment else {
        item.finding(item.shown(), expected);
        return None;
    };
    if zone.is_some_and(|zone| !is_shown(zone, moment)) {
        item.finding(item.shown(), "a time that there is: clocks go forward over this one");
        return None;
    }
    Some(moment)
}

fn repeats(item: &Item<'_>) -> Option<Repeats> {
    let expected = r#""daily", "weekly", "monthly" or "yearly""#;
    match item.text(expected)? {
        "daily" => Some(Repeats::Days(1)),
        "weekly" => Some(Repeats::Days(7)),
        "monthly" => Some(Repeats::Months(1)),
        "yearly" => Some(Repeats::Months(12)),
        _ => {
            item.finding(item.shown(), expected);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::document;
    use crate::health::Region;

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
        assert_eq!((*lasts, *repeats, *lead, *announce), (DAY / 6, Repeats::Once, LEAD, ANNOUNCE));
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
