//! `names`: what share of whom is told what.

use super::args::NamesArgs;
use super::client::Client;
use super::{CommandResult, show};
use crate::admin::{NameList, NameStatus, Share};

/// Asks the daemon, and shows what it says.
pub async fn run(args: &NamesArgs, json: bool, client: &Client) -> CommandResult {
    let query = [("containing", args.containing.as_str())];
    let list: NameList = client.get_with(&["names"], &query).await?;
    show(json, &list, |list| {
        let left = list.count.saturating_sub(list.names.len());
        let more = (left > 0).then(|| format!("and {left} more names: say a part of a name"));
        let lines = list.names.iter().map(lines).chain(more);
        match list.count {
            0 => "no such name is steered".into(),
            _ => lines.collect::<Vec<_>>().join("\n"),
        }
    })
}

fn lines(name: &NameStatus) -> String {
    let NameStatus { name: owner, ttl_seconds, answers, degraded, .. } = name;
    let s = if *answers == 1 { "" } else { "s" };
    let mut text = format!("{owner} (ttl {ttl_seconds} s, {answers} answer{s})");
    if *degraded > 0.0 {
        text += &format!(" DEGRADED for {} of its clients", percent(*degraded));
    }
    for (what, shares) in
        [("configured", &name.configured), ("now", &name.now), ("achieved", &name.achieved)]
    {
        text += &format!("\n  {what:<11} {}", told(shares));
    }
    text
}

fn told(shares: &[Share]) -> String {
    let one = |one: &Share| {
        let pool = one.pool.as_deref().unwrap_or("nothing");
        format!("{pool} {}", percent(one.share))
    };
    match shares {
        [] => "-".into(),
        _ => shares.iter().map(one).collect::<Vec<_>>().join(", "),
    }
}

/// A part as per cent, to a tenth.
pub(super) fn percent(part: f64) -> String {
    let text = format!("{:.1}", part * 100.0);
    format!("{} %", text.strip_suffix(".0").unwrap_or(&text))
}
