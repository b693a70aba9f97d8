//! `drill`: takes something away on purpose, and reports when the last client was elsewhere.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::Command;
use tokio::signal::ctrl_c;
use tokio::time::sleep;

use super::args::DrillArgs;
use super::client::Client;
use super::{CommandResult, finish, show};
use crate::admin::DrillText;
use crate::drill::{self, DrillState, Report};
use crate::duration::format_duration;

/// How often the daemon is asked how far it is.
const LOOK: Duration = Duration::from_millis(500);

/// Begins a drill, follows it to its end, and writes its report.
pub async fn run(args: &DrillArgs, json: bool, client: &Client) -> CommandResult {
    let wish = DrillText {
        target: args.target.to_string(),
        lifetime: format_duration(args.lifetime),
        reason: args.reason.clone(),
        force: args.force,
    };
    may_write(args.report.as_deref())?;
    let begun: Report = client.post_json(&["drills"], &wish).await?;
    say(&format!("{} is away until {}; Ctrl-C puts it back at once", begun.target, begun.ends));
    let mut checked = None;
    let mut state = begun.state;
    let report = loop {
        tokio::select! {
            () = sleep(LOOK) => {}
            _ = ctrl_c() => {
                say("putting it back");
                client.delete(&["drills", &begun.id]).await?;
            }
        }
        let report: Report = client
            .get(&["drills", &begun.id])
            .await
            .map_err(|error| format!("{error}\nthe override ends by itself at {}", begun.ends))?;
        if report.state != state {
            state = report.state;
            say(&progress(&report));
        }
        if state == DrillState::Away
            && checked.is_none()
            && let Some(command) = &args.check
        {
            // Whoever sees that the backup is not well must not wait for the end of that.
            tokio::select! {
                check = check(command, &report) => checked = Some(check),
                _ = ctrl_c() => {
                    checked = Some(Check::not_run(command, "interrupted"));
                    say("putting it back");
                    client.delete(&["drills", &begun.id]).await?;
                }
            }
        }
        if state.is_over() {
            break report;
        }
    };
    let folder =
        args.report.clone().unwrap_or_else(|| PathBuf::from(format!("drill-{}", report.id)));
    if let (None, Some(command)) = (&checked, &args.check) {
        checked = Some(Check::not_run(command, "it was over before all clients had moved"));
    }
    let failed = report.figures.not_moved > 0 || report.figures.strays > 0;
    let check_failed = checked.as_ref().is_some_and(|check| !check.good);
    let written = write(&folder, &report, checked.as_ref())
        .map_err(|error| format!("{}: {error}", folder.display()))?;
    let check_words =
        checked.as_ref().map(|check| format!("\n{}", check.words())).unwrap_or_default();
    let words = format!("{}{check_words}\nreport: {}", progress(&report), written.display());
    let told = show(json, &told(&report, checked.as_ref())?, |_| words.clone())?;
    match failed || check_failed {
        false => Ok(told),
        true => {
            if json {
                finish(Ok(told));
            }
            Err(words)
        }
    }
}

/// A folder that is named is made before anything is taken away, and no report in it is written over.
fn may_write(folder: Option<&Path>) -> Result<(), String> {
    let Some(folder) = folder else { return Ok(()) };
    if folder.join("report.md").exists() {
        return Err(format!(
            "{} has the report of another drill: name another folder",
            folder.display()
        ));
    }
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
}

fn say(text: &str) {
    // A reader that has gone away misses nothing but this.
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn progress(report: &Report) -> String {
    let figures = &report.figures;
    let seconds = |time: Option<f64>| time.map_or("not yet".into(), |time| format!("{time:.3} s"));
    match report.state {
        DrillState::Moving => "clients are moving".into(),
        DrillState::Away => format!(
            "{} clients have moved, the last after {}; recovery time with what resolvers hold: {}",
            figures.moved,
            seconds(figures.last_moved_s),
            seconds(figures.recovery_s)
        ),
        DrillState::Returning => "it is back; clients are returning".into(),
        DrillState::Done | DrillState::Ended if figures.not_moved > 0 || figures.strays > 0 => {
            format!(
                "{} of {} clients did not move, {} answers strayed back",
                figures.not_moved,
                report.clients.len(),
                figures.strays
            )
        }
        DrillState::Done | DrillState::Ended => format!(
            "{} clients moved, the last after {}; recovery time {}; the last was back after {}",
            figures.moved,
            seconds(figures.last_moved_s),
            seconds(figures.recovery_s),
            seconds(figures.last_returned_s)
        ),
    }
}

/// What a command at the backup came to.
struct Check {
    command: String,
    good: bool,
    ended: String,
    said: String,
}

impl Check {
    fn not_run(command: &str, why: &str) -> Self {
        let (command, ended) = (command.to_owned(), format!("not run to its end: {why}"));
        Self { command, good: false, ended, said: String::new() }
    }

    fn words(&self) -> String {
        let Self { command, good, ended, .. } = self;
        let verdict = if *good { "passed" } else { "FAILED" };
        format!("check {command:?} {verdict} ({ended})")
    }
}

/// So much of what it says is kept, in bytes.
const SAID: usize = 64 * 1024;

/// Runs a command by the shell, while what it is about is away.
async fn check(command: &str, report: &Report) -> Check {
    say(&format!("running the check: {command}"));
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

/// The report, and what the check came to.
fn told(report: &Report, checked: Option<&Check>) -> Result<Value, String> {
    let mut told = serde_json::to_value(report).map_err(|error| error.to_string())?;
    if let Some(Check { command, good, ended, said }) = checked {
        told["check"] = json!({"command": command, "good": good, "ended": ended, "said": said});
    }
    Ok(told)
}

/// Writes `report.md`, `report.json` and `plot.svg`; returns the first.
fn write(folder: &Path, report: &Report, checked: Option<&Check>) -> std::io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let mut page = drill::markdown(report, Some("plot.svg"));
    if let Some(Check { command, good, ended, said }) = checked {
        let verdict = if *good { "passed" } else { "FAILED" };
        if !good && let Some(end) = page.find("\n\n") {
            page.insert_str(end, "\n\n**The check at the backup FAILED: see the end.**");
        }
        page += &format!("\n## Check\n\n`{command}` {verdict} ({ended})\n");
        for line in said.lines() {
            page += &format!("\n    {line}");
        }
        page.push('\n');
    }
    let json = told(report, checked).map_err(std::io::Error::other)?;
    fs::write(folder.join("plot.svg"), drill::plot(report))?;
    fs::write(folder.join("report.json"), serde_json::to_string_pretty(&json)? + "\n")?;
    let path = folder.join("report.md");
    fs::write(&path, page)?;
    Ok(path)
}
