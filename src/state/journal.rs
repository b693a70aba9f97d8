//! A file that only grows, one checked line at a time, and never keeps half a line.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::line::{self, Lines};

/// What a journal is written on: a file, or in tests one that fails.
pub(super) trait Tape: Send {
    /// Writes at the end.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Cuts everything after `length` bytes.
    fn cut(&mut self, length: u64) -> io::Result<()>;
    /// Returns once everything has reached the disk.
    fn sync(&mut self) -> io::Result<()>;
}

impl Tape for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        // A file that somebody deleted takes all writes, and keeps none.
        if self.metadata()?.nlink() == 0 {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "the file was deleted while in use; restart the daemon to begin a new one",
            ));
        }
        self.sync_data()
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

/// Reads a journal that cannot be written.
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
        Ok((Self::new(Box::new(file), bytes.len() as u64), bytes))
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
        let mut journal = Journal::new(Box::new(file), 0);
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
