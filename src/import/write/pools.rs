//! `pools.toml`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::toml::{comments, key, list, text};
use crate::import::plan::{Endpoint, Monitor, MonitorKind, Plan, Pool, Target};

/// The file, or nothing where no name is steered to a pool.
pub(in crate::import) fn pools(plan: &Plan) -> Option<String> {
    let mut used = Vec::new();
    for steered in plan.zones.iter().flat_map(|zone| &zone.steered) {
        steered.policy.pools(&mut used);
    }
    let used: BTreeSet<usize> = used.into_iter().collect();
    let pools: Vec<&Pool> = used.iter().filter_map(|index| plan.pools.get(*index)).collect();
    if pools.is_empty() {
        return None;
    }
    let regions: BTreeSet<usize> = pools.iter().filter_map(|pool| pool.region).collect();
    let monitors: BTreeSet<usize> = pools.iter().flat_map(|pool| &pool.monitors).copied().collect();
    let mut out = comments(&plan.head);
    for region in regions.iter().filter_map(|index| plan.regions.get(*index)) {
        let _ = write!(out, "\n[regions.{}]\n", key(&region.name));
        if let Some((latitude, longitude)) = region.location {
            let _ = writeln!(out, "location = [{latitude:?}, {longitude:?}]");
        }
    }
    for monitor in monitors.iter().filter_map(|index| plan.monitors.get(*index)) {
        out += &one_monitor(monitor);
    }
    for pool in pools {
        out += &one_pool(plan, pool);
    }
    Some(out)
}

fn one_monitor(monitor: &Monitor) -> String {
    let mut out = format!("\n{}[monitors.{}]\n", comments(&monitor.comments), key(&monitor.name));
    match &monitor.kind {
        MonitorKind::Http { tls, path, port, host, status } => {
            let (kind, verify) = if *tls { ("https", ", verify = false") } else { ("http", "") };
            let host = host.as_ref().map(|host| format!(", host = {}", text(host)));
            let status: Vec<String> = status.iter().map(u16::to_string).collect();
            let _ = writeln!(
                out,
                "{kind} = {{ path = {}, port = {port}{}, status = [{}]{verify} }}",
                text(path),
                host.unwrap_or_default(),
                status.join(", ")
            );
        }
        MonitorKind::Tcp { port } => {
            let _ = writeln!(out, "tcp = {{ port = {port} }}");
        }
        MonitorKind::Icmp => out += "icmp = {}\n",
        MonitorKind::Down => out += "heartbeat = {}\ninterval = \"1s\"\ninitial = \"down\"\n",
    }
    if let Some(pace) = &monitor.pace {
        let (interval, timeout) = (pace.interval_seconds, pace.timeout_seconds);
        let _ = writeln!(out, "interval = \"{interval}s\"\ntimeout = \"{timeout}s\"");
        let _ = writeln!(out, "fall = {}\nrise = {}", pace.fall, pace.rise);
        let _ = writeln!(out, "retry = \"{interval}s\"\nwatch = false");
    }
    out
}

fn one_pool(plan: &Plan, pool: &Pool) -> String {
    let mut out = format!("\n{}[pools.{}]\n", comments(&pool.comments), key(&pool.name));
    if let Some(region) = pool.region.and_then(|index| plan.regions.get(index)) {
        let _ = writeln!(out, "region = {}", text(&region.name));
    }
    let monitors = pool.monitors.iter().filter_map(|index| plan.monitors.get(*index));
    let monitors: Vec<String> = monitors.map(|monitor| text(&monitor.name)).collect();
    match monitors.as_slice() {
        [] => {}
        [only] => {
            let _ = writeln!(out, "monitor = {only}");
        }
        several => out += &list("monitor", several),
    }
    let weighs = pool.endpoints.iter().any(|endpoint| endpoint.weight != 1);
    let endpoints: Vec<String> = pool.endpoints.iter().map(|e| one_endpoint(e, weighs)).collect();
    out += &list("endpoints", &endpoints);
    if pool.min_healthy > 1 {
        let _ = writeln!(out, "min_healthy = {}", pool.min_healthy);
    }
    if pool.always_all {
        out += "panic_below = \"100%\"\n";
    }
    // A pool of host names always answers one.
    if pool.one_answer && pool.families() != [0] {
        out += "answers = 1\n";
    }
    out
}

fn one_endpoint(endpoint: &Endpoint, weighs: bool) -> String {
    let weight = if weighs { format!(", weight = {}", endpoint.weight) } else { String::new() };
    match &endpoint.target {
        Target::Address(address) if !weighs => text(&address.to_string()),
        Target::Address(address) => {
            format!("{{ address = {}{weight} }}", text(&address.to_string()))
        }
        Target::Host(name) => format!("{{ cname = {}{weight} }}", text(&name.to_string())),
    }
}
