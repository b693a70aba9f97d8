//! What has happened lately, numbered, for those who follow along.
//!
//! The last events are kept in memory: whoever lost the connection goes on after the last one that
//! arrived, as long as that is still there. Nobody who follows is ever waited for.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use utoipa::ToSchema;

use crate::drill::DrillState;
use crate::timestamp::to_rfc3339;
use crate::uptime::Stand;

/// So many events are kept.
pub const KEPT: usize = 10_000;
/// So many pools or names stand in one of them, so that all of them together have a bound.
pub const NAMED: usize = 100;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Its number, behind that of the run of the daemon; see [`History::place`].
    pub id: String,
    /// When.
    pub at: String,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schema(as = EventKind)]
pub enum What {
    /// Probes changed their mind of a target, or made it up for the first time.
    Verdict {
        /// As metrics and the log name it.
        target: String,
        /// The pools that hang on it, up to a hundred of them.
        pools: Vec<String>,
        /// How many more there are, where there are too many to name.
        #[serde(default, skip_serializing_if = "is_zero")]
        more: usize,
        /// `up` or `down`.
        verdict: String,
        /// How the probe failed that was the last straw.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// An endpoint is up, or down, by what its monitors say together.
    Endpoint {
        /// `POOL/ADDRESS`.
        endpoint: String,
        /// `up` or `down`.
        verdict: String,
        /// By which of its monitors, and why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// When the last probe ended that had found it well, of what it fell by.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_good: Option<String>,
    },
    /// This machine lost its network, or has it again.
    Network {
        /// Whether it is lost.
        lost: bool,
    },
    /// A pool goes out of service for a family, or comes back; or people take out what had failed.
    Pool {
        /// The pool.
        pool: String,
        /// `a`, `aaaa` or `cname`.
        family: String,
        /// What it is from now on.
        stand: Stand,
    },
    /// A pool begins to panic, or no longer does.
    Panic {
        /// The pool.
        pool: String,
        /// `a`, `aaaa` or `cname`.
        family: String,
        /// Whether it does.
        panics: bool,
    },
    /// A failback holds a pool back, or no longer does.
    HeldBack {
        /// The pool.
        pool: String,
        /// `a`, `aaaa` or `cname`.
        family: String,
        /// Whether it does.
        held: bool,
    },
    /// An override was set, cleared, or has ended; or a person returned to a pool.
    Override {
        /// `set`, `clear`, `expire`, `lift` or `failback`.
        action: String,
        /// `region:…`, `pool:…` or `endpoint:…`.
        target: String,
        /// `up`, `down` or `drain`, where that is what it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        state: Option<String>,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// When it ends by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<String>,
        /// Who.
        by: String,
    },
    /// Planned maintenance is announced, leaves, is away, returns, is called off, or is refused by a safety rule.
    Maintenance {
        /// The name of the window.
        name: String,
        /// `region:…` or `pool:…`.
        target: String,
        /// `announced`, `leaving`, `away`, `returning`, `called_off` or `refused`.
        stage: String,
        /// When it begins.
        start: String,
        /// When it ends.
        end: String,
        /// Why.
        reason: String,
        /// Of one that is refused: which safety rules keep it where it is, and why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused_by: Option<String>,
    },
    /// A drill begins, goes on or ends.
    Drill {
        /// Its number.
        drill: String,
        /// `region:…`, `pool:…` or `endpoint:…`.
        target: String,
        /// How far it is.
        state: DrillState,
    },
    /// Something about the remote that the zones come from.
    Git {
        /// `serving` another commit, or a commit is `refused`; the remote is `unreachable`, or
        /// `reachable` again.
        state: GitState,
        /// The commit that it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        commit: Option<String>,
        /// Why, for what is refused or unreachable.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        why: Vec<String>,
    },
    /// Files were loaded, or refused.
    Reload {
        /// What is served since.
        revision: String,
        /// How many errors the files have, if they were refused.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        errors: Option<usize>,
        /// The first of them, each with file, line and column.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        why: Vec<String>,
    },
    /// Names have nothing up any more, and are answered as their `all_down` says; or they have again.
    Degraded {
        /// The names, up to a hundred of them.
        names: Vec<String>,
        /// How many more there are, where there are too many to name.
        #[serde(default, skip_serializing_if = "is_zero")]
        more: usize,
        /// Whether they have nothing up.
        degraded: bool,
    },
    /// People want to be told nothing of something for a time, or want it no more; or the time was over.
    Silence {
        /// `set`, `clear` or `expire`.
        action: String,
        /// `region:…`, `pool:…`, `endpoint:…`, `name:…` or `*`.
        target: String,
        /// Why.
        reason: String,
        /// When it ends by itself.
        until: String,
        /// Who.
        by: String,
    },
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// What can be of a remote that is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GitState {
    /// Another commit is served from now on.
    Serving,
    /// A commit is not.
    Refused,
    /// The remote cannot be fetched.
    Unreachable,
    /// It can be again.
    Reachable,
}

/// What has happened since the start, as far as it is kept.
pub struct History {
    /// Tells this run from others.
    run: u64,
    kept: Mutex<Kept>,
    /// The number of the last event.
    last: watch::Sender<u64>,
}

#[derive(Default)]
struct Kept {
    /// The number of the last event, from 1 on.
    last: u64,
    events: VecDeque<Arc<Event>>,
}

/// What comes after some event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Following {
    /// The events, the oldest first.
    pub events: Vec<Arc<Event>>,
    /// The number of the last of them, or that after which was asked.
    pub last: u64,
    /// Whether some before these are not kept any more.
    pub are_missing: bool,
}

