//! Reports of drills: a file for each, for whoever audits them.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::{create_folder, sync_folder};

/// So many are read at the start; nobody deletes what an auditor may want.
const READ: usize = 100;

/// Keeps a report, under a name that is its own.
pub(super) fn keep(folder: &Path, id: &str, json: &str) -> io::Result<()> {
    create_folder(folder)?;
    let (path, beside) = (folder.join(format!("{id}.json")), folder.join(format!(".{id}.tmp")));
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(json.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, &path)?;
    sync_folder(folder)
}

/// The latest reports, the latest first: their names begin with when they began.
pub(super) fn read(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect();
    paths.sort();
    paths.iter().rev().take(READ).filter_map(|path| fs::read_to_string(path).ok()).collect()
}
