//! When to look at the files again.
//!
//! The system tells of changes in folders, not of changes to what a path leads to: a watch on
//! `zones/` stays with the folder that was there when it began. So the folders around are watched
//! too, and all is watched anew once a path leads elsewhere.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf, absolute};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use notify::event::AccessKind;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::look::{Look, Seen, files_beside, own_zones};
use crate::config::Daemon;

/// Without any sign of a change the files are looked at this often: some file systems give none.
const POLL: Duration = Duration::from_secs(5);
/// How often files are looked at after a sign of a change; those that were put in place of others
/// are whole, and loaded once they are quiet for this long.
const QUIET: Duration = Duration::from_millis(100);
/// Whoever writes a file in place may pause for this long.
const PAUSE: Duration = Duration::from_secs(1);
/// While files are put in place of others, each whole, nobody waits longer than this for quiet.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// While files grow in place, and are not whole, nobody waits longer than this.
const LONGEST_WRITING: Duration = Duration::from_secs(300);

/// Watches the files that a load reads.
pub struct Watch {
    /// None where nobody changes them.
    zones: Option<PathBuf>,
    /// The files that are read beside those of `zones`.
    files: Vec<PathBuf>,
    seen: Arc<Seen>,
    pub(super) poll: Duration,
    sign: mpsc::Sender<()>,
    pub(super) signs: mpsc::Receiver<()>,
    watched: Vec<Watched>,
    /// Held, not used: watching ends with it. None where the system cannot watch; then the files
    /// are only looked at now and then.
    watcher: Option<RecommendedWatcher>,
}

/// A folder that is watched.
#[derive(Clone, PartialEq, Eq)]
struct Watched {
    path: PathBuf,
    mode: RecursiveMode,
    /// What is of interest in it; none: everything.
    only: Option<PathBuf>,
    /// Which folder it is: device, inode, and when it was made, for inodes are used again. None if
    /// there is none.
    folder: Option<(u64, u64, Option<SystemTime>)>,
}

impl Watch {
    /// Begins to watch for files that are other than `seen`.
    pub fn new(daemon: &Daemon, seen: Arc<Seen>) -> Self {
        let (sign, signs) = mpsc::channel(1);
        let (zones, files) = (own_zones(daemon).map(Path::to_owned), files_beside(daemon));
        let (watched, watcher) = (Vec::new(), None);
        let mut watch = Self { zones, files, seen, poll: POLL, sign, signs, watched, watcher };
        watch.follow();
        watch
    }

    /// Waits until some file is other than when it was last loaded, and then until the files have
    /// been quiet for a moment, in which nobody else has them loaded.
    pub async fn changed(&mut self) {
        loop {
            // Either a sign or the time to look anyway.
            let _ = timeout(self.poll, self.signs.recv()).await;
            // Before the files are looked at: what changes later gives a sign.
            self.follow();
            if self.is_news() {
                self.quiet().await;
                if self.is_news() {
                    return;
                }
            }
        }
    }

    fn is_news(&self) -> bool {
        self.look() != self.seen.last()
    }

    fn look(&self) -> Look {
        Look::at(self.zones.as_deref(), &self.files)
    }

    async fn quiet(&self) {
        let mut last = self.look();
        let mut in_place = last.is_being_written(self.seen.last());
        let (mut still, mut waited, mut written) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
        while waited < LONGEST_WAIT && written < LONGEST_WRITING {
            sleep(QUIET).await;
            still += QUIET;
            let now = self.look();
            if now != last {
                let since_change = std::mem::take(&mut still);
                if now.is_being_written(last) {
                    in_place = true;
                    written += since_change;
                } else {
                    waited += since_change;
                }
                last = now;
            } else if still >= if in_place { PAUSE } else { QUIET } {
                return;
            }
        }
    }

