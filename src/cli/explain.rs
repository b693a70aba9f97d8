//! `explain`: an answer and each step that led to it, from the files alone or from the daemon.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use hickory_proto::rr::RecordType;

use super::args::ExplainArgs;
use super::client::Client;
use super::serve::lines;
use super::{CommandResult, show};
use crate::clock;
use crate::config;
use crate::explain::{self, Explanation, Question};
use crate::finding::words::{closest, one_of};
use crate::health::{EndpointId, Inventory, Standing, StandingNow, Target};
use crate::question::ClientNetwork;
use crate::reload;
use crate::steering::Pools;
use crate::view::{CookieSecrets, View};
use crate::wire::Name;

/// Explains by the running daemon.
pub async fn live(args: &ExplainArgs, json: bool, client: &Client) -> CommandResult {
    let value = client.explain(&args.name, args.rtype, args.from).await?;
    let explanation = serde_json::from_value(value)
        .map_err(|error| format!("the daemon's explanation cannot be read: {error}"))?;
    show(json, &explanation, present)
}

/// Explains by the files, taking every endpoint for up but those that `--down` names.
pub fn offline(config: &Path, args: &ExplainArgs, json: bool) -> CommandResult {
    let name = Name::parse(&args.name, &Name::root())
        .map_err(|error| format!("{:?} is no name: {error}", args.name))?;
    let daemon = config::daemon(config).map_err(|findings| lines(&findings))?;
    let seed = 0;
    let world = reload::load_world(&daemon, seed).map_err(|findings| lines(&findings))?.world;
    let down = endpoints_of(&world.inventory, &args.down)?;
    let pools = Pools::new(&world.inventory, |id| {
        let standing = if down.contains(&id) { Standing::Down } else { Standing::Up };
        StandingNow { standing, hold: None }
    });
    let view =
        View { world: world.into(), pools, nsid: None, cookie_secrets: CookieSecrets::default() };
    let draw = clock::random_bytes().map_err(|error| format!("no randomness: {error}"))?;
    let nobody = ClientNetwork { address: IpAddr::V4(Ipv4Addr::LOCALHOST), length: 32 };
    let from = args.from.unwrap_or(nobody);
    let question = Question {
        name: &name,
        rtype: RecordType::from(args.rtype),
        from: (from.address, from.length),
        draw: u64::from_le_bytes(draw),
    };
    show(json, &explain::explain(&view, &question)?, present)
}

/// The endpoints that texts name: `region:NAME`, `pool:NAME`, `endpoint:POOL/ADDR`, or any of the
/// three names alone.
fn endpoints_of(inventory: &Inventory, texts: &[String]) -> Result<Vec<EndpointId>, String> {
    let mut all = Vec::new();
    for text in texts {
        let meant = Target::meant_by(text);
        // A region may have no pool at all: then nothing is down with it.
        if !meant.iter().any(|target| target.exists_in(inventory)) {
            return Err(unknown(inventory, text));
        }
        all.extend(meant.iter().flat_map(|target| target.endpoints_in(inventory)));
    }
    Ok(all)
}

fn unknown(inventory: &Inventory, text: &str) -> String {
    let names = names(inventory);
    let kinds = ["region", "pool", "endpoint"];
    // What was written with its kind is offered with its kind.
    let (kind, name) = match text.split_once(':') {
        Some((kind, name)) if kinds.contains(&kind) => (&text[..=kind.len()], name),
        _ => ("", text),
    };
    let known = |name: &&str| {
        let target = format!("{kind}{name}").parse::<Target>();
        kind.is_empty() || target.is_ok_and(|target| target.exists_in(inventory))
    };
    let meant = match closest(name, names.iter().map(String::as_str).filter(known)) {
        Some(close) => format!(" (did you mean {kind}{close}?)"),
        None => String::new(),
    };
    let names = one_of(names.iter().map(String::as_str));
    format!("--down {text}: no region, pool or endpoint of that name{meant}; expected {names}")
}

fn names(inventory: &Inventory) -> Vec<String> {
    let regions = inventory.regions.iter().map(|region| region.name.clone());
    let pools = inventory.pools.iter().map(|pool| pool.name.clone());
    let endpoints = inventory
        .pools
        .iter()
        .flat_map(|pool| (0..pool.endpoints.len()).map(|index| pool.endpoint_name(index)));
    let mut names: Vec<String> = regions.chain(pools).chain(endpoints).collect();
    names.sort();
    names.dedup();
    names
}

fn present(explanation: &Explanation) -> String {
    let Explanation { name, rtype, client, place, steps, rcode, reason, scope, .. } = explanation;
    let mut lines = vec![format!("{name} {rtype}, asked from {client} ({place})")];
    lines.extend(steps.iter().map(|step| format!("  {step}")));
    let authority = if explanation.authoritative { "authoritative" } else { "not authoritative" };
    lines.push(format!("{rcode}, {authority}, {reason}, scope /{scope}"));
    lines.extend(explanation.answer.iter().map(|record| format!("  {record}")));
    if explanation.answer.is_empty() {
        lines.extend(explanation.authority.iter().map(|record| format!("  {record}")));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::{Answers, Endpoint, EndpointAddress, Pool, Region};

    fn inventory() -> Inventory {
        let endpoint = |address: &str| Endpoint {
            address: match address.parse() {
                Ok(ip) => EndpointAddress::Ip(ip),
                Err(_) => EndpointAddress::Host { wire: [].into(), text: address.into() },
            },
            weight: 1,
            probe: None,
        };
        let pool = |name: &str, region, address| Pool {
            name: name.into(),
            region,
            monitors: Vec::new(),
            endpoints: vec![endpoint(address)],
            min_healthy: 1,
            combined: None,
            panic_below: None,
            requires: Vec::new(),
            answers: Answers::All,
        };
        Inventory {
            regions: vec![Region { name: "us".into(), location: None }],
            monitors: Vec::new(),
            pools: vec![
                pool("web", Some(0), "192.0.2.1"),
                pool("us", None, "2001:db8::1"),
                pool("cdn", None, "www.example.net."),
            ],
        }
    }

    #[test]
    fn down_takes_regions_pools_and_endpoints() {
        let ids = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
            endpoints_of(&inventory(), &texts)
                .map(|ids| ids.iter().map(|id| id.pool).collect::<Vec<_>>())
        };
        for (text, pools) in [
            ("region:us", &[0][..]),
            ("pool:us", &[1]),
            ("us", &[0, 1]),
            ("web/192.0.2.1", &[0]),
            ("endpoint:us/2001:db8::1", &[1]),
            ("us/2001:DB8:0::1", &[1]),
            ("endpoint:us/2001:DB8::1", &[1]),
            ("cdn/WWW.Example.net", &[2]),
            ("cdn/www.example.net.", &[2]),
        ] {
            assert_eq!(ids(&[text]).unwrap(), pools, "{text}");
        }
        assert_eq!(
            ids(&["web", "eu"]).unwrap_err(),
            "--down eu: no region, pool or endpoint of that name; expected one of cdn, cdn/www.example.net., us, us/2001:db8::1, web, web/192.0.2.1"
        );
        for (text, meant) in [
            ("wbe", " (did you mean web?)"),
            ("pool:wbe", " (did you mean pool:web?)"),
            ("region:wbe", ""),
            ("endpoint:web/192.0.2.2", " (did you mean endpoint:web/192.0.2.1?)"),
            ("nobody", ""),
        ] {
            let error = ids(&[text]).unwrap_err();
            assert!(error.contains(&format!("of that name{meant}; expected one of ")), "{error}");
        }
    }
}
