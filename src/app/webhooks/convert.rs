//! From the history to what messages speak of.

use std::time::SystemTime;

use crate::health::{Inventory, Pool, PoolId, Target};
use crate::history::{Event as Happened, GitState, What};
use crate::notice::{Event, Kind, Turn};
use crate::timestamp::from_rfc3339;

/// So much of a commit is shown.
const SHOWN_DIGITS: usize = 12;

pub(super) const NAMES: &str = "names";
pub(super) const FILES: &str = "files";
pub(super) const REMOTE: &str = "remote";
pub(super) const NETWORK: &str = "network";

pub(super) const NETWORK_LOST: &str =
    "this server hears of nobody any more: its own network is lost, and verdicts stay as they are";
const NETWORK_BACK: &str = "this server hears of others again, and verdicts follow the probes";

/// What is told of an event; `follows` says whether zones come from a remote, whose refusals are told as such.
pub(super) fn convert(happened: &Happened, inventory: &Inventory, follows: bool) -> Vec<Event> {
    let at = from_rfc3339(&happened.at).unwrap_or(SystemTime::UNIX_EPOCH);
    let about = |kind, subject: &str, turn, words| event(at, kind, subject, (turn, words));
    let about_target = |kind, subject: &str, target: &str, turn, words| Event {
        scopes: scopes(inventory, target),
        ..event(at, kind, subject, (turn, words))
    };
    match &happened.what {
        What::Endpoint { endpoint, verdict, reason, .. } => {
            let pool = endpoint.split_once('/').and_then(|(pool, _)| inventory.pool(pool));
            let pool = pool.and_then(|id| inventory.pools.get(id as usize));
            let is_down = verdict == "down";
            let turns =
                |pool| endpoint_turns(at, inventory, (pool, endpoint), is_down, reason.as_deref());
            pool.map(turns).into_iter().collect()
        }
        What::Degraded { names, more, degraded } => {
            let named = names.iter().map(|name| name_turns(at, name, *degraded));
            let others = Event {
                scopes: vec!["name:".into()],
                what: format!("{more} more"),
                ..about(Kind::Degraded, NAMES, turn(*degraded), format!("and {more} more names"))
            };
            named.chain((*more > 0).then_some(others)).collect()
        }
        What::Panic { pool, family, panics } => {
            let (subject, words) = (format!("pool:{pool}"), panic_words(pool, family, *panics));
            vec![about_target(Kind::Panic, &subject, &subject, turn(*panics), words)]
        }
        What::Override { target, .. } => {
            let words = override_words(&happened.what);
            vec![about_target(Kind::Override, target, target, Turn::Note, words)]
        }
        What::Maintenance { name, target, stage, .. } => {
            let turn = if stage == "refused" { Turn::Begins } else { Turn::Note };
            let (subject, words) =
                (format!("maintenance:{name}"), maintenance_words(&happened.what));
            vec![about_target(Kind::Maintenance, &subject, target, turn, words)]
        }
        What::Drill { drill, target, state } => {
            let state = format!("{state:?}").to_lowercase();
            let words = format!("drill {drill} of {target}: {state}");
            vec![about_target(Kind::Drill, &format!("drill:{drill}"), target, Turn::Note, words)]
        }
        What::Git { state, commit, why } => {
            let (subject, turn) = match state {
                GitState::Serving => (FILES, Turn::Note),
                GitState::Refused => (FILES, Turn::Begins),
                GitState::Unreachable => (REMOTE, Turn::Begins),
                GitState::Reachable => (REMOTE, Turn::Ends),
            };
            let words = git_words(*state, commit.as_deref().unwrap_or_default(), &why.join("; "));
            vec![about(Kind::Git, subject, turn, words)]
        }
        What::Reload { revision, errors, why } => {
            let kind = if follows { Kind::Git } else { Kind::Reload };
            let words = reload_words(revision, *errors, &why.join("; "));
            vec![about(kind, FILES, turn(errors.is_some()), words)]
        }
        What::Network { lost } => {
            let words = if *lost { NETWORK_LOST } else { NETWORK_BACK };
            vec![about(Kind::Network, NETWORK, turn(*lost), words.into())]
        }
        // Targets of probes and pools are told of by their endpoints; and who silences need not be told.
        What::Verdict { .. } | What::Pool { .. } | What::HeldBack { .. } | What::Silence { .. } => {
            Vec::new()
        }
    }
}

/// One that is about no target.
fn event(at: SystemTime, kind: Kind, subject: &str, (turn, words): (Turn, String)) -> Event {
    let (subject, what) = (subject.to_owned(), subject.to_owned());
    Event { at, kind, subject, scopes: Vec::new(), what, turn, why: None, words }
}

fn panic_words(pool: &str, family: &str, panics: bool) -> String {
    match panics {
        true => format!(
            "pool {pool} panics: so little of it is up for {family} that all of it is answered"
        ),
        false => format!("pool {pool} no longer panics for {family}"),
    }
}

