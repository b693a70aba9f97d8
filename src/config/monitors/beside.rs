//! What lies beside `pools.toml` and is named in it.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use crate::config::certificate::MAX_BYTES;
use crate::config::daemon::{NamedFile, named};
use crate::config::document::Item;
use crate::config::folder::{Files, read_bounded};

/// Where paths begin, and who remembers what was read.
#[derive(Default)]
pub(in crate::config) struct Beside<'a> {
    folder: PathBuf,
    files: Option<RefCell<&'a mut Files>>,
    /// Whether `steersman.toml` allows monitors to run commands.
    pub(super) allows_exec: bool,
}

impl<'a> Beside<'a> {
    /// For a file that stands in a folder.
    pub(in crate::config) fn new(folder: &Path, files: &'a mut Files, allows_exec: bool) -> Self {
        Self { folder: folder.into(), files: Some(RefCell::new(files)), allows_exec }
    }

    /// The file that an item names.
    pub(super) fn file(&self, item: &Item<'_>) -> Option<NamedFile> {
        let (path, position) = named(item, &self.folder)?;
        Some(NamedFile { path, position })
    }

    /// Reads a file, which becomes part of what was loaded.
    pub(super) fn read(&self, file: &NamedFile) -> Result<Vec<u8>, String> {
        match &self.files {
            Some(files) => files.borrow_mut().named(&file.path, MAX_BYTES),
            None => read_bounded(&file.path, MAX_BYTES),
        }
    }
}
