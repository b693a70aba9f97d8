//! `silence`: what nobody is to be told of for a time.

use super::CommandResult;
use super::args::{SilenceArgs, SilenceCommand};
use super::client::Client;
use crate::admin::{SilenceList, SilenceWish};
use crate::duration::format_duration;
use crate::notice::SilenceText;

/// Lists, adds or removes.
pub async fn run(command: &SilenceCommand, client: &Client) -> CommandResult {
    match command {
        SilenceCommand::List { json } => {
            let list: SilenceList = client.get(&["silences"]).await?;
            if *json {
                return serde_json::to_string_pretty(&list).map_err(|error| error.to_string());
            }
            if list.silences.is_empty() {
                return Ok("nothing is silenced".into());
            }
            Ok(list.silences.iter().map(line).collect::<Vec<_>>().join("\n"))
        }
        SilenceCommand::Add(SilenceArgs { target, lifetime, reason }) => {
            let wish = SilenceWish { lifetime: format_duration(*lifetime), reason: reason.clone() };
            let set: SilenceText = client.put(&["silences", &target.to_string()], &wish).await?;
            Ok(format!("{}: silenced until {}", set.target, set.until))
        }
        SilenceCommand::Remove { target } => {
            client.delete(&["silences", &target.to_string()]).await?;
            Ok(format!("{target}: told of again"))
        }
    }
}

/// A silence, as one line.
pub(super) fn line(silence: &SilenceText) -> String {
    let SilenceText { target, reason, by, until, .. } = silence;
    format!("{target} is silenced until {until} by {by}: {reason}")
}
