//! Silence: whether an endpoint falls silent by itself, or this machine hears of nobody any more.

use std::time::Duration;

use super::{Ended, Table, TargetStatus};
use crate::health::{Domain, Verdict};
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
        // It says nothing of the way to the endpoint.
        if row.target.is_heartbeat() {
            return (Weight::Full, None);
        }
        let (address, interval) = (row.target.address, row.target.settings.interval);
        match &ended.result {
            Err(failure) if failure.is_ours() => (Weight::Full, None),
            Err(failure) if failure.is_silence() => {
                let began = now.saturating_sub(ended.round_trip);
                if self.contact.was_lost_since(began) {
                    row.silent_since = None;
                    return (Weight::Void, None);
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
            _ => {
                row.silent_since = None;
                let domain = self.plan.domains.get(index).copied().unwrap_or(Domain::MAX);
                let regained = self.contact.heard(address, domain, interval, now);
                if regained {
                    self.reconnect(now);
                }
                (Weight::Full, regained.then_some(ContactNews::Regained))
            }
        }
    }

    /// Lets some others be probed at once: if they answer, the network is there.
    fn ask_others(&mut self, index: usize, now: Duration) {
        if self.others_asked.is_some_and(|last| now < last + OTHERS_PAUSE) {
            return;
        }
        self.others_asked = Some(now);
        let address = self.rows.get(index).map(|row| row.target.address);
        let well = |row: &&mut TargetStatus| {
            row.verdict() == Verdict::SETTLED_UP && Some(row.target.address) != address
        };
        self.rows.iter_mut().filter(well).take(OTHERS).for_each(|row| row.ask_at_once(now));
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
