//! What outlives a `kill -9`: the audit log with the overrides that it comes to, last verdicts, how
//! pools came back, the admin token.
//!
//! Plain files under the state folder. Nothing here is needed for answering: a daemon without a
//! state folder serves DNS, remembers nothing, and takes no override.

mod audit;
mod change;
mod comebacks;
mod days;
mod drills;
mod handover;
mod journal;
mod latest;
mod line;
mod opening;
mod replay;
mod token;
mod tokens;
mod trail;
mod verdicts;
mod webhooks;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::SystemTime;
use std::{error, fmt};

use crate::health::{Overrides, PoolComeback, RememberedVerdict, State};
use crate::notice::Silences;
use audit::AuditLog;
pub use audit::{Action, Chain, Entry, Plans};
pub use change::{Author, Change};
use comebacks::Comebacks;
use days::Days;
use handover::Writer;
pub use handover::{Closed, is_lock_of};
use journal::Durability;
use latest::LatestJournal;
use opening::{OpenError, open_disk, read_only};
pub use token::{Token, TokenError};
pub use tokens::{Granted, Role, Tokens, token_name};
pub use trail::{Part, Trail};
use verdicts::Verdicts;
pub use webhooks::Queues;

/// The state folder of this daemon, which no other daemon has open.
pub struct Store {
    folder: PathBuf,
    disk: Result<Disk, String>,
    /// Who writes to it. Held for reading by whoever writes, and for writing while it is decided who
    /// does.
    writer: RwLock<Writer>,
}

struct Disk {
    audit: Mutex<AuditLog>,
    verdicts: Mutex<LatestJournal>,
    /// What was last written to that journal, or is about to be: whoever asks does not wait for the
    /// disk.
    latest: Mutex<Verdicts>,
    /// The journal, and what it comes to.
    comebacks: Mutex<(LatestJournal, Comebacks)>,
    /// What was believed, day by day.
    days: Mutex<Days>,
    /// What webhooks are still to be sent.
    webhooks: Mutex<LatestJournal>,
    /// The lock ends with the last process that has this file open.
    lock: File,
}

/// What an earlier run left behind.
#[derive(Debug, Default)]
pub struct Remembered {
    /// The overrides in force.
    pub overrides: Overrides,
    /// The tokens that were made and not taken back.
    pub tokens: Tokens,
    /// The maintenance that was planned by the API, and not called off.
    pub plans: Plans,
    /// What nobody wants to be told of.
    pub silences: Silences,
    /// What webhooks are still to be sent.
    pub queues: Queues,
    /// What was last believed, by key of probe target.
    pub verdicts: BTreeMap<String, RememberedVerdict>,
    /// How pools came back, those that policies wait for.
    pub comebacks: Vec<PoolComeback>,
}

/// Another daemon has the state folder open.
#[derive(Debug, PartialEq, Eq)]
pub struct InUse {
    folder: PathBuf,
    by: String,
}

/// Why something could not be written down; nothing has changed.
#[derive(Debug)]
pub enum StateError {
    /// There has been no usable state folder since the start, and why.
    Unavailable(PathBuf, String),
    /// The file could not be written.
    Io(PathBuf, io::Error),
    /// The file could not be read.
    Unreadable(PathBuf, io::Error),
    /// Another process writes to the folder from now on.
    HandedOver,
}

/// The folder of the reports of drills.
const DRILLS: &str = "drills";

impl Store {
    /// Opens a state folder, made with mode 0700 if missing, and reads what it remembers.
    ///
    /// What is damaged is reported in the log and passed over; overrides that ended before `now`
    /// are dropped. A folder that cannot be written gives a store that refuses overrides, and
    /// whatever can be read, since DNS must start without it; the log says so as an error.
    ///
    /// # Errors
    ///
    /// Another daemon has it open.
    pub fn open(folder: &Path, now: SystemTime) -> Result<(Self, Remembered), InUse> {
        Self::open_with(folder, now, None)
    }

