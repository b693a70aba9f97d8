//! The state folder from one process to the next: at every moment one of the two writes to it.
//!
//! Both have the same lock, for it belongs to the open file, which is handed on. Who writes is a
//! matter between them: the one before waits while the next one begins, and goes on if that fails.

use std::fs::{self, File};
use std::io::{self, Seek as _, Write as _};
use std::ops::Deref;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{PoisonError, RwLockReadGuard, RwLockWriteGuard};
use std::time::SystemTime;

use super::opening::{open_audit, open_comebacks, open_verdicts};
use super::webhooks::{WEBHOOKS, open_webhooks};
use super::{Disk, Durability, Remembered, StateError, Store, Trail, guard, verdicts};
use crate::health::RememberedVerdict;

/// Who writes to the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writer {
    /// This process.
    Us,
    /// The one that has taken over.
    Another,
}

/// The disk, for one who writes.
pub(super) struct Open<'s> {
    disk: &'s Disk,
    _turn: RwLockReadGuard<'s, Writer>,
}

impl Deref for Open<'_> {
    type Target = Disk;

    fn deref(&self) -> &Disk {
        self.disk
    }
}

/// A store that nobody writes to, for another process is about to: whoever wants to write waits.
/// Dropped, it is as it was before.
pub struct Closed<'s> {
    store: &'s Store,
    writer: RwLockWriteGuard<'s, Writer>,
}

impl Store {
    /// The disk, to be written to; while it is decided by whom, that is waited for.
    pub(super) fn disk(&self) -> Result<Open<'_>, StateError> {
        let unavailable = |why: &String| StateError::Unavailable(self.folder.clone(), why.clone());
        let disk = self.disk.as_ref().map_err(unavailable)?;
        let turn = self.writer.read().unwrap_or_else(PoisonError::into_inner);
        match *turn {
            Writer::Us => Ok(Open { disk, _turn: turn }),
            Writer::Another => Err(StateError::HandedOver),
        }
    }

    /// The lock of the folder, to be handed on; none where the folder is unusable.
    ///
    /// # Errors
    ///
    /// The system has no descriptor to give.
    pub fn lock(&self) -> io::Result<Option<File>> {
        self.disk.as_ref().ok().map(|disk| disk.lock.try_clone()).transpose()
    }

    /// Waits for those who write, and keeps everybody from writing.
    pub fn close(&self) -> Closed<'_> {
        let writer = self.writer.write().unwrap_or_else(PoisonError::into_inner);
        Closed { store: self, writer }
    }
}

impl Closed<'_> {
    /// Writes down what is believed at last, where something else is written down.
    ///
    /// # Errors
    ///
    /// It could not be written.
    pub fn record_verdicts<'k>(
        &self,
        believed: impl Iterator<Item = (&'k str, RememberedVerdict)>,
    ) -> io::Result<()> {
        let Ok(disk) = &self.store.disk else { return Ok(()) };
        for (key, verdict) in believed {
            if guard(&disk.latest).insert(key.to_owned(), verdict) != Some(verdict) {
                let json = verdicts::to_json(key, verdict)?;
                let latest = || verdicts::lines(&guard(&disk.latest));
                guard(&disk.verdicts).record(&json, Durability::Buffered, latest)?;
            }
        }
        Ok(())
    }

    /// Another process writes from now on, and this one never again.
    pub fn hand_over(mut self) {
        *self.writer = Writer::Another;
    }

    /// Goes on with what another process has left behind that was to take over and has not; returns
    /// what is remembered since.
    ///
    /// # Errors
    ///
    /// The files cannot be read any more; those that were open stay so.
    pub fn take_back(self, now: SystemTime) -> io::Result<Option<Remembered>> {
        let Ok(disk) = &self.store.disk else { return Ok(None) };
        disk.open_again(&self.store.folder, now).map(Some)
    }
}

impl Disk {
    fn open_again(&self, folder: &Path, now: SystemTime) -> io::Result<Remembered> {
        let mut remembered = Remembered::default();
        *guard(&self.audit) = open_audit(&Trail::path(folder), now, &mut remembered)?;
        *guard(&self.verdicts) = open_verdicts(&folder.join("verdicts.jsonl"), &mut remembered)?;
        *guard(&self.latest) = remembered.verdicts.clone();
        guard(&self.days).close();
        *guard(&self.comebacks) = open_comebacks(&folder.join("comebacks.jsonl"), &mut remembered)?;
        *guard(&self.webhooks) = open_webhooks(&folder.join(WEBHOOKS), &mut remembered)?;
        sign(self.lock.try_clone()?);
        Ok(remembered)
    }
}

/// Whether a lock that was handed on is the one of this folder.
pub fn is_lock_of(folder: &Path, lock: &File) -> bool {
    let of_folder = fs::metadata(folder.join("lock"));
    let (Ok(of_folder), Ok(handed)) = (of_folder, lock.metadata()) else { return false };
    (of_folder.dev(), of_folder.ino()) == (handed.dev(), handed.ino())
}

/// Writes into the lock who has it: the number helps whoever finds it taken; a full disk is no reason
/// not to start.
pub(super) fn sign(mut lock: File) -> File {
    let _ = lock
        .set_len(0)
        .and_then(|()| lock.rewind())
        .and_then(|()| writeln!(lock, "{}", std::process::id()));
    lock
}