fn maintenance_words(what: &What) -> String {
    let What::Maintenance { name, target, stage, start, end, reason, refused_by } = what else {
        return String::new();
    };
    let rules = refused_by.as_deref().unwrap_or("a safety rule would break");
    let stage = match stage.as_str() {
        "announced" => format!("is announced, from {start} to {end}"),
        "leaving" => format!("is near: {target} is leaving, to be away from {start} to {end}"),
        "away" => format!("is on: {target} is away until {end}"),
        "returning" => format!("is over: {target} is coming back"),
        "called_off" => format!("is called off: {target} stays, or is back if it is well"),
        "refused" => format!("does not begin, and {target} stays: {rules}"),
        other => other.to_owned(),
    };
    format!("maintenance {name} of {target} {stage}: {reason}")
}

fn git_words(state: GitState, commit: &str, why: &str) -> String {
    let commit: String = commit.chars().take(SHOWN_DIGITS).collect();
    match state {
        GitState::Serving => format!("commit {commit} is served"),
        GitState::Refused => {
            format!("commit {commit} is refused, and the last good one stays: {why}")
        }
        GitState::Unreachable => format!("the remote of the zones cannot be fetched: {why}"),
        GitState::Reachable => "the remote of the zones can be fetched again".into(),
    }
}

fn reload_words(revision: &str, errors: Option<usize>, why: &str) -> String {
    let Some(errors) = errors else {
        return format!("the files are good: revision {revision} is served");
    };
    let count = if errors == 1 { "1 error".into() } else { format!("{errors} errors") };
    format!("files are refused for {count}, revision {revision} is still served: {why}")
}

/// An endpoint that is down, or up again.
pub(super) fn endpoint_turns(
    at: SystemTime,
    inventory: &Inventory,
    (pool, endpoint): (&Pool, &str),
    is_down: bool,
    why: Option<&str>,
) -> Event {
    let words = match (is_down, why) {
        (true, Some(why)) => format!("{endpoint} is down: {why}"),
        (true, None) => format!("{endpoint} is down"),
        (false, _) => format!("{endpoint} is up"),
    };
    Event {
        at,
        kind: Kind::Verdict,
        subject: subject_of(inventory, pool),
        scopes: endpoint_scopes(inventory, pool, endpoint),
        what: endpoint.to_owned(),
        turn: turn(is_down),
        why: why.map(str::to_owned),
        words,
    }
}

/// Words for an endpoint, its pool and its region.
pub(super) fn endpoint_scopes(inventory: &Inventory, pool: &Pool, endpoint: &str) -> Vec<String> {
    let of = Some(subject_of(inventory, pool)).filter(|of| of.starts_with("region:"));
    let words = [format!("pool:{}", pool.name), format!("endpoint:{endpoint}")];
    of.into_iter().chain(words).collect()
}

/// A name that has nothing up any more, or has again.
pub(super) fn name_turns(at: SystemTime, name: &str, is_degraded: bool) -> Event {
    let words = match is_degraded {
        true => format!("{name} has nothing up any more, and is answered as its all_down says"),
        false => format!("{name} has something up again"),
    };
    Event {
        at,
        kind: Kind::Degraded,
        subject: NAMES.into(),
        scopes: vec![name_scope(name)],
        what: name.to_owned(),
        turn: turn(is_degraded),
        why: None,
        words,
    }
}

pub(super) fn name_scope(name: &str) -> String {
    format!("name:{}", name.to_ascii_lowercase())
}

/// What the endpoints of a pool are told of together with.
pub(super) fn subject_of(inventory: &Inventory, pool: &Pool) -> String {
    let region = pool.region.and_then(|id| inventory.regions.get(id as usize));
    match region {
        Some(region) => format!("region:{}", region.name),
        None => format!("pool:{}", pool.name),
    }
}

/// Words for a target, and for all that it is part of.
pub(super) fn scopes(inventory: &Inventory, target: &str) -> Vec<String> {
    let mut scopes = Vec::new();
    let pool = match target.parse::<Target>() {
        Ok(Target::Pool(pool) | Target::Endpoint(pool, _)) => Some(pool),
        _ => None,
    };
    let id = pool.as_ref().and_then(|pool| inventory.pool(pool));
    if let Some(pool) = id.and_then(|id: PoolId| inventory.pools.get(id as usize)) {
        let of = subject_of(inventory, pool);
        if of.starts_with("region:") {
            scopes.push(of);
        }
    }
    scopes.extend(
        pool.filter(|_| target.starts_with("endpoint:")).map(|pool| format!("pool:{pool}")),
    );
    scopes.push(target.to_owned());
    scopes
}

fn turn(begins: bool) -> Turn {
    if begins { Turn::Begins } else { Turn::Ends }
}

fn override_words(what: &What) -> String {
    let What::Override { action, target, state, reason, until, by } = what else {
        return String::new();
    };
    let reason = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let state = state.as_deref().unwrap_or("override");
    match action.as_str() {
        "set" => {
            let until = match until {
                Some(until) => format!("until {until}"),
                None => "until it is cleared".into(),
            };
            format!("{target}: {state} {until}, by {by}{reason}")
        }
        "clear" => format!("{target}: the override is cleared by {by}{reason}"),
        "expire" => format!("{target}: {state} has ended, as was wanted{reason}"),
        "lift" => format!("{target}: what flap damping held down is let up by {by}{reason}"),
        "failback" => format!("{target}: returned to by {by}{reason}"),
        other => format!("{target}: {other} by {by}{reason}"),
    }
}
