//! The command line: one file for each command.
//!
//! With `--json` every command that has something to tell tells it as JSON, on standard output; what went
//! wrong goes to standard error in words either way.
//!
//! Exit codes: 0 good, 1 findings or failure, 2 wrong usage (by clap).

pub mod args;
pub mod ask;
mod audit;
mod check;
pub mod client;
mod diff;
mod drill;
mod events;
mod explain;
mod failback;
mod import;
pub mod logging;
mod maintenance;
mod names;
pub mod overrides;
mod preview;
mod probe;
pub mod reload;
mod report;
mod serve;
mod shell;
mod silence;
pub mod status;
mod token;
pub mod trust;
mod webhook;

#[cfg(test)]
mod tests;

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use serde::Serialize;
use tokio::runtime::Runtime;

use crate::admin;
use crate::app;
use crate::config;
use crate::health::OverrideState;
use crate::state::Trail;
use args::AuditArgs;
pub use args::{Cli, Command};
use client::Client;

/// How long tasks may take that run when a command is done.
const LAST_TASKS: Duration = Duration::from_secs(1);

/// What a command has to say: for standard output, or for standard error with exit code 1.
pub type CommandResult = Result<String, String>;

/// The whole program: reads the command line, runs the command, says what it has to say.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    // Fails only if it was done before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match app::runtime() {
        Ok(runtime) => runtime,
        Err(error) => return finish(Err(format!("cannot start the runtime: {error}"))),
    };
    let json = cli.json;
    let outcome = match &cli.command {
        Command::Serve => serve::serve(&cli.config, &runtime),
        Command::Demo(args) => serve::demo(args, &runtime),
        Command::Check(args) => return check::run(&cli.config, args, json),
        Command::Diff(args) => return diff::run(&cli.config, args, json),
        Command::Audit(args) => return audit::run(trail(&cli, args, &runtime), json),
        Command::Import(command) => return import::run(command, json),
        Command::Explain(args) if !args.live => explain::offline(&cli.config, args, json),
        Command::Ask(args) => runtime.block_on(ask::run(args, json)),
        Command::Completions { shell } => shell::completions(*shell),
        Command::OpenApi => admin::description().map_err(|problem| problem.detail),
        Command::Man { folder } => shell::man(folder),
        Command::Probe(args) => return probe::run(&cli.config, args, json, &runtime),
        _ => runtime.block_on(ask_daemon(&cli)),
    };
    // What still runs now is a load that nobody will see the end of.
    runtime.shutdown_timeout(LAST_TASKS);
    finish(outcome)
}

/// Runs a command that talks to the running daemon.
async fn ask_daemon(cli: &Cli) -> CommandResult {
    run(&cli.command, cli.json, &client(cli)?).await
}

/// A client of the daemon that is meant.
fn client(Cli { config, url, ca, .. }: &Cli) -> Result<Client, String> {
    let admin = || {
        let daemon = config::daemon(config).map_err(|findings| serve::lines(&findings))?;
        Ok(daemon.admin)
    };
    match url {
        Some(url) => Client::at(url, ca.as_deref(), admin),
        None => Client::new(&admin()?, ca.as_deref()),
    }
}

/// The audit log that is meant: a file, if one is named or no daemon is.
fn trail(cli: &Cli, args: &AuditArgs, runtime: &Runtime) -> Result<Trail, String> {
    match (&args.file, &cli.url) {
        (None, Some(_)) => runtime.block_on(async { audit::fetch(&client(cli)?).await }),
        _ => audit::read(&cli.config, args),
    }
}

/// Runs a command by what the daemon behind `client` says.
pub async fn run(command: &Command, json: bool, client: &Client) -> CommandResult {
    match command {
        Command::Status => status::run(json, client).await,
        Command::Names(args) => names::run(args, json, client).await,
        Command::Events(args) => events::run(args, json, client).await,
        Command::Preview(args) => preview::run(args, json, client).await,
        Command::Drain(args) => overrides::set(OverrideState::Drain, args, json, client).await,
        Command::Up(args) => overrides::set(OverrideState::Up, args, json, client).await,
        Command::Down(args) => overrides::set(OverrideState::Down, args, json, client).await,
        Command::Clear(args) => overrides::clear(args, json, client).await,
        Command::Drill(args) => drill::run(args, json, client).await,
        Command::Maintenance(command) => maintenance::run(command, json, client).await,
        Command::Silence(command) => silence::run(command, json, client).await,
        Command::Webhook(command) => webhook::run(command, json, client).await,
        Command::Report(args) => report::run(args, json, client).await,
        Command::Failback(args) => failback::run(args, json, client).await,
        Command::Reload(args) => reload::run(args, json, client).await,
        Command::Token(command) => token::run(command, json, client).await,
        Command::Explain(args) => explain::live(args, json, client).await,
        Command::Serve
        | Command::Check(_)
        | Command::Diff(_)
        | Command::Audit(_)
        | Command::Ask(_)
        | Command::Probe(_)
        | Command::Demo(_)
        | Command::Import(_)
        | Command::Completions { .. }
        | Command::OpenApi
        | Command::Man { .. } => Err("this command does not ask the daemon".into()),
    }
}

/// What a command has to say of an answer: as JSON, or in words.
fn show<T: Serialize>(json: bool, answer: &T, words: impl FnOnce(&T) -> String) -> CommandResult {
    match json {
        true => serde_json::to_string_pretty(answer).map_err(|error| error.to_string()),
        false => Ok(words(answer)),
    }
}

/// Says what a command has to say; a reader that has gone away is no failure.
pub fn finish(outcome: CommandResult) -> ExitCode {
    match outcome {
        Ok(text) => match io::stdout().write_all(with_newline(text).as_bytes()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let _ = writeln!(io::stderr(), "cannot write to standard output: {error}");
                ExitCode::FAILURE
            }
            _ => ExitCode::SUCCESS,
        },
        Err(text) => {
            // There is nobody left to tell if this fails.
            let _ = io::stderr().write_all(with_newline(text).as_bytes());
            ExitCode::FAILURE
        }
    }
}

fn with_newline(mut text: String) -> String {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}
