//! What an import is held to: findings at places that the files have, or files that load, whose
//! names answer, and notes at such places.

use std::cell::RefCell;

use steersman::finding::Finding;
use steersman::import::Imported;

use crate::folder::Folder;
use crate::{findings, steered};

thread_local! {
    static FOLDER: RefCell<Folder> = RefCell::new(Folder::new(&[]));
}

/// `texts` are the files that were read, by their names.
pub fn check(read: Result<Imported, Vec<Finding>>, texts: &[(&str, &[u8])]) {
    let imported = match read {
        Ok(imported) => imported,
        Err(wrong) => {
            assert!(!wrong.is_empty(), "refused without a word");
            // What comes of the files, and cannot be written, has no place in them.
            let of_files = |finding: &&Finding| texts.iter().any(|(name, _)| *name == finding.file);
            let of_files: Vec<Finding> = wrong.iter().filter(of_files).cloned().collect();
            return findings::check(&of_files, texts);
        }
    };
    let Imported { files, notes } = imported;
    assert!(notes.is_sorted());
    let places: Vec<Finding> = notes
        .iter()
        .map(|note| {
            assert!(!note.why.is_empty(), "{note:?}");
            Finding::at(&note.file, (note.line, note.column), &note.found, &note.instead)
        })
        .collect();
    findings::check(&places, texts);
    FOLDER.with_borrow_mut(|folder| {
        // Files of the last input must not be found beside those of this one.
        for name in ["pools.toml", "example.com.toml", "example.com.zone"] {
            match files.iter().find(|(known, _)| known == name) {
                Some((_, text)) => folder.write(name, text.as_bytes()),
                None => folder.remove(name),
            }
        }
        let loaded = folder.load().unwrap_or_else(|wrong| panic!("{wrong:#?}\n{files:#?}"));
        steered::ask_all(loaded.world);
    });
}
