//! The journal of overrides: every set, clear and expiry, with who, when and why.
//!
//! It is the audit trail, so it is never rewritten; reading it from the start gives the overrides
//! in force.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::health::{Override, OverrideState, Overrides, Target};
use crate::timestamp::{from_rfc3339, to_rfc3339};

/// One entry of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverrideEvent {
    /// When.
    pub at: SystemTime,
    /// Who, as far as the daemon can tell.
    pub by: String,
    /// Of what.
    pub target: Target,
    /// What happened.
    pub change: OverrideChange,
}

/// What can happen to an override.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OverrideChange {
    /// A person set it, in place of what stood there.
    Set(Override),
    /// A person took it away.
    Clear,
    /// Its time was over.
    Expire,
}

/// An event as its line has it. Keys that a later version may add are passed over.
#[derive(Serialize, Deserialize)]
struct Line {
    at: String,
    by: String,
    action: Action,
    target: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<String>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Set,
    Clear,
    Expire,
}

impl OverrideEvent {
    /// The event as JSON.
    pub(super) fn to_json(&self) -> serde_json::Result<String> {
        let mut line = Line {
            at: to_rfc3339(self.at),
            by: self.by.clone(),
            action: Action::Set,
            target: self.target.to_string(),
            state: None,
            reason: None,
            since: None,
            until: None,
        };
        match &self.change {
            OverrideChange::Clear => line.action = Action::Clear,
            OverrideChange::Expire => line.action = Action::Expire,
            OverrideChange::Set(what) => {
                line.state = Some(what.state.to_string());
                line.reason = Some(what.reason.clone());
                line.since = Some(to_rfc3339(what.since));
                line.until = what.until.map(to_rfc3339);
            }
        }
        serde_json::to_string(&line)
    }

    /// Reads an event back.
    pub(super) fn from_json(json: &str) -> Result<Self, String> {
        let line: Line = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let change = match line.action {
            Action::Clear => OverrideChange::Clear,
            Action::Expire => OverrideChange::Expire,
            Action::Set => OverrideChange::Set(line.set()?),
        };
        Ok(Self { at: from_rfc3339(&line.at)?, by: line.by, target: line.target.parse()?, change })
    }

    /// Does to `overrides` what happened.
    pub(super) fn apply_to(self, overrides: &mut Overrides) {
        match self.change {
            OverrideChange::Set(what) => overrides.set(self.target, what),
            OverrideChange::Clear | OverrideChange::Expire => {
                overrides.clear(&self.target);
            }
        }
    }
}

impl Line {
    fn set(&self) -> Result<Override, String> {
        let state = match self.state.as_deref() {
            Some("up") => OverrideState::Up,
            Some("down") => OverrideState::Down,
            Some("drain") => OverrideState::Drain,
            other => return Err(format!("found state {other:?}; expected up, down or drain")),
        };
        Ok(Override {
            state,
            reason: self.reason.clone().unwrap_or_default(),
            since: from_rfc3339(self.since.as_deref().unwrap_or(&self.at))?,
            until: self.until.as_deref().map(from_rfc3339).transpose()?,
        })
    }
}
