//! The task of one webhook, which sends what waits for it, one message after the other.
//!
//! A message that does not arrive is tried again until it does, is refused, or is a day old; those behind it wait,
//! for they are about what came after. Nobody else waits for it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, SystemTime};

use rustls::pki_types::CertificateDer;
use tokio::sync::watch;

use super::collect::unix_seconds;
use super::{Hook, Webhooks};
use crate::app::running::Running;
use crate::clock;
use crate::config::{Credentials, Webhook, credentials};
use crate::notice::{
    Fate, Form, LONGEST_RETRYING, Message, fate, json_body, pagerduty_body, pause, retry_after,
    signatures, slack_body,
};
use crate::post::{Answer, Poster};
use crate::server::{Beside, give_way};
use crate::timestamp::from_rfc3339;

/// How long an attempt that is under way may take yet when the daemon ends, or another process takes over.
const LAST_MOMENT: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(10);
/// What is shorter stands in many a text that has nothing to do with it.
const SHORTEST_SECRET: usize = 4;

/// Runs something on the calling thread alone, which gives way to those that answer.
pub(in crate::app) fn alone<T: Default>(future: impl Future<Output = T>) -> T {
    give_way(Beside::Telling);
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            let done = runtime.block_on(future);
            // Whoever keeps it busy is not waited for.
            runtime.shutdown_background();
            done
        }
        Err(error) => {
            tracing::error!(%error, "the system has nothing to send messages with");
            T::default()
        }
    }
}

