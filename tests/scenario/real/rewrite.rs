//! `pools.toml` with every endpoint probed at a server that there really is, line by line the same.

use std::net::SocketAddr;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Gives each endpoint of each pool that has a monitor a `probe`, or another one in its place.
/// `address` knows where the server really is. A file that cannot be read stays as it is.
pub fn pools(text: &str, mut address: impl FnMut(&str) -> SocketAddr) -> String {
    let Ok(document) = DeTable::parse(text) else { return text.to_owned() };
    let mut changes: Vec<(Range<usize>, String)> = Vec::new();
    for endpoint in probed_endpoints(document.get_ref()) {
        let (place, new) = match endpoint.get_ref() {
            DeValue::String(at) => {
                (endpoint.span(), format!("{{ address = \"{at}\", probe = \"{}\" }}", address(at)))
            }
            DeValue::Table(table) => {
                let key = if table.contains_key("probe") { "probe" } else { "address" };
                let Some(value) = table.get(key) else { continue };
                let Some(at) = value.get_ref().as_str() else { continue };
                let place = value.span();
                match key {
                    "probe" => (place, format!("\"{}\"", address(at))),
                    _ => (place, format!("\"{at}\", probe = \"{}\"", address(at))),
                }
            }
            _ => continue,
        };
        changes.push((place, new));
    }
    changes.sort_by_key(|(place, _)| place.start);
    let mut text = text.to_owned();
    changes.into_iter().rev().for_each(|(place, new)| text.replace_range(place, &new));
    text
}

fn probed_endpoints<'t>(document: &'t DeTable<'t>) -> Vec<&'t Spanned<DeValue<'t>>> {
    let pools = document.get("pools").and_then(|pools| pools.get_ref().as_table());
    let pools = pools.into_iter().flat_map(|pools| pools.values());
    pools
        .filter_map(|pool| pool.get_ref().as_table())
        .filter(|pool| pool.contains_key("monitor"))
        .filter_map(|pool| pool.get("endpoints")?.get_ref().as_array())
        .flatten()
        .collect()
}
