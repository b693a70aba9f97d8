//! `exec`: a command of the operator, where `steersman.toml` allows that.

use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::fs::{Access, access};

use super::Beside;
use crate::config::document::{Item, Table};
use crate::finding::words::quoted;
use crate::health::ExecCheck;

const MOST_WORDS: usize = 64;
const LONGEST_WORD: usize = 4096;
const COMMAND: &str = r#"a command and its arguments, such as ["/usr/lib/steersman/check", "-v"]"#;
/// How a program begins.
const ELF: &[u8] = b"\x7fELF";
/// So many scripts one over another the kernel runs.
const NESTED: u32 = 4;
/// The most of a script that the kernel looks at for its interpreter.
const MOST_HEAD_BYTES: u64 = 256;
/// The bits of a file's mode that let somebody run it.
const EXECUTABLE: u32 = 0o111;

/// Reads the settings; none, with a finding, where there is nothing that may be run.
pub(super) fn read(
    settings: &Table<'_>,
    whole: &Item<'_>,
    beside: &Beside<'_>,
) -> Option<ExecCheck> {
    settings.expect_keys(&["command"]);
    if !beside.allows_exec {
        whole.key_finding(
            "a command, which steersman.toml does not allow",
            "allow_exec = true under [monitors] of steersman.toml, or another kind",
        );
    }
    let Some(item) = settings.get("command") else {
        whole.key_finding("exec without a command", format!("command = {COMMAND}"));
        return None;
    };
    let words = item.list(COMMAND)?;
    let Some(program) = words.first().filter(|_| words.len() <= MOST_WORDS) else {
        item.finding(format!("a list of {}", words.len()), COMMAND);
        return None;
    };
    let command: Vec<String> = words.iter().filter_map(word).collect();
    let whole = command.len() == words.len();
    let good = whole && is_program(program, command.first()?);
    good.then(|| ExecCheck { command: command.into() })
}

fn word(item: &Item<'_>) -> Option<String> {
    let good = |word: &str| word.len() <= LONGEST_WORD && !word.contains('\0');
    super::text(item, good, "a text of at most 4096 bytes")
}

/// Whether a file can be run; a relative path would mean another one in every folder.
fn is_program(item: &Item<'_>, path: &str) -> bool {
    let expected = "the absolute path of a program that can be run";
    if !path.starts_with('/') {
        item.finding(quoted(path), expected);
        return false;
    }
    match unfit(path, NESTED) {
        None => true,
        Some(why) => {
            item.finding(format!("{}: {why}", quoted(path)), expected);
            false
        }
    }
}

/// Why this user could not run a file, whose interpreter may be a script in turn so many times.
fn unfit(path: &str, nested: u32) -> Option<String> {
    match fs::metadata(Path::new(path)) {
        Err(error) => return Some(error.to_string()),
        Ok(found) if !found.is_file() => return Some("it is not a plain file".into()),
        Ok(found) if found.permissions().mode() & EXECUTABLE == 0 => {
            let mode = found.permissions().mode() & 0o7777;
            return Some(format!("it is not executable (mode {mode:04o})"));
        }
        Ok(_) => {}
    }
    if let Err(error) = access(path, Access::EXEC_OK) {
        return Some(format!("this user may not run it: {}", io::Error::from(error)));
    }
    let mut head = Vec::new();
    let read =
        fs::File::open(path).and_then(|file| file.take(MOST_HEAD_BYTES).read_to_end(&mut head));
    // A program need not be readable to be run.
    read.ok()?;
    if head.starts_with(ELF) {
        return None;
    }
    let Some(line) = head.strip_prefix(b"#!") else {
        return Some("it is neither a program nor a script that begins with #!".into());
    };
    let line =
        String::from_utf8_lossy(line.split(|byte| *byte == b'\n').next().unwrap_or_default());
    // The kernel knows no other spaces.
    let words = line.trim_matches([' ', '\t']);
    match words.split([' ', '\t']).next().unwrap_or_default() {
        "" => Some("it names no interpreter after #!".into()),
        interpreter if interpreter.starts_with('/') && nested > 0 => {
            let why = unfit(interpreter, nested - 1)?;
            Some(format!("its interpreter {}: {why}", quoted(interpreter)))
        }
        _ => None,
    }
}
