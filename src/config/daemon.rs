//! `steersman.toml`: where the daemon listens and where its files are.
//!
//! Every key is optional. Paths are relative to the folder of the file.

mod conflict;
mod git;
mod limits;
mod querylog;
mod tls;
mod webhooks;

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use git::Git;
pub use limits::Tcp;
pub use querylog::{DecisionLog, Dnstap, querylog_warnings};
pub use tls::{NamedFile, PairFiles, Tls};
pub(super) use webhooks::parse_url;
pub use webhooks::{Address, Webhook};

use super::document::{Document, Item, Kind, Table};
use crate::finding::words::{did_you_mean, one_of, quoted};
use crate::rate_limit;

/// The longest identifier (RFC 5001), in bytes: it must fit beside the longest question into
/// the 512 bytes of an answer over UDP.
const MAX_NSID_BYTES: usize = 128;

/// Where a value is written, for findings about what it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePosition {
    /// The file, as findings name it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

/// As long as the first probes of a monitor with the default settings may take, and some more.
const DEFAULT_START_TIMEOUT: Duration = Duration::from_secs(5);
/// Whoever would wait longer wants something else.
const LONGEST_START: Duration = Duration::from_secs(3600);

/// The keys that stand above the first table.
const TOP: [&str; 3] = ["zones", "geoip", "state"];
/// Those of `[dns]`.
const DNS: [&str; 8] = [
    "listen",
    "workers",
    "start_timeout",
    "nsid",
    "cookie_secret_file",
    "rate_limit",
    "tcp",
    "tls",
];

/// All of `steersman.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Daemon {
    /// The folder of zones, steering files and pools. Default `zones`; with `[git]`, the one that was
    /// good last.
    pub zones: PathBuf,
    /// Location databases in the order in which they are looked up. Default
    /// `geoip/country.mmdb`.
    pub geoip: Vec<PathBuf>,
    /// Where `zones` is written; none where it is not.
    pub zones_position: Option<FilePosition>,
    /// Where each of `geoip` is written; empty where it is not.
    pub geoip_positions: Vec<FilePosition>,
    /// The folder that the daemon writes to. Default `state`.
    pub state: PathBuf,
    /// Whether monitors may run commands. Default false.
    pub allow_exec: bool,
    /// The remote that the zones come from; none: they are here.
    pub git: Option<Git>,
    /// Answering.
    pub dns: Dns,
    /// The admin endpoint.
    pub admin: Admin,
    /// Logging.
    pub log: Log,
    /// Who is told elsewhere of what happens, in the order of the file.
    pub webhooks: Vec<Webhook>,
    /// The collector that gets copies of questions and replies; none if none does.
    pub dnstap: Option<Dnstap>,
    /// The file of why some questions were answered so; none if there is none.
    pub decision_log: Option<DecisionLog>,
}

/// `[dns]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dns {
    /// Where to answer, each over UDP and TCP. Default port 5300 of both loopback addresses.
    pub listen: Vec<SocketAddr>,
    /// UDP threads; 0 (the default) is one for each core.
    pub workers: usize,
    /// How long the first answer waits, at most, for the first probe of every endpoint. Default 5 s.
    pub start_timeout: Duration,
    /// What to tell whoever asks for the server's identifier (RFC 5001); none by default.
    pub nsid: Option<Vec<u8>>,
    /// The file of cookie secrets, and where it is named. None (the default): a secret of its own.
    pub cookie_secret_file: Option<(PathBuf, FilePosition)>,
    /// Limits of replies over UDP.
    pub rate_limit: rate_limit::Settings,
    /// Limits of TCP.
    pub tcp: Tcp,
    /// Answering over TLS, HTTPS and QUIC too; none without a certificate.
    pub tls: Option<Tls>,
}

/// `[admin]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admin {
    /// Where to listen. Default `127.0.0.1:8053`.
    pub listen: SocketAddr,
    /// The file with the token. Default `admin.token` in the state folder.
    pub token_file: PathBuf,
    /// What it shows over TLS, under `[admin.tls]`; none (the default): it speaks plain HTTP.
    pub tls: Option<PairFiles>,
}

/// `[log]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// Default `text`.
    pub format: LogFormat,
    /// The least level that is logged. Default `info`.
    pub level: LogLevel,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// `text`: for people.
    Text,
    /// `json`: one object a line.
    Json,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// `error`
    Error,
    /// `warn`
    Warn,
    /// `info`
    Info,
    /// `debug`
    Debug,
    /// `trace`
    Trace,
}

