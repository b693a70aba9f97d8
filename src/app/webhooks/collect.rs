//! Events become messages: read from the history, grouped, put into words, and queued on disk.

use std::cell::OnceCell;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use super::convert::{FILES, convert};
use super::scene::{Audience, Stage};
use super::{Collected, Hook};
use crate::app::background::until;
use crate::app::running::Running;
use crate::clock;
use crate::history::{GitState, What};
use crate::notice::{
    Event, Group, Groups, Incident, IncidentState, Kind, Message, Silences, Turn, compose,
};
use crate::server::{Beside, give_way};
use crate::state::StateError;

/// How often it is looked at what goes on, and whether the disk takes what it did not.
const LOOK: Duration = Duration::from_secs(5);
/// However much happens, groups and looks are due within this time.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);

/// Makes messages of what happens until the daemon stops; on a thread of its own, which gives way to answers.
pub(in crate::app) async fn tell(running: Arc<Running>, stopped: watch::Receiver<bool>) {
    give_way(Beside::Telling);
    let mut follow = running.history.follow();
    let stopped = until(stopped);
    tokio::pin!(stopped);
    loop {
        let pause = running.collect(false).max(SHORTEST_PAUSE);
        tokio::select! {
            () = &mut stopped => break,
            () = running.webhooks.look.notified() => {}
            _ = follow.changed() => tokio::time::sleep(SHORTEST_PAUSE).await,
            () = tokio::time::sleep(pause) => {}
        }
    }
    // What is grouped still is on disk for the next process.
    if *running.webhooks.is_open.borrow() {
        running.collect(true);
    }
}

/// One webhook and what is silenced at present.
struct Told<'h> {
    hook: &'h Hook,
    silences: Silences,
}

impl Audience for Told<'_> {
    fn wants(&self, scopes: &[String]) -> bool {
        self.hook.wants(scopes)
    }

    fn is_silenced(&self, scopes: &[String]) -> bool {
        self.silences.covers(scopes)
    }
}

impl Running {
    /// Takes in what has happened, and queues what is to be told; all of it, or what its time has come for. Returns
    /// how long there is nothing more to do.
    pub(in crate::app) fn collect(&self, everything: bool) -> Duration {
        let mut collected = self.webhooks.collected();
        let is_open = *self.webhooks.is_open.borrow() || everything;
        if !is_open || self.webhooks.hooks.is_empty() {
            return LOOK;
        }
        let now = self.webhooks.now();
        self.take_in(&mut collected, now);
        let look = now >= collected.look_at;
        if look {
            collected.look_at = now + LOOK;
            self.store.catch_up_with_webhooks(|| self.webhooks.queues());
        }
        // What is down by its first word is no event, for it was taken for down before.
        let compare_all =
            std::mem::take(&mut collected.compare_all) || look && collected.is_unheard;
        // Looked at only if anybody has to know, for there may be very much to see.
        let (stage, wrong) = (OnceCell::new(), &collected.wrong);
        let stage = || stage.get_or_init(|| Stage::now(self, wrong.clone()));
        let trouble = if compare_all { stage().trouble() } else { Vec::new() };
        let is_unheard = compare_all && stage().has_unheard();
        let mut pause = LOOK;
        for hook in &self.webhooks.hooks {
            let told = Told { hook, silences: self.webhooks.silences().clone() };
            if compare_all {
                self.begin(&told, &trouble, now);
            }
            if look || compare_all {
                self.end(&told, &stage, now);
            }
            let groups = {
                let mut groups = hook.groups();
                let due = if everything { groups.take_all() } else { groups.due(now) };
                pause = groups.next_due().map_or(pause, |due| pause.min(due.saturating_sub(now)));
                due
            };
            for group in groups {
                self.queue_group(&told, stage(), &group);
            }
        }
        if compare_all {
            collected.is_unheard = is_unheard;
        }
        pause
    }

    /// What is wrong with the newest commit, if that is refused.
    fn refused_commit(&self) -> Option<Vec<String>> {
        let known = self.git.as_ref()?.known();
        known.refused.as_ref().map(|refused| refused.why.clone())
    }

    /// Sorts what has happened since the last time into the groups of each webhook.
    fn take_in(&self, collected: &mut Collected, now: Duration) {
        let following = self.history.after(collected.seen, usize::MAX);
        collected.seen = following.last;
        let is_first = !std::mem::replace(&mut collected.has_begun, true);
        let is_wanted = self.webhooks.compare_all.swap(false, Ordering::AcqRel);
        collected.compare_all |= is_first || following.are_missing || is_wanted;
        if following.are_missing {
            tracing::warn!(
                "so much has happened at once that some of what people wanted is not told"
            );
        }
        let view = self.live.load_full();
        let follows = self.git.is_some();
        for happened in &following.events {
            if matches!(happened.what, What::Reload { errors: None, .. })
                && let Some(why) = self.refused_commit()
            {
                // Other files than those of the commit are good: nothing is over, and nothing is new.
                collected.wrong = why;
                continue;
            }
            match &happened.what {
                What::Reload { errors: None, .. } | What::Git { state: GitState::Serving, .. } => {
                    collected.wrong.clear();
                    collected.compare_all = true;
                }
                What::Reload { why, .. } | What::Git { state: GitState::Refused, why, .. } => {
                    collected.wrong.clone_from(why);
                }
                _ => {}
            }
            for event in convert(happened, &view.world.inventory, follows) {
                // At the beginning it counts how things stand, not how they came to stand so.
                if is_first && is_seen_by_standing(&event) {
                    continue;
                }
                for hook in &self.webhooks.hooks {
                    if is_first && hook.queue().is_noted(&event) {
                        continue;
                    }
                    self.group(hook, event.clone(), now);
                }
            }
        }
    }

