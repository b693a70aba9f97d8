//! Silence: whether an endpoint falls silent by itself, or this machine hears of nobody any more.

use std::time::Duration;

use super::{Ended, Table, TargetStatus};
use crate::health::Domain;
use crate::probe::report::ContactNews;

/// What the end of a probe is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// It counts.
    Full,
    /// It counts, but nothing falls by it, for nobody else is heard of either.
    Held,
    /// Nothing: nobody was heard of while it was under way.
    Void,
}

/// So many others are asked at once whether they can be heard of.
const OTHERS: usize = 8;
/// And not again before this.
const OTHERS_PAUSE: Duration = Duration::from_millis(100);

impl Table {
    /// Takes in whether a probe was heard of. Returns what its end is worth, and what is news.
    pub(super) fn listen(
        &mut self,
        index: usize,
        ended: &Ended,
        now: Duration,
    ) -> (Weight, Option<ContactNews>) {
        let Some(row) = self.rows.get_mut(index) else { return (Weight::Full, None) };
        let (address, interval) = (row.target.address, row.target.settings.interval);
        // It needs no network.
        if address.is_loopback() {
            return (Weight::Full, None);
        }
        let is_silence = match &ended.result {
            Err(failure) if failure.is_ours() => return (Weight::Full, None),
            Err(failure) => failure.is_silence() || row.target.is_blind(),
            Ok(()) => false,
        };
        if !is_silence {
            row.silent_since = None;
            return if row.target.is_blind() {
                (Weight::Full, None)
            } else {
                self.hear(index, now)
            };
        }
        let waited = if row.target.is_heartbeat() { interval } else { ended.round_trip };
        let began = now.saturating_sub(waited);
        if self.contact.was_lost_since(began) {
            row.silent_since = None;
            return (Weight::Void, None);
        }
        if row.target.is_blind() {
            if !self.contact.is_cut_off() {
                return (Weight::Full, None);
            }
            row.silent_since.get_or_insert(began);
            return (Weight::Held, None);
        }
        let since = *row.silent_since.get_or_insert(began);
        let would_fall = row.tracker.would_fall();
        if !self.contact.others_heard_since(address, since) {
            self.ask_others(index, now);
        }
        if !would_fall {
            return (Weight::Full, None);
        }
        let (is_lost, is_news) = self.contact.is_lost(address, since);
        if is_lost {
            return (Weight::Held, is_news.then_some(ContactNews::Lost));
        }
        self.contact.forget(address);
        (Weight::Full, None)
    }

    /// Somebody was heard of.
    fn hear(&mut self, index: usize, now: Duration) -> (Weight, Option<ContactNews>) {
        let Some(row) = self.rows.get(index) else { return (Weight::Full, None) };
        let (address, interval) = (row.target.address, row.target.settings.interval);
        let regained = self.contact.heard(address, self.domain(index), interval, now);
        if regained {
            self.reconnect(now);
        }
        (Weight::Full, regained.then_some(ContactNews::Regained))
    }

    fn domain(&self, index: usize) -> Domain {
        self.plan.domains.get(index).copied().unwrap_or(Domain::MAX)
    }

    /// Lets some others be probed at once: if they answer, the network is there.
    fn ask_others(&mut self, index: usize, now: Duration) {
        if self.others_asked.is_some_and(|last| now < last + OTHERS_PAUSE) {
            return;
        }
        self.others_asked = Some(now);
        let domain = self.domain(index);
        let (contact, domains) = (&self.contact, &self.plan.domains);
        // Those that fail together with it may have failed.
        let others = self.rows.iter_mut().zip(domains).filter(|(row, of)| {
            let is_known = !row.target.is_blind() && contact.is_known(row.target.address);
            is_known && row.verdict().hold.is_none() && **of != domain
        });
        others.take(OTHERS).for_each(|(row, _)| row.ask_at_once(now));
    }

    /// Now that the network is back, whoever fell silent is to say how it is.
    fn reconnect(&mut self, now: Duration) {
        for row in &mut self.rows {
            if row.silent_since.take().is_some() {
                row.tracker.reconnect(now);
                row.nudge.notify_one();
            }
        }
    }
}

impl TargetStatus {
    fn ask_at_once(&mut self, now: Duration) {
        self.tracker.hint(now);
        self.nudge.notify_one();
    }
}
