//! New files, all of them or none.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Writes files into a folder, which is made if it is missing. Nothing that is there is overwritten.
pub(super) fn write(folder: &Path, files: &[(String, String)]) -> Result<(), String> {
    if files.is_empty() {
        return Err("there is nothing to import; nothing was written".into());
    }
    let there: Vec<String> = files
        .iter()
        .map(|(name, _)| folder.join(name))
        .filter(|path| path.symlink_metadata().is_ok())
        .map(|path| path.display().to_string())
        .collect();
    if !there.is_empty() {
        return Err(format!(
            "already there: {}; import into another folder, or move them away; nothing was written",
            there.join(", ")
        ));
    }
    fs::create_dir_all(folder)
        .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    let mut written = Vec::new();
    for (name, text) in files {
        let path = folder.join(name);
        if let Err(error) = new_file(&path, text, &mut written) {
            let mut why = format!("cannot write {}: {error}; nothing was written", path.display());
            for path in written {
                if let Err(error) = fs::remove_file(&path) {
                    why = format!("{why}, but {} is left over: {error}", path.display());
                }
            }
            return Err(why);
        }
    }
    Ok(())
}

fn new_file(path: &Path, text: &str, written: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut file: File = OpenOptions::new().write(true).create_new(true).open(path)?;
    written.push(path.to_owned());
    file.write_all(text.as_bytes())
}
