//! The files of one revision, as those have them who work in the repository. Nothing of it is changed.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::{env, io};

use super::run::{self, Call, Manner, line};
use crate::clock;

/// A folder within a repository.
#[derive(Clone, Debug)]
pub struct Repository {
    /// The folder that holds all of it.
    pub top: PathBuf,
    /// The folder within that.
    pub prefix: PathBuf,
}

/// The files of one revision in a folder of their own, which goes with this value.
#[derive(Debug)]
pub struct Export {
    folder: PathBuf,
    /// The hash of the commit.
    pub commit: String,
}

impl Repository {
    /// The repository that a folder is in.
    pub fn of(folder: &Path) -> Result<Self, String> {
        let said = |what| -> Result<PathBuf, String> {
            Ok(line(&run(folder, ["rev-parse", what], &[], None)?).into())
        };
        Ok(Self { top: said("--show-toplevel")?, prefix: said("--show-prefix")? })
    }

    /// The files of the folder as they were in a revision.
    pub fn export(&self, revision: &str) -> Result<Export, String> {
        let wanted = format!("{revision}^{{commit}}");
        let verify = ["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted];
        let commit =
            run(&self.top, verify, &[], None).map(|output| line(&output)).map_err(|_| {
                format!("{revision}: neither a folder nor a revision of {}", self.top.display())
            })?;
        let folder = temporary().map_err(|error| format!("no folder for {revision}: {error}"))?;
        let export = Export { folder, commit };
        let index = export.folder.join("index");
        let index = [("GIT_INDEX_FILE", index.as_os_str())];
        run(&self.top, ["read-tree", &export.commit], &index, None)?;
        // All but what is in other folders.
        let under = if self.prefix.as_os_str().is_empty() { Path::new(".") } else { &self.prefix };
        let list = [OsStr::new("ls-files"), OsStr::new("-z"), OsStr::new("--"), under.as_os_str()];
        let files = run(&self.top, list, &index, None)?;
        let mut prefix = export.tree().into_os_string();
        prefix.push("/");
        let mut to = std::ffi::OsString::from("--prefix=");
        to.push(prefix);
        let checkout =
            [OsStr::new("checkout-index"), OsStr::new("-z"), OsStr::new("--stdin"), to.as_os_str()];
        run(&self.top, checkout, &index, Some(files))?;
        Ok(export)
    }
}

impl Export {
    /// The folder that stands for the whole repository.
    pub fn tree(&self) -> PathBuf {
        self.folder.join("tree")
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        // What stays behind is a copy in a folder for such.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A new folder that nobody else may read.
fn temporary() -> io::Result<PathBuf> {
    let name = u64::from_le_bytes(clock::random_bytes()?);
    let folder = env::temp_dir().join(format!("steersman-{name:016x}"));
    DirBuilder::new().mode(0o700).create(&folder)?;
    Ok(folder)
}

/// Runs git in a folder as its user would.
fn run<S: AsRef<OsStr>>(
    folder: &Path,
    arguments: impl IntoIterator<Item = S>,
    variables: &[(&str, &OsStr)],
    input: Option<Vec<u8>>,
) -> Result<Vec<u8>, String> {
    let call = Call { folder, variables, input, manner: Manner::AsUser };
    run::run(call, arguments).map_err(|failure| failure.to_string())
}
