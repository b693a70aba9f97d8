//! Commands and flags.

mod changing;
mod importing;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use url::Url;

use crate::clock;
use crate::duration::parse_duration;
use crate::health::Target;
use crate::question::{ClientNetwork, parse_rtype};
use crate::timestamp;
pub use changing::{
    BeginDrillArgs, ClearArgs, DrillArgs, DrillCommand, FailbackArgs, MaintenanceCommand, PlanArgs,
    ReloadArgs, SetArgs, SilenceArgs, SilenceCommand, TokenCommand, WhyArgs,
};
pub use importing::{ImportCommand, ImportGdnsdArgs, ImportOctoDnsArgs, ImportTo};

/// An authoritative DNS server that moves traffic by answering from live health.
#[derive(Clone, Debug, Parser)]
#[command(version, propagate_version = true)]
pub struct Cli {
    /// The daemon's configuration
    #[arg(long, global = true, value_name = "FILE", default_value = "steersman.toml")]
    pub config: PathBuf,
    /// Say it as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Where the daemon is that commands ask [default: where the configuration says]
    #[arg(long, global = true, value_name = "URL", env = "STEERSMAN_URL", hide_env_values = true, value_parser = url_of_daemon)]
    pub url: Option<Url>,
    /// PEM file of the authorities that may have signed its certificate [default: the certificate of the
    /// configuration itself; with --url, the authorities that browsers trust]
    #[arg(long, global = true, value_name = "FILE", env = "STEERSMAN_CA", hide_env_values = true)]
    pub ca: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Answer DNS, probe endpoints, serve the admin endpoint
    Serve,
    /// Check all files without serving them: exit 0 good, 1 findings, 2 usage
    Check(CheckArgs),
    /// Show the answer to a question and each step that leads to it
    Explain(ExplainArgs),
    /// Show what would be answered differently, to whom, and while which region has failed: exit 0 nothing, 1
    /// something, 2 that cannot be told
    Diff(DiffArgs),
    /// Show regions, pools and endpoints with their verdicts and overrides
    Status,
    /// Show steered names: what share of whom is told what, as configured, now, and since the start
    Names(NamesArgs),
    /// Show what happened lately
    Events(EventsArgs),
    /// Show what an override would move, before it is set
    Preview(PreviewArgs),
    /// Take a region, pool or endpoint out of new answers
    Drain(SetArgs),
    /// Force a region, pool or endpoint up, whatever probes say
    Up(SetArgs),
    /// Force a region, pool or endpoint down, whatever probes say
    Down(SetArgs),
    /// Take an override away, so that probes decide again
    Clear(ClearArgs),
    /// Take something away on purpose, and report when the last client was elsewhere: exit 0 all moved and the check passed, 1
    /// not; or list, show and end drills
    Drill(DrillArgs),
    /// Show, plan or call off maintenance
    #[command(subcommand)]
    Maintenance(MaintenanceCommand),
    /// Report how available everything was, when answers moved, and what was answered
    Report(ReportArgs),
    /// Show what webhooks tell nobody of, or have them tell nobody of something for a time
    #[command(subcommand)]
    Silence(SilenceCommand),
    /// Show who is told of what happens, or try whether messages arrive
    #[command(subcommand)]
    Webhook(WebhookCommand),
    /// Return to a pool that failback holds back
    Failback(FailbackArgs),
    /// Load all files anew; any error changes nothing
    Reload(ReloadArgs),
    /// Show who changed what, and whether the log of it is as it was written: exit 0 it is, 1 not
    Audit(AuditArgs),
    /// Make, list or take back tokens of the admin endpoint
    #[command(subcommand)]
    Token(TokenCommand),
    /// Run the monitors of an endpoint once, now, and show each step with its time
    Probe(ProbeArgs),
    /// Ask a DNS server a question and show the whole reply
    Ask(AskArgs),
    /// Serve three local regions to break, and show how answers move
    Demo(DemoArgs),
    /// Turn the files of another program into files of this one
    #[command(subcommand)]
    Import(ImportCommand),
    /// Show what a shell needs to complete commands and flags
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Show the description of the admin endpoint (OpenAPI 3.1)
    #[command(name = "openapi")]
    OpenApi,
    /// Write manual pages, one for each command
    Man {
        /// The folder to write them to; made if it is missing
        folder: PathBuf,
    },
}

/// Flags of `names`.
#[derive(Clone, Debug, Args)]
pub struct NamesArgs {
    /// Only names in which this occurs
    #[arg(default_value = "")]
    pub containing: String,
}

/// Flags of `events`.
#[derive(Clone, Debug, Args)]
pub struct EventsArgs {
    /// How many of those that are kept
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    pub last: u64,
    /// Go on with what happens from then on
    #[arg(long)]
    pub follow: bool,
}

/// Flags of `preview`.
#[derive(Clone, Debug, Args)]
pub struct PreviewArgs {
    /// What would be said of it
    pub wish: PreviewedWish,
    /// region:NAME, pool:NAME or endpoint:POOL/ADDRESS
    pub target: Target,
}

/// What can be said of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PreviewedWish {
    /// As `steersman drain`
    Drain,
    /// As `steersman up`
    Up,
    /// As `steersman down`
    Down,
    /// As `steersman clear`
    Clear,
}

