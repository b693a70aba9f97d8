//! Silence: whether an endpoint falls silent by itself, or this machine hears of nobody any more.

use std::time::Duration;

use super::{Ended, Table, TargetStatus};
use crate::health::{Domain, Verdict};
use crate::probe::report::ContactNews;

/// So many others are asked at once whether they can be heard of.
const OTHERS: usize = 8;
/// And not again before this.
const OTHERS_PAUSE: Duration = Duration::from_millis(100);

impl Table {
    /// Takes in whether a probe was heard of. Returns whether a verdict must not fall by it, for
    /// nobody else is heard of either, and whether that is news.
    pub(super) fn listen(
        &mut self,
        index: usize,
        ended: &Ended,
        now: Duration,
    ) -> (bool, Option<ContactNews>) {
        let Some(row) = self.rows.get_mut(index) else { return (false, None) };
        // It says nothing of the way to the endpoint.
        if row.target.is_heartbeat() {
            return (false, None);
        }
        let (address, interval) = (row.target.address, row.target.settings.interval);
        match &ended.result {
            Err(failure) if failure.is_ours() => (false, None),
            Err(failure) if failure.is_silence() => {
                let began = now.saturating_sub(ended.round_trip);
                let since = *row.silent_since.get_or_insert(began);
                let would_fall = row.tracker.would_fall();
                if !self.contact.others_heard_since(address, since) {
                    self.ask_others(index, now);
                }
                if !would_fall {
                    return (false, None);
                }
                let (is_lost, is_news) = self.contact.is_lost(address, since);
                if !is_lost {
                    self.contact.forget(address);
                }
                (is_lost, is_news.then_some(ContactNews::Lost))
            }
            _ => {
                row.silent_since = None;
                let domain = self.plan.domains.get(index).copied().unwrap_or(Domain::MAX);
                let regained = self.contact.heard(address, domain, interval, now);
                if regained {
                    self.ask_those_cut_off(now);
                }
                (false, regained.then_some(ContactNews::Regained))
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

    /// Now that the network is back, whoever seemed to fail is to say how it is.
    fn ask_those_cut_off(&mut self, now: Duration) {
        let cut_off = self.rows.iter_mut().filter(|row| row.tracker.is_cut_off());
        cut_off.for_each(|row| row.ask_at_once(now));
    }
}

impl TargetStatus {
    fn ask_at_once(&mut self, now: Duration) {
        self.tracker.hint(now);
        self.nudge.notify_one();
    }
}
