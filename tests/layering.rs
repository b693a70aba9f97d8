//! Holds the arrows between the rooms of `src/` to the table in ARCHITECTURE.md.
//!
//! The table is read from the document itself, so the two cannot drift apart. A wrong arrow, a
//! room without a row and a row without a room fail, and so does a pure room that touches the
//! world.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What no pure room may say: the ways to sockets, files, clock, chance, other threads and logs.
const WORLDLY: &[&str] = &[
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "std::os",
    "UdpSocket",
    "TcpStream",
    "TcpListener",
    "UnixStream",
    "UnixDatagram",
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
    "getrandom",
    "libc::",
    "socket2",
    "tokio",
    "tracing",
];

const TEST_ONLY: &str = "#[cfg(test)]";

/// One row of the table.
struct Row {
    pure: bool,
    may_use: BTreeSet<String>,
}

/// One source file.
struct Source {
    /// Its path below `src/`.
    path: PathBuf,
    /// Its text without comments, texts and tests.
    code: String,
}

#[test]
fn every_arrow_stands_in_the_table() {
    let rows = rows();
    let mut wrong = Vec::new();
    for source in sources() {
        let room = source.room();
        let Some(row) = rows.get(&room) else {
            wrong.push(format!("{}: room {room} has no row", source.path.display()));
            continue;
        };
        for used in source.rooms_used() {
            if used != room && !row.may_use.contains(&used) {
                wrong.push(format!("{}: {room} -> {used}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that ARCHITECTURE.md does not have:\n{}", wrong.join("\n"));
}

#[test]
fn pure_rooms_do_not_touch_the_world() {
    let rows = rows();
    let mut wrong = Vec::new();
    for source in sources() {
        if !rows.get(&source.room()).is_some_and(|row| row.pure) {
            continue;
        }
        for word in WORLDLY.iter().filter(|word| source.code.contains(**word)) {
            wrong.push(format!("{}: {word}", source.path.display()));
        }
    }
    assert!(wrong.is_empty(), "pure rooms that touch the world:\n{}", wrong.join("\n"));
}

#[test]
fn every_row_has_a_room_and_arrows_point_down_only() {
    let rows = rows();
    let rooms: BTreeSet<String> = sources().iter().map(Source::room).collect();
    let mut placed: BTreeSet<&str> = BTreeSet::new();
    let mut left: Vec<_> = rows.iter().collect();
    for (room, row) in &rows {
        assert!(rooms.contains(room), "ARCHITECTURE.md has a row for {room}, which is not in src/");
        for used in &row.may_use {
            assert!(rows.contains_key(used), "{room} may use {used}, which has no row");
            let worldly = row.pure && !rows[used].pure;
            assert!(!worldly, "{room} is pure and may not use {used}");
        }
    }
    while !left.is_empty() {
        let count = left.len();
        left.retain(|(room, row)| {
            let ready = row.may_use.iter().all(|used| placed.contains(used.as_str()));
            if ready {
                placed.insert(room.as_str());
            }
            !ready
        });
        let names: Vec<_> = left.iter().map(|(room, _)| room.as_str()).collect();
        assert!(left.len() < count, "the table has a circle among {}", names.join(", "));
    }
}

#[test]
fn documents_name_no_source_file_that_is_gone() {
    let gone: Vec<String> = read("ARCHITECTURE.md")
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|quoted| quoted.starts_with("src/") || quoted.starts_with("tests/"))
        .filter(|quoted| !root().join(quoted).exists())
        .map(str::to_owned)
        .collect();
    assert!(gone.is_empty(), "ARCHITECTURE.md names what is not there: {}", gone.join(", "));
}

#[test]
fn this_test_sees_arrows_in_every_form() {
    let text = r#"
        //! See [`crate::comments`].
        use crate::wire::{Name, crate_name};
        #[cfg(test)]
        mod tests;
        use crate::{health::Pool, place::{Class, map}, view};
        const TEXT: &str = "crate::texts // 1";
        /* crate::comments */ fn f() { crate::zone::g(); super::super::dns::h(); super::near(); }
        #[cfg(test)]
        mod tests { use crate::tests_only; }
    "#;
    let source = Source { path: "steering/choose.rs".into(), code: code_of(text) };
    let used: Vec<_> = source.rooms_used().into_iter().collect();
    assert_eq!(used, ["dns", "health", "place", "view", "wire", "zone"]);
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The rows of the table whose first line is `| room | kind | may use |`.
fn rows() -> BTreeMap<String, Row> {
    let text = read("ARCHITECTURE.md");
    let rows: BTreeMap<String, Row> = text
        .lines()
        .skip_while(|line| !line.starts_with("| room | kind | may use |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [room, kind, may_use] = cells[..] else { panic!("three cells, not {line}") };
            let names = may_use.split('`').skip(1).step_by(2).map(str::to_owned).collect();
            let pure = match kind {
                "pure" => true,
                "edge" => false,
                other => panic!("pure or edge, not {other}"),
            };
            (room.trim_matches('`').to_owned(), Row { pure, may_use: names })
        })
        .collect();
    assert!(rows.len() > 10, "ARCHITECTURE.md has lost its table");
    rows
}

fn sources() -> Vec<Source> {
    let src = root().join("src");
    let mut folders = vec![src.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let is_tests = path.file_stem().is_some_and(|stem| stem == "tests");
            if is_tests || path == src.join("lib.rs") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let code = code_of(&fs::read_to_string(&path).unwrap());
                sources.push(Source { path: path.strip_prefix(&src).unwrap().into(), code });
            }
        }
    }
    assert!(!sources.is_empty());
    sources
}

impl Source {
    /// The room that it belongs to: the folder, or the file, right below `src/`.
    fn room(&self) -> String {
        let first = self.path.iter().next().unwrap().to_string_lossy();
        first.trim_end_matches(".rs").to_owned()
    }

    /// How many `super::` lead from here to the root of the crate.
    fn depth(&self) -> usize {
        let folders = self.path.iter().count() - 1;
        if self.path.ends_with("mod.rs") { folders } else { folders + 1 }
    }

    /// The rooms of this crate that it names.
    fn rooms_used(&self) -> BTreeSet<String> {
        let to_root = "super::".repeat(self.depth());
        let mut used = BTreeSet::new();
        for way in ["crate::", "steersman::", to_root.as_str()] {
            for (at, _) in self.code.match_indices(way) {
                let before = self.code[..at].chars().next_back();
                if !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                    used.extend(first_names(&self.code[at + way.len()..]));
                }
            }
        }
        used
    }
}

/// The first name of a path, or of each path of a group in braces.
fn first_names(path: &str) -> Vec<String> {
    let Some(group) = path.strip_prefix('{') else {
        let end = path.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(path.len());
        return vec![path[..end].to_owned()];
    };
    let mut names = Vec::new();
    let (mut nesting, mut begins) = (0, true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => nesting += 1,
            '}' if nesting == 0 => break,
            '}' => nesting -= 1,
            ',' if nesting == 0 => begins = true,
            c if begins && c.is_alphabetic() => {
                names.extend(first_names(&group[at..]));
                begins = false;
            }
            _ => {}
        }
    }
    names
}

