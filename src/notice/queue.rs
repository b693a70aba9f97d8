//! Messages that wait to be sent to one webhook, in order, and what it was told of that goes on, or is to come.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::event::{Event, Kind};
use super::message::{Incident, IncidentState, Message, line_of, words_of_last};

/// So many wait; for one more another one is dropped.
pub const MOST_WAITING: usize = 1000;
/// And of so many windows of maintenance it is known what was told last.
const MOST_NOTED: usize = 200;

/// Such a queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    waiting: VecDeque<Waiting>,
    /// The keys of incidents that are open, as far as it was told.
    open: BTreeSet<String>,
    /// What was told last of each window of maintenance, in the words of its last event; the same is said again at each
    /// start.
    noted: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Waiting {
    message: Message,
    /// Whether it is on disk, or cannot be: what is not must not be sent, or it would be sent again.
    is_settled: bool,
}

/// Which messages are missed least, the first ones first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Missed {
    /// Nothing goes on that it tells of.
    Note,
    /// What it tells of is told of by a later one.
    Superseded,
    /// The last word of trouble that goes on.
    Begun,
    /// The last word of trouble that is over: without it, the other end would take it for open for ever.
    Over,
}

impl Queue {
    /// Adds a message at the end; gives one back that is dropped if there is no room: the oldest of those that are missed
    /// least.
    pub fn add(&mut self, message: Message) -> Option<Message> {
        if let Some(incident) = &message.incident {
            match incident.state {
                IncidentState::Open => self.open.insert(incident.key.clone()),
                IncidentState::Resolved => self.open.remove(&incident.key),
            };
        }
        if message.kind == Kind::Maintenance {
            self.noted.insert(message.subject.clone(), words_of_last(&message));
            if self.noted.len() > MOST_NOTED {
                self.noted.pop_first();
            }
        }
        self.waiting.push_back(Waiting { message, is_settled: false });
        if self.waiting.len() <= MOST_WAITING {
            return None;
        }
        let least = self.least_missed()?;
        self.waiting.remove(least).map(|dropped| dropped.message)
    }

    /// Which of all but the last one is missed least.
    fn least_missed(&self) -> Option<usize> {
        let mut later = BTreeSet::new();
        let missed = self.waiting.iter().enumerate().rev().map(|(at, waiting)| {
            let missed = match &waiting.message.incident {
                None => Missed::Note,
                Some(Incident { key, .. }) if !later.insert(key) => Missed::Superseded,
                Some(Incident { state: IncidentState::Open, .. }) => Missed::Begun,
                Some(Incident { state: IncidentState::Resolved, .. }) => Missed::Over,
            };
            (missed, at)
        });
        missed.skip(1).min().map(|(_, at)| at)
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
            && self.noted.get(&event.subject) == Some(&line_of(&event.words))
    }

    /// Takes over what is known since all that waits was added.
    pub fn know(&mut self, open: BTreeSet<String>, noted: BTreeMap<String, String>) {
        (self.open, self.noted) = (open, noted);
    }
}
