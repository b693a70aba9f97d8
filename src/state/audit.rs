//! The audit log: every change that people make and that the daemon makes by itself, with who, when,
//! from where, what, why, and what was so before and after.
//!
//! It is never rewritten; reading it from the start gives the overrides in force. Each entry has the
//! hash of the one before, so that nobody changes, removes or adds one in the middle unseen. Whoever
//! cuts off the end changes the last hash, which the daemon's log has.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::time::SystemTime;

use data_encoding::HEXLOWER;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::change::{Author, Change};
use super::journal::{Durability, Journal};
use super::replay::Wrong;
use super::tokens::Tokens;
use crate::health::{Override, OverrideState, Overrides, Target};
use crate::maintenance::WindowText;
use crate::notice::{SilenceText, Silences};
use crate::timestamp::{from_rfc3339, to_rfc3339};

const TOKEN: &str = "token:";
const WINDOW: &str = "maintenance:";
const SILENCE: &str = "silence:";

/// Maintenance that was planned by the API, by name.
pub type Plans = BTreeMap<String, WindowText>;

const CHAINED: &str = "the entry that was written next; some were changed, removed or added here";

/// One entry of the audit log, as its line has it. Keys that a later version may add are passed
/// over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct Entry {
    /// From 1 on, without a gap.
    pub number: u64,
    /// When.
    pub at: String,
    /// Who, as they say.
    pub by: String,
    /// By which token; none: the daemon itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// From where: address and port; none: the daemon itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What was done.
    pub action: Action,
    /// To what: `region:…`, `pool:…`, `endpoint:…`, `token:…`, `maintenance:…`, `silence:…` or, for files from git, `commit:…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Why, in a person's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The safety rules that it broke, on purpose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breaks: Vec<String>,
    /// What was so before.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub before: Value,
    /// What has been so since.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub after: Value,
    /// The hash of the entry before: SHA-256 of its JSON, in hexadecimal digits. That of the first
    /// is all zeros.
    pub previous: String,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = AuditAction)]
pub enum Action {
    /// An override was set.
    Set,
    /// An override was taken away.
    Clear,
    /// Holds of flap damping were ended.
    Lift,
    /// The time of an override was over.
    Expire,
    /// A person returned to a pool.
    Failback,
    /// A token was made.
    Grant,
    /// A token was taken back.
    Revoke,
    /// Maintenance was planned.
    Plan,
    /// It was called off.
    Unplan,
    /// Something is not told of for a time.
    Silence,
    /// It is told of again.
    Unsilence,
    /// Other files are served.
    Reload,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Set => "set",
            Self::Clear => "clear",
            Self::Lift => "lift",
            Self::Expire => "expire",
            Self::Failback => "failback",
            Self::Grant => "grant",
            Self::Revoke => "revoke",
            Self::Plan => "plan",
            Self::Unplan => "unplan",
            Self::Silence => "silence",
            Self::Unsilence => "unsilence",
            Self::Reload => "reload",
        })
    }
}

/// An override as entries have it.
#[derive(Serialize, Deserialize)]
struct OverrideText {
    state: OverrideState,
    reason: String,
    since: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<String>,
}

impl Entry {
    fn new(at: SystemTime, author: &Author, change: &Change, chain: &Chain) -> Self {
        let (action, target) = match change {
            Change::Set { target, .. } => (Action::Set, Some(target.to_string())),
            Change::Clear { target, .. } => (Action::Clear, Some(target.to_string())),
            Change::Lift { target, .. } => (Action::Lift, Some(target.to_string())),
            Change::Expire { target, .. } => (Action::Expire, Some(target.to_string())),
            Change::Failback { pool, .. } => {
                (Action::Failback, Some(Target::Pool(pool.clone()).to_string()))
            }
            Change::Grant { name, .. } => (Action::Grant, Some(token(name))),
            Change::Revoke { name, .. } => (Action::Revoke, Some(token(name))),
            Change::Plan { name, .. } => (Action::Plan, Some(window(name))),
            Change::Unplan { name, .. } => (Action::Unplan, Some(window(name))),
            Change::Silence { after, .. } => (Action::Silence, Some(silence(after))),
            Change::Unsilence { before } => (Action::Unsilence, Some(silence(before))),
            Change::Reload { commit, .. } => {
                (Action::Reload, commit.as_ref().map(|commit| format!("commit:{commit}")))
            }
        };
        let (before, after) = match change {
            Change::Set { before, after, .. } => {
                (before.as_ref().map_or(Value::Null, shown), shown(after))
            }
            Change::Clear { before, .. } | Change::Expire { before, .. } => {
                (shown(before), Value::Null)
            }
            Change::Lift { holds, .. } => (json!({ "holds": holds }), Value::Null),
            Change::Failback { families, .. } => {
                let families: Vec<String> = families.iter().map(ToString::to_string).collect();
                (Value::from("held back"), Value::from(families))
            }
            Change::Grant { before, after, .. } => {
                (before.as_ref().map_or(Value::Null, value), value(after))
            }
            Change::Revoke { before, .. } => (value(before), Value::Null),
            Change::Plan { before, after, .. } => {
                (before.as_ref().map_or(Value::Null, value), value(after))
            }
            Change::Unplan { before, .. } => (value(before), Value::Null),
            Change::Silence { before, after } => {
                (before.as_ref().map_or(Value::Null, value), value(after))
            }
            Change::Unsilence { before } => (value(before), Value::Null),
            Change::Reload { before, after, .. } => (before.as_str().into(), after.as_str().into()),
        };
        let reason = match change {
            Change::Set { after, .. } => Some(after.reason.clone()),
            Change::Plan { after, .. } => Some(after.reason.clone()),
            Change::Silence { after, .. } => Some(after.reason.clone()),
            _ => author.reason.clone(),
        };
        Self {
            number: chain.length.saturating_add(1),
            at: to_rfc3339(at),
            by: author.by.clone(),
            token: author.token.clone(),
            from: author.from.map(|from| from.to_string()),
            action,
            target,
            reason,
            breaks: author.breaks.clone(),
            before,
            after,
            previous: chain.head.clone(),
        }
    }

