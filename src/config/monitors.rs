//! `[monitors.NAME]` of `pools.toml`: how to ask an endpoint whether it is well.

use std::net::IpAddr;
use std::time::Duration;

use super::combinations;
use super::damping;
use super::document::{Item, Kind, Table};
use super::hosts::host_name;
use crate::finding::words::{one_of, quoted};
use crate::health::{HttpCheck, Initial, Monitor, MonitorKind, StatusRange};

const KINDS: [&str; 4] = ["http", "https", "tcp", "icmp"];
const SETTINGS: [&str; 8] =
    ["interval", "timeout", "fall", "rise", "retry", "watch", "initial", "damping"];

const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(2);
const DEFAULT_RETRY: Duration = Duration::from_millis(300);
const DEFAULT_FALL: u32 = 3;
const DEFAULT_RISE: u32 = 2;

/// Probing faster than this is an attack, slower than that is none.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3600);

/// Only so much of a body is read, so no more can be found in it.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// A port that no endpoint can be probed on: the monitor names none.
pub(super) const NO_PORT: u16 = 0;

/// Reads one monitor; what is wrong with it is noted and replaced by a default.
pub(super) fn read(name: &str, item: &Item<'_>, table: &Table<'_>) -> Monitor {
    let known: Vec<&str> = KINDS.into_iter().chain(SETTINGS).collect();
    table.expect_keys_of_named(&known);
    let kind = read_kind(name, item, table).unwrap_or(MonitorKind::Icmp);
    let pauses = SHORTEST_PAUSE..=LONGEST_PAUSE;
    let pause = |key: &str| table.get(key).and_then(|item| item.duration(pauses.clone()));
    let timeout = table
        .get("timeout")
        .and_then(|item| item.duration(Duration::from_millis(1)..=LONGEST_PAUSE));
    let count = |key: &str| {
        table.get(key).and_then(|item| item.integer(1..=1000, "a number from 1 to 1000"))
    };
    let monitor = Monitor {
        name: name.into(),
        kind,
        interval: pause("interval").unwrap_or(DEFAULT_INTERVAL),
        timeout: timeout.unwrap_or(DEFAULT_TIMEOUT),
        fall: count("fall").unwrap_or(DEFAULT_FALL),
        rise: count("rise").unwrap_or(DEFAULT_RISE),
        retry: pause("retry").unwrap_or(DEFAULT_RETRY),
        watch: table.get("watch").and_then(|item| item.boolean()).unwrap_or(true),
        initial: table.get("initial").and_then(|item| initial(&item)).unwrap_or_default(),
        damping: table.get("damping").and_then(|item| damping::read(&item)),
    };
    check_interval(table, &monitor);
    check_watch(table, &monitor);
    monitor
}

fn initial(item: &Item<'_>) -> Option<Initial> {
    let expected = r#""last", "up" or "down""#;
    match item.text(expected)? {
        "last" => Some(Initial::Last),
        "up" => Some(Initial::Up),
        "down" => Some(Initial::Down),
        _ => {
            item.finding(item.shown(), expected);
            None
        }
    }
}

/// Whoever asks for a watch must not believe that there is one where there can be none.
fn check_watch(table: &Table<'_>, monitor: &Monitor) {
    let Some(item) = table.get("watch").filter(|_| monitor.watch) else { return };
    if monitor.kind == MonitorKind::Icmp && table.get("icmp").is_some() {
        item.finding("a watch without a connection", "watch = false, or no such key, beside icmp");
    }
}

fn check_interval(table: &Table<'_>, monitor: &Monitor) {
    if monitor.interval >= monitor.timeout {
        return;
    }
    let Some(item) = table.get("interval").or_else(|| table.get("timeout")) else { return };
    let shown = |key, value| {
        let default = if table.get(key).is_none() { " (the default)" } else { "" };
        format!("{}{default}", crate::duration::format_duration(value))
    };
    item.finding(
        format!(
            "an interval of {}, shorter than the timeout of {}",
            shown("interval", monitor.interval),
            shown("timeout", monitor.timeout)
        ),
        "an interval that is at least as long as the timeout",
    );
}