/// Sends what waits for one webhook until the daemon stops.
pub(in crate::app) async fn send(
    running: Arc<Running>,
    number: usize,
    mut stopped: watch::Receiver<bool>,
) {
    let webhooks = &running.webhooks;
    let Some(hook) = webhooks.hooks.get(number) else { return };
    let mut open = webhooks.is_open.subscribe();
    let mut sender = Sender::default();
    let mut failed = 0;
    loop {
        if *stopped.borrow() {
            return;
        }
        let next = if *open.borrow_and_update() { hook.queue().next().cloned() } else { None };
        let Some(message) = next else {
            tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => return,
                () = hook.wake.notified() => {}
                // An error says that the daemon is gone.
                _ = open.changed() => {}
            }
            continue;
        };
        let sent =
            webhooks.while_open(sender.send(&hook.config, &message), &mut open, &mut stopped);
        let Some(outcome) = sent.await else { continue };
        let Some(wait) = running.settle(hook, &message, outcome, failed).await else {
            failed = 0;
            continue;
        };
        failed += 1;
        tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => return,
            _ = open.wait_for(|open| !*open) => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

impl Webhooks {
    /// Sends nothing from now on, for another process is to; waits for what is under way.
    pub(in crate::app) fn pause(&self) {
        self.is_open.send_replace(false);
        for _ in 0..2 * LAST_MOMENT.as_millis() / LOOK.as_millis() {
            if self.under_way.load(Ordering::Acquire) == 0 {
                return;
            }
            thread::sleep(LOOK);
        }
    }

    /// Sends again; with what waits now, if another process may have changed that.
    pub(in crate::app) fn resume(&self, remembered: Option<crate::state::Queues>) {
        if let Some(mut queues) = remembered {
            for hook in &self.hooks {
                let mut queue = queues.remove(&hook.config.name).unwrap_or_default();
                queue.settle_all();
                *hook.queue() = queue;
            }
        }
        self.is_open.send_replace(true);
        self.look.notify_one();
    }

    /// What comes of sending, unless it is stopped: then there is not much time left for it.
    async fn while_open<T>(
        &self,
        sending: impl Future<Output = T>,
        open: &mut watch::Receiver<bool>,
        stopped: &mut watch::Receiver<bool>,
    ) -> Option<T> {
        self.under_way.fetch_add(1, Ordering::AcqRel);
        tokio::pin!(sending);
        let sent = tokio::select! {
            sent = &mut sending => Some(sent),
            _ = stopped.wait_for(|stopped| *stopped) => None,
            _ = open.wait_for(|open| !*open) => None,
        };
        let sent = match sent {
            None => tokio::time::timeout(LAST_MOMENT, sending).await.ok(),
            sent => sent,
        };
        self.under_way.fetch_sub(1, Ordering::AcqRel);
        sent
    }
}

/// What came of an attempt.
pub(super) enum Outcome {
    /// It was answered.
    Answered(Answer),
    /// It was not, or could not be sent.
    Failed(String),
}

/// What sends to one webhook, with the authorities that it was made for.
#[derive(Default)]
pub(super) struct Sender(Option<(Vec<CertificateDer<'static>>, Poster)>);

impl Sender {
    /// Sends a message once, by what the files say at this moment.
    pub(super) async fn send(&mut self, config: &Webhook, message: &Message) -> Outcome {
        let files = config.clone();
        let read = tokio::task::spawn_blocking(move || credentials(&files)).await;
        let credentials = match read {
            Ok(Ok(credentials)) => credentials,
            Ok(Err(findings)) => {
                let words: Vec<String> = findings.iter().map(ToString::to_string).collect();
                return Outcome::Failed(words.join("; "));
            }
            Err(error) => return Outcome::Failed(error.to_string()),
        };
        let poster = match self.poster(config, &credentials) {
            Ok(poster) => poster,
            Err(why) => return Outcome::Failed(why),
        };
        let Some(body) = body(config.form, message, &credentials) else {
            return Outcome::Failed("PagerDuty has no way to say this".into());
        };
        let headers = headers(config.form, message, &credentials, &body, clock::wall_now());
        let secrets = Secrets::of(&credentials);
        match poster.post(credentials.url, headers, body).await {
            Ok(answer) => Outcome::Answered(Answer { said: secrets.out_of(answer.said), ..answer }),
            Err(why) => Outcome::Failed(secrets.out_of(why)),
        }
    }

    fn poster(&mut self, config: &Webhook, with: &Credentials) -> Result<&Poster, String> {
        let known = self.0.take().filter(|(authorities, _)| *authorities == with.authorities);
        let made = match known {
            Some(known) => known,
            None => (with.authorities.clone(), Poster::new(&with.authorities, config.timeout)?),
        };
        Ok(&self.0.insert(made).1)
    }
}

/// What the other end is told, and may say again: it is to stand nowhere.
struct Secrets(Vec<String>);

impl Secrets {
    fn of(credentials: &Credentials) -> Self {
        let url = &credentials.url;
        let mut parts = vec![url.path(), url.query().unwrap_or_default(), url.username()];
        parts.extend([url.password().unwrap_or_default(), &credentials.routing_key]);
        // The parts of a path, too: others may come back without what stands before them.
        parts.extend(url.path_segments().into_iter().flatten());
        let mut parts: Vec<String> = parts
            .into_iter()
            .filter(|part| part.len() >= SHORTEST_SECRET)
            .map(str::to_owned)
            .collect();
        parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
        Self(parts)
    }

    fn out_of(&self, text: String) -> String {
        self.0.iter().fold(text, |text, part| text.replace(part, "…"))
    }
}

fn body(form: Form, message: &Message, with: &Credentials) -> Option<Vec<u8>> {
    match form {
        Form::Json => Some(json_body(message)),
        Form::Slack => Some(slack_body(message)),
        Form::PagerDuty => pagerduty_body(message, &with.routing_key),
    }
}

/// Who says it, and when; by Standard Webhooks.
fn headers(
    form: Form,
    message: &Message,
    with: &Credentials,
    body: &[u8],
    now: SystemTime,
) -> Vec<(&'static str, String)> {
    if form != Form::Json {
        return Vec::new();
    }
    let now = unix_seconds(now);
    let mut headers =
        vec![("webhook-id", message.id.clone()), ("webhook-timestamp", now.to_string())];
    if !with.secrets.is_empty() {
        let signatures = signatures(&with.secrets, &message.id, now, body);
        headers.push(("webhook-signature", signatures));
    }
    headers
}

impl Running {
    /// Takes in what came of an attempt; returns how long to wait before the next one, if there is to be one.
    async fn settle(
        self: &Arc<Self>,
        hook: &Hook,
        message: &Message,
        outcome: Outcome,
        failed: u32,
    ) -> Option<Duration> {
        let (webhook, id, title) = (&hook.config.name, &message.id, &message.title);
        let (fate, wish, words) = match outcome {
            Outcome::Answered(answer) => {
                let wish = answer.retry_after.as_deref().and_then(retry_after);
                (fate(answer.status), wish, in_words(&answer))
            }
            Outcome::Failed(why) => (Fate::Again, None, why),
        };
        let now = clock::wall_now();
        match fate {
            Fate::Delivered => {
                hook.counts.delivered.fetch_add(1, Ordering::Relaxed);
                *hook.last() = super::Last { delivery: Some(now), error: None };
                tracing::info!(webhook, id, title, "told");
            }
            Fate::Again if hook.age(message, now) <= LONGEST_RETRYING => {
                hook.counts.failed_attempts.fetch_add(1, Ordering::Relaxed);
                let wait = pause(failed + 1, self.draw(), wish);
                let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                tracing::warn!(
                    webhook,
                    id,
                    title,
                    error = words,
                    wait_ms,
                    "not told yet: trying again"
                );
                hook.last().error = Some((now, words));
                return Some(wait);
            }
            Fate::Again | Fate::Refused => {
                hook.counts.failed_attempts.fetch_add(1, Ordering::Relaxed);
                let is_expired = fate == Fate::Again;
                let counter = if is_expired { &hook.counts.expired } else { &hook.counts.refused };
                counter.fetch_add(1, Ordering::Relaxed);
                let why = if is_expired { "it was tried for a day" } else { "it is refused" };
                tracing::error!(webhook, id, title, error = words, why, "NOT TOLD: given up");
                hook.last().error = Some((now, words));
            }
        }
        hook.queue().remove(id);
        hook.queued().remove(id);
        let (running, webhook, id) = (Arc::clone(self), webhook.clone(), id.clone());
        let record = move || {
            let all = || running.webhooks.queues();
            running.written(running.store.record_done(&webhook, &id, all));
        };
        // A panic there has been reported.
        let _ = tokio::task::spawn_blocking(record).await;
        None
    }

    /// Without chance the pauses are as long as they can be.
    fn draw(&self) -> u64 {
        clock::random_bytes().map_or(u64::MAX, u64::from_le_bytes)
    }
}

/// An answer in one line.
pub(super) fn in_words(answer: &Answer) -> String {
    match answer.said.is_empty() {
        true => format!("answered with {}", answer.status),
        false => format!("answered with {}: {}", answer.status, answer.said),
    }
}

impl Hook {
    /// How old a message is. A clock that jumps makes none of those older that were queued since the start.
    fn age(&self, message: &Message, now: SystemTime) -> Duration {
        if let Some(at) = self.queued().get(&message.id) {
            return clock::monotonic_now().saturating_duration_since(*at);
        }
        let at = from_rfc3339(&message.at);
        at.ok().and_then(|at| now.duration_since(at).ok()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_is_taken_out_of_what_the_other_end_says() {
        let credentials = Credentials {
            url: "https://bot:pa55word@hooks.example.com/services/T0001/sEcReT?key=abcd"
                .parse()
                .unwrap(),
            secrets: Vec::new(),
            routing_key: "R0UT1NG".into(),
            authorities: Vec::new(),
        };
        let secrets = Secrets::of(&credentials);
        let said =
            "Cannot POST /services/T0001/sEcReT?key=abcd for bot with R0UT1NG; sEcReT, pa55word";
        let shown = secrets.out_of(said.into());
        for part in ["T0001", "sEcReT", "abcd", "R0UT1NG", "pa55word"] {
            assert!(!shown.contains(part), "{part}: {shown}");
        }
        assert_eq!(secrets.out_of("answered with 503: no".into()), "answered with 503: no");
    }
}
