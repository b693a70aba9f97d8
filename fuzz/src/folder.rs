//! A folder of zones, of which one file is the input.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use steersman::config::{self, Loaded};
use steersman::finding::Finding;
use tempfile::TempDir;

use crate::world::{SEED, places};

/// A folder that is loaded again and again. `fuzz/run` gives it a place in memory, and takes that
/// away in the end, since fuzzing ends without a goodbye.
pub struct Folder(TempDir);

impl Folder {
    /// With these files.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let this = Self(tempfile::tempdir().expect("a folder"));
        for (name, text) in files {
            this.write(name, text.as_bytes());
        }
        this
    }

    /// Where a file of it is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file over what was there.
    pub fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).expect("a file that can be written");
    }

    /// Takes a file away, if it is there.
    pub fn remove(&self, name: &str) {
        let _ = fs::remove_file(self.path(name));
    }

    /// Loads all of it.
    pub fn load(&self) -> Result<Loaded, Vec<Finding>> {
        config::load(self.0.path(), Arc::new(places()), "", SEED)
    }

    /// Loads it, and one time in four once more, which must come to the same.
    pub fn load_as_ever(&self, input: &[u8]) -> Result<Loaded, Vec<Finding>> {
        let loaded = self.load();
        if !is_done_again(input) {
            return loaded;
        }
        match (&loaded, self.load()) {
            (Ok(first), Ok(second)) => {
                assert_eq!(first.world.revision, second.world.revision);
                assert_eq!(first.world.inventory, second.world.inventory);
                assert_eq!(first.warnings, second.warnings);
            }
            (Err(first), Err(second)) => assert_eq!(*first, second),
            (first, second) => panic!("{first:?} and then {second:?}"),
        }
        loaded
    }
}

/// Whether an input is read again, to see whether the same comes of it: the tables of the standard
/// library have another order each time. Not always, since that takes twice as long.
pub fn is_done_again(input: &[u8]) -> bool {
    input.len().is_multiple_of(4)
}
