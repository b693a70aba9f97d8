//! `failback`: returns to a pool that is up again and held back.

use super::args::FailbackArgs;
use super::client::Client;
use super::{CommandResult, show};
use crate::admin::ReturnedTo;

/// Returns to a pool; `pool:NAME` is its name too.
pub async fn run(args: &FailbackArgs, json: bool, client: &Client) -> CommandResult {
    let pool = args.pool.strip_prefix("pool:").unwrap_or(&args.pool);
    let returned: ReturnedTo = client.post_because(&["failback", pool], &args.why).await?;
    show(json, &returned, |returned| {
        let families = returned.families.join(", ").to_uppercase();
        format!("pool:{}: returned to ({families})", returned.pool)
    })
}
