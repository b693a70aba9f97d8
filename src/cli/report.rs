//! `report`: how available everything was.

use super::CommandResult;
use super::args::{ReportArgs, ReportFormat};
use super::client::Client;
use crate::uptime::{self, Report};

/// Asks the daemon, and shows what it says.
pub async fn run(args: &ReportArgs, client: &Client) -> CommandResult {
    let mut query = vec![("since", args.since.as_str())];
    query.extend(args.until.as_deref().map(|until| ("until", until)));
    let report: Report = client.get_with(&["report"], &query).await?;
    match args.format {
        ReportFormat::Text => Ok(uptime::text(&report)),
        ReportFormat::Markdown => Ok(uptime::markdown(&report)),
        ReportFormat::Json => {
            serde_json::to_string_pretty(&report).map_err(|error| error.to_string())
        }
    }
}
