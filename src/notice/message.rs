//! A group of events in words.
//!
//! | trouble now | was told before | by these events | message |
//! |---|---|---|---|
//! | yes | either | | it is there; the incident is open |
//! | no | yes | | it is over; the incident is resolved |
//! | no | no | it began and ended | it was there for a moment; no incident |
//! | of which nobody wants to hear | yes | | none: it is told when it is over |
//! | no | no | it ended only | none: nobody was told that it began |
//! | never | | something is to be known | that |

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::bounds::line;
use super::event::{Event, Kind, Turn};
use super::group::Group;
use crate::timestamp::to_rfc3339_seconds;

/// Lengths in characters.
const TITLE: usize = 300;
const DETAIL: usize = 500;
const WORDS: usize = 300;
const WHAT: usize = 300;
/// So many lines say how things stand.
const DETAILS: usize = 20;
/// So many reasons are told, the most frequent ones.
const REASONS: usize = 3;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// To be known.
    Info,
    /// For the day.
    Warning,
    /// Something that people wanted has not happened.
    Error,
    /// Somebody should wake up.
    Critical,
}

impl Severity {
    /// As messages name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

/// Whether something goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IncidentState {
    /// It does.
    Open,
    /// It is over.
    Resolved,
}

/// Trouble that begins and ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// The same for all messages about it: the kind and the subject.
    pub key: String,
    /// Whether it goes on.
    pub state: IncidentState,
}

impl Incident {
    /// The key of such trouble.
    pub fn key(kind: Kind, subject: &str) -> String {
        format!("{}/{subject}", kind.name())
    }

    /// What a key is about.
    pub fn of_key(key: &str) -> Option<(Kind, &str)> {
        let (kind, subject) = key.split_once('/')?;
        Some((Kind::of(kind)?, subject))
    }
}

/// One event of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// When.
    pub at: String,
    /// What it is about.
    pub what: String,
    /// What happened.
    pub text: String,
}

/// What is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The same however often it is sent, and of no other message.
    pub id: String,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// When it began.
    pub at: String,
    /// By which server this is seen.
    pub server: String,
    /// How bad it is.
    pub severity: Severity,
    /// To what: `region:us-east`, `pool:main`, `names`, `files`, …
    pub subject: String,
    /// The trouble that it is about, if it is about any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<Incident>,
    /// All of it in one line.
    pub title: String,
    /// How things stand since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// How many events it is of.
    pub count: u64,
    /// The first of them.
    pub events: Vec<Line>,
}

/// How the subject of a group stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scene {
    /// How many parts of it are in trouble.
    pub bad: usize,
    /// How many more are, of which nobody wants to hear at present.
    pub hidden: usize,
    /// Of how many.
    pub all: usize,
    /// What else is to be known: pools, and who answers instead.
    pub details: Vec<String>,
}

/// Words of an event as a message lists them.
pub(super) fn line_of(words: &str) -> String {
    line(words, WORDS)
}

/// Those of the last event that a message lists.
pub(super) fn words_of_last(message: &Message) -> String {
    message.events.last().map_or(&message.title, |event| &event.text).clone()
}

/// What is told of a group, if it is news; `was_told` says whether its trouble was told of before.
pub fn compose(
    group: &Group,
    scene: &Scene,
    was_told: bool,
    server: &str,
    id: String,
) -> Option<Message> {
    if scene.bad == 0 && scene.hidden > 0 && was_told {
        return None;
    }
    let is_note = matches!(group.last.turn, Turn::Note) && group.last_begin.is_none();
    let state = match (scene.bad > 0, was_told) {
        (true, _) => Some(IncidentState::Open),
        (false, true) => Some(IncidentState::Resolved),
        _ => None,
    };
    if state.is_none() && group.last_begin.is_none() && !is_note {
        return None;
    }
    let state = state.filter(|_| group.kind.is_trouble());
    let key = Incident::key(group.kind, &group.subject);
    let mut details = reasons(group);
    details.extend(scene.details.iter().take(DETAILS).map(|detail| line(detail, DETAIL)));
    Some(Message {
        id,
        kind: group.kind,
        at: to_rfc3339_seconds(group.since),
        server: line(server, WHAT),
        severity: severity(group, scene, state),
        subject: line(&group.subject, WHAT),
        incident: state.map(|state| Incident { key, state }),
        title: line(&title(group, scene), TITLE),
        details,
        count: group.count,
        events: group.events.iter().map(listed).collect(),
    })
}