    fn group(&self, hook: &Hook, event: Event, now: Duration) {
        if !hook.config.events.contains(&event.kind) || !hook.wants(&event.scopes) {
            return;
        }
        if self.webhooks.silences().covers(&event.scopes) {
            // Whoever was told that it began is told that it is over.
            let key = Incident::key(event.kind, &event.subject);
            if event.turn != Turn::Ends || !hook.queue().open().contains(&key) {
                hook.counts.silenced.fetch_add(1, Ordering::Relaxed);
                return;
            }
        }
        hook.groups().push(event, now);
    }

    /// What goes on and was not told of.
    fn begin(&self, told: &Told<'_>, trouble: &[Event], now: Duration) {
        let hook = told.hook;
        let open = hook.queue().open().clone();
        let mut groups = hook.groups();
        let mut begun = Groups::new(hook.config.group);
        for event in trouble {
            let is_known = open.contains(&Incident::key(event.kind, &event.subject))
                || groups.has(event.kind, &event.subject);
            let is_wanted = hook.config.events.contains(&event.kind) && hook.wants(&event.scopes);
            if is_wanted && !is_known && !told.is_silenced(&event.scopes) {
                begun.push(event.clone(), now);
            }
        }
        begun.take_all().into_iter().for_each(|group| groups.adopt(group));
    }

    /// What was told of and is over, without any event that says so.
    fn end<'s>(&self, told: &Told<'_>, stage: &dyn Fn() -> &'s Stage<'s>, now: Duration) {
        let open = told.hook.queue().open().clone();
        for (kind, subject) in open.iter().filter_map(|key| Incident::of_key(key)) {
            let stage = stage();
            if told.hook.groups().has(kind, subject) || stage.is_unknown(kind, subject) {
                continue;
            }
            let scene = stage.scene(kind, subject, told);
            if scene.bad == 0 && scene.hidden == 0 {
                let gone = scene.all == 0 && kind == Kind::Verdict;
                let words = match gone {
                    true => format!("{subject} is not in the files any more"),
                    false => format!("{subject}: it is over"),
                };
                let event = Event {
                    at: clock::wall_now(),
                    kind,
                    subject: subject.to_owned(),
                    scopes: Vec::new(),
                    what: subject.to_owned(),
                    turn: Turn::Ends,
                    why: None,
                    words,
                };
                told.hook.groups().push(event, now);
            }
        }
    }

    fn queue_group(&self, told: &Told<'_>, stage: &Stage<'_>, group: &Group) {
        let hook = told.hook;
        let key = Incident::key(group.kind, &group.subject);
        let was_told = hook.queue().open().contains(&key);
        let scene = stage.scene(group.kind, &group.subject, told);
        let Ok(id) = new_id() else {
            tracing::error!(webhook = hook.config.name, "no randomness: an event is not told");
            return;
        };
        let message = compose(group, &scene, was_told, &self.webhooks.server, id);
        if let Some(message) = message.filter(|message| hook.config.form.can_say(message)) {
            self.queue_message(hook, message);
        }
    }

    /// Queues a message, on disk before it is sent.
    fn queue_message(&self, hook: &Hook, message: Message) {
        let (webhook, id) = (&hook.config.name, message.id.clone());
        let is_over =
            message.incident.as_ref().is_some_and(|one| one.state == IncidentState::Resolved);
        tracing::info!(webhook, id, title = message.title, is_over, "to be told");
        hook.queued().insert(id.clone(), clock::monotonic_now());
        let dropped = hook.queue().add(message.clone());
        if let Some(dropped) = dropped {
            hook.queued().remove(&dropped.id);
            hook.counts.dropped.fetch_add(1, Ordering::Relaxed);
            tracing::error!(
                webhook,
                id = dropped.id,
                title = dropped.title,
                "too many messages wait for a webhook: the oldest is dropped"
            );
            self.written(self.store.record_done(webhook, &dropped.id, || self.webhooks.queues()));
        }
        self.written(self.store.record_waiting(webhook, &message, || self.webhooks.queues()));
        hook.queue().settle(&id);
        hook.wake.notify_one();
    }

    /// A message that is not on disk is sent all the same, unless the daemon ends before.
    pub(super) fn written(&self, recorded: Result<(), StateError>) {
        match recorded {
            // That is the matter of another process now.
            Ok(()) | Err(StateError::HandedOver) => {}
            Err(error) => tracing::warn!(%error, "cannot remember what is to be told"),
        }
    }
}

/// Whether what an event tells can be seen by how things stand.
fn is_seen_by_standing(event: &Event) -> bool {
    match event.kind {
        Kind::Verdict | Kind::Degraded | Kind::Panic | Kind::Network => true,
        Kind::Git | Kind::Reload => event.subject != FILES && event.turn == Turn::Ends,
        Kind::Override | Kind::Maintenance | Kind::Drill | Kind::Test => false,
    }
}

/// An id that no other message has.
pub(super) fn new_id() -> std::io::Result<String> {
    let bytes: [u8; 16] = clock::random_bytes()?;
    Ok(format!("msg_{}", data_encoding::HEXLOWER.encode(&bytes)))
}

/// Some time of the wall clock, in seconds since 1970.
pub(super) fn unix_seconds(at: SystemTime) -> u64 {
    at.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
