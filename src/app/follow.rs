//! A remote that the zones come from: fetched, looked at, loaded, and only then served.
//!
//! Whatever is wrong with the remote or with what it has, the last good commit stays, and everybody
//! is told why.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;

use super::StartError;
use super::background::until;
use super::running::Running;
use crate::admin::status::{GitStatus, RefusedCommit};
use crate::clock;
use crate::config::{self, Daemon, FilePosition};
use crate::finding::Finding;
use crate::git::{Failure, Mirror, Source};
use crate::history::{GitState, What};
use crate::reload::{self, Loaded};
use crate::state::Author;
use crate::timestamp;
use crate::view::World;

/// A commit that was refused is tried again after this time, for what it was refused for may lie
/// elsewhere: in a file beside it, or in what people have taken away.
const TRY_AGAIN: Duration = Duration::from_secs(60);
/// So much of a commit is shown where its files are named.
const SHOWN_DIGITS: usize = 12;

/// Which files are wanted, where they come from a remote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The newest that there are.
    Newest,
    /// Those that are served, for something beside them has changed.
    Served,
}

/// The remote that is followed.
pub(super) struct Git {
    config: config::Git,
    mirror: Arc<Mirror>,
    /// Held by whoever fetches.
    fetching: Mutex<()>,
    known: Mutex<Known>,
}

/// How it stands with the remote.
#[derive(Default)]
struct Known {
    fetched: Option<SystemTime>,
    /// Why it cannot be fetched.
    unreachable: Option<String>,
    refused: Option<Refused>,
}

/// A commit that is not served.
struct Refused {
    commit: String,
    since: SystemTime,
    tried: Instant,
    why: Vec<String>,
}

impl Git {
    /// Of the configuration, if that names one.
    pub fn open(daemon: &Daemon) -> Result<Option<Self>, StartError> {
        let Some(config) = daemon.git.clone() else { return Ok(None) };
        let source = Source {
            remote: config.remote.clone(),
            branch: config.branch.clone(),
            allowed_signers: config.allowed_signers.as_ref().map(|file| file.path.clone()),
            timeout: config.timeout,
        };
        let mirror = Mirror::open(&daemon.state.join("git"), source).map_err(StartError::Other)?;
        let (fetching, known) = (Mutex::default(), Mutex::default());
        Ok(Some(Self { config, mirror: Arc::new(mirror), fetching, known }))
    }

    /// What to begin with: the last good commit, so that a start hangs on no remote; or the newest,
    /// where there is none yet, or it is no longer good.
    pub fn begin(&self, daemon: &Daemon, seed: u64) -> Result<Loaded, StartError> {
        let served = self.mirror.served();
        let mut findings = Vec::new();
        if let Some(commit) = served.clone() {
            match reload::load(daemon, seed) {
                Ok(mut loaded) => {
                    loaded.world.commit = Some(commit);
                    return Ok(loaded);
                }
                Err(wrong) => findings = wrong,
            }
        }
        let newest = self.fetch().map_err(|failure| self.not_fetched(&failure));
        let newest = newest.map_err(|finding| vec![finding]);
        let loaded = newest.and_then(|commit| {
            if served.as_ref() == Some(&commit) {
                return Err(Vec::new());
            }
            let tree = self.check_out(&commit)?;
            let loaded = reload::load(&self.of(daemon, &tree), seed);
            let mut loaded = loaded.map_err(|wrong| self.named(&commit, &tree, wrong))?;
            self.keep(&commit);
            loaded.world.commit = Some(commit);
            Ok(loaded)
        });
        loaded.map_err(|wrong| {
            findings.extend(wrong);
            findings.dedup();
            StartError::Files(findings)
        })
    }

    /// What ends whatever is under way.
    pub fn stopper(&self) -> impl FnOnce() + use<> {
        let mirror = Arc::clone(&self.mirror);
        move || mirror.stop()
    }

    /// Ends whatever is under way, for good.
    pub fn stop(&self) {
        self.mirror.stop();
    }