impl Message {
    /// One by which somebody tries whether messages arrive; as trouble that begins or ends, where a form can say
    /// nothing else.
    pub fn test(id: String, at: SystemTime, server: &str, state: Option<IncidentState>) -> Self {
        let (kind, subject) = (Kind::Test, "webhook".to_owned());
        let key = Incident::key(kind, &subject);
        let title = match state {
            Some(IncidentState::Resolved) => "a test of this webhook is over",
            _ => "a test of this webhook: nothing has happened",
        };
        Self {
            id,
            kind,
            at: to_rfc3339_seconds(at),
            server: line(server, WHAT),
            severity: Severity::Info,
            subject,
            incident: state.map(|state| Incident { key, state }),
            title: title.into(),
            details: Vec::new(),
            count: 0,
            events: Vec::new(),
        }
    }
}

fn listed(event: &Event) -> Line {
    Line {
        at: to_rfc3339_seconds(event.at),
        what: line(&event.what, WHAT),
        text: line_of(&event.words),
    }
}

/// Why, the most frequent reason first.
fn reasons(group: &Group) -> Vec<String> {
    let mut reasons: Vec<(&String, u64)> = group.reasons.iter().map(|(why, n)| (why, *n)).collect();
    if reasons.is_empty() || group.kind != Kind::Verdict {
        return Vec::new();
    }
    reasons.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let left = reasons.len().saturating_sub(REASONS);
    let said = reasons.into_iter().take(REASONS);
    let mut said: Vec<String> = said.map(|(why, n)| format!("{} ({n})", line(why, 140))).collect();
    if left > 0 {
        said.push(format!("and {left} other reasons"));
    }
    vec![line(&format!("why: {}", said.join(", ")), DETAIL)]
}

fn severity(group: &Group, scene: &Scene, state: Option<IncidentState>) -> Severity {
    match (state, group.kind) {
        (Some(IncidentState::Resolved), _) => Severity::Info,
        (Some(IncidentState::Open), Kind::Degraded | Kind::Panic | Kind::Network) => {
            Severity::Critical
        }
        (Some(IncidentState::Open), Kind::Verdict) if scene.bad == scene.all => Severity::Critical,
        (Some(IncidentState::Open), Kind::Verdict) => Severity::Warning,
        (Some(IncidentState::Open), _) => Severity::Error,
        // A rule keeps maintenance from beginning.
        (None, Kind::Maintenance) if group.last_begin.is_some() => Severity::Error,
        (None, Kind::Verdict) => Severity::Warning,
        (None, _) => Severity::Info,
    }
}

fn title(group: &Group, scene: &Scene) -> String {
    let subject = group.subject.replacen(':', " ", 1);
    match (group.kind, scene.bad) {
        (Kind::Verdict, 0) if group.last.turn == Turn::Ends && group.last_begin.is_none() => {
            format!("{subject}: {} of {} up again", scene.all, endpoints(scene.all))
        }
        (Kind::Verdict, 0) => format!("{subject}: endpoints were down for a moment"),
        (Kind::Verdict, bad) => format!("{subject}: {bad} of {} down", endpoints(scene.all)),
        (Kind::Degraded, 0) => "every name has something up again".into(),
        (Kind::Degraded, bad) => format!(
            "{} nothing up any more: {}",
            if bad == 1 { "1 name has".into() } else { format!("{bad} names have") },
            names(group)
        ),
        (_, bad) => {
            let telling = match bad {
                0 => group.last_other.as_ref(),
                _ => group.last_begin.as_ref(),
            };
            let words = &telling.unwrap_or(&group.last).words;
            match (group.count, group.kind) {
                // One load is told of by more than one event.
                (1, _) | (_, Kind::Git | Kind::Reload) => words.clone(),
                // The end of the line is for what is cut.
                (count, _) => format!("{} (the last of {count})", line(words, TITLE - 40)),
            }
        }
    }
}

fn endpoints(count: usize) -> String {
    if count == 1 { "1 endpoint".into() } else { format!("{count} endpoints") }
}

fn names(group: &Group) -> String {
    const LISTED: usize = 5;
    let begins = group.events.iter().filter(|event| event.turn == Turn::Begins);
    let mut names: Vec<&str> = begins.map(|event| event.what.as_str()).take(LISTED + 1).collect();
    if names.len() > LISTED {
        names[LISTED] = "…";
    }
    names.join(", ")
}
