//! A file that whole lines are appended to, by whoever else does so beside.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

/// Readable for the group, so that what ships it away need not be the daemon's user.
const MODE: u32 = 0o640;

/// The file, opened again whenever another one stands in its place: so it may be renamed, or removed,
/// and nobody has to tell.
pub(super) struct Appended {
    path: PathBuf,
    open: Option<File>,
    /// Whether the last line is torn: the end of it must not begin the next one.
    is_torn: bool,
}

impl Appended {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, open: None, is_torn: false }
    }

    /// Appends whole lines, all of them or none: what a full disk cuts off is taken back.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let torn = self.is_torn;
        let file = self.current()?;
        if torn {
            file.write_all(b"\n")?;
        }
        let mut written = 0;
        let done = loop {
            match file.write(lines.get(written..).unwrap_or_default()) {
                Ok(0) if written < lines.len() => break Err(io::ErrorKind::WriteZero.into()),
                Ok(bytes) => written += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
            if written == lines.len() {
                break Ok(());
            }
        };
        self.is_torn = done.is_err() && written > 0 && !take_back(file, written);
        if done.is_err() {
            self.open = None;
        }
        done
    }

    /// The file that stands there now.
    fn current(&mut self) -> io::Result<&mut File> {
        let is_another = |open: &File| {
            let place = |of: Metadata| (of.dev(), of.ino());
            let now = self.path.metadata().map(place).ok();
            now.is_none() || now != open.metadata().map(place).ok()
        };
        if self.open.as_ref().is_none_or(is_another) {
            // Or a pipe without a reader would hold this up.
            let flags = libc::O_NONBLOCK;
            let mut options = OpenOptions::new();
            options.append(true).create(true).mode(MODE).custom_flags(flags);
            self.open = Some(options.open(&self.path)?);
        }
        self.open.as_mut().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// Takes back what was written of lines that are not whole; says whether that could be done.
fn take_back(file: &File, bytes: usize) -> bool {
    let length = file.metadata().map(|of| of.len());
    let before = length.map(|length| length.saturating_sub(bytes as u64));
    before.and_then(|before| file.set_len(before)).is_ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_that_was_renamed_or_removed_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let [path, old] = ["log", "log.1"].map(|name| folder.path().join(name));
        let mut file = Appended::new(path.clone());
        file.append(b"one\n").unwrap();
        fs::rename(&path, &old).unwrap();
        file.append(b"two\n").unwrap();
        file.append(b"three\n").unwrap();
        assert_eq!(fs::read_to_string(&old).unwrap(), "one\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "two\nthree\n");
        assert_eq!(path.metadata().unwrap().mode() & 0o137, 0);
        fs::remove_file(&path).unwrap();
        file.append(b"four\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "four\n");
        // And cut to nothing where it stands.
        fs::write(&path, "").unwrap();
        file.append(b"five\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "five\n");
    }

    #[test]
    fn a_folder_that_is_gone_is_an_error_until_it_is_back() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("logs");
        let mut file = Appended::new(inside.join("log"));
        assert!(file.append(b"one\n").is_err());
        fs::create_dir(&inside).unwrap();
        file.append(b"two\n").unwrap();
        fs::remove_dir_all(&inside).unwrap();
        assert!(file.append(b"three\n").is_err());
        fs::create_dir(&inside).unwrap();
        file.append(b"four\n").unwrap();
        assert_eq!(fs::read_to_string(inside.join("log")).unwrap(), "four\n");
    }

    #[test]
    fn a_pipe_that_nobody_reads_holds_up_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        assert!(Appended::new(path).append(b"one\n").is_err());
    }
}
