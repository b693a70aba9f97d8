//! The journal of comebacks: which pools have been out and how they came back, so that a restart
//! returns to nothing that a policy holds back.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};

use crate::health::{Comeback, Family, PoolComeback};
use crate::timestamp::{from_rfc3339, to_rfc3339};

/// What is remembered, by pool and family.
pub(super) type Comebacks = BTreeMap<(String, Family), Comeback>;

/// A comeback as its line has it. Keys that a later version may add are passed over.
#[derive(Serialize, Deserialize)]
struct Line {
    pool: String,
    family: String,
    state: StateText,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failed: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StateText {
    Steady,
    Out,
    Back,
}

/// Writes a line.
pub(super) fn to_json(what: &PoolComeback) -> io::Result<String> {
    let (state, failed, since) = match what.comeback {
        Comeback::Steady => (StateText::Steady, None, None),
        Comeback::Out { failed } => (StateText::Out, Some(failed), None),
        Comeback::Back { since, failed } => {
            (StateText::Back, Some(failed), Some(to_rfc3339(since)))
        }
    };
    let line =
        Line { pool: what.pool.clone(), family: what.family.to_string(), state, failed, since };
    Ok(serde_json::to_string(&line)?)
}

/// Reads a line back.
pub(super) fn from_json(json: &str) -> Result<PoolComeback, String> {
    let line: Line = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let failed = line.failed.unwrap_or_default();
    let comeback = match (line.state, line.since) {
        (StateText::Steady, _) => Comeback::Steady,
        (StateText::Out, _) => Comeback::Out { failed },
        (StateText::Back, Some(since)) => Comeback::Back { since: from_rfc3339(&since)?, failed },
        (StateText::Back, None) => return Err("found back without since".into()),
    };
    Ok(PoolComeback { pool: line.pool, family: line.family.parse()?, comeback })
}

/// All of them that say anything, by name.
pub(super) fn named(all: &Comebacks) -> Vec<PoolComeback> {
    // What is steady is as if nothing were known of it.
    let some = all.iter().filter(|(_, comeback)| **comeback != Comeback::Steady);
    let named = some.map(|((pool, family), comeback)| PoolComeback {
        pool: pool.clone(),
        family: *family,
        comeback: *comeback,
    });
    named.collect()
}

/// The lines that all of them come to.
pub(super) fn lines(all: &Comebacks) -> io::Result<Vec<String>> {
    named(all).iter().map(to_json).collect()
}
