//! The state folder, opened: each journal read, its torn end cut, and what it comes to.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

use super::audit::AuditLog;
use super::change::{Author, Change};
use super::comebacks::{self, Comebacks};
use super::days::Days;
use super::journal::{self, Durability, Journal};
use super::latest::LatestJournal;
use super::trail::Trail;
use super::webhooks::{WEBHOOKS, open_webhooks};
use super::{
    Disk, Remembered, create_folder, handover, replay, sync_folder, sync_folder_of, verdicts,
};
use crate::notice::SilenceText;

/// Why a folder cannot be opened.
pub(super) enum OpenError {
    /// By which process it is used.
    InUse(String),
    Io(PathBuf, io::Error),
}

pub(super) fn open_disk(
    folder: &Path,
    now: SystemTime,
    lock: Option<File>,
) -> Result<(Disk, Remembered), OpenError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error| OpenError::Io(path, error)
    };
    create_folder(folder).map_err(at(folder))?;
    // Its name should outlive a power cut too; a parent that cannot be opened is no reason to stop.
    let _ = sync_folder_of(folder);
    let lock = match lock.filter(|lock| handover::is_lock_of(folder, lock)) {
        Some(lock) => handover::sign(lock),
        None => self::lock(&folder.join("lock"))?,
    };
    let mut remembered = Remembered::default();
    let path = Trail::path(folder);
    let audit = open_audit(&path, now, &mut remembered).map_err(at(&path))?;
    let path = folder.join("verdicts.jsonl");
    let verdicts = open_verdicts(&path, &mut remembered).map_err(at(&path))?;
    let path = folder.join("comebacks.jsonl");
    let comebacks = open_comebacks(&path, &mut remembered).map_err(at(&path))?;
    let path = folder.join(WEBHOOKS);
    let webhooks = open_webhooks(&path, &mut remembered).map_err(at(&path))?;
    sync_folder(folder).map_err(at(folder))?;
    let disk = Disk {
        audit: Mutex::new(audit),
        verdicts: Mutex::new(verdicts),
        latest: Mutex::new(remembered.verdicts.clone()),
        comebacks: Mutex::new(comebacks),
        webhooks: Mutex::new(webhooks),
        days: Mutex::new(Days::new(folder)),
        lock,
    };
    Ok((disk, remembered))
}

fn lock(path: &Path) -> Result<File, OpenError> {
    let io = |error| OpenError::Io(path.into(), error);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut file = options.open(path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::Error(error)) => return Err(io(error)),
        Err(TryLockError::WouldBlock) => {
            let mut by = String::new();
            // Only to name the other one; an unreadable name leaves it unnamed.
            let _ = file.read_to_string(&mut by);
            return Err(OpenError::InUse(by.trim().to_owned()));
        }
    }
    Ok(handover::sign(file))
}

pub(super) fn open_audit(
    path: &Path,
    now: SystemTime,
    remembered: &mut Remembered,
) -> io::Result<AuditLog> {
    let (mut journal, bytes) = Journal::open(path)?;
    let (whole_bytes, chain) = replay::audit(path, &bytes, remembered);
    journal.cut_torn(whole_bytes);
    let mut audit = AuditLog::new(journal, chain);
    for (target, before) in remembered.overrides.expire(now) {
        tracing::info!(target_name = %target, state = %before.state, "an override ended meanwhile");
        let change = Change::Expire { target, before };
        // Its end stands in the entry that set it, so this one may be missing.
        let appended = audit.append(now, &Author::daemon(), &change, Durability::Buffered);
        if let Err(error) = appended {
            tracing::warn!(file = %path.display(), %error, "cannot write down the end of an override");
        }
    }
    for (about, before) in remembered.silences.expire(now) {
        tracing::info!(target_name = %about, "a silence ended meanwhile");
        let change = Change::Unsilence { before: SilenceText::new(&about, &before) };
        // As above.
        let appended = audit.append(now, &Author::daemon(), &change, Durability::Buffered);
        if let Err(error) = appended {
            tracing::warn!(file = %path.display(), %error, "cannot write down the end of a silence");
        }
    }
    Ok(audit)
}

pub(super) fn open_verdicts(path: &Path, remembered: &mut Remembered) -> io::Result<LatestJournal> {
    let (mut journal, bytes) = Journal::open(path)?;
    journal.cut_torn(replay::verdicts(path, &bytes, remembered));
    shortened(path, journal, verdicts::lines(&remembered.verdicts))
}

pub(super) fn open_comebacks(
    path: &Path,
    remembered: &mut Remembered,
) -> io::Result<(LatestJournal, Comebacks)> {
    let (mut journal, bytes) = Journal::open(path)?;
    let mut all = Comebacks::default();
    journal.cut_torn(replay::comebacks(path, &bytes, &mut all));
    let journal = shortened(path, journal, comebacks::lines(&all))?;
    remembered.comebacks = comebacks::named(&all);
    Ok((journal, all))
}

pub(super) fn shortened(
    path: &Path,
    journal: Journal,
    lines: io::Result<Vec<String>>,
) -> io::Result<LatestJournal> {
    let mut journal = LatestJournal::new(path.into(), journal);
    if let Err(error) = lines.and_then(|lines| journal.rewrite(&lines)) {
        tracing::warn!(file = %path.display(), %error, "cannot shorten the journal; it only grows");
    }
    Ok(journal)
}

/// Whatever can be read of a folder that cannot be used: a drained region must not come back
/// because a disk became read-only.
pub(super) fn read_only(folder: &Path, now: SystemTime) -> Remembered {
    let mut remembered = Remembered::default();
    let path = Trail::path(folder);
    match journal::read(&path) {
        Ok(bytes) => drop(replay::audit(&path, &bytes, &mut remembered)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => {
            tracing::error!(file = %path.display(), %error, "remembered overrides are NOT in force");
        }
    }
    let path = folder.join("verdicts.jsonl");
    if let Ok(bytes) = journal::read(&path) {
        replay::verdicts(&path, &bytes, &mut remembered);
    }
    let path = folder.join("comebacks.jsonl");
    if let Ok(bytes) = journal::read(&path) {
        let mut all = Comebacks::default();
        replay::comebacks(&path, &bytes, &mut all);
        remembered.comebacks = comebacks::named(&all);
    }
    let path = folder.join(WEBHOOKS);
    if let Ok(bytes) = journal::read(&path) {
        replay::webhooks(&path, &bytes, &mut remembered.queues);
    }
    remembered.silences.expire(now);
    remembered.overrides.expire(now);
    remembered
}
