//! `reload`: the files anew.

use super::CommandResult;
use super::client::Client;
use crate::admin::Reloaded;

/// Has the daemon load all files.
pub async fn run(client: &Client) -> CommandResult {
    let reloaded: Reloaded = client.post(&["reload"]).await?;
    Ok(format!("serving revision {}", reloaded.revision))
}
