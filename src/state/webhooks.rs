//! The journal of what waits to be sent to webhooks.
//!
//! A message is on disk before it is sent, and its end is written down soon after: whoever is killed in between
//! sends it again, with the same id.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::{Deserialize, Serialize};

use crate::notice::{Message, Queue};

/// Queues, by the names of their webhooks.
pub type Queues = BTreeMap<String, Queue>;

/// One line: something of one webhook.
#[derive(Default, Serialize, Deserialize)]
struct Line {
    webhook: String,
    /// A message that waits from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    waits: Option<Message>,
    /// The id of one that does not wait any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    done: Option<String>,
    /// The keys of all incidents that are open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    open: Option<BTreeSet<String>>,
    /// What was told last of windows of maintenance.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    noted: BTreeMap<String, String>,
}

impl Line {
    fn of(webhook: &str) -> Self {
        Self { webhook: webhook.into(), ..Self::default() }
    }
}

pub(super) fn waits(webhook: &str, message: &Message) -> io::Result<String> {
    json(Line { waits: Some(message.clone()), ..Line::of(webhook) })
}

pub(super) fn done(webhook: &str, id: &str) -> io::Result<String> {
    json(Line { done: Some(id.into()), ..Line::of(webhook) })
}

fn json(line: Line) -> io::Result<String> {
    Ok(serde_json::to_string(&line)?)
}

/// All that the queues come to.
pub(super) fn lines(queues: &Queues) -> io::Result<Vec<String>> {
    let mut lines = Vec::new();
    for (webhook, queue) in queues {
        for message in queue.waiting() {
            lines.push(waits(webhook, message)?);
        }
        // Behind them, for it is of after all of them.
        let (open, noted) = (Some(queue.open().clone()), queue.noted().clone());
        lines.push(json(Line { open, noted, ..Line::of(webhook) })?);
    }
    Ok(lines)
}

/// Does to the queues what a line says.
pub(super) fn apply(json: &str, queues: &mut Queues) -> Result<(), String> {
    let Line { webhook, waits, done, open, noted } =
        serde_json::from_str(json).map_err(|error| error.to_string())?;
    let queue = queues.entry(webhook).or_default();
    if let Some(message) = waits {
        drop(queue.add(message));
        queue.settle_all();
    }
    if let Some(id) = done {
        drop(queue.remove(&id));
    }
    if let Some(open) = open {
        queue.know(open, noted);
    }
    Ok(())
}