impl LogLevel {
    /// As it is written in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl Daemon {
    /// What an empty file in a folder means.
    pub fn defaults(folder: &Path) -> Self {
        Self {
            zones: folder.join("zones"),
            geoip: vec![folder.join("geoip/country.mmdb")],
            zones_position: None,
            geoip_positions: Vec::new(),
            state: folder.join("state"),
            allow_exec: false,
            git: None,
            dns: Dns {
                listen: vec![
                    (Ipv4Addr::LOCALHOST, 5300).into(),
                    (Ipv6Addr::LOCALHOST, 5300).into(),
                ],
                workers: 0,
                start_timeout: DEFAULT_START_TIMEOUT,
                nsid: None,
                cookie_secret_file: None,
                rate_limit: rate_limit::Settings::default(),
                tcp: Tcp::default(),
                tls: None,
            },
            admin: Admin {
                listen: (Ipv4Addr::LOCALHOST, 8053).into(),
                token_file: folder.join("state/admin.token"),
                tls: None,
            },
            log: Log { format: LogFormat::Text, level: LogLevel::Info },
            webhooks: Vec::new(),
            dnstap: None,
            decision_log: None,
        }
    }
}

/// Reads the document of a file that stands in `folder`; it is good if the document is.
pub(super) fn read(document: &Document<'_>, folder: &Path) -> Daemon {
    let mut daemon = Daemon::defaults(folder);
    let root = document.root();
    root.expect_keys(&[
        "zones",
        "geoip",
        "state",
        "git",
        "dns",
        "monitors",
        "admin",
        "log",
        "webhooks",
        "dnstap",
        "decision_log",
    ]);
    if let Some((path, position)) = root.get("zones").and_then(|item| named(&item, folder)) {
        (daemon.zones, daemon.zones_position) = (path, Some(position));
    }
    set(&mut daemon.state, path(&root, "state", folder));
    daemon.admin.token_file = daemon.state.join("admin.token");
    if let Some(item) = root.get("geoip") {
        let items = item.list("a list of MMDB files").unwrap_or_default();
        let named = items.iter().filter_map(|item| named(item, folder));
        (daemon.geoip, daemon.geoip_positions) = named.unzip();
    } else if !document.is_top_whole() {
        // Whatever it is, it is not the default.
        daemon.geoip.clear();
    }
    if let Some(table) = sub_table(&root, "dns", &DNS) {
        read_dns(&table, folder, &mut daemon.dns);
    }
    if let Some(table) = sub_table(&root, "monitors", &["allow_exec"]) {
        set(&mut daemon.allow_exec, table.get("allow_exec").and_then(|item| item.boolean()));
    }
    if let Some(table) = sub_table(&root, "git", &git::KEYS) {
        git::read(&table, folder, root.get("zones"), &mut daemon);
    }
    if let Some(table) = sub_table(&root, "admin", &["listen", "token_file", "tls"]) {
        read_admin(&table, folder, &mut daemon.admin);
    }
    if let Some(table) = sub_table(&root, "log", &["format", "level"]) {
        read_log(&table, &mut daemon.log);
    }
    let webhooks = root.get("webhooks").and_then(|item| item.table("tables, [webhooks.NAME]"));
    if let Some(tables) = webhooks {
        webhooks::read(&tables, folder, &mut daemon);
    }
    if let Some(table) = sub_table(&root, "dnstap", &querylog::DNSTAP) {
        daemon.dnstap = querylog::dnstap(&table, folder, &daemon);
    }
    if let Some(table) = sub_table(&root, "decision_log", &querylog::DECISION_LOG) {
        daemon.decision_log = querylog::decision_log(&table, folder, &daemon);
    }
    conflict::check(&root, &daemon);
    daemon
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn sub_table<'d>(parent: &Table<'d>, key: &str, known: &[&str]) -> Option<Table<'d>> {
    let table = parent.get(key)?.table(&format!("a table, [{key}]"))?;
    expect_keys(key, &table, known);
    Some(table)
}

/// A key of the whole file that stands under a header is a key of that table to TOML.
fn expect_keys(name: &str, table: &Table<'_>, known: &[&str]) {
    let is_lost = |key: &str| TOP.contains(&key) && !known.contains(&key);
    for (key, item) in table.entries().filter(|(key, _)| is_lost(key)) {
        item.key_finding(
            format!("{key} under [{name}]"),
            format!("{key} above the first table, at the top of the file"),
        );
    }
    let lost = table.entries().map(|(key, _)| key).filter(|key| is_lost(key));
    table.expect_keys_beside(known, &lost.collect::<Vec<_>>());
}

/// A path, relative to a folder, and where it is written.
pub(super) fn named(item: &Item<'_>, folder: &Path) -> Option<(PathBuf, FilePosition)> {
    Some((path_of(item, folder)?, item.position()))
}

fn path(table: &Table<'_>, key: &str, folder: &Path) -> Option<PathBuf> {
    path_of(&table.get(key)?, folder)
}

