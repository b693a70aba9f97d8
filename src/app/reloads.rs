//! Loads that are asked for, and what is told of them.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::running::Running;
use crate::clock;
use crate::finding::Finding;
use crate::history::What;
use crate::state::{Author, Change};

/// So many errors of a load are told to those who follow along; the log has all of them.
const TOLD: usize = 20;

/// Which files are wanted, where they come from a remote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The newest that there are.
    Newest,
    /// Those that are served, for something beside them has changed.
    Served,
}

impl Running {
    /// Loads the files, or what has been fetched, and tells everybody what came of it.
    pub(super) fn reload_wanted(
        &self,
        wanted: Wanted,
        by: &Author,
    ) -> Result<String, Vec<Finding>> {
        match (&self.git, wanted) {
            (Some(git), Wanted::Newest) => self.reload_newest(git, by),
            _ => self.reload_by(by, &[], |by| self.load(by)),
        }
    }

    /// The same, whatever is loaded. What has been told of it before, word for word, is not told
    /// again.
    pub(super) fn reload_by(
        &self,
        by: &Author,
        told: &[String],
        load: impl FnOnce(&Author) -> Result<(String, Author), Vec<Finding>>,
    ) -> Result<String, Vec<Finding>> {
        let _loading = self.ongoing.loading.lock().unwrap_or_else(PoisonError::into_inner);
        self.ongoing.load_is_waiting.store(false, Ordering::Release);
        let before = self.live.load().world.revision.clone();
        let loaded = load(by);
        if loaded.as_ref().is_err_and(|findings| {
            !told.is_empty() && findings.iter().map(ToString::to_string).eq(told.iter().cloned())
        }) {
            return loaded.map(|(revision, _)| revision);
        }
        self.metrics.reloaded(loaded.is_ok());
        match &loaded {
            Ok((revision, by)) => {
                tracing::info!(revision, "reloaded");
                let what =
                    What::Reload { revision: revision.clone(), errors: None, why: Vec::new() };
                self.history.add(clock::wall_now(), what);
                self.audit_reload(by, before, revision);
            }
            Err(findings) => {
                let why = findings.iter().take(TOLD).map(ToString::to_string).collect();
                let what = What::Reload { revision: before, errors: Some(findings.len()), why };
                self.history.add(clock::wall_now(), what);
                for finding in findings {
                    tracing::error!(%finding, "a file is wrong");
                }
                tracing::error!(
                    findings = findings.len(),
                    "not reloaded: what was served before is still served"
                );
            }
        }
        loaded.map(|(revision, _)| revision)
    }

    /// Files have a history of their own, so that zones are not held up by a full disk.
    fn audit_reload(&self, by: &Author, before: String, after: &str) {
        if before == after || self.store.unavailable().is_some() {
            return;
        }
        let commit = self.live.load().world.commit.clone();
        let change = Change::Reload { before, after: after.to_owned(), commit };
        if let Err(error) = self.store.audit(clock::wall_now(), by, &change) {
            tracing::error!(%error, "the audit log lacks a reload");
        }
    }
}
