//! A file that only grows, one checked line at a time, and never keeps half a line.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufReader, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::line::{self, Lines};

/// What a journal is written on: a file, or in tests one that fails.
pub(super) trait Tape: Send {
    /// Writes at the end.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Cuts everything after `length` bytes.
    fn cut(&mut self, length: u64) -> io::Result<()>;
    /// Returns once everything has reached the disk.
    fn sync(&mut self) -> io::Result<()>;
    /// Fails if it has fewer bytes than that, or cannot be found any more.
    fn check(&self, _length: u64) -> io::Result<()> {
        Ok(())
    }
}

/// A file by its path, under which others have to find it.
struct Placed {
    file: File,
    path: PathBuf,
}

impl Placed {
    /// Refuses to go on where the file was deleted or moved away, by a rotation of logs for example: it would take
    /// all writes, and nobody would find them at the next start.
    fn expect_in_place(&self) -> io::Result<Metadata> {
        let here = self.file.metadata()?;
        let there = fs::metadata(&self.path).ok();
        let place = |metadata: &Metadata| (metadata.dev(), metadata.ino());
        if there.as_ref().map(place) == Some(place(&here)) {
            return Ok(here);
        }
        let gone = "the file was deleted or moved while in use; put it back, or restart the daemon to begin a new one";
        Err(io::Error::new(io::ErrorKind::NotFound, gone))
    }

    /// The same where somebody cut it off: what was acknowledged is not there any more.
    fn expect_whole(&self, length_bytes: u64) -> io::Result<()> {
        if self.expect_in_place()?.len() >= length_bytes {
            return Ok(());
        }
        let cut = "the file was cut off while in use; put it back as it was, or restart the daemon";
        Err(io::Error::new(io::ErrorKind::InvalidData, cut))
    }
}

impl Tape for Placed {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.expect_whole(length)?;
        self.file.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.expect_in_place()?;
        self.file.sync_data()
    }

    fn check(&self, length: u64) -> io::Result<()> {
        self.expect_whole(length)
    }
}

/// Whether an append waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Durability {
    /// On disk when the append returns.
    Synced,
    /// On disk soon.
    Buffered,
}

/// An open journal.
pub(super) struct Journal {
    tape: Box<dyn Tape>,
    /// Where the last good line ends.
    length_bytes: u64,
    /// An append failed, and what it left behind could not be cut yet.
    torn: bool,
}

/// Reads a file whole that is not to be written.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    expect_plain(path)?;
    fs::read(path)
}

/// The same, line by line; none that is written is longer.
pub(super) fn lines(path: &Path, longest_bytes: u64) -> io::Result<Lines<BufReader<File>>> {
    expect_plain(path)?;
    File::open(path).map(|file| Lines::new(BufReader::new(file), longest_bytes))
}

