//! What happens together is told together: a group takes events for a time after its first one.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, SystemTime};

use super::event::{Event, Kind, Turn};

/// So many events of a group are told of one by one, the others are counted.
pub(super) const LISTED: usize = 100;
/// So many different reasons are told apart.
const REASONS: usize = 20;

/// Events of one kind about one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What happened.
    pub kind: Kind,
    /// To what.
    pub subject: String,
    /// When the first event was.
    pub since: SystemTime,
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub events: Vec<Event>,
    /// The last one.
    pub last: Event,
    /// The last one by which trouble begins, and the last one by which it does not.
    pub(super) last_begin: Option<Event>,
    pub(super) last_other: Option<Event>,
    /// Reasons of trouble, and how often each was given.
    pub(super) reasons: BTreeMap<String, u64>,
    /// When it is told, by the clock of whoever asks.
    due: Duration,
}

impl Group {
    fn new(event: Event, due: Duration) -> Self {
        let mut group = Self {
            kind: event.kind,
            subject: event.subject.clone(),
            since: event.at,
            count: 0,
            events: Vec::new(),
            last: event.clone(),
            last_begin: None,
            last_other: None,
            reasons: BTreeMap::new(),
            due,
        };
        group.add(event);
        group
    }

    fn add(&mut self, event: Event) {
        self.count += 1;
        match event.turn {
            Turn::Begins => self.last_begin = Some(event.clone()),
            Turn::Ends | Turn::Note => self.last_other = Some(event.clone()),
        }
        if let Some(why) = event.why.as_ref().filter(|_| event.turn == Turn::Begins)
            && (self.reasons.len() < REASONS || self.reasons.contains_key(why))
        {
            *self.reasons.entry(why.clone()).or_default() += 1;
        }
        self.last = event.clone();
        if self.events.len() < LISTED {
            self.events.push(event);
        }
    }
}

/// Groups that take events.
#[derive(Debug)]
pub struct Groups {
    wait: Duration,
    /// In the order of their first events.
    open: VecDeque<Group>,
}

impl Groups {
    /// Each takes events for so long after its first one.
    pub fn new(wait: Duration) -> Self {
        Self { wait, open: VecDeque::new() }
    }

    /// Takes an event in.
    pub fn push(&mut self, event: Event, now: Duration) {
        match self.open.iter_mut().find(|group| group.is_of(event.kind, &event.subject)) {
            Some(group) => group.add(event),
            None => self.open.push_back(Group::new(event, now.saturating_add(self.wait))),
        }
    }

    /// Takes a whole group in that is about something new, and has waited for less than all others.
    pub fn adopt(&mut self, group: Group) {
        self.open.push_back(group);
    }

    /// Whether some group is about this.
    pub fn has(&self, kind: Kind, subject: &str) -> bool {
        self.open.iter().any(|group| group.is_of(kind, subject))
    }

    /// Those whose time is over, the oldest first.
    pub fn due(&mut self, now: Duration) -> Vec<Group> {
        // Each waits equally long, so they are in the order of their ends too.
        let count = self.open.iter().take_while(|group| group.due <= now).count();
        self.open.drain(..count).collect()
    }

    /// When the time of the next one is over.
    pub fn next_due(&self) -> Option<Duration> {
        self.open.front().map(|group| group.due)
    }

    /// All of them, whatever their time.
    pub fn take_all(&mut self) -> Vec<Group> {
        self.open.drain(..).collect()
    }
}

impl Group {
    fn is_of(&self, kind: Kind, subject: &str) -> bool {
        self.kind == kind && self.subject == subject
    }
}
