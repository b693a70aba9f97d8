//! A branch of a remote that is followed.
//!
//! ```text
//! state/git/lock          held by the one who follows
//!           mirror/       what was fetched: a bare repository, made anew where it is broken
//!           trees/COMMIT  the files of a commit, whole
//!           served        a link to the tree that is served, and that the next start begins with
//! ```
//!
//! Whatever becomes of the remote and of the mirror, the tree behind `served` stays until another
//! one is named as good.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, symlink};
use std::path::{Path, PathBuf, absolute};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::run::{Call, Failure, Manner, line, run};
use super::tree;

/// Where in the mirror stands what was fetched last.
const FETCHED: &str = "refs/steersman/fetched";
/// Settings of every call, whatever others say.
const SETTINGS: [&str; 6] =
    ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "gc.autoDetach=false"];
/// How a branch is fetched: what it is now, and nothing besides.
const FETCH: [&str; 8] = [
    "fetch",
    "--quiet",
    "--force",
    "--depth=1",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-auto-maintenance",
    "--no-recurse-submodules",
];
/// Only signatures by ssh count: whatever else git knows would be checked by the keys of whoever
/// runs this.
const BY_SSH: [&str; 12] = [
    "-c",
    "gpg.format=ssh",
    "-c",
    "gpg.minTrustLevel=fully",
    "-c",
    "gpg.program=/bin/false",
    "-c",
    "gpg.openpgp.program=/bin/false",
    "-c",
    "gpg.x509.program=/bin/false",
    "-c",
    "gpg.ssh.program=ssh-keygen",
];

/// What is followed.
#[derive(Clone, Debug)]
pub struct Source {
    /// Where it is, as git names it.
    pub remote: String,
    /// The branch of it.
    pub branch: String,
    /// Whose signatures are good; none: a commit needs none.
    pub allowed_signers: Option<PathBuf>,
    /// How long one call of git may take.
    pub timeout: Duration,
}

/// What is known of it here.
#[derive(Debug)]
pub struct Mirror {
    source: Source,
    folder: PathBuf,
    stop: AtomicBool,
    /// Held, not used; or why nothing can be written here.
    lock: Result<File, String>,
}

impl Mirror {
    /// Begins to follow, with a folder of its own. Where that cannot be written, nothing can be
    /// fetched, but what is there can be served. `held` is the lock of the folder, from a process that
    /// follows no more.
    ///
    /// # Errors
    ///
    /// Somebody else has it.
    pub fn open(folder: &Path, source: Source, held: Option<File>) -> Result<Self, String> {
        let folder = absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let lock = held.map_or_else(|| lock(&folder), |held| Ok(Some(held)));
        let lock = lock.map_err(|error| format!("{}: {error}", folder.display()));
        let lock = match lock {
            Ok(None) => {
                return Err(format!(
                    "{}: another daemon follows a remote here; each needs a state folder of its own",
                    folder.display()
                ));
            }
            Ok(Some(lock)) => Ok(lock),
            Err(why) => Err(why),
        };
        let allowed_signers = source.allowed_signers.map(|file| absolute(&file).unwrap_or(file));
        let source = Source { allowed_signers, ..source };
        let mirror = Self { source, folder, stop: AtomicBool::new(false), lock };
        mirror.sweep(None);
        Ok(mirror)
    }

