//! The command line: one file for each command.
//!
//! Exit codes: 0 good, 1 findings or failure, 2 wrong usage (by clap).

pub mod args;
pub mod ask;
mod audit;
mod check;
pub mod client;
mod diff;
mod drill;
mod explain;
mod failback;
mod import;
pub mod logging;
mod maintenance;
pub mod overrides;
mod probe;
pub mod reload;
mod serve;
mod shell;
mod silence;
pub mod status;
mod token;
mod webhook;

#[cfg(test)]
mod tests;

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;

use crate::app;
use crate::config;
use crate::health::OverrideState;
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
    let outcome = match &cli.command {
        Command::Serve => serve::serve(&cli.config, &runtime),
        Command::Demo(args) => serve::demo(args, &runtime),
        Command::Check(args) => return check::run(&cli.config, args),
        Command::Diff(args) => return diff::run(&cli.config, args),
        Command::Audit(args) => return audit::run(&cli.config, args),
        Command::Import(command) => return import::run(command),
        Command::Explain(args) if !args.live => explain::offline(&cli.config, args),
        Command::Ask(args) => runtime.block_on(ask::run(args)),
        Command::Completions { shell } => shell::completions(*shell),
        Command::Man { folder } => shell::man(folder),
        Command::Probe(args) => return probe::run(&cli.config, args, &runtime),
        command => runtime.block_on(ask_daemon(command, &cli.config)),
    };
    // What still runs now is a load that nobody will see the end of.
    runtime.shutdown_timeout(LAST_TASKS);
    finish(outcome)
}

/// Runs a command that talks to the running daemon.
async fn ask_daemon(command: &Command, config: &Path) -> CommandResult {
    let daemon = config::daemon(config).map_err(|findings| serve::lines(&findings))?;
    run(command, &Client::new(&daemon.admin)?).await
}

/// Runs a command by what the daemon behind `client` says.
pub async fn run(command: &Command, client: &Client) -> CommandResult {
    match command {
        Command::Status(args) => status::run(args, client).await,
        Command::Drain(args) => overrides::set(OverrideState::Drain, args, client).await,
        Command::Up(args) => overrides::set(OverrideState::Up, args, client).await,
        Command::Down(args) => overrides::set(OverrideState::Down, args, client).await,
        Command::Clear(args) => overrides::clear(args, client).await,
        Command::Drill(args) => drill::run(args, client).await,
        Command::Maintenance(command) => maintenance::run(command, client).await,
        Command::Silence(command) => silence::run(command, client).await,
        Command::Webhook(command) => webhook::run(command, client).await,
        Command::Failback(args) => failback::run(args, client).await,
        Command::Reload(args) => reload::run(args, client).await,
        Command::Token(command) => token::run(command, client).await,
        Command::Explain(args) => explain::live(args, client).await,
        Command::Serve
        | Command::Check(_)
        | Command::Diff(_)
        | Command::Audit(_)
        | Command::Ask(_)
        | Command::Probe(_)
        | Command::Demo(_)
        | Command::Import(_)
        | Command::Completions { .. }
        | Command::Man { .. } => Err("this command does not ask the daemon".into()),
    }
}

/// Says what a command has to say; a reader that has gone away is no failure.
pub fn finish(outcome: CommandResult) -> ExitCode {
    match outcome {
        Ok(text) => match io::stdout().write_all(with_newline(text).as_bytes()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
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