    /// Reads an entry back.
    pub(super) fn from_json(json: &str) -> Result<Self, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    /// Does to overrides and tokens what happened.
    pub(super) fn apply_to(
        &self,
        overrides: &mut Overrides,
        tokens: &mut Tokens,
        plans: &mut Plans,
        silences: &mut Silences,
    ) -> Result<(), String> {
        let target = || self.target.as_deref().unwrap_or_default().parse();
        let token = || {
            let target = self.target.as_deref().unwrap_or_default();
            target.strip_prefix(TOKEN).ok_or_else(|| format!("found {target:?}; expected a token"))
        };
        let planned_name = || {
            let target = self.target.as_deref().unwrap_or_default();
            target
                .strip_prefix(WINDOW)
                .ok_or_else(|| format!("found {target:?}; expected a window"))
        };
        match self.action {
            Action::Set => overrides.set(target()?, read_override(&self.after)?),
            Action::Clear => drop(overrides.clear(&target()?)),
            // It is written down later than it was, and something else may stand there by now.
            Action::Expire => {
                let (target, ended) = (target()?, read_override(&self.before)?);
                if overrides.get(&target) == Some(&ended) {
                    overrides.clear(&target);
                }
            }
            Action::Grant => {
                let granted = serde_json::from_value(self.after.clone());
                tokens.grant(token()?.into(), granted.map_err(|error| error.to_string())?);
            }
            Action::Revoke => drop(tokens.revoke(token()?)),
            Action::Plan => {
                let text = serde_json::from_value(self.after.clone());
                plans.insert(planned_name()?.into(), text.map_err(|error| error.to_string())?);
            }
            Action::Unplan => drop(plans.remove(planned_name()?)),
            Action::Silence | Action::Unsilence => {
                let is_on = self.action == Action::Silence;
                let value = if is_on { &self.after } else { &self.before };
                let text: Result<SilenceText, _> = serde_json::from_value(value.clone());
                let (about, silence) = text.map_err(|error| error.to_string())?.read()?;
                match is_on {
                    true => drop(silences.set(about, silence)),
                    // As with overrides.
                    false if silences.get(&about) == Some(&silence) => {
                        drop(silences.remove(&about));
                    }
                    false => {}
                }
            }
            Action::Lift | Action::Failback | Action::Reload => {}
        }
        Ok(())
    }
}

fn read_override(value: &Value) -> Result<Override, String> {
    let OverrideText { state, reason, since, until } =
        serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
    let until = until.as_deref().map(from_rfc3339).transpose()?;
    Ok(Override { state, reason, since: from_rfc3339(&since)?, until })
}

fn token(name: &str) -> String {
    format!("{TOKEN}{name}")
}

fn window(name: &str) -> String {
    format!("{WINDOW}{name}")
}

fn silence(what: &SilenceText) -> String {
    format!("{SILENCE}{}", what.target)
}

fn shown(what: &Override) -> Value {
    value(&OverrideText {
        state: what.state,
        reason: what.reason.clone(),
        since: to_rfc3339(what.since),
        until: what.until.map(to_rfc3339),
    })
}

fn value(what: &impl Serialize) -> Value {
    // Texts only, so that there is nothing that JSON could not hold.
    serde_json::to_value(what).unwrap_or_default()
}

/// What the next entry is chained to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The number of the last entry; 0: there is none.
    pub length: u64,
    /// Its hash, or zeros.
    pub head: String,
}

impl Default for Chain {
    fn default() -> Self {
        Self { length: 0, head: "0".repeat(64) }
    }
}

impl Chain {
    /// Goes on to an entry; says what is wrong if it is not the next one.
    pub(super) fn follow(&mut self, entry: &Entry, json: &str) -> Result<(), Wrong> {
        let before = std::mem::replace(self, Self { length: entry.number, head: hash(json) });
        let follows =
            entry.previous == before.head && before.length.checked_add(1) == Some(entry.number);
        if follows {
            return Ok(());
        }
        let found = match before.length {
            0 => format!("entry {} at the beginning", entry.number),
            last => format!(
                "entry {}, which was not written after entry {last} as it stands here",
                entry.number
            ),
        };
        Err(Wrong { found, expected: CHAINED })
    }
}

/// SHA-256, in hexadecimal digits.
pub(super) fn hash(text: &str) -> String {
    HEXLOWER.encode(digest(&SHA256, text.as_bytes()).as_ref())
}

/// The open audit log.
pub(super) struct AuditLog {
    journal: Journal,
    chain: Chain,
}

impl AuditLog {
    /// Goes on with a journal whose entries end so.
    pub(super) fn new(journal: Journal, chain: Chain) -> Self {
        Self { journal, chain }
    }

    /// Writes an entry; says where the chain ends since.
    ///
    /// # Errors
    ///
    /// It could not be written; the log is as it was before.
    pub(super) fn append(
        &mut self,
        at: SystemTime,
        author: &Author,
        change: &Change,
        durability: Durability,
    ) -> io::Result<Chain> {
        let entry = Entry::new(at, author, change, &self.chain);
        let json = serde_json::to_string(&entry)?;
        self.journal.append(&json, durability)?;
        self.chain = Chain { length: entry.number, head: hash(&json) };
        Ok(self.chain.clone())
    }
}