fn path_of(item: &Item<'_>, folder: &Path) -> Option<PathBuf> {
    let text = item.text("a path")?;
    if text.is_empty() || text.contains('\0') {
        item.finding(item.shown(), "a path");
        return None;
    }
    Some(folder.join(text))
}

fn read_dns(table: &Table<'_>, folder: &Path, dns: &mut Dns) {
    set(&mut dns.listen, table.get("listen").and_then(|item| addresses(&item)));
    let workers = |item: Item<'_>| item.integer(0..=1024, "a number of threads from 0 to 1024");
    set(&mut dns.workers, table.get("workers").and_then(workers).map(|n| n as usize));
    let start = table.get("start_timeout");
    set(
        &mut dns.start_timeout,
        start.and_then(|item| item.duration(Duration::ZERO..=LONGEST_START)),
    );
    dns.nsid = table.get("nsid").and_then(|item| nsid(&item));
    let secrets = table.get("cookie_secret_file");
    dns.cookie_secret_file = secrets.and_then(|item| named(&item, folder));
    limits::read(table, dns);
    let tls = table.get("tls").and_then(|item| item.table("a table, [dns.tls]"));
    dns.tls = tls.and_then(|tls| tls::read(&tls, folder, &dns.listen));
}

fn read_admin(table: &Table<'_>, folder: &Path, admin: &mut Admin) {
    set(&mut admin.token_file, path(table, "token_file", folder));
    set(&mut admin.listen, table.get("listen").and_then(|item| address(&item)));
    let tls = table.get("tls").and_then(|item| item.table("a table, [admin.tls]"));
    admin.tls = tls.and_then(|tls| {
        expect_keys("admin.tls", &tls, &["certificate", "key"]);
        tls::pair(&tls, folder)
    });
}

fn nsid(item: &Item<'_>) -> Option<Vec<u8>> {
    let expected = format!("a text of 1 to {MAX_NSID_BYTES} bytes");
    let text = item.text(&expected)?;
    if text.is_empty() || text.len() > MAX_NSID_BYTES {
        item.finding(format!("a text of {} bytes", text.len()), expected);
        return None;
    }
    Some(text.as_bytes().to_vec())
}

/// More addresses to listen on than any host has; each has its socket and its threads.
const MOST_ADDRESSES: usize = 1024;
const ADDRESSES: &str = r#"a list of addresses with ports, such as ["192.0.2.1:53"]"#;

fn addresses(item: &Item<'_>) -> Option<Vec<SocketAddr>> {
    if matches!(item.kind(), Kind::List(items) if items.is_empty()) {
        item.finding(item.shown(), ADDRESSES);
    }
    addresses_or_none(item)
}

/// The same, where an empty list has a meaning.
fn addresses_or_none(item: &Item<'_>) -> Option<Vec<SocketAddr>> {
    let items = item.list(ADDRESSES)?;
    let (mut listen, mut seen) = (Vec::new(), HashSet::new());
    if items.len() > MOST_ADDRESSES {
        let expected = format!("at most {MOST_ADDRESSES}");
        item.finding(format!("{} addresses", items.len()), expected);
        return None;
    }
    for item in items {
        let Some(address) = address(&item) else { continue };
        if !seen.insert(address) && address.port() != 0 {
            item.finding(format!("{address} a second time"), "each address once");
        }
        listen.push(address);
    }
    Some(listen)
}

fn address(item: &Item<'_>) -> Option<SocketAddr> {
    let expected = r#"an address with a port, such as "127.0.0.1:53" or "[::1]:53""#;
    let address: Option<SocketAddr> = item.text(expected)?.parse().ok();
    match address.map(|address| address.ip().to_canonical()) {
        None => item.finding(item.shown(), expected),
        // No socket of IPv6 alone can be bound to one.
        Some(IpAddr::V4(ip)) if address.is_some_and(|address| address.is_ipv6()) => {
            item.finding(item.shown(), format!("{ip}, which it stands for"));
            return None;
        }
        Some(_) => {}
    }
    address
}

fn read_log(table: &Table<'_>, log: &mut Log) {
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    set(&mut log.format, table.get("format").and_then(|item| word(&item, &formats)));
    let levels =
        [LogLevel::Error, LogLevel::Warn, LogLevel::Info, LogLevel::Debug, LogLevel::Trace]
            .map(|level| (level.name(), level));
    set(&mut log.level, table.get("level").and_then(|item| word(&item, &levels)));
}

fn word<T: Copy>(item: &Item<'_>, words: &[(&str, T)]) -> Option<T> {
    let names = || words.iter().map(|(name, _)| *name);
    let expected = one_of(names());
    let text = item.text(&expected)?;
    let found = words.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
    if found.is_none() {
        item.finding(format!("{}{}", quoted(text), did_you_mean(text, names())), expected);
    }
    found
}

#[cfg(test)]
mod tests;
