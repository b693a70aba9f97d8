//! Messages that wait to be sent to one webhook, in order, and what it was told of that goes on, or is to come.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::event::{Event, Kind};
use super::message::{IncidentState, Message, title_of};

/// So many wait; for one more the oldest is dropped.
pub const MOST_WAITING: usize = 1000;
/// And of so many windows of maintenance it is known what was told last.
const MOST_NOTED: usize = 200;

/// Such a queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    waiting: VecDeque<Waiting>,
    /// The keys of incidents that are open, as far as it was told.
    open: BTreeSet<String>,
    /// What was told last of each window of maintenance, which says the same again at each start.
    noted: BTreeMap<String, String>,
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
        if message.kind == Kind::Maintenance {
            self.noted.insert(message.subject.clone(), message.title.clone());
            if self.noted.len() > MOST_NOTED {
                self.noted.pop_first();
            }
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

    /// What was told last of windows of maintenance.
    pub fn noted(&self) -> &BTreeMap<String, String> {
        &self.noted
    }

    /// Whether the very same was told last of a window of maintenance.
    pub fn is_noted(&self, event: &Event) -> bool {
        event.kind == Kind::Maintenance
            && self.noted.get(&event.subject) == Some(&title_of(&event.words))
    }

    /// Takes over what is known since all that waits was added.
    pub fn know(&mut self, open: BTreeSet<String>, noted: BTreeMap<String, String>) {
        (self.open, self.noted) = (open, noted);
    }
}