/// Flags of `check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// How to show findings
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub format: CheckFormat,
}

/// How `check` shows findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// One line for each.
    Text,
    /// A JSON array.
    Json,
}

/// Flags of `diff`.
#[derive(Clone, Debug, Args)]
pub struct DiffArgs {
    /// A folder, or a git revision
    pub old: String,
    /// The same [default: the files as they are]
    pub new: Option<String>,
    /// How to show the differences
    #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
    pub format: DiffFormat,
}

/// How `diff` shows differences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// A paragraph for each name.
    Text,
    /// All of them as JSON.
    Json,
    /// A table for a pull request.
    Markdown,
}

/// Flags of `report`.
#[derive(Clone, Debug, Args)]
pub struct ReportArgs {
    /// From when: how long ago (30d), or a time (2026-11-01T00:00:00Z)
    #[arg(long, value_name = "AGO|TIME")]
    pub since: String,
    /// Until when [default: now]
    #[arg(long, value_name = "AGO|TIME")]
    pub until: Option<String>,
    /// How to show it
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
}

/// How `report` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// Tables for a terminal.
    Text,
    /// All of it as JSON.
    Json,
    /// Tables to be filed.
    Markdown,
}

/// Flags of `explain`.
#[derive(Clone, Debug, Args)]
pub struct ExplainArgs {
    /// The name that is asked
    pub name: String,
    /// The record type that is asked
    #[arg(value_name = "TYPE", default_value = "A", value_parser = parse_rtype)]
    pub rtype: u16,
    /// The client, or its network
    #[arg(long, value_name = "ADDR[/LEN]")]
    pub from: Option<ClientNetwork>,
    /// Pretend that this endpoint, pool or region is down
    #[arg(long, value_name = "ENDPOINT|POOL|REGION", conflicts_with = "live")]
    pub down: Vec<String>,
    /// Ask the running daemon instead of the files alone
    #[arg(long)]
    pub live: bool,
}

/// What can be done with webhooks.
#[derive(Clone, Debug, Subcommand)]
pub enum WebhookCommand {
    /// Show them, with what waits for them and what went wrong
    List,
    /// Send a message to one right now, and show what the other end says: exit 0 it was taken, 1 not
    Test {
        /// Its name
        name: String,
    },
}

/// Flags of `audit`.
#[derive(Clone, Debug, Args)]
pub struct AuditArgs {
    /// The log, or a copy of it [default: what the daemon at --url says, else that of the configured state folder]
    pub file: Option<PathBuf>,
}

/// Flags of `probe`.
#[derive(Clone, Debug, Args)]
pub struct ProbeArgs {
    /// POOL/ADDR, or POOL/HOST.NAME.
    #[arg(value_name = "POOL/ENDPOINT")]
    pub endpoint: String,
}

/// Flags of `ask`.
#[derive(Clone, Debug, Args)]
pub struct AskArgs {
    /// The name to ask for
    pub name: String,
    /// The record type to ask for
    #[arg(value_name = "TYPE", default_value = "A", value_parser = parse_rtype)]
    pub rtype: u16,
    /// The server to ask, on port 53 unless it says another
    #[arg(long, value_name = "ADDR[:PORT]", default_value = "127.0.0.1:5300", value_parser = server)]
    pub server: SocketAddr,
    /// Ask as a resolver would for this client network (EDNS Client Subnet)
    #[arg(long, value_name = "ADDR/LEN")]
    pub subnet: Option<ClientNetwork>,
    /// Ask over TCP at once
    #[arg(long)]
    pub tcp: bool,
}

/// Flags of `demo`.
#[derive(Clone, Debug, Args)]
pub struct DemoArgs {
    /// Break a region of the demo that runs in another terminal
    #[arg(long = "break", value_name = "REGION")]
    pub break_region: Option<String>,
    /// Make that region well again
    #[arg(long = "mend", value_name = "REGION", conflicts_with = "break_region")]
    pub mend_region: Option<String>,
}

/// Reads how long an override lasts, as the daemon would.
fn lifetime(text: &str) -> Result<Duration, String> {
    let lifetime = parse_duration(text)?;
    let until = clock::wall_now().checked_add(lifetime);
    if lifetime.is_zero() || !until.is_some_and(timestamp::is_writable) {
        return Err("expected more than nothing and less than for ever".into());
    }
    Ok(lifetime)
}

/// Reads where a daemon is.
fn url_of_daemon(text: &str) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => Err("expected https://HOST or http://HOST, with a port if need be".into()),
    }
}

/// Reads the address of a DNS server, with or without its port, IPv6 in brackets or not.
fn server(text: &str) -> Result<SocketAddr, String> {
    const DNS_PORT: u16 = 53;
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = match bare {
        Some(v6) => v6.parse().map(IpAddr::V6).ok(),
        None => text.parse().ok(),
    };
    match address {
        Some(address) => Ok(SocketAddr::new(address, DNS_PORT)),
        None => text.parse().map_err(|_| {
            "expected an address, with a port or without: 192.0.2.1, 192.0.2.1:5300, \
             2001:db8::1 or [2001:db8::1]:5300"
                .into()
        }),
    }
}
