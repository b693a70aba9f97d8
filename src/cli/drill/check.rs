//! The command that sees whether the backup is well, while what it backs up is away.

use std::process::Stdio;

use tokio::process::Command;

use crate::drill::Report;

/// So much of what it says is kept, in bytes.
const SAID: usize = 64 * 1024;

/// What a command at the backup came to.
pub(super) struct Check {
    pub(super) command: String,
    pub(super) good: bool,
    /// How it ended, in words.
    pub(super) ended: String,
    /// What it said on standard output, and then on standard error.
    pub(super) said: String,
}

impl Check {
    pub(super) fn not_run(command: &str, why: &str) -> Self {
        let (command, ended) = (command.to_owned(), format!("not run to its end: {why}"));
        Self { command, good: false, ended, said: String::new() }
    }

    pub(super) fn words(&self) -> String {
        let Self { command, good, ended, .. } = self;
        let verdict = if *good { "passed" } else { "FAILED" };
        format!("check {command:?} {verdict} ({ended})")
    }
}

/// Runs a command by the shell.
pub(super) async fn check(command: &str, report: &Report) -> Check {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command).stdin(Stdio::null()).kill_on_drop(true);
    shell.env("STEERSMAN_DRILL", &report.id).env("STEERSMAN_DRILL_TARGET", &report.target);
    let command = command.to_owned();
    match shell.output().await {
        Ok(output) => {
            let mut said = output.stdout;
            said.extend(output.stderr);
            said.truncate(SAID);
            let said = String::from_utf8_lossy(&said).into_owned();
            Check { command, good: output.status.success(), ended: output.status.to_string(), said }
        }
        Err(error) => {
            Check { command, good: false, ended: format!("not run: {error}"), said: String::new() }
        }
    }
}