    /// Ends whatever is under way, for good.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Release);
    }

    /// Its lock, to be handed on; none where the folder cannot be written.
    pub fn lock(&self) -> io::Result<Option<File>> {
        self.lock.as_ref().ok().map(File::try_clone).transpose()
    }

    /// Fetches the branch, and returns the commit that it is at.
    pub fn fetch(&self) -> Result<String, Failure> {
        if let Err(why) = &self.lock {
            return Err(Failure::NotRun(why.clone()));
        }
        let mirror = self.mirror();
        if mirror.join("HEAD").is_file() {
            match self.fetch_into(&mirror) {
                // Its own fault, perhaps: it may be half-written, or locked by one who was killed.
                Err(Failure::Refused(_)) => {}
                done => return done,
            }
        }
        let fresh = self.folder.join("mirror.new");
        let failed = |error: io::Error| Failure::NotRun(format!("{}: {error}", fresh.display()));
        remove(&fresh).map_err(failed)?;
        DirBuilder::new().create(&fresh).map_err(failed)?;
        self.git(&fresh, &[], false, ["init", "--quiet", "--bare", "--template="])?;
        let commit = self.fetch_into(&fresh)?;
        remove(&mirror).map_err(failed)?;
        fs::rename(&fresh, &mirror).map_err(failed)?;
        Ok(commit)
    }

    fn fetch_into(&self, mirror: &Path) -> Result<String, Failure> {
        let Source { remote, branch, .. } = &self.source;
        let branch = format!("+refs/heads/{branch}:{FETCHED}");
        let arguments = FETCH.into_iter().chain(["--", remote, &branch]);
        self.git(mirror, &[], true, arguments)?;
        let commit = format!("{FETCHED}^{{commit}}");
        let commit = line(&self.git(mirror, &[], false, ["rev-parse", "--verify", &commit])?);
        match is_hash(&commit) {
            true => Ok(commit),
            false => Err(Failure::Refused(format!("{commit:?}, which is no commit"))),
        }
    }

    /// Whether a commit is signed by one of the allowed signers, if there are such; or why not.
    pub fn verify(&self, commit: &str) -> Result<(), Failure> {
        let Some(signers) = &self.source.allowed_signers else { return Ok(()) };
        let mut file = std::ffi::OsString::from("gpg.ssh.allowedSignersFile=");
        file.push(signers);
        let arguments = BY_SSH.iter().map(OsStr::new);
        let arguments = arguments.chain(["-c".as_ref(), file.as_os_str()]);
        let arguments = arguments.chain(["verify-commit", commit].map(OsStr::new));
        self.git(&self.mirror(), &[], false, arguments).map(drop)
    }

    /// The folder with the files of a commit that was fetched.
    pub fn tree(&self, commit: &str) -> Result<PathBuf, Failure> {
        let tree = self.path_of(commit);
        if tree.is_dir() {
            return Ok(tree);
        }
        let fresh = self.folder.join("trees/.new");
        let failed = |error: io::Error| Failure::NotRun(format!("{}: {error}", fresh.display()));
        remove(&fresh).map_err(failed)?;
        DirBuilder::new().create(&fresh).map_err(failed)?;
        let (index, mirror) = (self.folder.join("index"), self.mirror());
        for left_over in [&index, &self.folder.join("index.lock")] {
            // Where there is none, as there seldom is one.
            let _ = fs::remove_file(left_over);
        }
        let variables =
            [("GIT_INDEX_FILE", index.as_os_str()), ("GIT_WORK_TREE", fresh.as_os_str())];
        self.git(&mirror, &variables, false, ["read-tree", commit])?;
        self.git(&mirror, &variables, false, ["checkout-index", "--all"])?;
        tree::check_links(&fresh).map_err(Failure::Refused)?;
        tree::on_disk(&fresh).map_err(failed)?;
        fs::rename(&fresh, &tree).map_err(failed)?;
        Ok(tree)
    }

    /// Names a commit, whose tree is there, as the one to begin with, and forgets all others.
    pub fn keep(&self, commit: &str) -> io::Result<()> {
        let beside = self.folder.join("served.new");
        remove(&beside)?;
        symlink(Path::new("trees").join(commit), &beside)?;
        fs::rename(&beside, self.folder.join("served"))?;
        File::open(&self.folder)?.sync_all()?;
        self.sweep(None);
        Ok(())
    }

    /// Packs what was fetched once there is much of it; it only costs room where that fails.
    pub fn tidy(&self) {
        let _ = self.git(&self.mirror(), &[], false, ["gc", "--auto", "--quiet"]);
    }

    /// The commit to begin with, if its tree is there.
    pub fn served(&self) -> Option<String> {
        let link = fs::read_link(self.folder.join("served")).ok()?;
        let commit = link.file_name()?.to_str()?.to_owned();
        self.path_of(&commit).is_dir().then_some(commit)
    }

    /// Removes all trees but the one to begin with, and that of another commit; what cannot be
    /// removed only costs room.
    pub fn sweep(&self, also_kept: Option<&str>) {
        if self.lock.is_err() {
            return;
        }
        let kept = [self.served(), also_kept.map(str::to_owned)];
        let is_kept = |name: &str| kept.iter().flatten().any(|kept| kept == name);
        let Ok(trees) = fs::read_dir(self.folder.join("trees")) else { return };
        for tree in trees.flatten() {
            if !tree.file_name().to_str().is_some_and(is_kept) {
                let _ = remove(&tree.path());
            }
        }
    }

    fn mirror(&self) -> PathBuf {
        self.folder.join("mirror")
    }

    /// Where the tree of a commit is, if it is there.
    pub fn path_of(&self, commit: &str) -> PathBuf {
        self.folder.join("trees").join(commit)
    }

    /// Runs git on a bare repository; the settings of the user say how to reach a remote, and
    /// nothing else.
    fn git<S: AsRef<OsStr>>(
        &self,
        repository: &Path,
        variables: &[(&str, &OsStr)],
        user_settings: bool,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<Vec<u8>, Failure> {
        let variables = [&[("GIT_DIR", repository.as_os_str())], variables].concat();
        let manner = Manner::Alone { limit: self.source.timeout, stop: &self.stop, user_settings };
        // Work trees are written to, and all others are run where they can do no harm.
        let call = Call { folder: &self.folder, variables: &variables, input: None, manner };
        let settings = SETTINGS.iter().map(|text| OsStr::new(text).to_owned());
        let arguments = arguments.into_iter().map(|text| text.as_ref().to_owned());
        run(call, settings.chain(arguments))
    }
}

/// Makes the folder, and takes it; none where somebody else has it.
fn lock(folder: &Path) -> io::Result<Option<File>> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    DirBuilder::new().recursive(true).create(folder.join("trees"))?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    let lock = options.open(folder.join("lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Removes what is there, if anything is.
fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn is_hash(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