/// A pipe would be waited for without end, and a device read without end.
fn expect_plain(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a plain file"))
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

impl Journal {
    /// A journal on a tape that holds `length_bytes` of good lines, and perhaps more.
    pub(super) fn new(tape: Box<dyn Tape>, length_bytes: u64) -> Self {
        Self { tape, length_bytes, torn: false }
    }

    /// Opens the journal at `path`, made with mode 0600 if missing, and reads all of it.
    ///
    /// A torn last line stays in the bytes returned; [`Self::cut_torn`] cuts it.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Vec<u8>)> {
        expect_plain(path)?;
        let mut file =
            OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let length_bytes = bytes.len() as u64;
        let placed = Placed { file, path: path.into() };
        Ok((Self::new(Box::new(placed), length_bytes), bytes))
    }

    /// Cuts what stands after the last whole line.
    ///
    /// If that fails now, it is tried again before the next append.
    pub(super) fn cut_torn(&mut self, whole_bytes: usize) {
        if self.length_bytes != whole_bytes as u64 {
            self.length_bytes = whole_bytes as u64;
            self.torn = true;
            // Tried again before the next append, which reports what is wrong.
            let _ = self.mend();
        }
    }

    /// Appends a line.
    ///
    /// # Errors
    ///
    /// Whatever the file says. The file is then as it was before; where even that fails, it takes
    /// no more lines until it can be cut.
    pub(super) fn append(&mut self, json: &str, durability: Durability) -> io::Result<()> {
        if self.torn {
            self.mend()?;
        }
        self.tape.check(self.length_bytes)?;
        let bytes = line::encode(json);
        let written = self.tape.append(&bytes).and_then(|()| match durability {
            Durability::Synced => self.tape.sync(),
            Durability::Buffered => Ok(()),
        });
        if let Err(error) = written {
            self.torn = true;
            // The first error is the one that tells; this one comes again with the next append.
            let _ = self.mend();
            return Err(error);
        }
        self.length_bytes += bytes.len() as u64;
        Ok(())
    }

    /// Its good lines, in bytes.
    pub(super) fn length_bytes(&self) -> u64 {
        self.length_bytes
    }

    fn mend(&mut self) -> io::Result<()> {
        self.tape.cut(self.length_bytes)?;
        self.tape.sync()?;
        self.torn = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    /// A disk of limited size; each of its operations can be told to fail.
    #[derive(Default)]
    struct Disk {
        bytes: Vec<u8>,
        room: usize,
        cut_fails: bool,
        sync_fails: bool,
    }

    struct TestTape(Arc<Mutex<Disk>>);

    fn fail(kind: io::ErrorKind, when: bool) -> io::Result<()> {
        if when { Err(kind.into()) } else { Ok(()) }
    }

    impl Tape for TestTape {
        fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
            let mut disk = self.0.lock().unwrap();
            let fits = bytes.len().min(disk.room - disk.bytes.len());
            disk.bytes.extend_from_slice(&bytes[..fits]);
            fail(io::ErrorKind::StorageFull, fits < bytes.len())
        }

        fn cut(&mut self, length: u64) -> io::Result<()> {
            let mut disk = self.0.lock().unwrap();
            fail(io::ErrorKind::Other, disk.cut_fails)?;
            disk.bytes.truncate(usize::try_from(length).unwrap());
            Ok(())
        }

        fn sync(&mut self) -> io::Result<()> {
            fail(io::ErrorKind::Other, self.0.lock().unwrap().sync_fails)
        }
    }

    fn journal(room: usize) -> (Journal, Arc<Mutex<Disk>>) {
        let disk = Arc::new(Mutex::new(Disk { room, ..Disk::default() }));
        (Journal::new(Box::new(TestTape(disk.clone())), 0), disk)
    }

    const LINE: &str = r#"{"a":1}"#;

    #[test]
    fn a_full_disk_leaves_the_lines_before_and_takes_more_once_there_is_room() {
        let size = line::encode(LINE).len();
        for room in size..2 * size {
            let (mut journal, disk) = journal(room);
            journal.append(LINE, Durability::Synced).unwrap();
            let error = journal.append(LINE, Durability::Synced).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull);
            assert_eq!(disk.lock().unwrap().bytes, line::encode(LINE), "{room}");
            disk.lock().unwrap().room = 1000;
            journal.append(LINE, Durability::Synced).unwrap();
            assert_eq!(line::scan(&disk.lock().unwrap().bytes).good.len(), 2, "{room}");
        }
    }

    #[test]
    fn what_was_written_but_not_synced_is_taken_back() {
        let (mut journal, disk) = journal(1000);
        disk.lock().unwrap().sync_fails = true;
        journal.append(LINE, Durability::Synced).unwrap_err();
        assert_eq!(disk.lock().unwrap().bytes, b"");
        journal.append(LINE, Durability::Buffered).unwrap_err();
        disk.lock().unwrap().sync_fails = false;
        journal.append(LINE, Durability::Synced).unwrap();
        assert_eq!(disk.lock().unwrap().bytes, line::encode(LINE));
    }

    #[test]
    fn a_file_that_cannot_be_cut_takes_no_more_lines_until_it_can() {
        let (mut journal, disk) = journal(10);
        disk.lock().unwrap().cut_fails = true;
        journal.append(LINE, Durability::Synced).unwrap_err();
        disk.lock().unwrap().room = 1000;
        for _ in 0..3 {
            journal.append(LINE, Durability::Synced).unwrap_err();
            assert_eq!(disk.lock().unwrap().bytes.len(), 10);
        }
        disk.lock().unwrap().cut_fails = false;
        journal.append(LINE, Durability::Synced).unwrap();
        assert_eq!(disk.lock().unwrap().bytes, line::encode(LINE));
    }

    #[test]
    fn a_device_that_is_always_full_refuses() {
        let file = OpenOptions::new().append(true).open("/dev/full").unwrap();
        let path = "/dev/full".into();
        let mut journal = Journal::new(Box::new(Placed { file, path }), 0);
        let error = journal.append(LINE, Durability::Synced).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        journal.append(LINE, Durability::Buffered).unwrap_err();
    }

    #[test]
    fn a_deleted_file_acknowledges_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let (mut journal, _) = Journal::open(&path).unwrap();
        journal.append(LINE, Durability::Synced).unwrap();
        fs::remove_file(&path).unwrap();
        let error = journal.append(LINE, Durability::Synced).unwrap_err();
        assert!(error.to_string().contains("deleted"), "{error}");
    }

    /// As whoever rotates logs does it.
    #[test]
    fn a_moved_or_cut_file_acknowledges_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (path, away) = (folder.path().join("journal"), folder.path().join("journal.1"));
        let (mut journal, _) = Journal::open(&path).unwrap();
        journal.append(LINE, Durability::Synced).unwrap();
        fs::rename(&path, &away).unwrap();
        for durability in [Durability::Synced, Durability::Buffered] {
            let error = journal.append(LINE, durability).unwrap_err();
            assert!(error.to_string().contains("moved while in use"), "{error}");
        }
        fs::write(&path, "another one").unwrap();
        journal.append(LINE, Durability::Synced).unwrap_err();
        // Put back, it goes on, and nothing was lost or doubled.
        fs::rename(&away, &path).unwrap();
        journal.append(LINE, Durability::Synced).unwrap();
        let twice = line::encode(LINE).repeat(2);
        assert_eq!(fs::read(&path).unwrap(), twice);
        fs::write(&path, "").unwrap();
        let error = journal.append(LINE, Durability::Synced).unwrap_err();
        assert!(error.to_string().contains("cut off while in use"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"", "no zeros in place of what is gone");
    }

    #[test]
    fn what_is_no_file_is_neither_waited_for_nor_read_without_end() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path(), Path::new("/dev/zero")] {
            let opened = Journal::open(path).err().unwrap();
            for error in [opened, read(path).unwrap_err()] {
                assert_eq!(error.to_string(), "it is not a plain file");
            }
        }
    }
}
