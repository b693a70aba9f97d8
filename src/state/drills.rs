//! Reports of drills: a file for each, for whoever audits them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::latest::replace;
use super::{create_folder, journal};

/// So many are read at the start; nobody deletes what an auditor may want.
const READ: usize = 100;

/// Keeps a report, under a name that is its own.
pub(super) fn keep(folder: &Path, id: &str, json: &str) -> io::Result<()> {
    create_folder(folder)?;
    replace(&folder.join(format!("{id}.json")), json.as_bytes())
}

/// The latest reports with their files, the latest first: their names begin with when they began.
pub(super) fn read(folder: &Path) -> Vec<(PathBuf, String)> {
    let Some(entries) = told(folder, fs::read_dir(folder)) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(told(folder, entry)?.path()));
    let mut paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect();
    paths.sort();
    let reports = paths.into_iter().rev().take(READ);
    reports.filter_map(|path| Some((path.clone(), told(&path, read_one(&path))?))).collect()
}

fn read_one(path: &Path) -> io::Result<String> {
    let bytes = journal::read(path)?;
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// What was read; that it was not is said, but for what was never written.
fn told<T>(path: &Path, read: io::Result<T>) -> Option<T> {
    match read {
        Ok(read) => Some(read),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            let file = path.display();
            tracing::warn!(%file, %error, "cannot read this of the reports of drills: it is left out");
            None
        }
    }
}
