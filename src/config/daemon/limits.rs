//! `[dns.rate_limit]` and `[dns.tcp]`: what clients may take.

use std::net::IpAddr;
use std::time::Duration;

use super::{Dns, Item, Table, expect_keys, set};
use crate::geo_key;
use crate::rate_limit;

/// `[dns.tcp]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tcp {
    /// Connections that may be open at once, on all addresses together. Default 1024.
    pub max_connections: usize,
    /// The same for one client network. Default 128.
    pub max_connections_per_network: usize,
    /// How long a connection may be silent. Default 10 s.
    pub idle_timeout: Duration,
    /// How long a connection may last. Default 10 min.
    pub max_lifetime: Duration,
}

impl Default for Tcp {
    fn default() -> Self {
        Self {
            max_connections: 1024,
            max_connections_per_network: 128,
            idle_timeout: Duration::from_secs(10),
            max_lifetime: Duration::from_secs(600),
        }
    }
}

/// Reads both tables below `[dns]`.
pub(super) fn read(table: &Table<'_>, dns: &mut Dns) {
    let sub_table = |key: &str, known: &[&str]| {
        let name = format!("dns.{key}");
        let table = table.get(key)?.table(&format!("a table, [{name}]"))?;
        expect_keys(&name, &table, known);
        Some(table)
    };
    if let Some(table) = sub_table("rate_limit", &["responses_per_second", "slip", "exempt"]) {
        read_rate_limit(&table, &mut dns.rate_limit);
    }
    let keys = ["max_connections", "max_connections_per_network", "idle_timeout", "max_lifetime"];
    if let Some(table) = sub_table("tcp", &keys) {
        read_tcp(&table, &mut dns.tcp);
    }
}

fn read_rate_limit(table: &Table<'_>, limit: &mut rate_limit::Settings) {
    let number = |key, most| {
        let expected = format!("a number from 0 to {most}");
        table.get(key).and_then(|item| item.integer(0..=most, &expected))
    };
    set(&mut limit.responses_per_second, number("responses_per_second", 1_000_000));
    set(&mut limit.slip, number("slip", 100));
    set(&mut limit.exempt, table.get("exempt").and_then(|item| networks(&item)));
}

fn networks(item: &Item<'_>) -> Option<Vec<(IpAddr, u8)>> {
    let items = item.list(r#"a list of networks, such as ["127.0.0.0/8", "::1/128"]"#)?;
    Some(items.iter().filter_map(network).collect())
}

fn network(item: &Item<'_>) -> Option<(IpAddr, u8)> {
    let text = item.text(r#"a network, such as "203.0.113.0/24" or "2001:db8::/32""#)?;
    match geo_key::network(text) {
        Ok(network) => Some(network),
        Err((found, expected)) => {
            item.finding(found, expected);
            None
        }
    }
}

fn read_tcp(table: &Table<'_>, tcp: &mut Tcp) {
    set(&mut tcp.max_connections, connections(table, "max_connections"));
    let per_network = connections(table, "max_connections_per_network");
    set(&mut tcp.max_connections_per_network, per_network);
    set(&mut tcp.idle_timeout, idle_timeout(table));
    set(&mut tcp.max_lifetime, max_lifetime(table));
}

/// How many connections a key allows.
pub(super) fn connections(table: &Table<'_>, key: &str) -> Option<usize> {
    let item = table.get(key)?;
    item.integer(1..=1_000_000, "a number from 1 to 1000000").map(|n| n as usize)
}

/// How long a connection may be silent.
pub(super) fn idle_timeout(table: &Table<'_>) -> Option<Duration> {
    let item = table.get("idle_timeout")?;
    item.duration(Duration::from_millis(100)..=Duration::from_secs(3600))
}

/// How long a connection may last.
pub(super) fn max_lifetime(table: &Table<'_>) -> Option<Duration> {
    let item = table.get("max_lifetime")?;
    item.duration(Duration::from_secs(1)..=Duration::from_secs(86_400))
}