fn read_kind(name: &str, item: &Item<'_>, table: &Table<'_>) -> Option<MonitorKind> {
    let mut kinds = table.entries().filter(|(key, _)| KINDS.contains(key));
    let Some((kind, value)) = kinds.next() else {
        let kinds = one_of(KINDS.into_iter().chain(combinations::KINDS));
        item.key_finding(format!("monitor {} without a kind", quoted(name)), kinds);
        return None;
    };
    for (second, item) in kinds {
        item.key_finding(
            format!("a second kind, {}, beside {}", quoted(second), quoted(kind)),
            "one kind for each monitor; a pool may have several monitors",
        );
    }
    let settings = value.table(&format!("a table, such as {kind} = {{}}"))?;
    Some(match kind {
        "http" => MonitorKind::Http(read_http(&settings, 80, &[])),
        "https" => MonitorKind::Https(read_http(&settings, 443, &["sni", "verify"])),
        "tcp" => {
            settings.expect_keys(&["port"]);
            MonitorKind::Tcp { port: port(&settings).unwrap_or(NO_PORT) }
        }
        _ => {
            settings.expect_keys(&[]);
            MonitorKind::Icmp
        }
    })
}

fn port(settings: &Table<'_>) -> Option<u16> {
    let port = settings.get("port")?.integer(1..=65_535, "a port from 1 to 65535")?;
    u16::try_from(port).ok()
}

fn read_http(settings: &Table<'_>, default_port: u16, more: &[&str]) -> HttpCheck {
    let mut known = vec!["path", "port", "host", "status", "body"];
    known.extend(more);
    settings.expect_keys(&known);
    let get = |key: &str| settings.get(key).filter(|_| known.contains(&key));
    HttpCheck {
        path: get("path").and_then(|item| path(&item)).unwrap_or_else(|| "/".into()),
        port: port(settings).unwrap_or(default_port),
        host: get("host").and_then(|item| host(&item)),
        sni: get("sni").and_then(|item| sni(&item)),
        verify: get("verify").and_then(|item| item.boolean()).unwrap_or(true),
        status: get("status")
            .and_then(|item| status(&item))
            .unwrap_or_else(|| vec![StatusRange { first: 200, last: 299 }]),
        body: get("body").and_then(|item| body(&item)),
    }
}

/// Takes a text that fulfils a condition.
fn text(item: &Item<'_>, good: impl Fn(&str) -> bool, expected: &str) -> Option<String> {
    let text = item.text(expected)?;
    if !good(text) {
        item.finding(item.shown(), expected);
        return None;
    }
    Some(text.into())
}

fn path(item: &Item<'_>) -> Option<String> {
    let good = |path: &str| {
        path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
    };
    text(item, good, r##"a path that begins with "/", in ASCII, without spaces and "#""##)
}

fn host(item: &Item<'_>) -> Option<String> {
    let good = |host: &str| {
        !host.is_empty()
            && host.bytes().all(|byte| byte.is_ascii_graphic() && !b"/@?#\\\"".contains(&byte))
    };
    text(item, good, r#"a host name, such as "www.example.com" or "www.example.com:8080""#)
}

fn sni(item: &Item<'_>) -> Option<String> {
    let good = |name: &str| host_name(name).is_ok() || name.parse::<IpAddr>().is_ok();
    text(item, good, "the host name or address that the certificate must be for")
}

fn body(item: &Item<'_>) -> Option<String> {
    let good = |body: &str| (1..=MAX_BODY_BYTES).contains(&body.len());
    text(item, good, "a text of 1 to 65536 bytes that the body must contain")
}

fn status(item: &Item<'_>) -> Option<Vec<StatusRange>> {
    let expected = r#"a list of statuses and ranges, such as [200, "300-399"]"#;
    let items = item.list(expected)?;
    if items.is_empty() {
        item.finding(item.shown(), expected);
        return None;
    }
    Some(items.iter().filter_map(status_range).collect())
}

fn status_range(item: &Item<'_>) -> Option<StatusRange> {
    let expected = r#"a status from 100 to 599, or a range such as "200-299""#;
    let Kind::Text(text) = item.kind() else {
        let status = u16::try_from(item.integer(100..=599, expected)?).ok()?;
        return Some(StatusRange { first: status, last: status });
    };
    let status = |text: &str| {
        let three_digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
        let status = three_digits.then(|| text.parse().ok()).flatten();
        status.filter(|status| (100..=599).contains(status))
    };
    let range = text.split_once('-').and_then(|(first, last)| {
        let range = StatusRange { first: status(first)?, last: status(last)? };
        (range.first <= range.last).then_some(range)
    });
    if range.is_none() {
        item.finding(item.shown(), expected);
    }
    range
}
