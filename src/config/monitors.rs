//! `[monitors.NAME]` of `pools.toml`: how to ask an endpoint whether it is well.

mod beside;
mod dns;
mod exec;
mod grpc;
mod headers;
mod http;
mod tcp;
mod tls;

use std::time::Duration;

pub(super) use beside::Beside;
pub(super) use http::host;
pub(super) use tls::sni;

use super::document::{Item, Table};
use super::{combinations, damping};
use crate::duration::format_duration;
use crate::finding::words::{one_of, quoted};
use crate::health::{Initial, Monitor, MonitorKind, Talk, TcpCheck};
use crate::pattern;

const KINDS: [&str; 9] =
    ["http", "https", "tcp", "tls", "dns", "grpc", "exec", "icmp", "heartbeat"];
/// The settings that mean nothing where nobody is asked.
const OF_ASKING: [&str; 3] = ["timeout", "retry", "watch"];
const SETTINGS: [&str; 8] =
    ["interval", "timeout", "fall", "rise", "retry", "watch", "initial", "damping"];

const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);
const LONGEST_DEFAULT_TIMEOUT: Duration = Duration::from_secs(2);
/// What the kernel waits before it sends a lost packet of a new connection again (RFC 6298 2).
const SHORTEST_DEFAULT_TIMEOUT: Duration = Duration::from_secs(1);
const DEFAULT_RETRY: Duration = Duration::from_millis(300);
const DEFAULT_FALL: u32 = 3;
const DEFAULT_RISE: u32 = 2;

/// Probing faster than this is an attack, slower than that is none.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3600);

/// The longest pattern; what it becomes is bounded too.
const MAX_PATTERN_BYTES: usize = 4096;

/// A port that no endpoint can be probed on: the monitor names none.
pub(super) const NO_PORT: u16 = 0;

/// Reads one monitor; what is wrong with it is noted and replaced by a default.
pub(super) fn read(name: &str, item: &Item<'_>, table: &Table<'_>, beside: &Beside<'_>) -> Monitor {
    let known: Vec<&str> = KINDS.into_iter().chain(SETTINGS).collect();
    table.expect_keys_of_named(&known);
    let kind = read_kind(name, item, table, beside).unwrap_or(MonitorKind::Icmp);
    let pauses = SHORTEST_PAUSE..=LONGEST_PAUSE;
    let pause = |key: &str| table.get(key).and_then(|item| item.duration(pauses.clone()));
    let timeout = table
        .get("timeout")
        .and_then(|item| item.duration(Duration::from_millis(1)..=LONGEST_PAUSE));
    let count = |key: &str| {
        table.get(key).and_then(|item| item.integer(1..=1000, "a number from 1 to 1000"))
    };
    let interval = pause("interval").unwrap_or(DEFAULT_INTERVAL);
    let monitor = Monitor {
        name: name.into(),
        kind,
        interval,
        timeout: timeout.unwrap_or_else(|| default_timeout(interval)),
        fall: count("fall").unwrap_or(DEFAULT_FALL),
        rise: count("rise").unwrap_or(DEFAULT_RISE),
        retry: pause("retry").unwrap_or(DEFAULT_RETRY),
        watch: table.get("watch").and_then(|item| item.boolean()).unwrap_or(true),
        initial: table.get("initial").and_then(|item| initial(&item)).unwrap_or_default(),
        damping: table.get("damping").and_then(|item| damping::read(&item)),
    };
    if monitor.kind == MonitorKind::Heartbeat {
        return listening(table, monitor);
    }
    check_interval(table, &monitor);
    check_watch(table, &monitor);
    monitor
}

/// Half of a short interval, for whoever asks often wants to know soon; but not less than one second
/// where the interval has that.
fn default_timeout(interval: Duration) -> Duration {
    (interval / 2).clamp(SHORTEST_DEFAULT_TIMEOUT.min(interval), LONGEST_DEFAULT_TIMEOUT)
}

