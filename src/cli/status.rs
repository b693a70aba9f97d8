//! `status`: everything at a glance.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use super::CommandResult;
use super::client::Client;
use crate::admin::status::{
    ComebackStatus, EndpointStatus, GitStatus, MaintenanceStatus, OverrideStatus, PoolStatus,
    ProbeStatus, QueryLogStatus, RampStatus, RoundTripStatus, StandingText, StateText, Status,
    WebhookStatus,
};
use crate::clock;
use crate::duration::format_duration;
use crate::timestamp::from_rfc3339;

/// Asks the daemon how everything stands.
pub async fn run(json: bool, client: &Client) -> CommandResult {
    if json {
        // As it came: a newer daemon may tell more than this program knows.
        let status: serde_json::Value = client.get(&["status"]).await?;
        return serde_json::to_string_pretty(&status).map_err(|error| error.to_string());
    }
    let status: Status = client.get(&["status"]).await?;
    Ok(render(&status, clock::wall_now()))
}

/// The status as text: pools by region, endpoints by pool, in columns.
pub fn render(status: &Status, now: SystemTime) -> String {
    let mut lines = Vec::new();
    for region in &status.regions {
        lines.push(Line::heading(format!("region {}", region.name), &region.overridden));
        let inside = |pool: &&PoolStatus| pool.region.as_ref() == Some(&region.name);
        status.pools.iter().filter(inside).for_each(|pool| pool_lines(pool, now, &mut lines));
    }
    let outside: Vec<&PoolStatus> = status.pools.iter().filter(|p| p.region.is_none()).collect();
    if !outside.is_empty() {
        lines.push(Line::heading("no region".into(), &None));
        outside.into_iter().for_each(|pool| pool_lines(pool, now, &mut lines));
    }
    let mut text = header(status, now);
    text.push_str(&table(&lines));
    text.extend(status.maintenance.iter().map(|window| format!("\n{}", maintenance_line(window))));
    let webhooks = status.webhooks.iter().map(|webhook| webhook_line(webhook, now));
    let silences = status.silences.iter().map(super::silence::line);
    text.extend(webhooks.chain(silences).map(|line| format!("\n{line}")));
    text.push_str(&orphans(status));
    text
}

fn header(status: &Status, now: SystemTime) -> String {
    let ready = if status.ready { "ready" } else { "NOT READY" };
    let age = age(&status.started, now);
    let mut text = format!("revision {}, up for {age}, {ready}\n", status.revision);
    if status.network_lost {
        text.push_str("NETWORK LOST: nobody is heard of any more, and verdicts stay as they are\n");
    }
    text.extend(status.git.iter().map(|git| followed(git, now)));
    text.extend(status.dnstap.iter().map(|told| told_line("dnstap to", "sent", told)));
    text.extend(status.decision_log.iter().map(|told| told_line("decision log", "written", told)));
    if let Some(why) = &status.state_unavailable {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "NO STATE FOLDER, overrides are refused: {why}");
    }
    text
}

/// How it stands with what is told of questions and answers.
fn told_line(what: &str, done: &str, told: &QueryLogStatus) -> String {
    let QueryLogStatus { place, works, trouble, told, dropped } = told;
    let state = match (works, trouble) {
        (true, _) => String::new(),
        (false, None) => "not yet, ".into(),
        (false, Some(why)) => format!("NOT NOW ({why}), "),
    };
    format!("{what} {place}: {state}{told} {done}, {dropped} dropped\n")
}

/// How it stands with the remote.
fn followed(git: &GitStatus, now: SystemTime) -> String {
    let commit = |hash: &str| hash.chars().take(12).collect::<String>();
    let GitStatus { remote, branch, fetched, unreachable, refused, .. } = git;
    let served = git.commit.as_deref().map(commit).unwrap_or_default();
    let fetched = match fetched {
        Some(at) => format!("fetched {} ago", age(at, now)),
        None => "not fetched since the start".to_owned(),
    };
    let mut text = format!("commit {served}, {branch} of {remote}, {fetched}\n");
    // Writing to a string cannot fail.
    if let Some(why) = unreachable {
        let _ = writeln!(text, "THE REMOTE CANNOT BE FETCHED: {why}");
    }
    if let Some(refused) = refused {
        let _ = writeln!(text, "COMMIT {} IS REFUSED:", commit(&refused.commit));
        for why in &refused.why {
            let _ = writeln!(text, "  {why}");
        }
    }
    text
}

