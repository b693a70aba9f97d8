//! Following a remote that the zones come from: what is fetched is looked at, loaded, and only then
//! served.
//!
//! Whatever is wrong with the remote or with what it has, the last good commit stays, and everybody
//! is told why.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::background::until;
use super::git::{Git, Refused};
use super::running::Running;
use crate::admin::status::{GitStatus, RefusedCommit};
use crate::clock;
use crate::finding::Finding;
use crate::git::Failure;
use crate::history::{GitState, What};
use crate::state::Author;
use crate::timestamp;
use crate::view::World;

/// A commit that was refused is tried again after this time, for what it was refused for may lie
/// elsewhere: in a file beside it, or in what people have taken away.
const TRY_AGAIN: Duration = Duration::from_secs(60);
impl Running {
    /// Fetches and loads, whatever has been seen of it before.
    pub(super) fn reload_newest(&self, git: &Git, by: &Author) -> Result<String, Vec<Finding>> {
        let _fetching = git.fetching.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever wants only what is served need not wait for this.
        self.ongoing.load_is_waiting.store(false, Ordering::Release);
        let commit = self.fetch(git).map_err(|finding| vec![finding])?;
        self.reload_commit(git, &commit, by, &[])
    }

    /// Fetches, and loads what is new.
    fn follow(&self, git: &Git) {
        let _fetching = git.fetching.lock().unwrap_or_else(PoisonError::into_inner);
        let (fetched, served) = (self.fetch(git).ok(), self.live.load().world.commit.clone());
        let Some(commit) = fetched.clone().or(served.clone()) else { return };
        if served.as_ref() == Some(&commit) {
            match git.check_signature(&commit) {
                // Whose it is may have been asked for since it was loaded, or be asked otherwise.
                Err(findings) => self.refuse(git, &commit, &findings),
                Ok(()) if fetched.is_some() && git.known().refused.take().is_some() => {
                    // What was refused is gone again.
                    self.tell_commit(GitState::Serving, &commit, Vec::new());
                }
                Ok(()) => {}
            }
            return;
        }
        let now = clock::monotonic_now();
        let is_known = git.known().refused.as_ref().is_some_and(|refused| {
            refused.commit == commit && now.saturating_duration_since(refused.tried) < TRY_AGAIN
        });
        if !is_known {
            let refused = git
                .known()
                .refused
                .as_ref()
                .filter(|known| known.commit == commit)
                .map(|known| known.why.clone());
            let told = refused.unwrap_or_default();
            // What comes of it has been told.
            let _ = self.reload_commit(git, &commit, &Author::daemon(), &told);
            git.mirror.tidy();
        }
    }

    /// Fetches, and tells when that begins to fail, and when it no longer does.
    fn fetch(&self, git: &Git) -> Result<String, Finding> {
        let fetched = git.fetch();
        let (now, commit) = (clock::wall_now(), None);
        match fetched {
            Ok(fetched) => {
                if git.known().unreachable.take().is_some() {
                    tracing::warn!(remote = git.config.remote, "the remote can be fetched again");
                    let (state, why) = (GitState::Reachable, Vec::new());
                    self.history.add(now, What::Git { state, commit, why });
                }
                Ok(fetched)
            }
            Err(failure) => {
                let (finding, why) = (git.not_fetched(&failure), failure.to_string());
                let is_news = failure != Failure::Stopped
                    && git.known().unreachable.replace(why.clone()).is_none();
                if is_news {
                    let remote = &git.config.remote;
                    tracing::error!(
                        remote,
                        why,
                        "the remote cannot be fetched: what is served stays"
                    );
                    let (state, why) = (GitState::Unreachable, vec![why]);
                    self.history.add(now, What::Git { state, commit, why });
                }
                Err(finding)
            }
        }
    }

