//! `webhook`: who is told of what happens, and whether messages arrive.

use super::CommandResult;
use super::args::WebhookCommand;
use super::client::Client;
use super::status::webhook_line;
use crate::admin::{Tested, WebhookList};
use crate::clock;

/// Lists, or tries one.
pub async fn run(command: &WebhookCommand, client: &Client) -> CommandResult {
    match command {
        WebhookCommand::List { json } => {
            let list: WebhookList = client.get(&["webhooks"]).await?;
            if *json {
                return serde_json::to_string_pretty(&list).map_err(|error| error.to_string());
            }
            if list.webhooks.is_empty() {
                return Ok("steersman.toml has no webhook".into());
            }
            let now = clock::wall_now();
            let lines = list.webhooks.iter().map(|webhook| webhook_line(webhook, now));
            Ok(lines.collect::<Vec<_>>().join("\n"))
        }
        WebhookCommand::Test { name } => {
            let tested: Tested = client.post(&["webhooks", name, "test"]).await?;
            let Tested { webhook, id, status, said, took_ms } = tested;
            let said = if said.is_empty() { String::new() } else { format!(": {said}") };
            Ok(format!("{webhook}: {id} was taken with {status} after {took_ms} ms{said}"))
        }
    }
}
