//! The journal of what waits to be sent to webhooks.
//!
//! A message is on disk before it is sent, and its end is written down soon after: whoever is killed in between
//! sends it again, with the same id.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::journal::{Durability, Journal};
use super::latest::LatestJournal;
use super::opening::shortened;
use super::{Remembered, StateError, Store, guard, replay};
use crate::notice::{Message, Queue};

/// The journal.
pub(super) const WEBHOOKS: &str = "webhooks.jsonl";

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

impl Store {
    /// Writes down that a webhook is to be sent a message; it is on disk when this returns. `all` is what waits
    /// in all, this one included.
    ///
    /// # Errors
    ///
    /// It could not be written, and will be lost if the daemon ends before it is sent.
    pub fn record_waiting(
        &self,
        webhook: &str,
        message: &Message,
        all: impl FnOnce() -> Queues,
    ) -> Result<(), StateError> {
        self.write_webhooks(waits(webhook, message), Durability::Synced, all)
    }

    /// Writes down that a message is no longer to be sent; it is on disk some seconds later.
    ///
    /// # Errors
    ///
    /// It could not be written, and will be sent again if the daemon ends now.
    pub fn record_done(
        &self,
        webhook: &str,
        id: &str,
        all: impl FnOnce() -> Queues,
    ) -> Result<(), StateError> {
        self.write_webhooks(done(webhook, id), Durability::Buffered, all)
    }

    fn write_webhooks(
        &self,
        json: io::Result<String>,
        durability: Durability,
        all: impl FnOnce() -> Queues,
    ) -> Result<(), StateError> {
        let disk = self.disk()?;
        let recorded =
            json.and_then(|json| guard(&disk.webhooks).record(&json, durability, || lines(&all())));
        recorded.map_err(|error| StateError::Io(self.folder.join(WEBHOOKS), error))
    }

    /// Writes down what could not be written when it came, if there is room by now.
    pub fn catch_up_with_webhooks(&self, all: impl FnOnce() -> Queues) {
        let Ok(disk) = self.disk() else { return };
        guard(&disk.webhooks).catch_up(|| lines(&all()));
    }
}

/// Opens it, and reads all of it.
pub(super) fn open_webhooks(path: &Path, remembered: &mut Remembered) -> io::Result<LatestJournal> {
    let (mut journal, bytes) = Journal::open(path)?;
    journal.cut_torn(replay::webhooks(path, &bytes, &mut remembered.queues));
    shortened(path, journal, lines(&remembered.queues))
}

fn waits(webhook: &str, message: &Message) -> io::Result<String> {
    json(Line { waits: Some(message.clone()), ..Line::of(webhook) })
}

fn done(webhook: &str, id: &str) -> io::Result<String> {
    json(Line { done: Some(id.into()), ..Line::of(webhook) })
}

fn json(line: Line) -> io::Result<String> {
    Ok(serde_json::to_string(&line)?)
}

/// All that the queues come to.
fn lines(queues: &Queues) -> io::Result<Vec<String>> {
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
