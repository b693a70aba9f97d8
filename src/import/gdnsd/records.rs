//! DYNA and DYNC whose answer never changes: records like others.

use super::resources::Resources;
use super::vscf::Value;
use crate::import::plan::Target;
use crate::import::source::Place;

/// The types and data that `plugin!resource` always answers; none if it chooses.
pub(super) fn fixed(
    resources: &mut Resources<'_, '_>,
    plugin: &str,
    resource: &str,
    place: &Place,
) -> Option<Vec<(&'static str, String)>> {
    match plugin {
        "null" => Some(vec![("A", "0.0.0.0".into()), ("AAAA", "::".into())]),
        "static" => {
            let value: &Value = resources.plugin("static")?.get(resource)?;
            let target = resources.target(value, &format!("static!{resource}"))?;
            Some(vec![match target {
                Target::Address(address) if address.is_ipv4() => ("A", address.to_string()),
                Target::Address(address) => ("AAAA", address.to_string()),
                Target::Host(host) => ("CNAME", host.to_string()),
            }])
        }
        "reflect" => {
            let why = "the address of a client is not answered here";
            resources.plan.notes.push(place, "reflect", why, "the name is left out");
            Some(Vec::new())
        }
        _ => None,
    }
}
