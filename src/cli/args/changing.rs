//! Flags of commands that change something.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};

use super::lifetime;
use crate::health::Target;
use crate::notice::Pattern;
use crate::state::Role;

/// The flag of all that need not say why.
#[derive(Clone, Debug, Default, Args)]
pub struct WhyArgs {
    /// Why, for the audit log
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub reason: Option<String>,
}

/// Flags of `drain`, `up` and `down`.
#[derive(Clone, Debug, Args)]
pub struct SetArgs {
    /// region:NAME, pool:NAME or endpoint:POOL/ADDR
    pub target: Target,
    /// When it ends by itself, e.g. 30m, 2h, 1d [default: when it is cleared]
    #[arg(long = "for", value_name = "TIME", value_parser = lifetime)]
    pub lifetime: Option<Duration>,
    /// Why, for whoever looks next
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub reason: String,
    /// Though it breaks safety rules, which is for admins
    #[arg(long)]
    pub force: bool,
}

/// What can be done with maintenance.
#[derive(Clone, Debug, Subcommand)]
pub enum MaintenanceCommand {
    /// Show what is planned, and what is under way
    List,
    /// Plan a window, in place of one of the same name
    Plan(Box<PlanArgs>),
    /// Call a window off that was planned by `plan`
    #[command(alias = "cancel")]
    CallOff {
        /// Its name
        name: String,
        /// Why
        #[command(flatten)]
        why: WhyArgs,
    },
}

/// Flags of `maintenance plan`.
#[derive(Clone, Debug, Args)]
pub struct PlanArgs {
    /// A name for it
    pub name: String,
    /// region:NAME or pool:NAME
    pub target: Target,
    /// When it begins, e.g. 2026-12-05T22:00
    #[arg(long, value_name = "TIME")]
    pub start: String,
    /// When it ends
    #[arg(long, value_name = "TIME")]
    pub end: String,
    /// By the clock of which place, e.g. Europe/Berlin [default: UTC]
    #[arg(long, value_name = "ZONE")]
    pub timezone: Option<String>,
    /// daily, weekly, monthly or yearly [default: once]
    #[arg(long, value_name = "HOW OFTEN")]
    pub repeats: Option<String>,
    /// How long it takes to leave and to come back [default: 10m]
    #[arg(long, value_name = "TIME")]
    pub lead: Option<String>,
    /// How long ahead it is announced [default: 1d]
    #[arg(long, value_name = "TIME")]
    pub announce: Option<String>,
    /// Why, for whoever looks next
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub reason: String,
}

/// What can be done with silences.
#[derive(Clone, Debug, Subcommand)]
pub enum SilenceCommand {
    /// Show those in force
    List,
    /// Have webhooks tell nobody of something for a time, in place of a silence of the same
    Add(SilenceArgs),
    /// Take a silence away: what has begun meanwhile and goes on is told of then
    Remove {
        /// What is silenced, as it was added
        target: Pattern,
        /// Why
        #[command(flatten)]
        why: WhyArgs,
    },
}

/// Flags of `silence add`.
#[derive(Clone, Debug, Args)]
pub struct SilenceArgs {
    /// region:NAME, pool:NAME, endpoint:POOL/ADDR or name:NAME, each with * for anything; or * for everything
    pub target: Pattern,
    /// For how long, e.g. 30m, 2h, 1d
    #[arg(long = "for", value_name = "TIME", value_parser = lifetime)]
    pub lifetime: Duration,
    /// Why, for whoever looks next
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub reason: String,
}

/// `drill`: begins one, or does something with those that there are.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct DrillArgs {
    /// What to do instead of beginning one.
    #[command(subcommand)]
    pub command: Option<DrillCommand>,
    /// What to begin.
    #[command(flatten)]
    pub begin: Option<BeginDrillArgs>,
}

/// What can be done with drills.
#[derive(Clone, Debug, Subcommand)]
pub enum DrillCommand {
    /// Show the last hundred, the latest first
    List,
    /// Show the report of one, as Markdown
    Show {
        /// Its number
        id: String,
        /// A folder to write report.md, report.json and plot.svg to
        #[arg(long, value_name = "FOLDER")]
        report: Option<PathBuf>,
    },
    /// Put back at once what one has taken away
    End {
        /// Its number
        id: String,
    },
}

/// Flags of `drill` where it begins one.
#[derive(Clone, Debug, Args)]
pub struct BeginDrillArgs {
    /// region:NAME, pool:NAME or endpoint:POOL/ADDR
    pub target: Target,
    /// For how long, e.g. 10m; it comes back by itself
    #[arg(long = "for", value_name = "TIME", value_parser = lifetime)]
    pub lifetime: Duration,
    /// Why, for whoever reads the report
    #[arg(long, default_value = "a drill", value_parser = NonEmptyStringValueParser::new())]
    pub reason: String,
    /// A command to run by the shell once all clients have moved, to see that the backup is well
    #[arg(long, value_name = "COMMAND")]
    pub check: Option<String>,
    /// The folder to write report.md, report.json and plot.svg to [default: drill-ID]
    #[arg(long, value_name = "FOLDER")]
    pub report: Option<PathBuf>,
    /// Begin it, show its number, and leave it to the daemon
    #[arg(long, conflicts_with_all = ["check", "report"])]
    pub no_wait: bool,
    /// Though it breaks safety rules, or leaves names without any candidate; which is for admins
    #[arg(long)]
    pub force: bool,
}

/// Flags of `clear`.
#[derive(Clone, Debug, Args)]
pub struct ClearArgs {
    /// region:NAME, pool:NAME or endpoint:POOL/ADDR
    pub target: Target,
    /// Why.
    #[command(flatten)]
    pub why: WhyArgs,
    /// Though it breaks safety rules, which is for admins
    #[arg(long)]
    pub force: bool,
}

/// Flags of `reload`.
#[derive(Clone, Debug, Args)]
pub struct ReloadArgs {
    /// Why.
    #[command(flatten)]
    pub why: WhyArgs,
    /// Though it breaks safety rules, which is for admins
    #[arg(long)]
    pub force: bool,
}

/// What can be done with tokens.
#[derive(Clone, Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token, and show it this once; one of the same name is good no more
    Add {
        /// Its name, as the audit log will have it
        name: String,
        /// What it is good for: viewer, operator or admin
        #[arg(long)]
        role: Role,
        /// How long it is good [default: until it is taken back]
        #[arg(long = "for", value_name = "TIME", value_parser = lifetime)]
        lifetime: Option<Duration>,
        /// Why
        #[command(flatten)]
        why: WhyArgs,
    },
    /// Show the names and roles of all but that of the token file
    List,
    /// Take a token back: it is good for nothing from the next request on
    Revoke {
        /// Its name
        name: String,
        /// Why
        #[command(flatten)]
        why: WhyArgs,
    },
}

/// Flags of `failback`.
#[derive(Clone, Debug, Args)]
pub struct FailbackArgs {
    /// The pool
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub pool: String,
    /// Why.
    #[command(flatten)]
    pub why: WhyArgs,
}
