//! `token`: who is let in at the admin endpoint, and for what.

use serde_json::json;

use super::args::TokenCommand;
use super::client::Client;
use super::{CommandResult, show};
use crate::admin::{NewToken, TokenList, TokenStatus, TokenWish};
use crate::clock;
use crate::duration::format_duration;
use crate::timestamp::from_rfc3339;

/// Makes, lists or takes back.
pub async fn run(command: &TokenCommand, json: bool, client: &Client) -> CommandResult {
    match command {
        TokenCommand::Add { name, role, lifetime, why } => {
            let wish = TokenWish {
                name: name.clone(),
                role: *role,
                lifetime: lifetime.map(format_duration),
                reason: why.reason.clone(),
            };
            let made: NewToken = client.post_json(&["tokens"], &wish).await?;
            // Alone on standard output, so that it can go into a file.
            show(json, &made, |made| made.token.clone())
        }
        TokenCommand::List => {
            let list: TokenList = client.get(&["tokens"]).await?;
            show(json, &list, |TokenList { tokens }| {
                let width = tokens.iter().map(|token| token.name.len()).max().unwrap_or_default();
                let now = clock::wall_now();
                let line = |TokenStatus { name, role, until }: &TokenStatus| {
                    let until = until.iter().map(|until| match from_rfc3339(until) {
                        Ok(end) if end <= now => format!("  ended at {until}"),
                        _ => format!("  until {until}"),
                    });
                    format!("{name:width$}  {role}{}\n", until.collect::<String>())
                };
                tokens.iter().map(line).collect()
            })
        }
        TokenCommand::Revoke { name, why } => {
            client.delete_because(&["tokens", name], why).await?;
            show(json, &json!({ "name": name }), |_| format!("{name}: taken back"))
        }
    }
}