/// A file's text without comments, without texts in quotes and without its inline tests, which
/// stand at its end.
fn code_of(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = if let Some(length) = no_code(rest) {
            length
        } else {
            code.push(c);
            c.len_utf8()
        };
        rest = &rest[skipped..];
    }
    let tests = code.match_indices(TEST_ONLY).map(|(at, _)| at).find(|at| {
        let item = code[at + TEST_ONLY.len()..].trim_start();
        let inline = item.find(['{', ';']).is_some_and(|end| item[end..].starts_with('{'));
        item.starts_with("mod ") && inline
    });
    code.truncate(tests.unwrap_or(code.len()));
    code
}

/// What is no code, by how it begins and ends. A quote in single quotes opens no text.
const NO_CODE: [(&str, &str); 6] =
    [("//", "\n"), ("/*", "*/"), ("r##\"", "\"##"), ("r#\"", "\"#"), ("'\"", "'"), ("'\\\"", "'")];

/// How long what begins here is, if it is no code.
fn no_code(rest: &str) -> Option<usize> {
    for (open, close) in NO_CODE {
        if let Some(inside) = rest.strip_prefix(open) {
            let end = inside.find(close).map(|at| open.len() + at + close.len());
            return Some(end.unwrap_or(rest.len()));
        }
    }
    rest.starts_with('"').then(|| text_length(rest))
}

/// How long the text is that begins here, both its quotes included.
fn text_length(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}
