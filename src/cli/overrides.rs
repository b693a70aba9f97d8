//! `drain`, `up`, `down` and `clear`: what people say.

use super::CommandResult;
use super::args::{ClearArgs, SetArgs};
use super::client::Client;
use crate::admin::Change;
use crate::admin::status::OverrideStatus;
use crate::duration::format_duration;
use crate::health::OverrideState;

/// Sets an override.
pub async fn set(state: OverrideState, args: &SetArgs, client: &Client) -> CommandResult {
    let lifetime = args.lifetime.map(format_duration);
    let change = Change { state, lifetime, reason: args.reason.clone(), force: args.force };
    let set: OverrideStatus = client.put_override(&args.target, &change).await?;
    let end = match &set.until {
        Some(until) => format!("until {until}"),
        None => "until it is cleared".into(),
    };
    Ok(format!("{}: {} {end}", set.target, set.state))
}

/// Takes an override away.
pub async fn clear(args: &ClearArgs, client: &Client) -> CommandResult {
    client.delete_override(&args.target, args.force).await?;
    Ok(format!("{}: cleared", args.target))
}
