//! `preview`: what an override would move, before it is set.

use super::args::{PreviewArgs, PreviewedWish};
use super::client::Client;
use super::names::percent;
use super::{CommandResult, show};
use crate::admin::{Moved, NameChange, Preview, PreviewWish};
use crate::health::OverrideState;

/// So many names are told of in words.
const SHOWN: usize = 20;
/// And of so many countries.
const COUNTRIES: usize = 4;

/// Asks the daemon, and shows what it says. Nothing is changed.
pub async fn run(args: &PreviewArgs, json: bool, client: &Client) -> CommandResult {
    let state = match args.wish {
        PreviewedWish::Drain => Some(OverrideState::Drain),
        PreviewedWish::Up => Some(OverrideState::Up),
        PreviewedWish::Down => Some(OverrideState::Down),
        PreviewedWish::Clear => None,
    };
    let wish = PreviewWish { state, target: args.target.to_string() };
    let preview: Preview = client.post_json(&["preview"], &wish).await?;
    show(json, &preview, words)
}

fn words(preview: &Preview) -> String {
    let Preview { changes, names, degraded, compared } = preview;
    let mut lines: Vec<String> = changes.iter().take(SHOWN).flat_map(change).collect();
    if changes.len() > SHOWN {
        lines.push("and more: all of them with --json".into());
    }
    if *degraded > 0 {
        lines.push(format!("{degraded} NAMES WOULD HAVE NOTHING UP ANY MORE"));
    }
    lines.push(match names {
        0 => format!("nobody would be told anything else, of {compared} names"),
        1 => format!("clients of 1 of {compared} names would be told something else"),
        _ => format!("clients of {names} of {compared} names would be told something else"),
    });
    lines.join("\n")
}

fn change(change: &NameChange) -> Vec<String> {
    let NameChange { name, r#type, moved, moves } = change;
    let first = format!("{name} {type:?}: {} of its clients", percent(*moved));
    [first].into_iter().chain(moves.iter().map(one)).collect()
}

fn one(one: &Moved) -> String {
    let pool = |pool: &Option<String>| pool.clone().unwrap_or_else(|| "nothing".into());
    let named = one.countries.iter().take(COUNTRIES).cloned().collect::<Vec<_>>().join(", ");
    let more = if one.countries.len() > COUNTRIES { ", …" } else { "" };
    let other = if one.from == one.to { " (other endpoints)" } else { "" };
    let (share, from, to) = (percent(one.share), pool(&one.from), pool(&one.to));
    format!("  {share} {from} -> {to}{other}: {named}{more}")
}
