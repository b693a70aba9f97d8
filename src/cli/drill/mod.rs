//! `drill`: takes something away on purpose, and reports when the last client was elsewhere; or lists, shows
//! and ends drills.

mod check;
mod folder;
mod follow;

use serde_json::json;

use super::args::{DrillArgs, DrillCommand};
use super::client::Client;
use super::{CommandResult, show};
use crate::admin::DrillList;
use crate::drill::{self, DrillState, Report};

/// Begins, lists, shows or ends.
pub async fn run(args: &DrillArgs, json: bool, client: &Client) -> CommandResult {
    match (&args.command, &args.begin) {
        (None, Some(begin)) => follow::run(begin, json, client).await,
        (None, None) => Err("expected what to take away, or list, show or end".into()),
        (Some(DrillCommand::List), _) => {
            let list: DrillList = client.get(&["drills"]).await?;
            show(json, &list, |list| match list.drills.is_empty() {
                true => "there was no drill yet".into(),
                false => list.drills.iter().map(line).collect::<Vec<_>>().join("\n"),
            })
        }
        (Some(DrillCommand::Show { id, report: folder }), _) => {
            folder::may_write(folder.as_deref())?;
            let report: Report = client.get(&["drills", id]).await?;
            if let Some(folder) = folder {
                folder::write(folder, &report, None)?;
            }
            show(json, &report, |report| drill::markdown(report, None))
        }
        (Some(DrillCommand::End { id }), _) => {
            client.delete(&["drills", id]).await?;
            show(json, &json!({ "id": id }), |_| format!("{id}: it is put back"))
        }
    }
}

/// A drill, as one line.
fn line(report: &Report) -> String {
    let Report { id, target, state, began, by, reason, figures, .. } = report;
    let state = match state {
        DrillState::Moving => "moving",
        DrillState::Away => "away",
        DrillState::Returning => "returning",
        DrillState::Done => "done",
        DrillState::Ended => "ended",
        DrillState::Interrupted => "interrupted",
    };
    let recovery = figures.recovery_s.map(|time| format!(", recovery time {time:.1} s"));
    let recovery = recovery.unwrap_or_default();
    format!("{id}  {target}  {state}, since {began}{recovery}, by {by}: {reason}")
}
