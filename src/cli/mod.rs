//! The command line: one file for each command.
//!
//! Exit codes: 0 good, 1 findings or failure, 2 wrong usage (by clap).

pub mod args;
pub mod ask;
pub mod client;
pub mod logging;
pub mod overrides;
pub mod reload;
pub mod status;

#[cfg(test)]
mod tests;

use std::io::{self, Write as _};
use std::process::ExitCode;

pub use args::{Cli, Command};
use client::{AdminAddress, Client};

use crate::finding::Finding;

/// What a command has to say: for standard output, or for standard error with exit code 1.
pub type Outcome = Result<String, String>;

/// Runs a command that talks to a running daemon, or to a DNS server.
///
/// `admin` reads where the daemon is from `steersman.toml`. The other commands give nothing: the
/// caller runs them.
pub async fn run(
    command: &Command,
    admin: impl FnOnce() -> Result<AdminAddress, Vec<Finding>>,
) -> Option<Outcome> {
    Some(match command {
        Command::Serve | Command::Check(_) | Command::Explain(_) | Command::Demo => return None,
        Command::Ask(args) => ask::run(args).await,
        _ => match connect(admin) {
            Ok(client) => run_with(command, &client).await?,
            Err(error) => Err(error),
        },
    })
}

async fn run_with(command: &Command, client: &Client) -> Option<Outcome> {
    Some(match command {
        Command::Status(args) => status::run(args, client).await,
        Command::Drain(args) => overrides::set(crate::admin::Wanted::Drain, args, client).await,
        Command::Up(args) => overrides::set(crate::admin::Wanted::Up, args, client).await,
        Command::Down(args) => overrides::set(crate::admin::Wanted::Down, args, client).await,
        Command::Clear(args) => overrides::clear(args, client).await,
        Command::Reload => reload::run(client).await,
        Command::Serve
        | Command::Check(_)
        | Command::Explain(_)
        | Command::Ask(_)
        | Command::Demo => return None,
    })
}

fn connect(admin: impl FnOnce() -> Result<AdminAddress, Vec<Finding>>) -> Result<Client, String> {
    let address = admin().map_err(|findings| {
        let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
        lines.join("\n")
    })?;
    Client::new(&address)
}

/// Says what a command has to say; a reader that has gone away is no failure.
pub fn finish(outcome: Outcome) -> ExitCode {
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
