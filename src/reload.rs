//! Files to a new world, and when to look at them again.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::config::{self, Daemon, Loaded, Place};
use crate::finding::Finding;
use crate::geoip;
use crate::place::Places;

/// Without any sign of a change the files are looked at this often: some file systems give none.
const POLL: Duration = Duration::from_secs(5);
/// After a sign of a change, files must be quiet for this long before they are loaded.
const QUIET: Duration = Duration::from_millis(100);
/// But nobody waits longer than this for quiet.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Loads everything under `zones/` and `geoip/`, or says everything that is wrong with it.
pub fn load(daemon: &Daemon, seed: u64) -> Result<Loaded, Vec<Finding>> {
    let (present, mut findings) = databases(daemon);
    // The zones are read all the same where databases cannot be, so that all findings come at once.
    let (places, revision) = match geoip::load(&present) {
        Ok(read) => (read.places, read.revision),
        Err(more) => {
            findings.extend(more);
            (Places::unknown(), String::new())
        }
    };
    if let Some(finding) = no_zones(daemon) {
        findings.push(finding);
        return Err(findings);
    }
    match config::load(&daemon.zones, Arc::new(places), &revision, seed) {
        Ok(loaded) if findings.is_empty() => Ok(loaded),
        Ok(_) => Err(findings),
        Err(more) => {
            findings.extend(more);
            Err(findings)
        }
    }
}

/// The same, from `steersman.toml` on: with a mistake there, whatever else is known is loaded too.
pub fn load_from(config: &Path, seed: u64) -> Result<Loaded, Vec<Finding>> {
    let (daemon, mut findings) = config::daemon_so_far(config);
    let Some(daemon) = daemon else { return Err(findings) };
    if findings.is_empty() {
        return load(&daemon, seed);
    }
    // Where nobody can tell which folder is meant, the default is one only if it is there.
    if daemon.zones_place.is_some() || daemon.zones.is_dir() {
        findings.extend(load(&daemon, seed).err().unwrap_or_default());
    }
    Err(findings)
}

/// The databases that are there, and a finding for each that is not.
fn databases(daemon: &Daemon) -> (Vec<PathBuf>, Vec<Finding>) {
    let (mut present, mut findings) = (Vec::new(), Vec::new());
    for (index, file) in daemon.geoip.iter().enumerate() {
        match fs::metadata(file) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let expected = "an MMDB file; geoip = [] in steersman.toml means none";
                let place = daemon.geoip_places.get(index);
                findings.push(named(place, file, "no such file".into(), expected));
            }
            _ => present.push(file.clone()),
        }
    }
    (present, findings)
}

/// What is wrong with a folder of zones that `steersman.toml` names.
fn no_zones(daemon: &Daemon) -> Option<Finding> {
    let place = daemon.zones_place.as_ref()?;
    let error = fs::read_dir(&daemon.zones).err()?;
    let found = format!("a folder that cannot be read: {error}");
    Some(named(Some(place), &daemon.zones, found, "a folder with zones"))
}

/// A finding about a file where its name is written, or else where it should be.
fn named(place: Option<&Place>, path: &Path, found: String, expected: &str) -> Finding {
    let path = path.display().to_string();
    match place {
        Some(Place { file, line, column }) => {
            Finding::at(file, (*line, *column), format!("{path}, {found}"), expected)
        }
        None => Finding::at(path, (1, 1), found, expected),
    }
}

/// What the files looked like when they were last loaded, whoever had them loaded.
pub struct Seen(AtomicU64);

impl Seen {
    /// The files as they are now.
    pub fn now(daemon: &Daemon) -> Self {
        Self(AtomicU64::new(fingerprint(&daemon.zones, &daemon.geoip)))
    }

    /// To be called before each load: a change that comes meanwhile is seen afterwards.
    pub fn refresh(&self, daemon: &Daemon) {
        self.0.store(fingerprint(&daemon.zones, &daemon.geoip), Ordering::Relaxed);
    }
}

/// Watches the files that a load reads.
pub struct Watch {
    zones: PathBuf,
    geoip: Vec<PathBuf>,
    seen: Arc<Seen>,
    signs: mpsc::Receiver<()>,
    /// Held, not used: watching ends with it. None where the system cannot watch; then the files
    /// are only looked at now and then.
    _watcher: Option<RecommendedWatcher>,
}

