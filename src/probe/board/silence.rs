//! Silence: whether an endpoint falls silent by itself, or this machine hears of nobody any more.

use std::time::Duration;

use super::{Ended, Table, TargetStatus};
use crate::health::{Blame, Domain, Silence};
use crate::probe::report::ContactNews;

/// What the end of a probe is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// It counts, and this is to blame if it failed.
    Counts(Blame),
    /// Nothing: nobody was heard of while it was under way.
    Void,
}

const FULL: Weight = Weight::Counts(Blame::Endpoint);

/// So many others are asked at once whether they can be heard of.
const OTHERS: usize = 8;
/// And not again before this.
const OTHERS_PAUSE: Duration = Duration::from_millis(100);
/// How long they have to answer.
const ANSWERING: Duration = Duration::from_secs(1);
/// Where so many are probed, some of them will answer soon anyway.
const BUSY: usize = 200;

impl Table {
    /// Takes in whether a probe was heard of. Returns what its end is worth, and what is news.
    pub(super) fn listen(
        &mut self,
        index: usize,
        ended: &Ended,
        now: Duration,
    ) -> (Weight, Option<ContactNews>) {
        let Some(row) = self.rows.get_mut(index) else { return (FULL, None) };
        let is_blind = row.target.is_blind();
        // It needs no network.
        if row.target.address.is_loopback() {
            return (FULL, None);
        }
        let is_silence = match &ended.result {
            Err(failure) if failure.is_ours() => return (FULL, None),
            Err(failure) => failure.is_silence() || is_blind,
            Ok(()) => false,
        };
        if !is_silence {
            row.silence = None;
            return if is_blind { (FULL, None) } else { self.hear(index, now) };
        }
        let silence = row.fall_silent(ended, now);
        if self.contact.was_lost_since(silence.began) {
            row.silence = None;
            return (Weight::Void, None);
        }
        self.blame(index, silence, now)
    }

    /// Whose fault it is that a target has been silent since then.
    fn blame(
        &mut self,
        index: usize,
        silence: Silence,
        now: Duration,
    ) -> (Weight, Option<ContactNews>) {
        let Some(row) = self.rows.get(index) else { return (FULL, None) };
        let (address, would_fall) = (row.target.address, row.tracker.would_fall());
        let is_blind = row.target.is_blind();
        let is_alone = self.contact.others_heard_since(address, silence.seen);
        let mut asked = row.others_asked.filter(|at| *at >= silence.seen);
        if !is_alone && asked.is_none() {
            asked = self.ask_others(index, now);
        }
        if !would_fall {
            return (FULL, None);
        }
        if !is_alone && self.contact.may_be_lost(silence) {
            let have_answered = asked.is_some_and(|at| now >= at + ANSWERING);
            if !self.contact.is_cut_off() && !have_answered {
                return (Weight::Counts(Blame::Unknown), None);
            }
            let news = self.contact.lose().then_some(ContactNews::Lost);
            return (Weight::Counts(Blame::Ourselves), news);
        }
        if !is_blind {
            self.contact.forget(address);
        }
        (FULL, None)
    }

    /// An answer is overdue.
    pub(super) fn miss(&mut self, index: usize, now: Duration) {
        let Some(row) = self.rows.get(index) else { return };
        if !row.target.address.is_loopback() && self.rows.len() < BUSY {
            self.ask_others(index, now);
        }
    }

    /// Somebody was heard of.
    fn hear(&mut self, index: usize, now: Duration) -> (Weight, Option<ContactNews>) {
        let Some(row) = self.rows.get(index) else { return (FULL, None) };
        let (address, interval) = (row.target.address, row.target.settings.interval);
        let regained = self.contact.heard(address, self.domain(index), interval, now);
        if regained {
            self.reconnect(now);
        }
        (FULL, regained.then_some(ContactNews::Regained))
    }

    fn domain(&self, index: usize) -> Domain {
        self.plan.domains.get(index).copied().unwrap_or(Domain::MAX)
    }

    /// Lets some others be probed at once: if they answer, the network is there. Returns when they
    /// were asked; none if that has to wait.
    fn ask_others(&mut self, index: usize, now: Duration) -> Option<Duration> {
        if self.others_asked.is_some_and(|last| now < last + OTHERS_PAUSE) {
            return None;
        }
        self.others_asked = Some(now);
        if let Some(row) = self.rows.get_mut(index) {
            row.others_asked = Some(now);
        }
        let domain = self.domain(index);
        let (contact, domains) = (&self.contact, &self.plan.domains);
        // Those that fail together with it may have failed.
        let others = self.rows.iter_mut().zip(domains).filter(|(row, of)| {
            let is_known = !row.target.is_blind() && contact.is_known(row.target.address);
            is_known && row.verdict().hold.is_none() && **of != domain
        });
        let others = others.map(|(row, _)| row);
        // Those that were asked last time are spared while there are others.
        let mut others: Vec<&mut TargetStatus> = others.collect();
        if others.len() > OTHERS {
            others.select_nth_unstable_by_key(OTHERS, |row| row.asked_at_once);
        }
        others.into_iter().take(OTHERS).for_each(|row| row.ask_at_once(now));
        Some(now)
    }

    /// Now that the network is back, whoever fell silent is to say how it is.
    fn reconnect(&mut self, now: Duration) {
        for row in &mut self.rows {
            if row.silence.take().is_some() {
                row.tracker.reconnect(now);
                row.nudge.notify_one();
            }
        }
    }
}

impl TargetStatus {
    /// Since when it is silent, if not since before this probe.
    fn fall_silent(&mut self, ended: &Ended, now: Duration) -> Silence {
        let is_heartbeat = self.target.is_heartbeat();
        let waited = if is_heartbeat { self.target.settings.interval } else { ended.round_trip };
        let began = now.saturating_sub(waited);
        let overdue = if is_heartbeat { now } else { began + self.tracker.patience() };
        *self.silence.get_or_insert(Silence { began, seen: overdue.min(now) })
    }

    fn ask_at_once(&mut self, now: Duration) {
        self.asked_at_once = Some(now);
        self.tracker.ask_at_once(now);
        self.nudge.notify_one();
    }
}
