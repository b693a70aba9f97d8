//! The `endpoints` of a pool: addresses or host names, short or long.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use super::document::{Item, Kind, Table};
use super::monitors;
use crate::finding::words::quoted;
use crate::health::{Endpoint, EndpointAddress, MonitorKind, ProbeAt};
use crate::hosts::{host_name, unusable};

/// The most that one endpoint or branch may weigh.
pub(super) const MAX_WEIGHT: u32 = 1_000_000;
pub(super) const WEIGHT: &str = "a weight from 0 to 1000000, without fraction";

const ADDRESS: &str = r#"an IPv4 or IPv6 address, such as "192.0.2.10" or "2001:db8::10""#;
const PROBE: &str = r#"an address to probe, such as "10.0.0.1", "10.0.0.1:8080" or "[::1]:80""#;

/// The endpoints of one pool.
#[derive(Default)]
pub(super) struct Endpoints<'d> {
    /// Those that can be used, each with where it stands.
    pub(super) good: Vec<(Endpoint, Item<'d>)>,
    /// Whether those are all that stand in the file.
    pub(super) complete: bool,
}

/// Reads the list.
pub(super) fn read<'d>(list: &Item<'d>) -> Endpoints<'d> {
    let expected = r#"a list of endpoints, such as ["192.0.2.10"]"#;
    let Some(items) = list.list(expected) else { return Endpoints::default() };
    if items.is_empty() {
        list.finding(list.shown(), expected);
        return Endpoints::default();
    }
    let good: Vec<(Endpoint, Item<'_>)> =
        items.iter().filter_map(|item| Some((endpoint(item)?, *item))).collect();
    check_once(&good);
    check_one_kind(&good);
    if !good.is_empty() && good.iter().all(|(endpoint, _)| endpoint.weight == 0) {
        list.finding("only weights of 0", "at least one weight above 0");
    }
    Endpoints { complete: good.len() == items.len(), good }
}

fn endpoint(item: &Item<'_>) -> Option<Endpoint> {
    match item.kind() {
        Kind::Text(text) => {
            Some(Endpoint { address: address(item, text)?, weight: 1, probe: None })
        }
        Kind::Table(table) => long_form(item, &table),
        _ => {
            item.finding(item.shown(), ADDRESS);
            None
        }
    }
}

fn long_form(item: &Item<'_>, table: &Table<'_>) -> Option<Endpoint> {
    table.expect_keys(&["address", "cname", "weight", "probe", "host", "sni"]);
    let weight = table.get("weight").map_or(Some(1), |item| item.integer(0..=MAX_WEIGHT, WEIGHT));
    let probe = probed(table);
    let address = match (table.get("address"), table.get("cname")) {
        (Some(value), None) => address(&value, value.text(ADDRESS)?)?,
        (None, Some(value)) => host(&value)?,
        (Some(_), Some(cname)) => {
            cname.key_finding("a host name and an address", "either address or cname");
            return None;
        }
        (None, None) => {
            item.finding("an endpoint without address", "address or cname");
            return None;
        }
    };
    Some(Endpoint { address, weight: weight.unwrap_or(1), probe })
}

/// What its probes do otherwise; none where they do nothing otherwise.
fn probed(table: &Table<'_>) -> Option<ProbeAt> {
    let at = table.get("probe").and_then(|item| probe(&item)).unwrap_or_default();
    let host = table.get("host").and_then(|item| monitors::host(&item));
    let sni = table.get("sni").and_then(|item| monitors::sni(&item));
    let probed = ProbeAt { host, sni, ..at };
    (probed != ProbeAt::default()).then_some(probed)
}

