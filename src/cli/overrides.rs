//! `drain`, `up`, `down` and `clear`: what people say.

use serde_json::json;

use super::args::{ClearArgs, SetArgs};
use super::client::Client;
use super::{CommandResult, show};
use crate::admin::Change;
use crate::admin::status::OverrideStatus;
use crate::duration::format_duration;
use crate::health::OverrideState;

/// Sets an override.
pub async fn set(
    state: OverrideState,
    args: &SetArgs,
    json: bool,
    client: &Client,
) -> CommandResult {
    let lifetime = args.lifetime.map(format_duration);
    let change = Change { state, lifetime, reason: args.reason.clone(), force: args.force };
    let set: OverrideStatus = client.put_override(&args.target, &change).await?;
    show(json, &set, |set| {
        let end = match &set.until {
            Some(until) => format!("until {until}"),
            None => "until it is cleared".into(),
        };
        format!("{}: {} {end}", set.target, set.state)
    })
}

/// Takes an override away.
pub async fn clear(args: &ClearArgs, json: bool, client: &Client) -> CommandResult {
    client.delete_override(&args.target, args.force, &args.why).await?;
    let cleared = json!({ "target": args.target.to_string() });
    show(json, &cleared, |_| format!("{}: cleared", args.target))
}
