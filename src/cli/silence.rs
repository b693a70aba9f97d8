//! `silence`: what nobody is to be told of for a time.

use serde_json::json;

use super::args::{SilenceArgs, SilenceCommand};
use super::client::Client;
use super::{CommandResult, show};
use crate::admin::{SilenceList, SilenceWish, Silenced};
use crate::duration::format_duration;
use crate::notice::SilenceText;

const NOTHING: &str = "\nwarning: nothing of the files is called so at present; `steersman status` has the regions and pools";

/// Lists, adds or removes.
pub async fn run(command: &SilenceCommand, json: bool, client: &Client) -> CommandResult {
    match command {
        SilenceCommand::List => {
            let list: SilenceList = client.get(&["silences"]).await?;
            show(json, &list, |list| match list.silences.is_empty() {
                true => "nothing is silenced".into(),
                false => list.silences.iter().map(line).collect::<Vec<_>>().join("\n"),
            })
        }
        SilenceCommand::Add(SilenceArgs { target, lifetime, reason }) => {
            let wish = SilenceWish { lifetime: format_duration(*lifetime), reason: reason.clone() };
            let set: Silenced = client.put(&["silences", &target.to_string()], &wish).await?;
            show(json, &set, |set| {
                let SilenceText { target, until, .. } = &set.silence;
                let nothing = if set.covers == 0 { NOTHING } else { "" };
                format!("{target}: silenced until {until}{nothing}")
            })
        }
        SilenceCommand::Remove { target, why } => {
            client.delete_because(&["silences", &target.to_string()], why).await?;
            let removed = json!({ "target": target.to_string() });
            show(json, &removed, |_| format!("{target}: told of again"))
        }
    }
}

/// A silence, as one line.
pub(super) fn line(silence: &SilenceText) -> String {
    let SilenceText { target, reason, by, until, .. } = silence;
    format!("{target} is silenced until {until} by {by}: {reason}")
}
