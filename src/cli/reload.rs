//! `reload`: the files anew.

use super::CommandResult;
use super::args::ReloadArgs;
use super::client::Client;
use crate::admin::Reloaded;

/// Has the daemon load all files.
pub async fn run(args: &ReloadArgs, client: &Client) -> CommandResult {
    let reloaded: Reloaded = client.reload(args.force).await?;
    Ok(format!("serving revision {}", reloaded.revision))
}
