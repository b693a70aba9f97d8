//! What the files look like from outside: whether they are other than before, and whether somebody
//! is writing them.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::config::{DEEPEST_FOLDER, Daemon, is_hidden};

/// What the files looked like when they were last loaded, whoever had them loaded.
pub struct Seen(Mutex<Look>);

impl Seen {
    /// The files as they are now.
    pub fn now(daemon: &Daemon) -> Self {
        Self(Mutex::new(Look::at(own_zones(daemon), &files_beside(daemon))))
    }

    /// To be called before each load: a change that comes meanwhile is seen afterwards.
    pub fn refresh(&self, daemon: &Daemon) {
        let now = Look::at(own_zones(daemon), &files_beside(daemon));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    pub(super) fn last(&self) -> Look {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The zones folder, where people change it: what comes from git is another folder each time.
pub(super) fn own_zones(daemon: &Daemon) -> Option<&Path> {
    daemon.git.is_none().then_some(&*daemon.zones)
}

/// The files that a load reads beside those of the zones folder.
pub(super) fn files_beside(daemon: &Daemon) -> Vec<PathBuf> {
    let pairs = daemon.dns.tls.iter().map(|tls| &tls.pair).chain(&daemon.admin.tls);
    let pairs = pairs.flat_map(|pair| [&pair.certificate.path, &pair.key.path]);
    let secrets = daemon.dns.cookie_secret_file.iter().map(|(path, _)| path);
    daemon.geoip.iter().chain(pairs).chain(secrets).cloned().collect()
}

/// What all files of a folder, and some beside it, look like; as hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    /// Which files there are: their names, inodes and when they were made. Other than before when one appears, goes, or
    /// is put in place of another.
    files: u64,
    /// Their sizes and times: other than before when one is written.
    contents: u64,
}

impl Look {
    pub(super) fn at(zones: Option<&Path>, files: &[PathBuf]) -> Self {
        let mut fold = Fold::default();
        if let Some(zones) = zones {
            fold.folder(zones, 0);
        }
        for file in files {
            fold.file(file);
        }
        Self { files: fold.files.finish(), contents: fold.contents.finish() }
    }

    /// Whether between `earlier` and now files were written, and none was put in place of another:
    /// whoever writes so has files that are only half there.
    pub(super) fn is_being_written(self, earlier: Self) -> bool {
        self.files == earlier.files && self.contents != earlier.contents
    }
}

#[derive(Default)]
struct Fold {
    files: DefaultHasher,
    contents: DefaultHasher,
}

impl Fold {
    fn folder(&mut self, folder: &Path, depth: usize) {
        let mut paths: Vec<(PathBuf, bool)> = match fs::read_dir(folder) {
            // Links to folders are not gone down into: they can lead back up.
            Ok(entries) => entries
                .flatten()
                .filter(|entry| !is_hidden(&entry.file_name()))
                .map(|entry| (entry.path(), entry.file_type().is_ok_and(|kind| kind.is_dir())))
                .collect(),
            Err(error) => {
                error.kind().hash(&mut self.files);
                return;
            }
        };
        paths.sort_unstable();
        for (path, is_folder) in paths {
            self.file(&path);
            if depth < DEEPEST_FOLDER && is_folder {
                self.folder(&path, depth + 1);
            }
        }
    }

    fn file(&mut self, path: &Path) {
        path.hash(&mut self.files);
        if let Ok(found) = fs::metadata(path) {
            // Inodes are used again.
            (found.ino(), found.created().ok()).hash(&mut self.files);
            let times = (found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec());
            (found.len(), times).hash(&mut self.contents);
        }
    }
}
