//! Numbers and places in words.

use super::{CountryDiff, MoveDiff, Part};

/// So many countries are named.
const NAMED: usize = 4;

/// A part as per cent.
pub(super) fn percent(part: f64) -> String {
    match part * 100.0 {
        0.0 => "0 %".into(),
        percent if percent < 0.05 => "under 0.1 %".into(),
        percent if (99.95..100.0).contains(&percent) => "99.9 %".into(),
        percent => {
            let text = format!("{percent:.1}");
            format!("{} %", text.strip_suffix(".0").unwrap_or(&text))
        }
    }
}

/// How much of IPv4, and of IPv6 where that is another part.
pub(super) fn part(part: Part) -> String {
    let (v4, v6) = (percent(part.ipv4), percent(part.ipv6));
    if v4 == v6 { v4 } else { format!("{v4} of IPv4 and {v6} of IPv6") }
}

/// Where those are who move: of how many countries they are all, and of which a part.
pub(super) fn places(one: &MoveDiff) -> String {
    if one.countries.is_empty() {
        return format!("addresses that nobody on the internet has, like {}", one.example);
    }
    if one.everywhere {
        return "everywhere".into();
    }
    let named = one.countries.iter().take(NAMED).map(country);
    let mut named: Vec<String> = named.collect();
    let rest = one.countries.len().saturating_sub(NAMED);
    match rest {
        0 => {}
        1 => named.push("1 more country".into()),
        _ => named.push(format!("{rest} more countries")),
    }
    named.join(", ")
}

fn country(of: &CountryDiff) -> String {
    match of.part {
        part if part > 0.9995 => format!("all of {}", of.name),
        part => format!("{} of {}", percent(part), of.name),
    }
}
