//! The files to import.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The largest file that is read, in bytes; a little more, so that what is too large is told by
/// whoever reads it.
const MOST_BYTES: u64 = (16 << 20) + 1;
/// The most files that one folder or pattern stands for.
const MOST_FILES: usize = 100_000;

/// A file that was read.
pub(super) struct Text {
    /// Its path as it was named.
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

/// Zone files of octoDNS, each with its zone.
pub(super) fn octodns(paths: &[PathBuf]) -> Result<Vec<(String, Text)>, String> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push((zone_of(path)?, text(path)?));
            continue;
        }
        let Some(zone) = split_zone(path) else {
            return Err(format!(
                "{} is a folder, and no split zone of octoDNS, which would end in a dot; \
                 name its zone files",
                path.display()
            ));
        };
        for path in listed(path)?.iter().filter(|path| has_ending(path, "yaml")) {
            files.push((zone.clone(), text(path)?));
        }
    }
    Ok(files)
}

/// The zone that a file has records of: its folder's, if that is of a split zone, or its own name.
fn zone_of(path: &Path) -> Result<String, String> {
    if let Some(zone) = path.parent().and_then(split_zone) {
        return Ok(zone);
    }
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    match stem.filter(|_| has_ending(path, "yaml") || has_ending(path, "yml")) {
        Some(stem) => Ok(stem.to_owned()),
        None => Err(format!(
            "{}: a zone file of octoDNS is named for its zone, such as example.com.yaml",
            path.display()
        )),
    }
}

/// The zone of a folder whose name ends in a dot.
fn split_zone(folder: &Path) -> Option<String> {
    let name = folder.file_name()?.to_str()?;
    name.strip_suffix('.').filter(|zone| !zone.is_empty() && *zone != ".").map(str::to_owned)
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|extension| extension == ending)
}

/// gdnsd's main file, if there is one, and its zone files, each with the name of the file alone.
#[expect(clippy::type_complexity, reason = "one caller, which takes it apart at once")]
pub(super) fn gdnsd(path: &Path) -> Result<(Option<Text>, Vec<(String, Text)>), String> {
    let (config, folder) = match path.is_dir() {
        true => (path.join("config"), path.to_owned()),
        false => (path.to_owned(), path.parent().map(Path::to_owned).unwrap_or_default()),
    };
    let zones = folder.join("zones");
    // gdnsd needs no config.
    let config = match path.is_dir() && !config.exists() && zones.is_dir() {
        true => None,
        false => Some(text(&config)?),
    };
    let mut files = Vec::new();
    let listed = if zones.is_dir() { listed(&zones)? } else { Vec::new() };
    for path in listed {
        let Some(stem) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if stem.starts_with('.') || !path.is_file() {
            continue;
        }
        files.push((stem.to_owned(), text(&path)?));
    }
    Ok((config, files))
}

/// What `!include` names: one file, relative to the one that includes it.
pub(super) fn included_by_octodns(
    written: &str,
    by: &str,
) -> Result<Vec<(String, Vec<u8>)>, String> {
    let Text { name, bytes } = text(&beside(written, by))?;
    Ok(vec![(name, bytes)])
}

/// What `$include` names: a file, a pattern of files, or a folder with all that is in it.
pub(super) fn included_by_gdnsd(written: &str, by: &str) -> Result<Vec<(String, Vec<u8>)>, String> {
    let path = beside(written, by);
    let paths = match (path.is_dir(), path.to_str().filter(|_| !path.exists())) {
        (true, _) => listed(&path)?,
        (false, Some(pattern)) if pattern.contains(['*', '?', '[']) => matching(pattern)?,
        _ => vec![path],
    };
    let visible = |path: &&PathBuf| {
        !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
    };
    let texts = paths.iter().filter(visible).map(|path| text(path));
    texts.map(|text| text.map(|Text { name, bytes }| (name, bytes))).collect()
}

fn matching(pattern: &str) -> Result<Vec<PathBuf>, String> {
    let paths = glob::glob(pattern).map_err(|error| format!("the pattern {pattern}: {error}"))?;
    let paths: Vec<PathBuf> = paths.filter_map(Result::ok).take(MOST_FILES).collect();
    match paths.is_empty() {
        true => Err(format!("no file is like {pattern}")),
        false => Ok(paths),
    }
}

fn beside(written: &str, by: &str) -> PathBuf {
    Path::new(by).parent().unwrap_or(Path::new("")).join(written)
}

/// The paths of a folder in order.
fn listed(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let wrong = |error: std::io::Error| format!("cannot read {}: {error}", folder.display());
    let entries = fs::read_dir(folder).map_err(wrong)?;
    let mut paths = Vec::new();
    for entry in entries.take(MOST_FILES) {
        paths.push(entry.map_err(wrong)?.path());
    }
    paths.sort();
    Ok(paths)
}

fn text(path: &Path) -> Result<Text, String> {
    let name = path.display().to_string();
    let wrong = |error: std::io::Error| format!("cannot read {name}: {error}");
    // Whoever reads a pipe may wait for ever.
    if fs::metadata(path).map_err(wrong)?.is_file() {
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(wrong)?;
        file.take(MOST_BYTES).read_to_end(&mut bytes).map_err(wrong)?;
        return Ok(Text { name, bytes });
    }
    Err(format!("cannot read {name}: no regular file"))
}