/// A window of maintenance, as one line.
pub(super) fn maintenance_line(window: &MaintenanceStatus) -> String {
    let MaintenanceStatus { name, target, stage, percent, start, end, reason, refused_by } = window;
    let left = match stage.as_str() {
        "leaving" | "returning" => format!(" ({percent} % of its clients)"),
        _ => refused_by.iter().map(|rules| format!(" by {rules}")).collect(),
    };
    format!("maintenance {name} of {target}: {stage}{left}, {start} to {end}: {reason}")
}

/// A webhook, as one line.
pub(super) fn webhook_line(webhook: &WebhookStatus, now: SystemTime) -> String {
    let WebhookStatus { name, form, to, queued, oldest, last_delivery, last_error } = webhook;
    let waits = match oldest {
        Some(oldest) => {
            let messages = if *queued == 1 { "message waits" } else { "messages wait" };
            format!("{queued} {messages}, the first for {}", age(oldest, now))
        }
        None => "nothing waits".into(),
    };
    let delivery = match last_delivery {
        Some(at) => format!("last delivery {} ago", age(at, now)),
        None => "no delivery since the start".into(),
    };
    let error = last_error
        .as_ref()
        .map(|error| format!("; LAST ATTEMPT FAILED {} ago: {}", age(&error.at, now), error.what));
    format!("webhook {name} ({form} to {to}): {waits}, {delivery}{}", error.unwrap_or_default())
}

/// Overrides on what the files no longer have: they wait for it to come back.
fn orphans(status: &Status) -> String {
    let mut known: Vec<String> = Vec::new();
    known.extend(status.regions.iter().map(|region| format!("region:{}", region.name)));
    for pool in &status.pools {
        known.push(format!("pool:{}", pool.name));
        known.extend(pool.endpoints.iter().map(|e| format!("endpoint:{}", e.name)));
    }
    let orphans = status.overrides.iter().filter(|o| !known.contains(&o.target));
    orphans.map(|o| format!("\n{} is not in the files: {}", o.target, said(o))).collect()
}

/// One line of the table: a heading and its note, or three columns.
struct Line {
    indent: usize,
    columns: Vec<String>,
}

impl Line {
    fn heading(text: String, overridden: &Option<OverrideStatus>) -> Self {
        let note = overridden.as_ref().map(said).unwrap_or_default();
        Self { indent: 0, columns: vec![text, note] }
    }

    /// How much of a column's width the indent takes.
    fn indent_of(&self, column: usize) -> usize {
        if column == 0 { self.indent } else { 0 }
    }
}

fn pool_lines(pool: &PoolStatus, now: SystemTime, lines: &mut Vec<Line>) {
    let mut notes = vec![match pool.monitors.len() {
        0 => "no monitor".into(),
        1 => format!("monitor {}", pool.monitors[0]),
        _ => format!("monitors {}", pool.monitors.join(", ")),
    }];
    notes.extend(pool.requires.iter().map(|required| match required.up {
        true => format!("requires {}", required.name),
        false => format!("requires {}, which is DOWN", required.name),
    }));
    notes.extend(pool.comebacks.iter().map(|comeback| came_back(&pool.name, comeback, now)));
    notes.extend(pool.overridden.as_ref().map(said));
    lines.push(Line {
        indent: 2,
        columns: vec![format!("pool {}", pool.name), families(pool), notes.join("; ")],
    });
    for endpoint in &pool.endpoints {
        lines.push(endpoint_line(endpoint, now));
        lines.extend(endpoint.probes.iter().map(|probe| probe_line(probe, now)));
    }
}

fn came_back(pool: &str, comeback: &ComebackStatus, now: SystemTime) -> String {
    let failback = |failback: &String| match failback.as_str() {
        "manual" => format!("returned to by steersman failback {pool}"),
        time => format!("returned to after {time}"),
    };
    let ramp =
        |ramp: &RampStatus| format!("takes {}% of its share (ramp {})", ramp.percent, ramp.over);
    let words = comeback.failback.iter().map(failback).chain(comeback.ramp.iter().map(ramp));
    let words: Vec<String> = words.collect();
    let family = comeback.family.to_uppercase();
    let held = if comeback.failback.is_empty() { "" } else { ", held back" };
    format!("{family} back for {}{held}: {}", age(&comeback.since, now), words.join(", "))
}