impl Watch {
    /// Begins to watch for files that are other than `seen`.
    pub fn new(daemon: &Daemon, seen: Arc<Seen>) -> Self {
        let (sender, signs) = mpsc::channel(1);
        let watcher = watcher(daemon, sender)
            .inspect_err(|error| {
                tracing::warn!(%error, "cannot watch the files; looking at them every 5 s instead");
            })
            .ok();
        let (zones, geoip) = (daemon.zones.clone(), daemon.geoip.clone());
        Self { zones, geoip, seen, signs, _watcher: watcher }
    }

    /// Waits until some file is other than when it was last loaded, and then until the files have
    /// been quiet for a moment, in which nobody else has them loaded.
    pub async fn changed(&mut self) {
        loop {
            // Either a sign or the time to look anyway.
            let _ = timeout(POLL, self.sign()).await;
            if self.is_news() {
                self.quiet().await;
                if self.is_news() {
                    return;
                }
            }
        }
    }

    /// Waits for a sign of a change: for ever, where the system cannot watch.
    async fn sign(&mut self) {
        if self.signs.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    fn is_news(&self) -> bool {
        fingerprint(&self.zones, &self.geoip) != self.seen.0.load(Ordering::Relaxed)
    }

    async fn quiet(&self) {
        let mut last = fingerprint(&self.zones, &self.geoip);
        for _ in 0..LONGEST_WAIT.as_millis() / QUIET.as_millis() {
            sleep(QUIET).await;
            let now = fingerprint(&self.zones, &self.geoip);
            if now == last {
                return;
            }
            last = now;
        }
    }
}

fn watcher(daemon: &Daemon, signs: mpsc::Sender<()>) -> notify::Result<RecommendedWatcher> {
    let sign = move |_| {
        // A sign is waiting already where the channel is full.
        let _ = signs.try_send(());
    };
    let config = notify::Config::default().with_follow_symlinks(false);
    let mut watcher = RecommendedWatcher::new(sign, config)?;
    watcher.watch(&daemon.zones, RecursiveMode::Recursive)?;
    // Folders, not files: editors and updaters put new files in place of old ones.
    let mut folders: Vec<&Path> = daemon.geoip.iter().map(|file| folder_of(file)).collect();
    folders.sort_unstable();
    folders.dedup();
    for folder in folders {
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
    }
    Ok(watcher)
}

fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Changes when a file appears, goes, or is written: names, sizes, times and inodes of all.
fn fingerprint(zones: &Path, geoip: &[PathBuf]) -> u64 {
    let mut hash = DefaultHasher::new();
    fold_folder(zones, &mut hash, 0);
    for file in geoip {
        fold_file(file, &mut hash);
    }
    hash.finish()
}

/// Included files may lie in folders below, though not endlessly deep.
fn fold_folder(folder: &Path, hash: &mut DefaultHasher, depth: usize) {
    const DEEPEST: usize = 8;
    let mut paths: Vec<(PathBuf, bool)> = match fs::read_dir(folder) {
        // What a load does not read: a checkout's `.git` changes with every look at it. Links to
        // folders are not gone down into: they can lead back up.
        Ok(entries) => entries
            .flatten()
            .filter(|entry| !is_hidden(entry))
            .map(|entry| (entry.path(), entry.file_type().is_ok_and(|kind| kind.is_dir())))
            .collect(),
        Err(error) => {
            error.kind().hash(hash);
            return;
        }
    };
    paths.sort_unstable();
    for (path, is_folder) in paths {
        fold_file(&path, hash);
        if depth < DEEPEST && is_folder {
            fold_folder(&path, hash, depth + 1);
        }
    }
}

fn is_hidden(entry: &fs::DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

fn fold_file(path: &Path, hash: &mut DefaultHasher) {
    path.hash(hash);
    if let Ok(metadata) = fs::metadata(path) {
        let times =
            (metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec());
        (metadata.len(), metadata.ino(), times).hash(hash);
    }
}

#[cfg(test)]
mod tests;