/// Nobody is asked, so that there is nothing to ask again or to wait for.
fn listening(table: &Table<'_>, monitor: Monitor) -> Monitor {
    for (key, item) in table.entries().filter(|(key, _)| OF_ASKING.contains(key)) {
        let expected = "interval, fall and rise: each interval without a heartbeat is a failure";
        item.key_finding(format!("{key} beside heartbeat"), expected);
    }
    // It may come at any moment, which is as soon as a verdict may change by it.
    Monitor { timeout: monitor.interval, retry: Duration::ZERO, watch: false, ..monitor }
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
    let (kind, why) = match &monitor.kind {
        MonitorKind::Icmp => ("icmp", "without a connection"),
        MonitorKind::Dns(_) => ("dns", "without a connection"),
        MonitorKind::Exec(_) => ("exec", "without a connection"),
        MonitorKind::Tcp(TcpCheck { talk: Some(Talk::Preset(preset)), .. })
            if !preset.bears_silence() =>
        {
            (preset.name(), "where servers refuse whoever says nothing")
        }
        _ => return,
    };
    // What could not be read is taken for icmp.
    if monitor.kind != MonitorKind::Icmp || table.get("icmp").is_some() {
        let expected = format!("watch = false, or no such key, beside {kind}");
        item.finding(format!("a watch {why}"), expected);
    }
}

fn check_interval(table: &Table<'_>, monitor: &Monitor) {
    if monitor.interval >= monitor.timeout {
        return;
    }
    // By default it is never longer.
    let Some(timeout) = table.get("timeout") else { return };
    let interval = table.get("interval");
    let default = if interval.is_none() { " (the default)" } else { "" };
    interval.unwrap_or(timeout).finding(
        format!(
            "an interval of {}{default}, shorter than the timeout of {}",
            format_duration(monitor.interval),
            format_duration(monitor.timeout)
        ),
        "an interval that is at least as long as the timeout",
    );
}

fn read_kind(
    name: &str,
    item: &Item<'_>,
    table: &Table<'_>,
    beside: &Beside<'_>,
) -> Option<MonitorKind> {
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
        "http" => MonitorKind::Http(http::in_the_clear(&settings)),
        "https" => MonitorKind::Https(http::over_tls(&settings, beside)),
        "tcp" => MonitorKind::Tcp(tcp::read(&settings, beside)),
        "dns" => MonitorKind::Dns(dns::read(&settings, &value)?),
        "grpc" => MonitorKind::Grpc(grpc::read(&settings, beside)),
        "exec" => MonitorKind::Exec(exec::read(&settings, &value, beside)?),
        "tls" => MonitorKind::Tls(tls::handshake(&settings, beside)),
        "heartbeat" => {
            settings.expect_keys(&[]);
            MonitorKind::Heartbeat
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

/// The most that is read of what a server says, and so the longest text that can be found in it.
const MAX_TEXT_BYTES: usize = 64 * 1024;

/// A text that is sent or looked for.
fn bounded_text(item: &Item<'_>, what: &str) -> Option<String> {
    let good = |text: &str| (1..=MAX_TEXT_BYTES).contains(&text.len());
    text(item, good, &format!("a text of 1 to {MAX_TEXT_BYTES} bytes {what}"))
}

/// A regular expression that can be compiled.
fn pattern(item: &Item<'_>) -> Option<String> {
    let expected = "a regular expression, such as \"status: *ok\"";
    let text = item.text(expected)?;
    let bounded = text.len() <= MAX_PATTERN_BYTES;
    let compiled = match bounded {
        true => pattern::compile(text).map(drop),
        false => Err(format!("it is longer than {MAX_PATTERN_BYTES} bytes")),
    };
    match compiled {
        Ok(()) => Some(text.into()),
        Err(why) => {
            let found = format!("a pattern that does not compile: {why}");
            item.finding(found, expected);
            None
        }
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
