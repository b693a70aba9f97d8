//! Messages that wait to be sent to one webhook, in order, and what it was told of that goes on.

use std::collections::{BTreeSet, VecDeque};

use super::message::{IncidentState, Message};

/// So many wait; for one more the oldest is dropped.
pub const MOST_WAITING: usize = 1000;

/// Such a queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    waiting: VecDeque<Waiting>,
    /// The keys of incidents that are open, as far as it was told.
    open: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Waiting {
    message: Message,
    /// Whether it is on disk, or cannot be: what is not must not be sent, or it would be sent again.
    is_settled: bool,
}

impl Queue {
    /// Adds a message at the end; gives the oldest one back if there is no room.
    pub fn add(&mut self, message: Message) -> Option<Message> {
        if let Some(incident) = &message.incident {
            match incident.state {
                IncidentState::Open => self.open.insert(incident.key.clone()),
                IncidentState::Resolved => self.open.remove(&incident.key),
            };
        }
        let full = self.waiting.len() >= MOST_WAITING;
        let dropped = if full { self.waiting.pop_front() } else { None };
        self.waiting.push_back(Waiting { message, is_settled: false });
        dropped.map(|dropped| dropped.message)
    }

    /// A message may be sent from now on.
    pub fn settle(&mut self, id: &str) {
        for waiting in self.waiting.iter_mut().filter(|waiting| waiting.message.id == id) {
            waiting.is_settled = true;
        }
    }

    /// All of them may.
    pub fn settle_all(&mut self) {
        self.waiting.iter_mut().for_each(|waiting| waiting.is_settled = true);
    }

    /// The one that is to be sent next.
    pub fn next(&self) -> Option<&Message> {
        self.waiting.front().filter(|next| next.is_settled).map(|next| &next.message)
    }

    /// Takes one out, if it is there.
    pub fn remove(&mut self, id: &str) -> Option<Message> {
        let at = self.waiting.iter().position(|waiting| waiting.message.id == id)?;
        self.waiting.remove(at).map(|waiting| waiting.message)
    }

    /// All that wait, the oldest first.
    pub fn waiting(&self) -> impl Iterator<Item = &Message> {
        self.waiting.iter().map(|waiting| &waiting.message)
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The keys of incidents that are open.
    pub fn open(&self) -> &BTreeSet<String> {
        &self.open
    }

    /// Takes over what was open before any of those that wait.
    pub fn reopen(&mut self, keys: impl IntoIterator<Item = String>) {
        self.open = keys.into_iter().collect();
    }
}
