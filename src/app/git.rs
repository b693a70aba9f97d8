//! The remote that zones come from, and what is known of it.

use std::fmt::Display;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use super::StartError;
use super::signals::Signals;
use crate::clock;
use crate::config::{self, Daemon, FilePosition};
use crate::finding::Finding;
use crate::git::{Failure, Mirror, Source};
use crate::reload::{self, Loaded};
use crate::state::is_lock_of;

/// So much of a commit is shown where its files are named.
const SHOWN_DIGITS: usize = 12;

/// The remote that is followed.
pub(super) struct Git {
    pub config: config::Git,
    pub mirror: Arc<Mirror>,
    /// Held by whoever fetches.
    pub fetching: Mutex<()>,
    known: Mutex<Known>,
}

/// How it stands with the remote.
#[derive(Default)]
pub(super) struct Known {
    pub fetched: Option<SystemTime>,
    /// Why it cannot be fetched.
    pub unreachable: Option<String>,
    pub refused: Option<Refused>,
}

/// A commit that is not served.
pub(super) struct Refused {
    pub commit: String,
    pub since: SystemTime,
    pub tried: Instant,
    pub why: Vec<String>,
}

impl Git {
    /// Of the configuration, if that names one; with the lock that the process before had, and does
    /// not use any more.
    pub fn open(daemon: &Daemon, lock: Option<File>) -> Result<Option<Self>, StartError> {
        let Some(config) = daemon.git.clone() else { return Ok(None) };
        let source = Source {
            remote: config.remote.clone(),
            branch: config.branch.clone(),
            allowed_signers: config.allowed_signers.as_ref().map(|file| file.path.clone()),
            timeout: config.timeout,
        };
        let folder = daemon.state.join("git");
        let lock = lock.filter(|lock| is_lock_of(&folder, lock));
        let mirror = Mirror::open(&folder, source, lock).map_err(StartError::Other)?;
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

    pub fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn fetch(&self) -> Result<String, Failure> {
        let commit = self.mirror.fetch()?;
        self.known().fetched = Some(clock::wall_now());
        Ok(commit)
    }

    /// The folder of a commit that is signed as it should be.
    pub fn check_out(&self, commit: &str) -> Result<PathBuf, Vec<Finding>> {
        self.check_signature(commit)?;
        self.mirror.tree(commit).map_err(|failure| {
            let found = format!("commit {}, which cannot be checked out: {failure}", short(commit));
            vec![finding(&self.config.position, found, "a commit that can be")]
        })
    }

    /// Whether a commit is signed as it should be.
    pub fn check_signature(&self, commit: &str) -> Result<(), Vec<Finding>> {
        let short = short(commit);
        if let Some(file) = &self.config.allowed_signers {
            config::allowed_signers(file)?;
        }
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
        Ok(())
    }

    /// The folder of a commit that is served.
    pub fn tree_of(&self, commit: &str) -> PathBuf {
        self.mirror.path_of(commit)
    }

    /// The same configuration, with zones of that tree.
    pub fn of(&self, daemon: &Daemon, tree: &Path) -> Daemon {
        Daemon { zones: tree.join(&self.config.path), ..daemon.clone() }
    }

    /// Names files as git does: nobody who reads that knows our folder.
    pub fn named(&self, commit: &str, tree: &Path, findings: Vec<Finding>) -> Vec<Finding> {
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

    pub fn keep(&self, commit: &str) {
        if let Err(error) = self.mirror.keep(commit) {
            tracing::error!(%error, commit, "cannot remember the commit: the next start begins with an older one");
        }
    }

    pub fn not_fetched(&self, failure: &Failure) -> Finding {
        let config::Git { remote, branch, position, .. } = &self.config;
        let found = format!("{remote}, whose branch {branch} cannot be fetched: {failure}");
        finding(position, found, "a remote that can be reached and has that branch")
    }
}

/// What is there, or is fetched, unless somebody ends it meanwhile.
pub(super) async fn begin(
    git: Git,
    daemon: &Daemon,
    seed: u64,
    signals: &mut Signals,
) -> Result<(Git, Loaded), StartError> {
    let stop = git.stopper();
    let daemon = daemon.clone();
    let beginning = tokio::task::spawn_blocking(move || {
        let loaded = git.begin(&daemon, seed)?;
        Ok((git, loaded))
    });
    tokio::pin!(beginning);
    let begun = tokio::select! {
        begun = &mut beginning => begun,
        () = signals.end() => {
            stop();
            let _ = beginning.await;
            return Err(StartError::Stopped);
        }
    };
    begun.unwrap_or_else(|_| {
        Err(StartError::Other("loading ended in a panic: this is a bug".into()))
    })
}

fn short(commit: &str) -> &str {
    commit.get(..SHOWN_DIGITS).unwrap_or(commit)
}

fn finding(at: &FilePosition, found: impl Display, expected: &str) -> Finding {
    let FilePosition { file, line, column } = at;
    Finding::at(file, (*line, *column), found.to_string(), expected)
}
