//! `maintenance`: what is planned to be away, and when.

use serde_json::json;

use super::args::{MaintenanceCommand, PlanArgs};
use super::client::Client;
use super::status::maintenance_line;
use super::{CommandResult, show};
use crate::admin::MaintenanceList;
use crate::admin::status::MaintenanceStatus;
use crate::maintenance::WindowText;

/// Lists, plans or calls off.
pub async fn run(command: &MaintenanceCommand, json: bool, client: &Client) -> CommandResult {
    match command {
        MaintenanceCommand::List => {
            let list: MaintenanceList = client.get(&["maintenance"]).await?;
            show(json, &list, |list| {
                if list.maintenance.is_empty() {
                    return "no maintenance is planned".into();
                }
                let lines: Vec<String> = list.maintenance.iter().map(maintenance_line).collect();
                lines.join("\n")
            })
        }
        MaintenanceCommand::Plan(args) => {
            let PlanArgs { name, target, start, end, timezone, repeats, lead, announce, reason } =
                (**args).clone();
            let target = target.to_string();
            let window =
                WindowText { target, start, end, timezone, repeats, lead, announce, reason };
            let planned: MaintenanceStatus = client.put(&["maintenance", &name], &window).await?;
            show(json, &planned, |planned| format!("{name}: {}", planned.stage))
        }
        MaintenanceCommand::CallOff { name, why } => {
            client.delete_because(&["maintenance", name], why).await?;
            show(json, &json!({ "name": name }), |_| format!("{name}: called off"))
        }
    }
}
