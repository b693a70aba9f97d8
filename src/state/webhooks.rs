//! The journal of what waits to be sent to webhooks.
//!
//! A message is on disk before it is sent, and its end is written down soon after: whoever is killed in between
//! sends it again, with the same id.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};

use crate::notice::{Message, Queue};

/// Queues, by the names of their webhooks.
pub type Queues = BTreeMap<String, Queue>;

/// One line: something of one webhook.
#[derive(Serialize, Deserialize)]
pub(super) struct Line<'a> {
    webhook: String,
    /// A message that waits from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    waits: Option<Message>,
    /// The id of one that does not wait any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    done: Option<std::borrow::Cow<'a, str>>,
    /// The keys of all incidents that are open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    open: Option<Vec<String>>,
}

pub(super) fn waits(webhook: &str, message: &Message) -> io::Result<String> {
    json(Line { webhook: webhook.into(), waits: Some(message.clone()), done: None, open: None })
}

pub(super) fn done(webhook: &str, id: &str) -> io::Result<String> {
    json(Line { webhook: webhook.into(), waits: None, done: Some(id.into()), open: None })
}

fn json(line: Line<'_>) -> io::Result<String> {
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
        let open = Some(queue.open().iter().cloned().collect());
        lines.push(json(Line { webhook: webhook.clone(), waits: None, done: None, open })?);
    }
    Ok(lines)
}

/// Does to the queues what a line says.
pub(super) fn apply(json: &str, queues: &mut Queues) -> Result<(), String> {
    let Line { webhook, waits, done, open } =
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
        queue.reopen(open);
    }
    Ok(())
}