    /// The same, with the lock that the process before had and does not use any more; if it is that of
    /// another folder, this one's own is taken.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn open_with(
        folder: &Path,
        now: SystemTime,
        lock: Option<File>,
    ) -> Result<(Self, Remembered), InUse> {
        let store = |disk| Self { folder: folder.into(), disk, writer: RwLock::new(Writer::Us) };
        match open_disk(folder, now, lock) {
            Ok((disk, remembered)) => Ok((store(Ok(disk)), remembered)),
            Err(OpenError::InUse(by)) => Err(InUse { folder: folder.into(), by }),
            Err(OpenError::Io(path, error)) => {
                let why = format!("{}: {error}", path.display());
                tracing::error!(
                    folder = %folder.display(),
                    error = %why,
                    "the state folder cannot be written: refusing new overrides, and remembering \
                     nothing over the next restart; mend the folder and restart"
                );
                Ok((store(Err(why)), read_only(folder, now)))
            }
        }
    }

    /// Why nothing can be written down, where the state folder was unusable at the start.
    pub fn unavailable(&self) -> Option<&str> {
        self.disk.as_ref().err().map(String::as_str)
    }

    /// Keeps the report of a drill.
    ///
    /// # Errors
    ///
    /// It could not be written.
    pub fn keep_drill(&self, id: &str, json: &str) -> Result<(), StateError> {
        let folder = self.folder.join(DRILLS);
        let _turn = self.disk()?;
        drills::keep(&folder, id, json).map_err(|error| StateError::Io(folder, error))
    }

    /// The latest reports of drills with their files, the latest first.
    pub fn drills(&self) -> Vec<(PathBuf, String)> {
        drills::read(&self.folder.join(DRILLS))
    }

    /// Writes a change into the audit log; it is on disk when this returns.
    ///
    /// # Errors
    ///
    /// It could not be written; the log is as it was before.
    pub fn audit(
        &self,
        at: SystemTime,
        author: &Author,
        change: &Change,
    ) -> Result<(), StateError> {
        let path = Trail::path(&self.folder);
        let appended = guard(&self.disk()?.audit).append(at, author, change, Durability::Synced);
        let Chain { length, head } = appended.map_err(|error| StateError::Io(path, error))?;
        // Whoever keeps logs elsewhere has there what the end of the audit log was.
        tracing::info!(entry = length, hash = head, "audit log");
        Ok(())
    }

    /// A new token, not granted to anybody yet.
    ///
    /// # Errors
    ///
    /// The system gives no chance.
    pub fn new_token(&self) -> Result<Token, StateError> {
        Token::random().map_err(|error| StateError::Io("/dev/urandom".into(), error))
    }

    /// A part of the audit log, as it is on disk.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn trail(&self, part: Part) -> Result<Trail, StateError> {
        let path = Trail::path(&self.folder);
        Trail::read(&path, part).map_err(|error| StateError::Unreadable(path, error))
    }

    /// Keeps the audit log from being written to, as a disk does that hangs.
    #[cfg(test)]
    pub(crate) fn hang(&self) -> impl Sized {
        guard(&self.disk.as_ref().unwrap().audit)
    }

    /// Writes down a change of verdict; it is on disk some seconds later.
    ///
    /// # Errors
    ///
    /// It could not be written, and will be lost if the daemon ends now.
    pub fn record_verdict(
        &self,
        key: &str,
        state: State,
        since: SystemTime,
    ) -> Result<(), StateError> {
        let disk = self.disk()?;
        let verdict = RememberedVerdict { state, since };
        guard(&disk.latest).insert(key.to_owned(), verdict);
        let latest = || verdicts::lines(&guard(&disk.latest));
        let recorded = verdicts::to_json(key, verdict)
            .and_then(|json| guard(&disk.verdicts).record(&json, Durability::Buffered, latest));
        recorded.map_err(|error| StateError::Io(self.folder.join("verdicts.jsonl"), error))
    }

    /// Writes down how a pool went out or came back; it is on disk some seconds later.
    ///
    /// # Errors
    ///
    /// It could not be written, and will be lost if the daemon ends now.
    pub fn record_comeback(&self, what: &PoolComeback) -> Result<(), StateError> {
        self.write_comeback(what, Durability::Buffered)
    }

    /// The same; it is on disk when this returns.
    ///
    /// # Errors
    ///
    /// It could not be written; the journal is as it was before.
    pub fn record_comeback_durably(&self, what: &PoolComeback) -> Result<(), StateError> {
        self.write_comeback(what, Durability::Synced)
    }

    fn write_comeback(
        &self,
        what: &PoolComeback,
        durability: Durability,
    ) -> Result<(), StateError> {
        let path = self.folder.join("comebacks.jsonl");
        let disk = self.disk()?;
        let recorded = comebacks::to_json(what).and_then(|json| {
            let (journal, all) = &mut *guard(&disk.comebacks);
            let before = all.insert((what.pool.clone(), what.family), what.comeback);
            let recorded = journal.record(&json, durability, || comebacks::lines(all));
            if recorded.is_err() && durability == Durability::Synced {
                // Nothing has changed.
                all.insert((what.pool.clone(), what.family), before.unwrap_or_default());
            }
            recorded
        });
        recorded.map_err(|error| StateError::Io(path, error))
    }

    /// Writes down what is believed of a key, unless something is written down of it already: that
    /// is as new, or newer.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn record_unknown_verdict(
        &self,
        key: &str,
        verdict: RememberedVerdict,
    ) -> Result<(), StateError> {
        let disk = self.disk()?;
        // Taken first, so that no change comes between that is then written down before this.
        let mut journal = guard(&disk.verdicts);
        if guard(&disk.latest).contains_key(key) {
            return Ok(());
        }
        guard(&disk.latest).insert(key.to_owned(), verdict);
        let latest = || verdicts::lines(&guard(&disk.latest));
        let recorded = verdicts::to_json(key, verdict)
            .and_then(|json| journal.record(&json, Durability::Buffered, latest));
        recorded.map_err(|error| StateError::Io(self.folder.join("verdicts.jsonl"), error))
    }

    /// Writes down verdicts and comebacks that could not be written when they came, if there is room
    /// by now.
    pub fn catch_up(&self) {
        let Ok(disk) = self.disk() else { return };
        guard(&disk.verdicts).catch_up(|| verdicts::lines(&guard(&disk.latest)));
        let (journal, all) = &mut *guard(&disk.comebacks);
        journal.catch_up(|| comebacks::lines(all));
    }

    /// Forgets all verdicts but those of some keys; their lines go with the next rewrite.
    pub fn forget_verdicts(&self, keep: impl Fn(&str) -> bool) {
        if let Ok(disk) = &self.disk {
            guard(&disk.latest).retain(|key, _| keep(key));
        }
    }

    /// What was last written down of a target.
    pub fn remembered(&self, key: &str) -> Option<RememberedVerdict> {
        guard(&self.disk.as_ref().ok()?.latest).get(key).copied()
    }
}

/// Makes a folder and those above it, with mode 0700, unless it is there.
fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => sync_folder(folder),
        _ => sync_folder(Path::new(".")),
    }
}

/// Makes new and renamed names in a folder durable.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A journal mends itself before its next append, whatever the last one left behind.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Display for InUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { folder, by } = self;
        write!(f, "another daemon (process {by}) uses the state folder {}; ", folder.display())?;
        f.write_str("stop it, or give this one its own `state`")
    }
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(folder, why) => write!(
                f,
                "the state folder {} could not be used when the daemon started ({why}); mend it \
                 and restart the daemon",
                folder.display()
            ),
            Self::Io(path, error) => write!(f, "cannot write {}: {error}", path.display()),
            Self::Unreadable(path, error) => write!(f, "cannot read {}: {error}", path.display()),
            Self::HandedOver => f.write_str(
                "another process has taken over from this daemon just now; nothing has changed, ask again",
            ),
        }
    }
}

impl error::Error for InUse {}
impl error::Error for StateError {}
