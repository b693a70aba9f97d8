//! `reload`: the files anew.

use super::args::ReloadArgs;
use super::client::Client;
use super::{CommandResult, show};
use crate::admin::Reloaded;

/// Has the daemon load all files.
pub async fn run(args: &ReloadArgs, json: bool, client: &Client) -> CommandResult {
    let reloaded: Reloaded = client.reload(args.force, &args.why).await?;
    show(json, &reloaded, |reloaded| format!("serving revision {}", reloaded.revision))
}
