//! `exec`: a command of the operator, where `steersman.toml` allows that.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::Beside;
use crate::config::document::{Item, Table};
use crate::finding::words::quoted;
use crate::health::ExecCheck;

const MOST_WORDS: usize = 64;
const LONGEST_WORD: usize = 4096;
const COMMAND: &str = r#"a command and its arguments, such as ["/usr/lib/steersman/check", "-v"]"#;
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
    let why = match (unfit(path), interpreter(path)) {
        (Some(why), _) => why,
        (None, Some(interpreter)) => match unfit(&interpreter) {
            Some(why) => format!("its interpreter {}: {why}", quoted(&interpreter)),
            None => return true,
        },
        (None, None) => return true,
    };
    item.finding(format!("{}: {why}", quoted(path)), expected);
    false
}

/// Why nobody could run a file.
fn unfit(path: &str) -> Option<String> {
    match fs::metadata(Path::new(path)) {
        Err(error) => Some(error.to_string()),
        Ok(found) if !found.is_file() => Some("it is not a plain file".into()),
        Ok(found) if found.permissions().mode() & EXECUTABLE == 0 => {
            Some(format!("it is not executable (mode {:04o})", found.permissions().mode() & 0o7777))
        }
        Ok(_) => None,
    }
}

/// The absolute path after the `#!` of a script, if it is one that can be read.
fn interpreter(path: &str) -> Option<String> {
    let mut head = Vec::new();
    fs::File::open(path).ok()?.take(MOST_HEAD_BYTES).read_to_end(&mut head).ok()?;
    let line = head.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let line = String::from_utf8_lossy(line);
    // The kernel knows no other spaces.
    let word = line.trim_start_matches([' ', '\t']).split([' ', '\t']).next()?;
    word.starts_with('/').then(|| word.into())
}
