//! `webhook`: who is told of what happens, and whether messages arrive.

use super::args::WebhookCommand;
use super::client::Client;
use super::status::webhook_line;
use super::{CommandResult, show};
use crate::admin::{Tested, WebhookList};
use crate::clock;

/// Lists, or tries one.
pub async fn run(command: &WebhookCommand, json: bool, client: &Client) -> CommandResult {
    match command {
        WebhookCommand::List => {
            let list: WebhookList = client.get(&["webhooks"]).await?;
            show(json, &list, |list| {
                if list.webhooks.is_empty() {
                    return "steersman.toml has no webhook".into();
                }
                let now = clock::wall_now();
                let lines = list.webhooks.iter().map(|webhook| webhook_line(webhook, now));
                lines.collect::<Vec<_>>().join("\n")
            })
        }
        WebhookCommand::Test { name } => {
            let tested: Tested = client.post(&["webhooks", name, "test"]).await?;
            show(json, &tested, |Tested { webhook, id, status, said, took_ms }| {
                let said = if said.is_empty() { String::new() } else { format!(": {said}") };
                format!("{webhook}: {id} was taken with {status} after {took_ms} ms{said}")
            })
        }
    }
}
