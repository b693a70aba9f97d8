//! Silences: set and taken away by people, ended by time; as durable as overrides are.

use std::time::SystemTime;

use crate::admin::SilenceError;
use crate::app::running::Running;
use crate::clock;
use crate::history::What;
use crate::notice::{Pattern, Silence, SilenceText};
use crate::state::{Author, Change};

impl Running {
    /// Silences something for `by`, durably; returns whether something stood there.
    pub(in crate::app) fn silence(
        &self,
        about: Pattern,
        silence: Silence,
        by: &Author,
    ) -> Result<bool, SilenceError> {
        let _decision = self.decision();
        let before = self.webhooks.silences().get(&about).cloned();
        let after = SilenceText::new(&about, &silence);
        let change = Change::Silence {
            before: before.as_ref().map(|before| SilenceText::new(&about, before)),
            after: after.clone(),
        };
        self.store.audit(clock::wall_now(), by, &change).map_err(SilenceError::NotDurable)?;
        self.tell_silence("set", &after, by);
        self.webhooks.silences().set(about, silence);
        self.webhooks.compare_soon();
        Ok(before.is_some())
    }

    /// Takes a silence away for `by`, durably.
    pub(in crate::app) fn unsilence(
        &self,
        about: &Pattern,
        by: &Author,
    ) -> Result<(), SilenceError> {
        let _decision = self.decision();
        let Some(before) = self.webhooks.silences().get(about).cloned() else {
            return Err(SilenceError::Unknown);
        };
        let before = SilenceText::new(about, &before);
        let change = Change::Unsilence { before: before.clone() };
        self.store.audit(clock::wall_now(), by, &change).map_err(SilenceError::NotDurable)?;
        self.tell_silence("clear", &before, by);
        self.webhooks.silences().remove(about);
        self.webhooks.compare_soon();
        Ok(())
    }

    /// Ends the silences whose time is over.
    pub(in crate::app) fn expire_silences(&self, now: SystemTime) {
        let ended = self.webhooks.silences().expire(now);
        for (about, silence) in &ended {
            let before = SilenceText::new(about, silence);
            self.tell_silence("expire", &before, &Author::daemon());
            self.ended().push((now, Change::Unsilence { before }));
        }
        if !ended.is_empty() {
            self.webhooks.compare_soon();
        }
    }

    fn tell_silence(&self, action: &str, silence: &SilenceText, by: &Author) {
        let what = What::Silence {
            action: action.into(),
            target: silence.target.clone(),
            // Why it was taken away is of more use by then than why it was there.
            reason: by.reason.clone().unwrap_or_else(|| silence.reason.clone()),
            until: silence.until.clone(),
            by: by.to_string(),
        };
        self.history.add(clock::wall_now(), what);
    }

    /// All silences in force.
    pub(in crate::app) fn silence_list(&self) -> Vec<SilenceText> {
        let silences = self.webhooks.silences();
        silences.iter().map(|(about, one)| SilenceText::to_the_second(about, one)).collect()
    }
}
