//! Silence: whether an endpoint falls silent by itself, or this machine hears of nobody any more.

use std::sync::Arc;
use std::time::Duration;

use super::{Ended, Table, TargetStatus};
use crate::health::{Blame, Domain, Heard, Silence};
use crate::probe::report::ContactNews;

/// Others that were asked whether they can be heard of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    at: Duration,
    /// How long the slowest of them may take.
    patience: Duration,
}

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
/// How long they have to answer at least, before nobody is there.
const ANSWERING: Duration = Duration::from_secs(1);
/// And before a loss may have begun that is over already.
const GAP: Duration = Duration::from_millis(300);
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
        // Not `row_mut`: the others of its table are looked at meanwhile.
        let Some(row) = self.rows.get_mut(index).map(Arc::make_mut) else { return (FULL, None) };
        let is_blind = row.target.is_blind();
        // It needs no network.
        if row.is_local {
            return (FULL, None);
        }
        let is_silence = match &ended.result {
            Err(failure) if failure.is_ours() => return (FULL, None),
            Err(failure) => failure.is_silence() || is_blind,
            Ok(()) => false,
        };
        if !is_silence {
            row.silence = None;
            // It may have been long before the end.
            let at = ended.heard.unwrap_or(now);
            return if is_blind { (FULL, None) } else { self.hear(index, at, now) };
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
        let mut asked = row.others_asked.filter(|asked| asked.at >= silence.seen);
        if !is_alone && asked.is_none() {
            asked = self.ask_others(index, now);
        }
        if !would_fall {
            return (FULL, None);
        }
        if !is_alone && self.contact.may_be_lost(silence) {
            let have_answered =
                asked.is_some_and(|asked| now >= asked.at + asked.patience.max(ANSWERING));
            if !self.contact.is_cut_off() && !have_answered {
                return (Weight::Counts(Blame::Unknown), None);
            }
            let news = self.contact.lose(silence).then_some(ContactNews::Lost);
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
        if row.is_local || row.target.is_blind() {
            return;
        }
        let asked = match self.rows.len() < BUSY {
            true => self.ask_others(index, now),
            false => Some(Asked { at: now, patience: row.tracker.patience() }),
        };
        if let Some(asked) = asked {
            self.contact.await_others(now, now + asked.patience.max(GAP));
        }
    }

    /// Somebody was heard of at some moment.
    fn hear(&mut self, index: usize, at: Duration, now: Duration) -> (Weight, Option<ContactNews>) {
        let Some(row) = self.rows.get(index) else { return (FULL, None) };
        let (address, interval) = (row.target.address, row.target.settings.interval);
        let heard = self.contact.heard(address, self.domain(index), interval, at);
        if heard != Heard::Somebody {
            self.reconnect(now);
        }
        (FULL, (heard == Heard::Regained).then_some(ContactNews::Regained))
    }

    fn domain(&self, index: usize) -> Domain {
        self.plan.domains.get(index).copied().unwrap_or(Domain::MAX)
    }

    /// Lets some others be probed at once: if they answer, the network is there. None if that has to
    /// wait.
    fn ask_others(&mut self, index: usize, now: Duration) -> Option<Asked> {
        if self.others_asked.is_some_and(|last| now < last + OTHERS_PAUSE) {
            return None;
        }
        self.others_asked = Some(now);
        let domain = self.domain(index);
        let (contact, domains) = (&self.contact, &self.plan.domains);
        // Those that fail together with it may have failed.
        let others = self.rows.iter_mut().zip(domains).filter(|(row, of)| {
            let is_known = !row.target.is_blind() && contact.is_known(row.target.address);
            is_known && row.verdict().hold.is_none() && **of != domain
        });
        let others = others.map(|(row, _)| row);
        // Those that were asked last time are spared while there are others.
        let mut others: Vec<&mut Arc<TargetStatus>> = others.collect();
        if others.len() > OTHERS {
            others.select_nth_unstable_by_key(OTHERS, |row| row.asked_at_once);
        }
        let others = others.into_iter().take(OTHERS);
        let patience =
            others.map(|row| Arc::make_mut(row).ask_at_once(now)).max().unwrap_or_default();
        let asked = Asked { at: now, patience };
        self.row_mut(index)?.others_asked = Some(asked);
        Some(asked)
    }

    /// Now that the network is back, whoever fell silent is to say how it is.
    fn reconnect(&mut self, now: Duration) {
        for row in &mut self.rows {
            if row.silence.is_some() {
                let row = Arc::make_mut(row);
                row.silence = None;
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

    /// Returns how long it may take to answer.
    fn ask_at_once(&mut self, now: Duration) -> Duration {
        self.asked_at_once = Some(now);
        self.tracker.ask_at_once(now);
        self.nudge.notify_one();
        self.tracker.patience()
    }
}
