//! `zones/pools.toml`: regions, monitors and pools.

mod requires;

use std::collections::HashMap;

use super::combinations::{self, Combination};
use super::daemon::FilePosition;
use super::document::{Document, Item, Kind, Table};
use super::endpoints::{self, Endpoints};
use super::monitors::{self, Beside, NO_PORT};
use super::share;
use crate::finding::words::{did_you_mean, one_of, quoted};
use crate::health::{
    Answers, Combined, Condition, Endpoint, EndpointAddress, Inventory, Location, Monitor,
    MonitorId, MonitorKind, Pool, Region,
};

const POOL_KEYS: [&str; 7] =
    ["region", "monitor", "requires", "endpoints", "min_healthy", "panic_below", "answers"];

/// Reads the whole file. What is wrong is noted in the document, yet each name that stands in
/// the file is there, so that whoever refers to it is not blamed.
pub(super) fn read(document: &Document<'_>, beside: &Beside<'_>) -> Inventory {
    let root = document.root();
    root.expect_keys(&["regions", "monitors", "pools"]);
    let regions = named(&root, "regions", |name, _, table| Region {
        name: name.into(),
        location: region_location(table),
    });
    let complete = document.is_whole();
    let (mut monitors, mut asked, mut combinations) = (Vec::new(), HashMap::new(), Vec::new());
    for (name, monitor) in
        named(&root, "monitors", |name, item, table| read_monitor(name, item, table, beside))
    {
        match monitor {
            MonitorTable::Combines(combination) => combinations.push(combination),
            MonitorTable::Asks(monitor) => {
                asked.insert(name, monitors.len() as MonitorId);
                monitors.push(*monitor);
            }
        }
    }
    let names = Names {
        regions: index(regions.iter().map(|region| region.name.as_str())),
        monitors: combinations::resolve(asked, &combinations, complete),
        all: &monitors,
        complete,
    };
    let mut pools = named(&root, "pools", |name, item, table| read_pool(&names, name, item, table));
    requires::read(&root, &mut pools, names.complete);
    Inventory { regions, monitors, pools }
}

struct Names<'a> {
    regions: HashMap<&'a str, u32>,
    /// What each stands for, by the ids of those that ask.
    monitors: HashMap<&'a str, Condition>,
    all: &'a [Monitor],
    /// Whether there are no others.
    complete: bool,
}

/// Where the first monitor by echo requests stands, which needs a right that not everybody has.
pub(super) fn first_icmp(document: &Document<'_>) -> Option<FilePosition> {
    let Kind::Table(monitors) = document.root().get("monitors")?.kind() else { return None };
    monitors.entries().find_map(|(_, item)| match item.kind() {
        Kind::Table(monitor) => Some(monitor.get("icmp")?.position()),
        _ => None,
    })
}

/// What a table of a monitor is about.
enum MonitorTable<'d> {
    Asks(Box<Monitor>),
    Combines(Combination<'d>),
}

fn read_monitor<'d>(
    name: &'d str,
    item: &Item<'d>,
    table: &Table<'d>,
    beside: &Beside<'_>,
) -> (&'d str, MonitorTable<'d>) {
    let monitor = match combinations::read(name, table) {
        Some(combination) => MonitorTable::Combines(combination),
        None => MonitorTable::Asks(Box::new(monitors::read(name, item, table, beside))),
    };
    (name, monitor)
}

fn index<'a>(names: impl Iterator<Item = &'a str>) -> HashMap<&'a str, u32> {
    names.zip(0..).collect()
}

/// Reads the tables of `[kind.NAME]`.
fn named<'d, T>(
    root: &Table<'d>,
    kind: &str,
    read: impl Fn(&'d str, &Item<'d>, &Table<'d>) -> T,
) -> Vec<T> {
    let expected = format!("tables, such as [{kind}.NAME]");
    let Some(table) = root.get(kind).and_then(|item| item.table(&expected)) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for (name, item) in table.entries() {
        check_name(name, &item);
        match item.kind() {
            Kind::Table(table) => all.push(read(name, &item, &table)),
            Kind::List(items) if item.is_list_of_tables() => {
                let header = format!("[{kind}.{name}]");
                item.key_finding(format!("[{header}]"), format!("{header}, in single brackets"));
                // Whoever refers to it is not to blame.
                let first = items.first().and_then(|first| first.table(""));
                all.extend(first.map(|table| read(name, &item, &table)));
            }
            _ => item.finding(item.shown(), format!("a table, [{kind}.{name}]")),
        }
    }
    all
}

