//! What people are told elsewhere: what happens becomes messages, one for what belongs together, in words, and in
//! the forms that others take.
//!
//! It knows neither views nor files, sockets or clocks: how things stand, when it is, and chance are given to it.

mod bounds;
mod event;
mod group;
mod json;
mod message;
mod pagerduty;
mod pattern;
mod queue;
mod retry;
mod sign;
mod silence;
mod slack;

#[cfg(test)]
mod tests;

pub use event::{Event, Kind, Turn};
pub use group::{Group, Groups};
pub use json::body as json_body;
pub use message::{Incident, IncidentState, Line, Message, Scene, Severity, compose};
pub use pagerduty::body as pagerduty_body;
pub use pattern::Pattern;
pub use queue::{MOST_WAITING, Queue};
pub use retry::{Fate, LONGEST_RETRYING, fate, pause, retry_after};
pub use sign::{MOST_SECRETS, Secret, signatures};
pub use silence::{Silence, SilenceText, Silences};
pub use slack::body as slack_body;

/// The form in which messages are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// All of it as JSON, signed.
    Json,
    /// Blocks of text, as Slack's incoming webhooks take them.
    Slack,
    /// Events of PagerDuty's Events API v2.
    PagerDuty,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Json, Self::Slack, Self::PagerDuty];

    /// As it is written in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Slack => "slack",
            Self::PagerDuty => "pagerduty",
        }
    }

    /// Whether it has a way to say this: PagerDuty knows what begins and ends, and no more.
    pub fn can_say(self, message: &Message) -> bool {
        self != Self::PagerDuty || message.incident.is_some()
    }
}