fn endpoint_line(endpoint: &EndpointStatus, now: SystemTime) -> Line {
    let standing = match endpoint.standing {
        StandingText::Up => "up",
        StandingText::Down => "down",
        StandingText::Drained => "drained",
        StandingText::ForcedDown => "forced down",
    };
    let probes = if endpoint.verdict == StateText::Up { "probes: up" } else { "probes: down" };
    let since = endpoint.since.as_ref().map(|since| format!(" for {}", age(since, now)));
    let doubt = if endpoint.in_doubt { ", in doubt" } else { "" };
    let mut notes = vec![format!("{probes}{}{doubt}", since.unwrap_or_default())];
    let is_ill = endpoint.failing || endpoint.verdict == StateText::Down;
    let last_success = if is_ill { "last success took " } else { "" };
    notes.extend(endpoint.last_round_trip_ms.map(|ms| format!("{last_success}{ms:.1} ms")));
    if is_ill {
        notes.extend(endpoint.last_error.clone());
    }
    let held = endpoint.held_until.as_ref();
    notes.extend(held.map(|until| format!("flaps: held down until {until}")));
    notes.extend(endpoint.overridden.as_ref().map(said));
    Line {
        indent: 4,
        columns: vec![endpoint.address.clone(), standing.to_owned(), notes.join("; ")],
    }
}

/// What one monitor knows of an endpoint.
fn probe_line(probe: &ProbeStatus, now: SystemTime) -> Line {
    let mut notes = Vec::new();
    notes.extend(match (probe.successes_in_a_row, probe.failures_in_a_row) {
        (0, 0) => None,
        (0, failed) => Some(format!("{failed} in a row failed")),
        (well, _) => Some(format!("{well} in a row succeeded")),
    });
    notes.extend(probe.last_change.as_ref().map(|change| {
        let to = if change.to == StateText::Up { "came up" } else { "went down" };
        let why = change.reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        format!("{to} {} ago{why}", age(&change.at, now))
    }));
    notes.extend(probe.round_trip_ms.map(|RoundTripStatus { p50, p90, p99, .. }| {
        format!("{p50:.1}, {p90:.1}, {p99:.1} ms (p50, p90, p99)")
    }));
    notes.extend(probe.next_probe.as_ref().map(|next| format!("next in {}", left(next, now))));
    let columns = vec![probe.monitor.clone(), String::new(), notes.join("; ")];
    Line { indent: 6, columns }
}

fn families(pool: &PoolStatus) -> String {
    let word = |family: &str, up: Option<bool>, panics: Option<bool>| {
        let state = match up? {
            true if panics == Some(true) => "up, IN PANIC",
            true => "up",
            false => "DOWN",
        };
        Some(format!("{family} {state}"))
    };
    let (up, panics) = (pool.up, pool.panics);
    let words = [
        word("A", up.a, panics.a),
        word("AAAA", up.aaaa, panics.aaaa),
        word("CNAME", up.cname, panics.cname),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn said(what: &OverrideStatus) -> String {
    let until = match &what.until {
        Some(until) => format!("until {until}"),
        None => "until cleared".into(),
    };
    format!("override {} {until} ({})", what.state, what.reason)
}

/// How long ago, in whole seconds.
fn age(since: &str, now: SystemTime) -> String {
    match from_rfc3339(since).map(|since| now.duration_since(since).unwrap_or_default()) {
        Ok(age) => format_duration(Duration::from_secs(age.as_secs())),
        Err(_) => since.to_owned(),
    }
}

/// How much later than now, in tenths of a second.
fn left(until: &str, now: SystemTime) -> String {
    match from_rfc3339(until).map(|until| until.duration_since(now).unwrap_or_default()) {
        Ok(left) => format!("{:.1} s", left.as_secs_f64()),
        Err(_) => until.to_owned(),
    }
}

fn table(lines: &[Line]) -> String {
    let mut widths = [0; 2];
    for line in lines.iter().filter(|line| line.columns.len() == 3) {
        for (index, width) in widths.iter_mut().enumerate() {
            *width = (*width).max(line.columns[index].chars().count() + line.indent_of(index));
        }
    }
    let mut text = String::new();
    for line in lines {
        let mut row = " ".repeat(line.indent);
        for (index, column) in line.columns.iter().enumerate() {
            let width = widths.get(index).map_or(0, |width| width - line.indent_of(index));
            // Writing to a string cannot fail.
            let _ = write!(row, "{column:<width$}  ");
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}
