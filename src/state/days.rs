//! What was believed, day by day: a file for each, which only grows, and goes when it is old.
//!
//! What a line says is the matter of those who write and read it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::journal::{self, Durability, Journal};
use super::{StateError, Store, create_folder, guard, line, sync_folder};

/// The folder of the files.
const FOLDER: &str = "uptime";

/// So large one may become: what comes after is not written down.
const LARGEST_BYTES: u64 = 256 * 1024 * 1024;

/// The days on disk, and the one that is written to.
pub(super) struct Days {
    folder: PathBuf,
    open: Option<(String, Journal)>,
    largest_bytes: u64,
}

impl Days {
    pub(super) fn new(state: &Path) -> Self {
        Self { folder: state.join(FOLDER), open: None, largest_bytes: LARGEST_BYTES }
    }

    /// Another process may have written since: it is opened again with the next line.
    pub(super) fn close(&mut self) {
        self.open = None;
    }

    fn append(&mut self, day: &str, json: &str) -> io::Result<()> {
        let is_of_day = |(known, _): &(String, Journal)| known == day;
        let (_, journal) = match self.open.take().filter(is_of_day) {
            Some(open) => self.open.insert(open),
            None => {
                create_folder(&self.folder)?;
                let (mut journal, bytes) = Journal::open(&self.path(day))?;
                journal.cut_torn(line::scan(&bytes).whole_bytes);
                sync_folder(&self.folder)?;
                self.open.insert((day.to_owned(), journal))
            }
        };
        if journal.length_bytes() + json.len() as u64 > self.largest_bytes {
            let why = format!("it has grown to {} MiB in a day", self.largest_bytes >> 20);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
        }
        journal.append(json, Durability::Buffered)
    }

    fn path(&self, day: &str) -> PathBuf {
        self.folder.join(format!("{day}.jsonl"))
    }
}

impl Store {
    /// Writes a line, without a newline, into the file of a day, `YYYY-MM-DD`; it is on disk some seconds
    /// later.
    ///
    /// # Errors
    ///
    /// It could not be written; the file is as it was before.
    pub fn record_day(&self, day: &str, json: &str) -> Result<(), StateError> {
        let disk = self.disk()?;
        let mut days = guard(&disk.days);
        days.append(day, json).map_err(|error| StateError::Io(days.path(day), error))
    }

    /// The lines of some days, the first and the last of them included, in order, each with its day. Those that
    /// are damaged are passed over.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub fn read_days(
        &self,
        (first, last): (&str, &str),
        mut take: impl FnMut(&str, &str),
    ) -> Result<(), StateError> {
        let days = Days::new(&self.folder);
        let unreadable = |error| StateError::Unreadable(days.folder.clone(), error);
        let within = |day: &String| first <= &**day && &**day <= last;
        for day in known(&days.folder).map_err(unreadable)?.into_iter().filter(within) {
            let path = days.path(&day);
            // One may be large: no more of it than a line is held.
            let mut lines = match journal::lines(&path, LARGEST_BYTES) {
                Ok(lines) => lines,
                // A folder or a pipe of that name is none of ours.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => continue,
                Err(error) => return Err(StateError::Unreadable(path, error)),
            };
            let unreadable = |error| StateError::Unreadable(path.clone(), error);
            while let Some((_, line)) = lines.next().map_err(unreadable)? {
                line.into_iter().for_each(|json| take(&day, json));
            }
        }
        Ok(())
    }

    /// Deletes the files of the oldest days, if there are more than so many: a clock that jumps costs no more
    /// than the days that it makes up.
    ///
    /// # Errors
    ///
    /// One could not be deleted.
    pub fn forget_days(&self, keep: usize) -> Result<(), StateError> {
        let disk = self.disk()?;
        let days = guard(&disk.days);
        let failed = |error| StateError::Io(days.folder.clone(), error);
        let known = known(&days.folder).map_err(failed)?;
        for day in &known[..known.len().saturating_sub(keep)] {
            fs::remove_file(days.path(day)).map_err(failed)?;
        }
        Ok(())
    }
}