    /// Watches anew if the paths lead to other folders than those that are watched.
    fn follow(&mut self) {
        let folders = folders(self.zones.as_deref(), &self.files);
        if folders == self.watched {
            return;
        }
        let watcher = watcher(&folders, self.sign.clone());
        self.watcher = watcher
            .inspect_err(|error| {
                tracing::warn!(%error, "cannot watch the files; looking at them every 5 s instead");
            })
            .ok();
        self.watched = folders;
    }
}

fn folders(zones: Option<&Path>, files: &[PathBuf]) -> Vec<Watched> {
    // What is told of relative paths is absolute. Fails only without a working folder.
    let absolute = |path: &Path| absolute(path).unwrap_or_else(|_| path.into());
    let zones = zones.map(absolute);
    // What a link leads to, for folders below a link are not watched.
    let inside =
        zones.as_ref().map(|zones| fs::canonicalize(zones).unwrap_or_else(|_| zones.clone()));
    let inside_watched =
        inside.iter().map(|inside| watched(inside, RecursiveMode::Recursive, None));
    let mut folders: Vec<Watched> = inside_watched.collect();
    // Folders, not files: editors and updaters put new files in place of old ones.
    let mut around: Vec<_> = files.iter().map(|file| (folder_of(&absolute(file)), None)).collect();
    let tops: Vec<PathBuf> = around.iter().map(|(folder, _)| folder.clone()).chain(zones).collect();
    for top in &tops {
        // Where it is replaced itself, or a link on the way to it.
        let doors = top.ancestors().filter(|path| *path == top || path.is_symlink());
        let doors = doors.map(|path| (folder_of(path), Some(path.to_owned())));
        let is_inside = |folder: &Path| {
            inside
                .as_ref()
                .is_some_and(|inside| fs::canonicalize(folder).is_ok_and(|f| f.starts_with(inside)))
        };
        around.extend(doors.filter(|(folder, _)| !is_inside(folder)));
    }
    around.sort_unstable();
    // None sorts first: where everything is of interest, so is a part.
    around.dedup_by(|later, first| later == first || (later.0 == first.0 && first.1.is_none()));
    for (path, only) in around {
        folders.push(watched(&path, RecursiveMode::NonRecursive, only));
    }
    folders
}

fn watched(path: &Path, mode: RecursiveMode, only: Option<PathBuf>) -> Watched {
    let folder = fs::metadata(path).ok();
    let folder = folder.map(|found| (found.dev(), found.ino(), found.created().ok()));
    Watched { path: path.into(), mode, only, folder }
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().unwrap_or(path).into()
}

fn watcher(folders: &[Watched], signs: mpsc::Sender<()>) -> notify::Result<RecommendedWatcher> {
    let of_interest = folders.to_owned();
    let sign = move |event: notify::Result<Event>| {
        if event.as_ref().is_ok_and(|event| !is_sign(event, &of_interest)) {
            return;
        }
        // A sign is waiting already where the channel is full.
        let _ = signs.try_send(());
    };
    let config = notify::Config::default().with_follow_symlinks(false);
    let mut watcher = RecommendedWatcher::new(sign, config)?;
    // For what is not there, the folder around it is watched.
    for folder in folders.iter().filter(|folder| folder.folder.is_some()) {
        let begun = watcher.watch(&folder.path, folder.mode);
        // Folders around may be closed to us.
        if folder.only.is_none() {
            begun?;
        }
    }
    Ok(watcher)
}

/// Whether it is more than somebody who looks, which we do ourselves at each sign, and about what
/// is of interest.
fn is_sign(event: &Event, folders: &[Watched]) -> bool {
    if matches!(event.kind, EventKind::Access(AccessKind::Open(_) | AccessKind::Read)) {
        return false;
    }
    let is_of_interest = |path: &PathBuf| folders.iter().any(|folder| folder.concerns(path));
    event.paths.is_empty() || event.paths.iter().any(is_of_interest)
}

impl Watched {
    fn concerns(&self, path: &Path) -> bool {
        match &self.only {
            Some(only) => path == only || path == self.path,
            None => path.starts_with(&self.path),
        }
    }
}
