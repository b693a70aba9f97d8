//! How webhooks stand, for people and for scrapes, and what comes of a test.

use std::thread;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use super::collect::new_id;
use super::send::{Outcome, Sender, alone, in_words};
use super::{Hook, Webhooks};
use crate::admin::status::{WebhookError, WebhookStatus};
use crate::admin::{TestError, Tested};
use crate::app::running::Running;
use crate::clock;
use crate::config::Address;
use crate::metrics::Family;
use crate::notice::{Fate, Form, IncidentState, Message, fate};
use crate::timestamp::{from_rfc3339, to_rfc3339_seconds};

impl Running {
    /// How all of them stand.
    pub(in crate::app) fn webhook_statuses(&self) -> Vec<WebhookStatus> {
        self.webhooks.hooks.iter().map(status).collect()
    }

    /// Sends a message to one right now, beside whatever waits; called within a runtime.
    pub(in crate::app) fn try_webhook(&self, name: &str) -> Result<Tested, TestError> {
        let hook = self.webhooks.hooks.iter().find(|hook| hook.config.name == name);
        let Some(hook) = hook else {
            let known = self.webhooks.hooks.iter().map(|hook| hook.config.name.clone());
            return Err(TestError::Unknown { known: known.collect() });
        };
        // What begins must end again.
        let states = match hook.config.form {
            Form::PagerDuty => vec![Some(IncidentState::Open), Some(IncidentState::Resolved)],
            Form::Json | Form::Slack => vec![None],
        };
        let began = clock::monotonic_now();
        let mut sender = Sender::default();
        let mut tested = None;
        for state in states {
            let id = new_id().map_err(|error| TestError::Failed(error.to_string()))?;
            let message = Message::test(id, clock::wall_now(), &self.webhooks.server, state);
            let sending = async { Some(sender.send(&hook.config, &message).await) };
            let sent =
                thread::scope(|scope| scope.spawn(|| alone(sending)).join().unwrap_or_default());
            let failed = || Outcome::Failed("it could not be sent".into());
            match sent.unwrap_or_else(failed) {
                Outcome::Failed(why) => return Err(TestError::Failed(why)),
                Outcome::Answered(answer) if fate(answer.status) != Fate::Delivered => {
                    return Err(TestError::Failed(in_words(&answer)));
                }
                Outcome::Answered(answer) => tested = Some((message.id, answer)),
            }
        }
        let (id, answer) = tested.ok_or(TestError::Failed("nothing was sent".into()))?;
        let took = clock::monotonic_now().saturating_duration_since(began);
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        Ok(Tested { webhook: name.into(), id, status: answer.status, said: answer.said, took_ms })
    }
}

fn status(hook: &Hook) -> WebhookStatus {
    let last = hook.last().clone();
    let queue = hook.queue();
    WebhookStatus {
        name: hook.config.name.clone(),
        form: hook.config.form.name().into(),
        to: origin(&hook.config.to),
        queued: queue.len(),
        oldest: queue.waiting().next().map(|message| message.at.clone()),
        last_delivery: last.delivery.map(to_rfc3339_seconds),
        last_error: last.error.map(|(at, what)| WebhookError { at: to_rfc3339_seconds(at), what }),
    }
}

/// No more of an address than names the other end.
fn origin(address: &Address) -> String {
    match address {
        Address::Written(url) => url.origin().ascii_serialization(),
        Address::InFile(file) => format!("what stands in {}", file.path.display()),
    }
}

impl Webhooks {
    /// What a scrape is told.
    pub(in crate::app) fn families(&self, now: SystemTime) -> Vec<Family> {
        let mut messages =
            Family::counter("steersman_webhook_messages_total", "Messages by what became of them.");
        let mut failed = Family::counter(
            "steersman_webhook_failed_attempts_total",
            "Attempts to deliver a message that did not.",
        );
        let mut silenced = Family::counter(
            "steersman_webhook_silenced_events_total",
            "Events that were not told of for a silence.",
        );
        let mut queued = Family::gauge("steersman_webhook_queued_messages", "Messages that wait.");
        let mut oldest = Family::gauge(
            "steersman_webhook_oldest_message_age_seconds",
            "How old the message is that waits longest; 0 where none waits.",
        );
        for hook in &self.hooks {
            let Hook { config, counts, .. } = hook;
            let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64;
            let name = ("webhook", config.name.as_str());
            for (result, counter) in [
                ("delivered", &counts.delivered),
                ("refused", &counts.refused),
                ("expired", &counts.expired),
                ("dropped", &counts.dropped),
            ] {
                messages.push("", &[name, ("result", result)], count(counter));
            }
            failed.push("", &[name], count(&counts.failed_attempts));
            silenced.push("", &[name], count(&counts.silenced));
            let queue = hook.queue();
            queued.push("", &[name], queue.len() as f64);
            let since = queue.waiting().next().and_then(|message| from_rfc3339(&message.at).ok());
            let age = since.and_then(|since| now.duration_since(since).ok()).unwrap_or_default();
            oldest.push("", &[name], age.as_secs_f64());
        }
        let count = self.silences().count() as f64;
        let silences = Family::gauge("steersman_silences", "Silences in force.").sample(&[], count);
        vec![messages, failed, silenced, queued, oldest, silences]
    }
}