/// The days of which there are files, in order.
fn known(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut days: Vec<String> =
        names.filter_map(|name| name.strip_suffix(".jsonl").map(str::to_owned)).collect();
    days.sort();
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::time::SystemTime;

    fn store(folder: &Path) -> Store {
        Store::open(folder, SystemTime::UNIX_EPOCH).unwrap().0
    }

    fn lines(store: &Store, days: (&str, &str)) -> Vec<String> {
        let mut lines = Vec::new();
        store.read_days(days, |_, json| lines.push(json.to_owned())).unwrap();
        lines
    }

    #[test]
    fn days_are_read_in_order_and_go_when_they_are_old() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        assert_eq!(lines(&store, ("2026-01-01", "2026-12-31")), [""; 0]);
        for (day, json) in
            [("2026-11-29", "1"), ("2026-11-30", "2"), ("2026-11-30", "3"), ("2026-12-01", "4")]
        {
            store.record_day(day, json).unwrap();
        }
        fs::write(folder.path().join("uptime/notes.txt"), "mine").unwrap();
        assert_eq!(lines(&store, ("2026-01-01", "2026-12-31")), ["1", "2", "3", "4"]);
        assert_eq!(lines(&store, ("2026-11-30", "2026-11-30")), ["2", "3"]);
        store.forget_days(2).unwrap();
        store.forget_days(2).unwrap();
        assert_eq!(lines(&store, ("2026-01-01", "2026-12-31")), ["2", "3", "4"]);
        assert!(folder.path().join("uptime/notes.txt").exists());
    }

    #[test]
    fn what_is_no_plain_file_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        store.record_day("2026-11-30", "1").unwrap();
        fs::create_dir(folder.path().join("uptime/2026-11-29.jsonl")).unwrap();
        assert_eq!(lines(&store, ("2026-11-01", "2026-11-30")), ["1"]);
    }

    /// A power cut in the middle of a line, and a bitten one before it.
    #[test]
    fn what_is_torn_is_cut_and_what_is_bitten_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let day = "2026-11-30";
        let path = folder.path().join("uptime").join(format!("{day}.jsonl"));
        {
            let store = store(folder.path());
            store.record_day(day, "1").unwrap();
        }
        let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"00000000 1 2\n00000000 17 {\"half\"").unwrap();
        let store = store(folder.path());
        assert_eq!(lines(&store, (day, day)), ["1"]);
        store.record_day(day, "3").unwrap();
        assert_eq!(lines(&store, (day, day)), ["1", "3"]);
    }

    /// Whatever goes up and down without end fills no disk; the next day begins with an empty file.
    #[test]
    fn a_day_that_is_too_large_takes_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let mut days = Days { largest_bytes: 2 << 20, ..Days::new(folder.path()) };
        let json = format!("\"{}\"", "x".repeat(600_000));
        let taken = (0..5).take_while(|_| days.append("2026-11-30", &json).is_ok()).count();
        assert_eq!(taken, 3);
        let error = days.append("2026-11-30", &json).unwrap_err();
        assert_eq!(error.to_string(), "it has grown to 2 MiB in a day");
        days.append("2026-12-01", &json).unwrap();
        // Also where another process has written it.
        let mut days = Days { largest_bytes: 2 << 20, ..Days::new(folder.path()) };
        assert!(days.append("2026-11-30", &json).is_err());
    }

    #[test]
    fn what_cannot_be_written_is_said() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("uptime"), "no folder").unwrap();
        let store = store(folder.path());
        let error = store.record_day("2026-11-30", "1").unwrap_err().to_string();
        assert!(
            error.starts_with("cannot write ") && error.contains("2026-11-30.jsonl"),
            "{error}"
        );
        let error =
            store.read_days(("2026-11-30", "2026-11-30"), |_, _| ()).unwrap_err().to_string();
        assert!(error.starts_with("cannot read "), "{error}");
    }
}
