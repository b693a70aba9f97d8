//! The files of a zones folder: finding them, reading them within bounds, and keeping
//! `$INCLUDE` inside.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::finding::Finding;
use crate::finding::words::{quoted, slips};
use crate::hash::Pieces;

/// The largest zone file, in bytes: room for some million records.
const MAX_ZONE_BYTES: u64 = 256 << 20;
/// The largest TOML file, in bytes.
pub(super) const MAX_TOML_BYTES: u64 = 16 << 20;

/// A file of the folder that matters, by what it is.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// `NAME.zone`: the name, and the path.
    pub(super) zones: Vec<(String, PathBuf)>,
    /// `NAME.toml`: the name, and the path.
    pub(super) steering: Vec<(String, PathBuf)>,
    /// `pools.toml`.
    pub(super) pools: Option<PathBuf>,
    /// `rules.toml`.
    pub(super) rules: Option<PathBuf>,
    /// `maintenance.toml`.
    pub(super) maintenance: Option<PathBuf>,
    /// Other files that are neither hidden nor somebody's backup.
    pub(super) others: Vec<PathBuf>,
}

impl Listing {
    /// Files that most likely were meant to be read: their ending is nearly the right one, or they
    /// are called like a zone. The latter are only told where `sure` is said: what zones include
    /// may be called so, too.
    pub(super) fn nearly(&self, files: &Files, sure: bool) -> Vec<Finding> {
        let extension = |path: &Path| path.extension()?.to_str().map(str::to_lowercase);
        let is_near = |path: &Path| {
            let slips = |right: &str| extension(path).map_or(9, |wrong| slips(&wrong, right));
            slips("zone").min(slips("toml")) <= 1
        };
        let is_called = |path: &Path, zone: &str| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("").to_lowercase();
            let rest = name.strip_prefix(&zone.to_lowercase());
            // More than one dot more is a copy of a file that has the right name.
            rest.is_some_and(|rest| {
                rest.is_empty() || (rest.starts_with('.') && !rest[1..].contains('.'))
            })
        };
        let others = self.others.iter().filter(|path| !files.has_included(path));
        let meant = others.filter(|path| {
            is_near(path) || (sure && self.zones.iter().any(|(zone, _)| is_called(path, zone)))
        });
        let finding = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let found = format!("{}, which is neither a zone nor its steering", quoted(&name));
            let expected = "a name that ends in .zone or .toml, or in .bak to be passed over";
            Finding::at(shown(path), (1, 1), found, expected)
        };
        meant.map(finding).collect()
    }
}

/// Endings of files that stand beside others on purpose.
const PASSED_OVER: [&str; 13] =
    ["bak", "old", "orig", "rej", "save", "swp", "swo", "swx", "tmp", "temp", "md", "txt", "dist"];

/// Lists the folder in the order of file names. Hidden files, backups of editors, folders, and
/// files that end in neither `.zone` nor `.toml` are none of its business.
pub(super) fn list(folder: &Path) -> Result<Listing, Vec<Finding>> {
    let mut listing = Listing::default();
    let mut findings = Vec::new();
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| no_folder(folder, &error))? {
        paths.push(entry.map_err(|error| no_folder(folder, &error))?.path());
    }
    paths.sort();
    for path in paths {
        let extension = path.extension().and_then(|e| e.to_str());
        let Some(extension @ ("zone" | "toml")) = extension else {
            if is_other(&path) {
                listing.others.push(path);
            }
            continue;
        };
        let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else {
            let expected = "a file name in UTF-8";
            findings.push(Finding::at(shown(&path), (1, 1), "a name that is not UTF-8", expected));
            continue;
        };
        if stem.starts_with(['.', '#']) {
            continue;
        }
        if path.is_dir() {
            // As container engines make one for a file to mount that is not there.
            let expected = "a file; a folder needs another name";
            findings.push(Finding::at(shown(&path), (1, 1), "a folder", expected));
            continue;
        }
        match (stem, extension) {
            ("pools", "toml") => listing.pools = Some(path),
            ("maintenance", "toml") => listing.maintenance = Some(path),
            ("rules", "toml") => listing.rules = Some(path),
            (_, "toml") => listing.steering.push((stem.into(), path)),
            _ => listing.zones.push((stem.into(), path)),
        }
    }
    if findings.is_empty() { Ok(listing) } else { Err(findings) }
}

fn is_other(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or(".");
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or("").to_lowercase();
    let passed_over = PASSED_OVER.contains(&ending.as_str()) || name.ends_with(['~', '#']);
    !name.starts_with(['.', '#', '~']) && !passed_over && path.is_file()
}

fn no_folder(folder: &Path, error: &std::io::Error) -> Vec<Finding> {
    let found = format!("a folder that cannot be read: {error}");
    vec![Finding::at(shown(folder), (1, 1), found, "a folder with zones")]
}

/// A path as findings name it.
pub(super) fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Included files may lie in folders below, though not endlessly deep.
pub const DEEPEST_FOLDER: usize = 8;

/// Whether a name is that of a file or folder that no load reads, such as the `.git` of a checkout,
/// which changes with every look at it.
pub fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// Reads files and remembers what all of them were.
pub(super) struct Files {
    root: PathBuf,
    hash: Pieces,
    included: BTreeSet<PathBuf>,
}

impl Files {
    /// For a folder, which must exist.
    pub(super) fn new(folder: &Path) -> Result<Self, Vec<Finding>> {
        let root = fs::canonicalize(folder).map_err(|error| no_folder(folder, &error))?;
        Ok(Self { root, hash: Pieces::default(), included: BTreeSet::new() })
    }

    /// For other files of the same folder, read beside these; see [`Self::join`].
    pub(super) fn fork(&self) -> Self {
        Self { root: self.root.clone(), hash: Pieces::default(), included: BTreeSet::new() }
    }