    /// When the branch was last fetched.
    pub fn last_fetch(&self) -> Option<SystemTime> {
        self.known().fetched
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fetch(&self) -> Result<String, Failure> {
        let commit = self.mirror.fetch()?;
        self.known().fetched = Some(clock::wall_now());
        Ok(commit)
    }

    /// The folder of a commit that is signed as it should be.
    fn check_out(&self, commit: &str) -> Result<PathBuf, Vec<Finding>> {
        let short = short(commit);
        if let (Some(file), Err(failure)) =
            (&self.config.allowed_signers, self.mirror.verify(commit))
        {
            let found = match &failure {
                Failure::Refused(words) if words.is_empty() => {
                    format!("commit {short}, which is not signed")
                }
                why => format!("commit {short}, whose signature is not good: {why}"),
            };
            let expected = format!("a signature by ssh of one of {}", file.path.display());
            return Err(vec![finding(&file.position, found, &expected)]);
        }
        self.mirror.tree(commit).map_err(|failure| {
            let found = format!("commit {short}, which cannot be checked out: {failure}");
            vec![finding(&self.config.position, found, "a commit that can be")]
        })
    }

    /// The folder of a commit that is served.
    pub fn tree_of(&self, commit: &str) -> PathBuf {
        self.mirror.path_of(commit)
    }

    /// The same configuration, with zones of that tree.
    fn of(&self, daemon: &Daemon, tree: &Path) -> Daemon {
        Daemon { zones: tree.join(&self.config.path), ..daemon.clone() }
    }

    /// Names files as git does: nobody who reads that knows our folder.
    fn named(&self, commit: &str, tree: &Path, findings: Vec<Finding>) -> Vec<Finding> {
        let tree = format!("{}/", tree.display());
        let shown = |text: &str| text.replace(&tree, &format!("{}:", short(commit)));
        let named = |of: Finding| Finding {
            file: shown(&of.file),
            found: shown(&of.found),
            expected: shown(&of.expected),
            ..of
        };
        findings.into_iter().map(named).collect()
    }

    fn keep(&self, commit: &str) {
        if let Err(error) = self.mirror.keep(commit) {
            tracing::error!(%error, commit, "cannot remember the commit: the next start begins with an older one");
        }
    }

    fn not_fetched(&self, failure: &Failure) -> Finding {
        let config::Git { remote, branch, position, .. } = &self.config;
        let found = format!("{remote}, whose branch {branch} cannot be fetched: {failure}");
        finding(position, found, "a remote that can be reached and has that branch")
    }
}

impl Running {
    /// Fetches and loads, whatever has been seen of it before.
    pub(super) fn reload_newest(&self, git: &Git, by: &Author) -> Result<String, Vec<Finding>> {
        let _fetching = git.fetching.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever wants only what is served need not wait for this.
        self.ongoing.load_is_waiting.store(false, std::sync::atomic::Ordering::Release);
        let commit = self.fetch(git).map_err(|finding| vec![finding])?;
        self.reload_commit(git, &commit, by)
    }

    /// Fetches, and loads what is new.
    fn follow(&self, git: &Git) {
        let _fetching = git.fetching.lock().unwrap_or_else(PoisonError::into_inner);
        let Ok(commit) = self.fetch(git) else { return };
        if self.live.load().world.commit.as_ref() == Some(&commit) {
            // What was refused is gone again.
            git.known().refused = None;
            return;
        }
        let now = clock::monotonic_now();
        let is_known = git.known().refused.as_ref().is_some_and(|refused| {
            refused.commit == commit && now.saturating_duration_since(refused.tried) < TRY_AGAIN
        });
        if !is_known {
            // What comes of it has been told.
            let _ = self.reload_commit(git, &commit, &Author::daemon());
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
    fn reload_commit(&self, git: &Git, commit: &str, by: &Author) -> Result<String, Vec<Finding>> {
        let before = self.live.load().world.commit.clone();
        let tree = git.check_out(commit);
        let loaded = self.reload_by(by, |by| {
            let tree = tree?;
            let loaded = self.load_tree(git, commit, &tree, by)?;
            git.keep(commit);
            Ok(loaded)
        });
        match &loaded {
            Ok(_) => {
                git.known().refused = None;
                if before.as_deref() != Some(commit) {
                    tracing::info!(commit, "serving another commit");
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
            tracing::error!(commit, "a commit is refused: the last good one stays");
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

fn short(commit: &str) -> &str {
    commit.get(..SHOWN_DIGITS).unwrap_or(commit)
}

fn finding(at: &FilePosition, found: impl Display, expected: &str) -> Finding {
    let FilePosition { file, line, column } = at;
    Finding::at(file, (*line, *column), found.to_string(), expected)
}
