//! The report as a folder, for whoever files it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::check::Check;
use crate::drill::{self, Report};

/// A folder that is named is made before anything is taken away, and no report in it is written over.
pub(super) fn may_write(folder: Option<&Path>) -> Result<(), String> {
    let Some(folder) = folder else { return Ok(()) };
    if folder.join("report.md").exists() {
        return Err(format!(
            "{} has the report of another drill: name another folder",
            folder.display()
        ));
    }
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
}

/// The report, and what the check came to.
pub(super) fn told(report: &Report, checked: Option<&Check>) -> Result<Value, String> {
    let mut told = serde_json::to_value(report).map_err(|error| error.to_string())?;
    if let Some(Check { command, good, ended, said }) = checked {
        told["check"] = json!({"command": command, "good": good, "ended": ended, "said": said});
    }
    Ok(told)
}

/// Writes `report.md`, `report.json` and `plot.svg`; returns the first.
pub(super) fn write(
    folder: &Path,
    report: &Report,
    checked: Option<&Check>,
) -> Result<PathBuf, String> {
    write_files(folder, report, checked).map_err(|error| format!("{}: {error}", folder.display()))
}

fn write_files(
    folder: &Path,
    report: &Report,
    checked: Option<&Check>,
) -> std::io::Result<PathBuf> {
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