    /// Serves a commit from now on, or says everything that is wrong with it.
    fn reload_commit(
        &self,
        git: &Git,
        commit: &str,
        by: &Author,
        told: &[String],
    ) -> Result<String, Vec<Finding>> {
        let before = self.live.load().world.commit.clone();
        let tree = git.check_out(commit);
        let loaded = self.reload_by(by, told, |by| {
            let tree = tree?;
            let loaded = self.load_tree(git, commit, &tree, by)?;
            git.keep(commit);
            Ok(loaded)
        });
        match &loaded {
            Ok(_) => {
                let was_refused = git.known().refused.take().is_some();
                let is_another = before.as_deref() != Some(commit);
                if is_another {
                    tracing::info!(commit, "serving another commit");
                }
                // Also where what was refused is gone again: the load itself may be told of before that is known.
                if is_another || was_refused {
                    self.tell_commit(GitState::Serving, commit, Vec::new());
                }
            }
            // Only something beside it is wrong.
            Err(_) if before.as_deref() == Some(commit) => {}
            Err(findings) => self.refuse(git, commit, findings),
        }
        loaded
    }

    /// Loads the tree of a commit.
    pub(super) fn load_tree(
        &self,
        git: &Git,
        commit: &str,
        tree: &Path,
        by: &Author,
    ) -> Result<(String, Author), Vec<Finding>> {
        let loaded = self.load_from(&git.of(&self.daemon, tree), Some(commit.to_owned()), by);
        loaded.map_err(|wrong| git.named(commit, tree, wrong))
    }

    fn refuse(&self, git: &Git, commit: &str, findings: &[Finding]) {
        let why: Vec<String> = findings.iter().map(ToString::to_string).collect();
        let before = git.known().refused.take().filter(|refused| refused.commit == commit);
        let is_news = before.as_ref().is_none_or(|refused| refused.why != why);
        let since = before.map_or_else(clock::wall_now, |refused| refused.since);
        let tried = clock::monotonic_now();
        git.known().refused =
            Some(Refused { commit: commit.to_owned(), since, tried, why: why.clone() });
        // It is checked out anew when it is tried again.
        git.mirror.sweep(self.live.load().world.commit.as_deref());
        if is_news {
            match self.live.load().world.commit.as_deref() == Some(commit) {
                true => tracing::error!(
                    commit,
                    "the commit that is served would be refused now: it stays until there is a good one"
                ),
                false => tracing::error!(commit, "a commit is refused: the last good one stays"),
            }
            self.tell_commit(GitState::Refused, commit, why);
        }
    }

    fn tell_commit(&self, state: GitState, commit: &str, why: Vec<String>) {
        let commit = Some(commit.to_owned());
        self.history.add(clock::wall_now(), What::Git { state, commit, why });
    }

    /// How it stands with the remote, if one is followed.
    pub(super) fn git_status(&self, world: &World) -> Option<GitStatus> {
        let git = self.git.as_ref()?;
        let known = git.known();
        Some(GitStatus {
            remote: git.config.remote.clone(),
            branch: git.config.branch.clone(),
            commit: world.commit.clone(),
            fetched: known.fetched.map(timestamp::to_rfc3339),
            unreachable: known.unreachable.clone(),
            refused: known.refused.as_ref().map(|refused| RefusedCommit {
                commit: refused.commit.clone(),
                since: timestamp::to_rfc3339(refused.since),
                why: refused.why.clone(),
            }),
        })
    }
}

/// Follows until the daemon stops.
pub(super) async fn follow(running: Arc<Running>, stopped: watch::Receiver<bool>) {
    let every = running.git.as_ref().map_or(TRY_AGAIN, |git| git.config.every);
    let stopped = until(stopped);
    tokio::pin!(stopped);
    loop {
        let running = Arc::clone(&running);
        let round = tokio::task::spawn_blocking(move || {
            if let Some(git) = &running.git {
                running.follow(git);
            }
        });
        // It ends at once when it is told to stop. A panic there has been reported, and the next
        // round may fare better.
        let _ = round.await;
        tokio::select! {
            () = &mut stopped => return,
            () = tokio::time::sleep(every) => {}
        }
    }
}
