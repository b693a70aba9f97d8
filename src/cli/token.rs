//! `token`: who is let in at the admin endpoint, and for what.

use super::CommandResult;
use super::args::TokenCommand;
use super::client::Client;
use crate::admin::{NewToken, TokenList, TokenWish};

/// Makes, lists or takes back.
pub async fn run(command: &TokenCommand, client: &Client) -> CommandResult {
    match command {
        TokenCommand::Add { name, role } => {
            let wish = TokenWish { name: name.clone(), role: *role };
            let made: NewToken = client.post_json(&["tokens"], &wish).await?;
            // Alone on standard output, so that it can go into a file.
            Ok(made.token)
        }
        TokenCommand::List => {
            let TokenList { tokens } = client.get(&["tokens"]).await?;
            let width = tokens.iter().map(|token| token.name.len()).max().unwrap_or_default();
            let lines =
                tokens.iter().map(|token| format!("{:width$}  {}\n", token.name, token.role));
            Ok(lines.collect())
        }
        TokenCommand::Revoke { name } => {
            client.delete(&["tokens", name]).await?;
            Ok(format!("{name}: taken back"))
        }
    }
}