/// Names stand in URLs, in targets and on command lines.
fn check_name(name: &str, item: &Item<'_>) {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if name.is_empty() || !name.chars().all(good) || name == "." || name == ".." {
        item.key_finding(
            format!("the name {}", quoted(name)),
            "a name of letters, digits, \".\", \"_\" and \"-\"",
        );
    }
}

fn region_location(table: &Table<'_>) -> Option<Location> {
    table.expect_keys_of_named(&["location"]);
    let item = table.get("location")?;
    let expected = "latitude and longitude in degrees, such as [39.04, -77.49]";
    let items = item.list(expected)?;
    let [latitude, longitude] = items.as_slice() else {
        item.finding(format!("a list of {}", items.len()), expected);
        return None;
    };
    let latitude = latitude.number(-90.0..=90.0, "a latitude from -90 to 90");
    let longitude = longitude.number(-180.0..=180.0, "a longitude from -180 to 180");
    Some(Location { latitude: latitude?, longitude: longitude? })
}

fn read_pool(names: &Names<'_>, name: &str, item: &Item<'_>, table: &Table<'_>) -> Pool {
    table.expect_keys_of_named(&POOL_KEYS);
    let region = table.get("region").and_then(|item| {
        let text = item.text("the name of a region")?;
        find(&item, "region", text, &names.regions, names.complete)
    });
    let monitors = table.get("monitor").map(|item| read_monitors(names, &item));
    let (monitors, combined) = monitors.unwrap_or_default();
    let endpoints = match table.get("endpoints") {
        Some(list) => endpoints::read(&list),
        None => {
            let found = format!("pool {} without endpoints", quoted(name));
            item.key_finding(found, r#"endpoints = ["192.0.2.10"]"#);
            Endpoints::default()
        }
    };
    check_probes(names, item, name, &monitors, &endpoints.good);
    let kinds = monitors.iter().filter_map(|id| names.all.get(*id as usize)).map(|m| &m.kind);
    endpoints::check_names(&endpoints.good, &kinds.collect::<Vec<_>>());
    let complete = endpoints.complete;
    let endpoints: Vec<Endpoint> = endpoints.good.into_iter().map(|(e, _)| e).collect();
    let answers = table.get("answers").and_then(|item| answers(&item)).unwrap_or(Answers::All);
    let countable = if complete { endpoints.as_slice() } else { &[] };
    let min_healthy = table.get("min_healthy").and_then(|item| min_healthy(&item, countable));
    let mut pool = Pool {
        name: name.into(),
        region,
        monitors,
        combined,
        // Read when all pools are known.
        requires: Vec::new(),
        endpoints,
        min_healthy: min_healthy.unwrap_or(1),
        panic_below: table.get("panic_below").and_then(|item| share::read(&item)),
        answers,
    };
    // A name has one CNAME (RFC 2181 10.1).
    if pool.answers_hosts() {
        pool.answers = Answers::One;
    }
    pool
}

/// Looks up a name, or says which there are.
fn find<T: Clone>(
    item: &Item<'_>,
    kind: &str,
    name: &str,
    known: &HashMap<&str, T>,
    complete: bool,
) -> Option<T> {
    let found = known.get(name).cloned();
    if found.is_none() && complete {
        let mut names: Vec<&str> = known.keys().copied().collect();
        names.sort_unstable();
        let meant = did_you_mean(name, names.iter().copied());
        let expected = match names.is_empty() {
            true => format!("a {kind}; there is no [{kind}s.{name}] in this file"),
            false => one_of(names),
        };
        item.finding(format!("unknown {kind} {}{meant}", quoted(name)), expected);
    }
    found
}

/// The monitors that a pool is asked by, and how they are combined if not all of them must pass.
fn read_monitors(names: &Names<'_>, item: &Item<'_>) -> (Vec<MonitorId>, Option<Combined>) {
    let expected = "the name of a monitor, or a list of them";
    let (mut written, mut conditions) = (Vec::new(), Vec::new());
    let items = item.one_or_more(expected);
    if items.as_ref().is_some_and(Vec::is_empty) {
        item.finding(item.shown(), "at least one monitor; a pool without the key is always up");
    }
    for item in items.unwrap_or_default() {
        let Some(name) = item.text("the name of a monitor") else { continue };
        let Some(condition) = find(&item, "monitor", name, &names.monitors, names.complete) else {
            continue;
        };
        if written.contains(&name) {
            item.finding(format!("monitor {} a second time", quoted(name)), "each monitor once");
        } else {
            written.push(name);
            conditions.push(condition);
        }
    }
    let is_plain = conditions.iter().all(|one| matches!(one, Condition::Monitor(_)));
    let mut monitors: Vec<MonitorId> = Vec::new();
    let condition = Condition::all(conditions).renumbered(&mut |id| {
        let place = monitors.iter().position(|known| *known == id);
        place.unwrap_or_else(|| {
            monitors.push(id);
            monitors.len() - 1
        }) as u32
    });
    let names = written.into_iter().map(str::to_owned).collect();
    (monitors, (!is_plain).then_some(Combined { condition, names }))
}

fn answers(item: &Item<'_>) -> Option<Answers> {
    let expected = r#"1 or "all""#;
    match item.kind() {
        Kind::Text("all") => Some(Answers::All),
        Kind::Text(_) => {
            item.finding(item.shown(), expected);
            None
        }
        _ => item.integer(1..=1, expected).map(|_| Answers::One),
    }
}

/// Health is counted for each family, so a family with fewer endpoints could never be up.
fn min_healthy(item: &Item<'_>, endpoints: &[Endpoint]) -> Option<u32> {
    let least = item.integer(1..=u32::MAX, "a number of endpoints, at least 1")?;
    let count = |family: &dyn Fn(&EndpointAddress) -> bool| {
        endpoints.iter().filter(|endpoint| family(&endpoint.address)).count()
    };
    let families = [
        ("IPv4 addresses", count(&|a| matches!(a, EndpointAddress::Ip(ip) if ip.is_ipv4()))),
        ("IPv6 addresses", count(&|a| matches!(a, EndpointAddress::Ip(ip) if ip.is_ipv6()))),
        ("host names", count(&|a| matches!(a, EndpointAddress::Host { .. }))),
    ];
    for (family, count) in families {
        if count > 0 && least as usize > count {
            let most = if count == 1 { "1".into() } else { format!("a number from 1 to {count}") };
            item.finding(
                format!("{least}, more than the pool's {family} ({count})"),
                match endpoints.len() == count {
                    true => most,
                    false => format!("{most}: each family is counted by itself"),
                },
            );
            return None;
        }
    }
    Some(least)
}

/// Whatever is monitored must have an address and, for TCP, a port.
fn check_probes(
    names: &Names<'_>,
    pool: &Item<'_>,
    name: &str,
    monitors: &[MonitorId],
    endpoints: &[(Endpoint, Item<'_>)],
) {
    let mut kinds = monitors.iter().filter_map(|id| names.all.get(*id as usize)).map(|m| &m.kind);
    if kinds.all(|kind| *kind == MonitorKind::Heartbeat) {
        return;
    }
    for (endpoint, item) in endpoints {
        let elsewhere = endpoint.probe.as_ref().and_then(|probe| probe.address);
        if let (EndpointAddress::Host { text, .. }, None) = (&endpoint.address, elsewhere) {
            item.finding(
                format!("the host name {text} to be monitored, but names are not resolved"),
                r#"probe = "ADDR:PORT" beside it, or no monitor for the pool"#,
            );
        }
    }
    let without_port =
        |endpoint: &Endpoint| endpoint.probe.as_ref().is_none_or(|probe| probe.port.is_none());
    let Some((endpoint, _)) = endpoints.iter().find(|(e, _)| without_port(e)) else { return };
    for monitor in monitors.iter().filter_map(|id| names.all.get(*id as usize)) {
        let (kind, port) = match &monitor.kind {
            MonitorKind::Tcp(check) => ("tcp", check.port),
            MonitorKind::Grpc(check) => ("grpc", check.port),
            _ => continue,
        };
        if port == NO_PORT {
            pool.key_finding(
                format!(
                    "no port to probe {} of pool {} by monitor {}",
                    endpoint.address.text(),
                    quoted(name),
                    quoted(&monitor.name)
                ),
                format!("{kind} = {{ port = … }}, or probe = \"ADDR:PORT\" for each endpoint"),
            );
        }
    }
}

#[cfg(test)]
mod tests;