fn address(item: &Item<'_>, text: &str) -> Option<EndpointAddress> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return usable(item, address).map(EndpointAddress::Ip);
    }
    if let Ok(with_port) = text.parse::<SocketAddr>() {
        item.finding(
            format!("{}, an address with a port", quoted(text)),
            format!(
                "an address; where it is probed is said by {{ address = \"{}\", probe = {} }}",
                with_port.ip(),
                quoted(text)
            ),
        );
    } else if let Ok(host) = host_name(text) {
        let expected = format!("an address; a host name is written {{ cname = \"{host}\" }}");
        item.finding(quoted(text), expected);
    } else {
        item.finding(quoted(text), ADDRESS);
    }
    None
}

fn usable(item: &Item<'_>, address: IpAddr) -> Option<IpAddr> {
    match unusable(address) {
        Some(why) => {
            item.finding(format!("{}, {why}", item.shown()), "the address of one host");
            None
        }
        None => Some(address),
    }
}

fn host(item: &Item<'_>) -> Option<EndpointAddress> {
    let expected = r#"a host name, such as "customer.cdn.example.net.""#;
    let text = item.text(expected)?;
    match host_name(text) {
        Ok(name) => {
            let wire = name.as_wire().into();
            Some(EndpointAddress::Host { wire, text: name.to_string() })
        }
        Err(why) => {
            item.finding(format!("{}: {why}", quoted(text)), expected);
            None
        }
    }
}

fn probe(item: &Item<'_>) -> Option<ProbeAt> {
    let text = item.text(PROBE)?;
    let read = match text.parse::<SocketAddr>() {
        Ok(at) if at.port() != 0 => Some((at.ip(), Some(at.port()))),
        Ok(_) => None,
        Err(_) => text.parse().ok().map(|address| (address, None)),
    };
    let Some((address, port)) = read else {
        item.finding(quoted(text), PROBE);
        return None;
    };
    let address = Some(usable(item, address)?);
    Some(ProbeAt { address, port, ..ProbeAt::default() })
}

/// A name that no monitor of the pool asks by would be a slip: the endpoint is asked by another one.
pub(super) fn check_names(endpoints: &[(Endpoint, Item<'_>)], kinds: &[&MonitorKind]) {
    // None, or none that could be read.
    if kinds.is_empty() {
        return;
    }
    let by_host = kinds.iter().any(|kind| kind.asks_by_host());
    let by_sni = kinds.iter().any(|kind| kind.asks_by_sni());
    for (key, is_used, expected) in [
        ("host", by_host, "no such key, or a monitor that asks by HTTP, TLS, gRPC or a command"),
        ("sni", by_sni, "no such key, or a monitor that asks over TLS or by gRPC"),
    ] {
        let written = endpoints.iter().filter_map(|(_, item)| match item.kind() {
            Kind::Table(table) => table.get(key),
            _ => None,
        });
        for item in written.filter(|_| !is_used) {
            item.key_finding(format!("{key}, by which no monitor of this pool asks"), expected);
        }
    }
}

/// Compares what is answered, not how it is written.
fn check_once(endpoints: &[(Endpoint, Item<'_>)]) {
    let mut seen: HashMap<String, &Item<'_>> = HashMap::new();
    for (endpoint, item) in endpoints {
        let text = endpoint.address.text();
        let found = format!("endpoint {text} a second time");
        if let Some(first) = seen.get(&text) {
            let line = first.line();
            item.finding(format!("{found} (first in line {line})"), "each endpoint once");
        } else {
            seen.insert(text, item);
        }
    }
}

fn check_one_kind(endpoints: &[(Endpoint, Item<'_>)]) {
    let is_host = |endpoint: &Endpoint| matches!(endpoint.address, EndpointAddress::Host { .. });
    let Some((first, _)) = endpoints.first() else { return };
    let (other, first_kind) = match is_host(first) {
        true => ("an address", "host names"),
        false => ("a host name", "addresses"),
    };
    if let Some((_, item)) = endpoints.iter().find(|(e, _)| is_host(e) != is_host(first)) {
        item.finding(
            format!("{other} in a pool of {first_kind}"),
            "either addresses or host names in one pool",
        );
    }
}
