//! The files of a story, laid out in a folder of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use steersman::config;
use steersman::finding::Finding;
use steersman::place::Places;
use steersman::view::World;
use tempfile::TempDir;

use super::story::Story;

/// The folder of one run.
pub struct Files {
    folder: TempDir,
}

impl Files {
    /// Lays out what a story begins with.
    pub fn new(story: &Story) -> Self {
        let files = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(files.zones()).unwrap();
        story.files.iter().for_each(|(name, text)| files.write(name, text));
        files
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Its zones.
    pub fn zones(&self) -> PathBuf {
        self.path().join("zones")
    }

    /// Puts a file under `zones/`, whole at once.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        self.put(&format!("zones/{name}"), text.as_ref());
    }

    /// Puts a file into the folder, whole at once.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        let new = self.path().join("new");
        fs::write(&new, bytes).unwrap();
        fs::rename(new, self.path().join(name)).unwrap();
    }

    /// Takes a file away from `zones/`.
    pub fn remove(&self, name: &str) {
        fs::remove_file(self.zones().join(name)).unwrap();
    }

    /// The world that the files make.
    pub fn load(&self, places: Places) -> Result<World, Vec<Finding>> {
        /// Any key does; the real daemon draws one.
        const SEED: u64 = 2;
        Ok(config::load(&self.zones(), Arc::new(places), "story", SEED)?.world)
    }
}