impl History {
    /// Of a run that began then.
    pub fn new(started: SystemTime) -> Self {
        let since = started.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let run = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        Self { run, kept: Mutex::default(), last: watch::Sender::new(0) }
    }

    /// Adds an event, and lets those know who follow.
    pub fn add(&self, at: SystemTime, what: What) {
        let mut kept = self.kept();
        kept.last += 1;
        let id = format!("{}-{}", self.run, kept.last);
        if kept.events.len() == KEPT {
            kept.events.pop_front();
        }
        kept.events.push_back(Arc::new(Event { id, at: to_rfc3339(at), what }));
        // Within the lock, so that numbers come in order.
        self.last.send_replace(kept.last);
    }

    /// The number of an event of this run; none of another run, or of what is no id.
    pub fn place(&self, id: &str) -> Option<u64> {
        let (run, number) = id.split_once('-')?;
        let number = number.parse().ok()?;
        (run.parse() == Ok(self.run) && number <= self.kept().last).then_some(number)
    }

    /// The number of the event before the last `count`.
    pub fn before_the_last(&self, count: u64) -> u64 {
        self.kept().last.saturating_sub(count)
    }

    /// At most `most` events after the one with that number.
    pub fn after(&self, number: u64, most: usize) -> Following {
        let kept = self.kept();
        let before_kept = kept.last - kept.events.len() as u64;
        let skip = usize::try_from(number.saturating_sub(before_kept)).unwrap_or(usize::MAX);
        let events: Vec<_> = kept.events.iter().skip(skip).take(most).cloned().collect();
        let last = number.max(before_kept) + events.len() as u64;
        Following { events, last, are_missing: number < before_kept }
    }

    /// What tells of the number of the last event.
    pub fn follow(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // An event is added whole or not at all.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn history(count: usize) -> History {
        let history = History::new(SystemTime::UNIX_EPOCH + Duration::from_secs(7));
        for _ in 0..count {
            history.add(SystemTime::UNIX_EPOCH, What::Network { lost: true });
        }
        history
    }

    fn ids(following: &Following) -> Vec<&str> {
        following.events.iter().map(|event| event.id.as_str()).collect()
    }

    #[test]
    fn whoever_was_away_goes_on_where_they_were() {
        let history = history(5);
        let following = history.after(history.place("7000-3").unwrap(), 10);
        assert_eq!(ids(&following), ["7000-4", "7000-5"]);
        assert_eq!((following.last, following.are_missing), (5, false));
        let first = history.after(0, 2);
        assert_eq!((ids(&first), first.last), (vec!["7000-1", "7000-2"], 2));
        assert_eq!(history.after(5, 2), Following { events: vec![], last: 5, are_missing: false });
        assert_eq!(ids(&history.after(history.before_the_last(2), 9)), ["7000-4", "7000-5"]);
        assert_eq!(history.before_the_last(99), 0);
    }

    /// That of another run may be any, and one that has not been yet cannot be.
    #[test]
    fn other_ids_are_unknown() {
        let history = history(5);
        for id in ["6999-3", "7000-6", "7000", "7000-", "-3", "x-3", "", "7000-3-4"] {
            assert_eq!(history.place(id), None, "{id:?}");
        }
    }

    #[test]
    fn what_is_no_longer_kept_is_missing() {
        let history = history(KEPT + 3);
        let following = history.after(1, 1);
        assert_eq!((ids(&following), following.last), (vec!["7000-4"], 4));
        assert!(following.are_missing);
        assert!(!history.after(3, 1).are_missing);
        assert_eq!(history.after(0, usize::MAX).events.len(), KEPT);
    }

    #[test]
    fn those_who_follow_are_told() {
        let history = history(1);
        let mut follower = history.follow();
        assert_eq!(*follower.borrow_and_update(), 1);
        history.add(SystemTime::UNIX_EPOCH, What::Network { lost: false });
        assert!(follower.has_changed().unwrap());
        assert_eq!(*follower.borrow_and_update(), 2);
    }

    #[test]
    fn events_are_flat_json() {
        let what = What::Verdict {
            target: "icmp ::1".into(),
            pools: vec!["main".into()],
            more: 0,
            verdict: "down".into(),
            reason: Some("timed out after 2s".into()),
        };
        let event = Event { id: "1-2".into(), at: "2026-01-01T00:00:00Z".into(), what };
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(
            json,
            r#"{"id":"1-2","at":"2026-01-01T00:00:00Z","type":"verdict","target":"icmp ::1","pools":["main"],"verdict":"down","reason":"timed out after 2s"}"#
        );
        assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), event);
    }
}
