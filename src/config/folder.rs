//! The files of a zones folder: finding them, reading them within bounds, and keeping
//! `$INCLUDE` inside.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::hash::Fnv1a;
use crate::finding::Finding;

/// The largest zone file, in bytes: room for some million records.
const MAX_ZONE_BYTES: u64 = 256 << 20;
/// The largest TOML file, in bytes.
pub(super) const MAX_TOML_BYTES: u64 = 16 << 20;
/// How deep includes may nest: more is a file that includes itself.
const MAX_INCLUDE_DEPTH: usize = 16;

/// A file of the folder that matters, by what it is.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// `NAME.zone`: the name, and the path.
    pub(super) zones: Vec<(String, PathBuf)>,
    /// `NAME.toml`: the name, and the path.
    pub(super) steering: Vec<(String, PathBuf)>,
    /// `pools.toml`.
    pub(super) pools: Option<PathBuf>,
}

/// Lists the folder in the order of file names. Hidden files, backups of editors, folders, and
/// files that end in neither `.zone` nor `.toml` are none of its business.
pub(super) fn list(folder: &Path) -> Result<Listing, Vec<Finding>> {
    let unreadable = |error: std::io::Error| {
        let expected = "a folder of zones that can be read";
        vec![Finding::at(shown(folder), (1, 1), format!("no such folder: {error}"), expected)]
    };
    let mut listing = Listing::default();
    let mut findings = Vec::new();
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        paths.push(entry.map_err(unreadable)?.path());
    }
    paths.sort();
    for path in paths {
        let extension = path.extension().and_then(|e| e.to_str());
        let Some(extension @ ("zone" | "toml")) = extension else { continue };
        let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else {
            let expected = "a file name in UTF-8";
            findings.push(Finding::at(shown(&path), (1, 1), "a name that is not UTF-8", expected));
            continue;
        };
        if stem.starts_with(['.', '#']) || path.is_dir() {
            continue;
        }
        match (stem, extension) {
            ("pools", "toml") => listing.pools = Some(path),
            (_, "toml") => listing.steering.push((stem.into(), path)),
            _ => listing.zones.push((stem.into(), path)),
        }
    }
    if findings.is_empty() { Ok(listing) } else { Err(findings) }
}

/// A path as findings name it.
pub(super) fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Reads files and remembers what all of them were.
pub(super) struct Files {
    root: PathBuf,
    hash: Fnv1a,
}

impl Files {
    /// For a folder, which must exist.
    pub(super) fn new(folder: &Path) -> Result<Self, Vec<Finding>> {
        let root = fs::canonicalize(folder).map_err(|error| {
            let expected = "a folder of zones that can be read";
            vec![Finding::at(shown(folder), (1, 1), format!("no such folder: {error}"), expected)]
        })?;
        Ok(Self { root, hash: Fnv1a::default() })
    }

    /// Reads a TOML file.
    pub(super) fn toml(&mut self, path: &Path) -> Result<Vec<u8>, Vec<Finding>> {
        self.read(path, path, MAX_TOML_BYTES).map_err(|why| unreadable(path, why))
    }

    /// Reads a zone file.
    pub(super) fn zone(&mut self, path: &Path) -> Result<Vec<u8>, Vec<Finding>> {
        self.read(path, path, MAX_ZONE_BYTES).map_err(|why| unreadable(path, why))
    }

    /// Reads a file that a zone file includes, by its path as written, relative to the folder of
    /// the including file. Returns how findings name it, and its bytes.
    fn include(&mut self, written: &str, by: &str) -> Result<(String, Vec<u8>), String> {
        let path = Path::new(by).parent().unwrap_or(Path::new("")).join(written);
        let real = fs::canonicalize(&path).map_err(|error| error.to_string())?;
        // Compared after following all links, so that none leads out.
        if !real.starts_with(&self.root) {
            return Err("it is outside of the zones folder".into());
        }
        let bytes = self.read(&real, &path, MAX_ZONE_BYTES)?;
        Ok((shown(&path), bytes))
    }

    fn read(&mut self, path: &Path, name: &Path, most: u64) -> Result<Vec<u8>, String> {
        let bytes = read_bounded(path, most)?;
        self.hash.add_piece(name.file_name().unwrap_or_default().as_encoded_bytes());
        self.hash.add_piece(&bytes);
        Ok(bytes)
    }

    /// A short name of all files read so far, and of what else is served.
    pub(super) fn revision(mut self, more: &str) -> String {
        self.hash.add_piece(more.as_bytes());
        format!("{:012x}", self.hash.0 >> 16)
    }
}

/// Reads a plain file of at most so many bytes; a pipe or a device could keep the reader for ever.
pub(super) fn read_bounded(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    let kind = fs::metadata(path).map_err(|error| error.to_string())?;
    if !kind.is_file() {
        return Err("it is not a plain file".into());
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(most + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > most {
        return Err(format!("it is larger than {} MiB", most >> 20));
    }
    Ok(bytes)
}

/// The finding about a file that cannot be read.
pub(super) fn unreadable(path: &Path, why: String) -> Vec<Finding> {
    let found = format!("a file that cannot be read: {why}");
    vec![Finding::at(shown(path), (1, 1), found, "a file that can be read")]
}

/// The includes of one zone file.
pub(super) struct Includes<'f> {
    files: &'f mut Files,
    /// How deep each file is nested, by the name that findings use.
    depths: HashMap<String, usize>,
}

impl<'f> Includes<'f> {
    /// None yet.
    pub(super) fn new(files: &'f mut Files) -> Self {
        Self { files, depths: HashMap::new() }
    }

    /// Reads one, or says why it cannot be included.
    pub(super) fn read(&mut self, written: &str, by: &str) -> Result<(String, Vec<u8>), String> {
        let depth = self.depths.get(by).map_or(1, |depth| depth + 1);
        if depth > MAX_INCLUDE_DEPTH {
            return Err(format!("includes are nested deeper than {MAX_INCLUDE_DEPTH}"));
        }
        let (name, bytes) = self.files.include(written, by)?;
        self.depths.insert(name.clone(), depth);
        Ok((name, bytes))
    }
}
