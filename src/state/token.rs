//! The admin token: who holds it may steer.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::{error, fmt};

use data_encoding::HEXLOWER;

use super::{create_folder, sync_folder_of};
use crate::clock;

/// A shorter one can be guessed.
const SHORTEST_BYTES: usize = 16;
/// No token file has more, in bytes.
const LONGEST_BYTES: u64 = 4096;

/// A token. Its `Debug` form hides it from logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// Why there is no token.
#[derive(Debug)]
pub enum TokenError {
    /// The file cannot be read or made.
    Io(PathBuf, io::Error),
    /// The file holds something that is no token.
    Unfit(PathBuf, String),
}

impl Token {
    /// A token of this text, for tests and for whoever has it from elsewhere.
    ///
    /// # Errors
    ///
    /// Says what is wrong with it.
    pub fn new(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("it is empty".into());
        }
        if text.len() < SHORTEST_BYTES {
            return Err(format!("{} bytes; expected at least {SHORTEST_BYTES}", text.len()));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("expected one line of printable ASCII without spaces".into());
        }
        Ok(Self(text.to_owned()))
    }

    /// A new one: 32 random bytes in hexadecimal digits.
    ///
    /// # Errors
    ///
    /// The system gives no chance.
    pub fn random() -> io::Result<Self> {
        Ok(Self(HEXLOWER.encode(&clock::random_bytes::<32>()?)))
    }

    /// Reads a token file.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or holds no token.
    pub fn read(path: &Path) -> Result<Self, TokenError> {
        let unfit = |wrong: &str| TokenError::Unfit(path.into(), wrong.into());
        let io = |error| TokenError::Io(path.into(), error);
        let metadata = fs::metadata(path).map_err(io)?;
        // A pipe would be waited for, a device read without end.
        if !metadata.is_file() || metadata.len() > LONGEST_BYTES {
            return Err(unfit("expected a file with one line"));
        }
        let text = fs::read_to_string(path).map_err(io)?;
        Self::new(&text).map_err(|wrong| TokenError::Unfit(path.into(), wrong))
    }

    /// Reads a token file, or makes it, with mode 0600 and 32 random bytes in hexadecimal, if
    /// there is none. Warns in the log if others may read it.
    ///
    /// # Errors
    ///
    /// The file can be neither read nor made, or holds no token.
    pub fn read_or_make(path: &Path) -> Result<Self, TokenError> {
        match make(path) {
            // Whatever hindered: on a read-only file system reading is enough.
            Err(_) if path.exists() => {
                warn_if_open(path);
                Self::read(path)
            }
            Err(error) => Err(TokenError::Io(path.into(), error)),
            Ok(()) => {
                tracing::info!(file = %path.display(), "made a new admin token");
                Self::read(path)
            }
        }
    }

    /// The token itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// Makes the file, unless the name is taken.
fn make(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    let token = Token::random()?;
    // Whole or not at all: an empty file would stand in the way of every later start.
    let draft = path.with_added_extension(format!("{}.new", std::process::id()));
    let written = write_new(&draft, token.reveal()).and_then(|()| fs::hard_link(&draft, path));
    // What is left of a draft harms nobody.
    let _ = fs::remove_file(&draft);
    written?;
    sync_folder_of(path)
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

fn warn_if_open(path: &Path) {
    let Ok(metadata) = fs::metadata(path) else { return };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o007 != 0 {
        tracing::warn!(
            file = %path.display(),
            mode = format!("{mode:04o}"),
            "every user of this machine can get at the admin token; chmod 600 the file"
        );
    }
}

impl TokenError {
    /// What kind of failure the system reported, if it was that.
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        match self {
            Self::Io(_, error) => Some(error.kind()),
            Self::Unfit(..) => None,
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) => {
                write!(f, "cannot use the token file {}: {error}", path.display())
            }
            Self::Unfit(path, wrong) => write!(
                f,
                "{}: this is no token: {wrong}; remove the file and restart the daemon to get a \
                 new one",
                path.display()
            ),
        }
    }
}

impl error::Error for TokenError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_start_makes_a_private_token_and_the_next_one_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/state/admin.token");
        let token = Token::read_or_make(&path).unwrap();
        assert_eq!(token.reveal().len(), 64);
        assert!(token.reveal().bytes().all(|b| b.is_ascii_hexdigit()));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        assert_eq!(Token::read_or_make(&path).unwrap(), token);
        assert_eq!(Token::read(&path).unwrap(), token);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        assert_eq!(format!("{token:?}"), "Token(…)");
    }

    #[test]
    fn what_is_no_token_is_refused_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.token");
        for (text, wrong) in [
            ("", "empty"),
            (" \n", "empty"),
            ("short", "5 bytes; expected at least 16"),
            ("0123456789 abcdef", "without spaces"),
            ("0123456789abcdef\nmore", "without spaces"),
        ] {
            fs::write(&path, text).unwrap();
            let error = Token::read_or_make(&path).unwrap_err().to_string();
            assert!(error.contains(wrong), "{text:?}: {error}");
            assert!(error.contains("admin.token"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        fs::write(&path, "a".repeat(5000)).unwrap();
        assert!(Token::read_or_make(&path).unwrap_err().to_string().contains("expected a file"));
        for no_file in [folder.path(), Path::new("/dev/zero")] {
            let error = Token::read_or_make(no_file).unwrap_err().to_string();
            assert!(error.contains("expected a file"), "{error}");
        }
        fs::write(&path, "  0123456789abcdef\r\n").unwrap();
        assert_eq!(Token::read_or_make(&path).unwrap().reveal(), "0123456789abcdef");
    }

    #[test]
    fn a_missing_file_is_an_error_for_a_reader() {
        let error = Token::read(Path::new("/nonexistent/admin.token")).unwrap_err();
        assert!(matches!(error, TokenError::Io(..)));
        assert!(Token::read_or_make(Path::new("/proc/nonexistent/admin.token")).is_err());
    }
}
