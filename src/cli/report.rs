//! `report`: how available everything was.

use super::args::{ReportArgs, ReportFormat};
use super::client::Client;
use super::{CommandResult, show};
use crate::uptime::{self, Report};

/// Asks the daemon, and shows what it says.
pub async fn run(args: &ReportArgs, json: bool, client: &Client) -> CommandResult {
    let mut query = vec![("since", args.since.as_str())];
    query.extend(args.until.as_deref().map(|until| ("until", until)));
    let report: Report = client.get_with(&["report"], &query).await?;
    show(
        json || args.format == ReportFormat::Json,
        &report,
        match args.format {
            ReportFormat::Markdown => uptime::markdown,
            ReportFormat::Text | ReportFormat::Json => uptime::text,
        },
    )
}
