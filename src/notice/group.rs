//! What happens together is told together: a group takes events for a time after its first one.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::event::{Event, Kind, Turn};
use super::message::Incident;

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
    /// By kind and subject, each with how many there were before it.
    open: BTreeMap<String, (u64, Group)>,
    opened: u64,
}

impl Groups {
    /// Each takes events for so long after its first one.
    pub fn new(wait: Duration) -> Self {
        Self { wait, open: BTreeMap::new(), opened: 0 }
    }

    /// Takes an event in.
    pub fn push(&mut self, event: Event, now: Duration) {
        match self.open.get_mut(&Incident::key(event.kind, &event.subject)) {
            Some((_, group)) => group.add(event),
            None => self.adopt(Group::new(event, now.saturating_add(self.wait))),
        }
    }

    /// Takes a whole group in that is about something new.
    pub fn adopt(&mut self, group: Group) {
        self.open.insert(Incident::key(group.kind, &group.subject), (self.opened, group));
        self.opened += 1;
    }

    /// Whether some group is about this.
    pub fn has(&self, kind: Kind, subject: &str) -> bool {
        self.open.contains_key(&Incident::key(kind, subject))
    }

    /// Those whose time is over, the oldest first.
    pub fn due(&mut self, now: Duration) -> Vec<Group> {
        let due = self.open.extract_if(.., |_, (_, group)| group.due <= now);
        in_order(due.map(|(_, group)| group).collect())
    }

    /// When the time of the next one is over.
    pub fn next_due(&self) -> Option<Duration> {
        self.open.values().map(|(_, group)| group.due).min()
    }

    /// All of them, whatever their time.
    pub fn take_all(&mut self) -> Vec<Group> {
        in_order(std::mem::take(&mut self.open).into_values().collect())
    }
}

fn in_order(mut groups: Vec<(u64, Group)>) -> Vec<Group> {
    groups.sort_by_key(|(before, _)| *before);
    groups.into_iter().map(|(_, group)| group).collect()
}
