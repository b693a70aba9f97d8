//! Who is told elsewhere of what happens: events become messages (`collect`), messages wait in a queue on disk, and
//! a task for each webhook sends them (`send`).
//!
//! What is told goes by how things stand, not by events alone: what was told to go on is looked at until it is over,
//! also after a restart, and what a silence hid is told when it ends.

mod collect;
mod convert;
mod scene;
mod send;
mod silences;
mod status;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{Notify, watch};

use crate::clock;
use crate::config::{self, Daemon};
use crate::notice::{Groups, Queue, Silences};
use crate::state::Queues;

pub(super) use collect::tell;
pub(super) use send::{alone, send};

const HOST_NAME: &str = "/proc/sys/kernel/hostname";

/// All webhooks.
pub(super) struct Webhooks {
    pub(super) hooks: Vec<Hook>,
    silences: Mutex<Silences>,
    /// By which name this server speaks.
    server: String,
    /// When times of groups begin.
    began: Instant,
    collected: Mutex<Collected>,
    /// Whether everything is to be compared with what was told. Whoever wants that waits for nobody.
    compare_all: AtomicBool,
    /// Whether messages are made and sent; no while another process takes over, and since it has.
    is_open: watch::Sender<bool>,
    /// How many are being sent.
    under_way: AtomicUsize,
    /// Told when something is to be looked at before its time.
    look: Notify,
}

/// How far the history has been read, and what of it is to be known later.
#[derive(Default)]
struct Collected {
    /// The number of the last event.
    seen: u64,
    has_begun: bool,
    /// Whether everything is to be compared with what was told.
    compare_all: bool,
    /// Whether there were endpoints of which nothing was heard yet, when that was done last.
    is_unheard: bool,
    /// When what goes on is looked at next.
    look_at: Duration,
    /// What is wrong with the files that were refused last.
    wrong: Vec<String>,
}

/// One webhook.
pub(super) struct Hook {
    pub(super) config: config::Webhook,
    queue: Mutex<Queue>,
    /// When each message that waits was queued, by a clock that does not jump; of those that wait since before the
    /// start it is not known.
    queued: Mutex<BTreeMap<String, Instant>>,
    groups: Mutex<Groups>,
    last: Mutex<Last>,
    counts: Counts,
    /// Told when there is something to send.
    wake: Notify,
}

/// What was counted of a webhook.
#[derive(Default)]
struct Counts {
    delivered: AtomicU64,
    refused: AtomicU64,
    expired: AtomicU64,
    dropped: AtomicU64,
    failed_attempts: AtomicU64,
    silenced: AtomicU64,
}

/// How it went last.
#[derive(Clone, Default)]
struct Last {
    delivery: Option<SystemTime>,
    /// What went wrong since.
    error: Option<(SystemTime, String)>,
}

impl Webhooks {
    /// Those of the configuration, with what waits since before.
    pub(super) fn new(daemon: &Daemon, silences: Silences, mut queues: Queues) -> Self {
        let hook = |config: &config::Webhook| {
            let queue = queues.remove(&config.name).unwrap_or_default();
            Hook {
                groups: Mutex::new(Groups::new(config.group)),
                config: config.clone(),
                queue: Mutex::new(queue),
                queued: Mutex::default(),
                last: Mutex::default(),
                counts: Counts::default(),
                wake: Notify::new(),
            }
        };
        let hooks = daemon.webhooks.iter().map(hook).collect();
        for (webhook, queue) in queues.iter().filter(|(_, queue)| !queue.is_empty()) {
            let messages = queue.len();
            tracing::warn!(
                webhook,
                messages,
                "messages for a webhook that there is no more are dropped"
            );
        }
        Self {
            hooks,
            silences: Mutex::new(silences),
            server: server(daemon),
            began: clock::monotonic_now(),
            collected: Mutex::default(),
            compare_all: AtomicBool::new(false),
            is_open: watch::Sender::new(true),
            under_way: AtomicUsize::new(0),
            look: Notify::new(),
        }
    }

    /// What is not told of. Not to be held while anything waits.
    pub(super) fn silences(&self) -> MutexGuard<'_, Silences> {
        // Each change is one insertion or removal.
        self.silences.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn collected(&self) -> MutexGuard<'_, Collected> {
        self.collected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        clock::monotonic_now().saturating_duration_since(self.began)
    }

    /// What waits in all.
    fn queues(&self) -> Queues {
        self.hooks.iter().map(|hook| (hook.config.name.clone(), hook.queue().clone())).collect()
    }

    /// Compares everything with what was told, soon.
    fn compare_soon(&self) {
        self.compare_all.store(true, Ordering::Release);
        self.look.notify_one();
    }
}

impl Hook {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Each change is of one message, whole or not begun.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn queued(&self) -> MutexGuard<'_, BTreeMap<String, Instant>> {
        self.queued.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn groups(&self) -> MutexGuard<'_, Groups> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is to be told of what is known by these words; what is about no target it always is.
    fn wants(&self, scopes: &[String]) -> bool {
        let targets = &self.config.targets;
        targets.is_empty() || scopes.is_empty() || targets.iter().any(|(one, _)| one.fits(scopes))
    }
}

/// As it tells itself apart from others to clients, or the name of the machine.
fn server(daemon: &Daemon) -> String {
    let nsid = daemon.dns.nsid.as_ref().map(|id| String::from_utf8_lossy(id).into_owned());
    let host = || fs::read_to_string(HOST_NAME).ok().map(|name| name.trim().to_owned());
    let name = nsid.or_else(host).filter(|name| !name.is_empty());
    name.unwrap_or_else(|| "steersman".into())
}