    /// Remembers what others were, too: whoever read them, they are the same files in the same
    /// order.
    pub(super) fn join(&mut self, others: Self) {
        self.hash.add_word(others.hash.0);
        self.included.extend(others.included);
    }

    /// Reads a TOML file.
    pub(super) fn toml(&mut self, path: &Path) -> Result<Vec<u8>, Vec<Finding>> {
        let bytes = self.read(path, path, MAX_TOML_BYTES).map_err(|why| unreadable(path, why))?;
        if bytes.trim_ascii().is_empty() {
            // Most likely cut off; whoever means it removes the file, or says so in a comment.
            let expected = "at least one table, or no such file";
            return Err(vec![Finding::at(shown(path), (1, 1), "an empty file", expected)]);
        }
        Ok(bytes)
    }

    /// Reads a zone file.
    pub(super) fn zone(&mut self, path: &Path) -> Result<Vec<u8>, Vec<Finding>> {
        self.read(path, path, MAX_ZONE_BYTES).map_err(|why| unreadable(path, why))
    }

    /// Reads a file that a zone file includes, by its path as written, relative to the folder of
    /// the including file. Returns how findings name it, and its bytes; or why it cannot be.
    pub(super) fn include(&mut self, written: &str, by: &str) -> Result<(String, Vec<u8>), String> {
        let path = Path::new(by).parent().unwrap_or(Path::new("")).join(written);
        let wrong = |why: String| format!("{}: {why}", quoted(written));
        let real = fs::canonicalize(&path).map_err(|error| wrong(error.to_string()))?;
        // Compared after following all links, so that none leads out.
        if !real.starts_with(&self.root) {
            return Err(wrong("it is outside of the zones folder".into()));
        }
        if !self.is_looked_at(&path) {
            return Err(wrong(format!(
                "it is in a hidden folder, hidden itself, or more than {DEEPEST_FOLDER} folders \
                 down, where no change of it would be seen"
            )));
        }
        let bytes = self.read(&real, &path, MAX_ZONE_BYTES).map_err(wrong)?;
        self.included.insert(real);
        Ok((shown(&path), bytes))
    }

    /// Reads a file that another names beside itself, wherever it lies.
    pub(super) fn named(&mut self, path: &Path, most: u64) -> Result<Vec<u8>, String> {
        let bytes = self.read(path, path, most)?;
        self.included.extend(fs::canonicalize(path));
        Ok(bytes)
    }

    /// Whether a change of the file at `path` is seen.
    fn is_looked_at(&self, path: &Path) -> bool {
        let folder = path.parent().and_then(|folder| fs::canonicalize(folder).ok());
        let below = folder.as_deref().and_then(|folder| folder.strip_prefix(&self.root).ok());
        below.is_some_and(|below| {
            below.components().count() <= DEEPEST_FOLDER
                && below.iter().chain(path.file_name()).all(|name| !is_hidden(name))
        })
    }

    fn has_included(&self, path: &Path) -> bool {
        fs::canonicalize(path).is_ok_and(|real| self.included.contains(&real))
    }

    fn read(&mut self, path: &Path, name: &Path, most: u64) -> Result<Vec<u8>, String> {
        let bytes = read_bounded(path, most)?;
        self.hash.add(name.file_name().unwrap_or_default().as_encoded_bytes());
        self.hash.add(&bytes);
        Ok(bytes)
    }

    /// A short name of all files read so far, and of what else is served.
    pub(super) fn revision(mut self, more: &str) -> String {
        self.hash.add(more.as_bytes());
        format!("{:012x}", self.hash.0 >> 16)
    }
}

/// Reads a plain file of at most so many bytes; a pipe or a device could keep the reader for ever.
/// What is written meanwhile is refused, for it may be half of the old and half of the new.
pub(super) fn read_bounded(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    let said = |error: std::io::Error| error.to_string();
    // Asked before it is opened: to open a pipe may take for ever.
    if !fs::metadata(path).map_err(said)?.is_file() {
        return Err("it is not a plain file".into());
    }
    let file = File::open(path).map_err(said)?;
    let before = file.metadata().map_err(said)?;
    if before.len() > most {
        return Err(format!("it is larger than {} MiB", most >> 20));
    }
    // One more, for the end to be seen without asking for more room.
    let mut bytes = Vec::with_capacity(usize::try_from(before.len() + 1).unwrap_or(0));
    (&file).take(most + 1).read_to_end(&mut bytes).map_err(said)?;
    let after = file.metadata().map_err(said)?;
    let look = |of: &Metadata| (of.len(), of.mtime(), of.mtime_nsec());
    if look(&before) != look(&after) || bytes.len() as u64 != before.len() {
        return Err("it was written while it was read".into());
    }
    Ok(bytes)
}

/// The finding about a file that cannot be read.
pub(super) fn unreadable(path: &Path, why: String) -> Vec<Finding> {
    let found = format!("a file that cannot be read: {why}");
    vec![Finding::at(shown(path), (1, 1), found, "a file that can be read")]
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn a_file_that_is_written_meanwhile_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().write_all(&[b'x'; 1 << 20]).unwrap();
        assert_eq!(read_bounded(file.path(), 2 << 20).unwrap().len(), 1 << 20);
        let done = AtomicBool::new(false);
        let refused = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    file.as_file().write_all(b"y").unwrap();
                }
            });
            // Until a write falls into a read, as nearly all do.
            let refused = (0..10_000).find_map(|_| read_bounded(file.path(), 1 << 30).err());
            done.store(true, Ordering::Relaxed);
            refused
        });
        assert_eq!(refused.as_deref(), Some("it was written while it was read"));
    }
}
