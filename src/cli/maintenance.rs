//! `maintenance`: what is planned to be away, and when.

use super::CommandResult;
use super::args::{MaintenanceCommand, PlanArgs};
use super::client::Client;
use super::status::maintenance_line;
use crate::admin::MaintenanceList;
use crate::maintenance::WindowText;

/// Lists, plans or calls off.
pub async fn run(command: &MaintenanceCommand, client: &Client) -> CommandResult {
    match command {
        MaintenanceCommand::List { json } => {
            let list: MaintenanceList = client.get(&["maintenance"]).await?;
            if *json {
                return serde_json::to_string_pretty(&list).map_err(|error| error.to_string());
            }
            if list.maintenance.is_empty() {
                return Ok("no maintenance is planned".into());
            }
            let lines: Vec<String> = list.maintenance.iter().map(maintenance_line).collect();
            Ok(lines.join("\n"))
        }
        MaintenanceCommand::Plan(args) => {
            let PlanArgs { name, target, start, end, timezone, repeats, lead, announce, reason } =
                (**args).clone();
            let target = target.to_string();
            let window =
                WindowText { target, start, end, timezone, repeats, lead, announce, reason };
            let _: WindowText = client.put(&["maintenance", &name], &window).await?;
            Ok(format!("{name}: planned"))
        }
        MaintenanceCommand::Cancel { name } => {
            client.delete(&["maintenance", name]).await?;
            Ok(format!("{name}: called off"))
        }
    }
}
