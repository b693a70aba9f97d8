//! The language of gdnsd's configuration: hashes, arrays and texts, each with its place.
//!
//! `$include{path}` stands for a value or brings entries into a hash. What gdnsd refuses is refused
//! here, in bounded work.

use std::collections::HashSet;
use std::rc::Rc;

use crate::finding::words::quoted;
use crate::finding::{Finding, line_and_column};
use crate::import::Include;
use crate::import::source::{Place, text};

/// Values of all files together.
const MOST_VALUES: usize = 2_000_000;
const MOST_DEPTH: usize = 64;
/// Files that include each other.
const MOST_INCLUDE_DEPTH: usize = 16;
const MOST_INCLUDES: usize = 1_000;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) place: Place,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// Its escapes undone.
    Text(String),
    Array(Vec<Value>),
    /// In the order of the file.
    Hash(Vec<(Key, Value)>),
}

/// The key of an entry.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) text: String,
    pub(super) place: Place,
}

impl Value {
    /// An empty hash.
    pub(super) fn empty(place: Place) -> Self {
        Self { place, kind: Kind::Hash(Vec::new()) }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Its entries; none if it is no hash.
    pub(super) fn entries(&self) -> &[(Key, Self)] {
        match &self.kind {
            Kind::Hash(entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|(_, value)| value)
    }

    pub(super) fn entry(&self, key: &str) -> Option<&(Key, Self)> {
        self.entries().iter().find(|(known, _)| known.text == key)
    }

    /// The items of an array; a value alone counts as one of one.
    pub(super) fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::Array(items) => items,
            _ => std::slice::from_ref(self),
        }
    }

    /// What it is, for whoever expected something else.
    pub(super) fn shown(&self) -> String {
        match &self.kind {
            Kind::Text(text) => quoted(text),
            Kind::Array(items) => format!("an array of {}", items.len()),
            Kind::Hash(entries) => format!("a hash of {}", entries.len()),
        }
    }
}

/// Reads files, and those that they include.
pub(super) struct Reader<'a, 'i> {
    include: &'a mut Include<'i>,
    values: usize,
    includes: usize,
}

/// A file that is being read.
struct File<'t> {
    name: Rc<str>,
    text: &'t str,
    at: usize,
    /// The last place that was counted: byte, line and column.
    counted: (usize, u32, u32),
    depth: usize,
}

impl<'a, 'i> Reader<'a, 'i> {
    pub(super) fn new(include: &'a mut Include<'i>) -> Self {
        Self { include, values: 0, includes: 0 }
    }

    /// Reads a file: the inside of a hash, or an array.
    pub(super) fn read(&mut self, name: &str, bytes: &[u8]) -> Result<Value, Finding> {
        self.file(name, bytes, 0)
    }

    fn file(&mut self, name: &str, bytes: &[u8], depth: usize) -> Result<Value, Finding> {
        let text = text(name, bytes)?;
        let mut file = File { name: name.into(), text, at: 0, counted: (0, 1, 1), depth };
        file.skip();
        let place = file.place();
        let kind = match file.peek() {
            Some(b'[') => {
                let array = self.value(&mut file, 0)?.kind;
                file.skip();
                match file.peek() {
                    None => array,
                    Some(_) => return Err(file.wrong("the end of the file behind the array")),
                }
            }
            _ => Kind::Hash(self.hash(&mut file, None, 0)?),
        };
        Ok(Value { place, kind })
    }

    fn value(&mut self, file: &mut File<'_>, depth: usize) -> Result<Value, Finding> {
        let place = file.place();
        self.values += 1;
        if self.values > MOST_VALUES {
            return Err(file.wrong_with("more than two million values", "fewer"));
        }
        if depth > MOST_DEPTH {
            let found = format!("hashes and arrays more than {MOST_DEPTH} deep");
            return Err(file.wrong_with(&found, "fewer within each other"));
        }
        let kind = match file.peek() {
            Some(b'{') => {
                file.at += 1;
                Kind::Hash(self.hash(file, Some(b'}'), depth)?)
            }
            Some(b'[') => {
                file.at += 1;
                Kind::Array(self.array(file, depth)?)
            }
            Some(b'$') => {
                let mut files = self.included(file)?;
                return match (files.pop(), files.is_empty()) {
                    (Some(only), true) => Ok(only),
                    _ => {
                        let found = "an $include of several files, or none, for one value";
                        Err(place.finding(found, "the path of one file"))
                    }
                };
            }
            _ => Kind::Text(file.simple()?),
        };
        Ok(Value { place, kind })
    }

    fn array(&mut self, file: &mut File<'_>, depth: usize) -> Result<Vec<Value>, Finding> {
        let mut items = Vec::new();
        loop {
            file.skip();
            match file.peek() {
                Some(b']') => {
                    file.at += 1;
                    return Ok(items);
                }
                None => return Err(file.wrong("\"]\", or another value of the array")),
                _ => items.push(self.value(file, depth + 1)?),
            }
            file.comma();
        }
    }

    fn hash(
        &mut self,
        file: &mut File<'_>,
        end: Option<u8>,
        depth: usize,
    ) -> Result<Vec<(Key, Value)>, Finding> {
        let (mut entries, mut seen) = (Vec::new(), HashSet::new());
        loop {
            file.skip();
            let new = match file.peek() {
                byte if byte == end => {
                    file.at += usize::from(end.is_some());
                    return Ok(entries);
                }
                None => return Err(file.wrong("\"}\", or another entry of the hash")),
                Some(b'$') => self.merged(file)?,
                _ => vec![self.entry(file, depth)?],
            };
            for (key, value) in new {
                if !seen.insert(key.text.clone()) {
                    let found = format!("the key {} a second time", quoted(&key.text));
                    return Err(key.place.finding(found, "each key once in a hash"));
                }
                entries.push((key, value));
            }
            file.comma();
        }
    }

    fn entry(&mut self, file: &mut File<'_>, depth: usize) -> Result<(Key, Value), Finding> {
        let place = file.place();
        let key = Key { text: file.simple()?, place };
        file.skip();
        if file.peek() != Some(b'=') {
            return Err(file.wrong("\"=>\" or \"=\", and a value"));
        }
        file.at += 1;
        if file.peek() == Some(b'>') {
            file.at += 1;
        }
        file.skip();
        Ok((key, self.value(file, depth + 1)?))
    }

    fn merged(&mut self, file: &mut File<'_>) -> Result<Vec<(Key, Value)>, Finding> {
        let place = file.place();
        let mut entries = Vec::new();
        for value in self.included(file)? {
            let Kind::Hash(inner) = value.kind else {
                let found = "an included array where entries of a hash are";
                return Err(place.finding(found, "a file with the inside of a hash"));
            };
            entries.extend(inner);
        }
        Ok(entries)
    }

    /// The files that an `$include{path}` means.
    fn included(&mut self, file: &mut File<'_>) -> Result<Vec<Value>, Finding> {
        let place = file.place();
        let expected = "$include{path}";
        if !file.rest().starts_with("$include{") {
            return Err(file.wrong(expected));
        }
        file.at += "$include{".len();
        file.skip();
        let path = file.simple()?;
        file.skip();
        if file.peek() != Some(b'}') {
            return Err(file.wrong("\"}\" behind the path of the $include"));
        }
        file.at += 1;
        let files = (self.include)(&path, &file.name)
            .map_err(|why| place.finding(why, "a file that can be included"))?;
        self.includes = self.includes.saturating_add(files.len());
        if file.depth >= MOST_INCLUDE_DEPTH || self.includes > MOST_INCLUDES {
            let expected = "at most 1000 in all and 16 within each other";
            return Err(place.finding("too many included files", expected));
        }
        files.iter().map(|(name, bytes)| self.file(name, bytes, file.depth + 1)).collect()
    }
}

impl<'t> File<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Where reading stands. It is counted on from the last place, so that all places together
    /// cost no more than one pass.
    fn place(&mut self) -> Place {
        let (from, mut line, mut column) = self.counted;
        for byte in self.text.as_bytes().get(from..self.at).unwrap_or_default() {
            match byte {
                b'\n' => (line, column) = (line.saturating_add(1), 1),
                // The rest of a character.
                0x80..=0xbf => {}
                _ => column = column.saturating_add(1),
            }
        }
        self.counted = (self.at, line, column);
        Place::new(&self.name, (line, column))
    }

    fn wrong_with(&self, found: &str, expected: &str) -> Finding {
        let (line, column) = line_and_column(self.text, self.at);
        Place::new(&self.name, (line, column)).finding(found, expected)
    }

    fn wrong(&self, expected: &str) -> Finding {
        let found = match self.rest().chars().next() {
            None => "the end of the file".into(),
            Some(c) => quoted(&c.to_string()),
        };
        self.wrong_with(&found, expected)
    }

    /// Passes over blanks and comments.
    fn skip(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                b'#' | b';' => {
                    self.at += self.rest().find('\n').unwrap_or(self.rest().len());
                }
                _ => return,
            }
        }
    }

    fn comma(&mut self) {
        self.skip();
        if self.peek() == Some(b',') {
            self.at += 1;
        }
    }

    /// A text with or without quotes.
    fn simple(&mut self) -> Result<String, Finding> {
        let is_quoted = self.peek() == Some(b'"');
        let start = self.at;
        self.at += usize::from(is_quoted);
        let mut bytes = Vec::new();
        while let Some(byte) = self.peek() {
            match byte {
                b'\\' => bytes.push(self.escape()?),
                b'"' if is_quoted => break,
                _ if is_quoted => {
                    bytes.push(byte);
                    self.at += 1;
                }
                b' ' | b'\t' | b'\r' | b'\n' | b']' | b'}' | b'[' | b'{' | b';' | b'#' | b','
                | b'"' | b'=' => break,
                _ => {
                    bytes.push(byte);
                    self.at += 1;
                }
            }
        }
        if is_quoted {
            if self.peek().is_none() {
                self.at = start;
                return Err(self.wrong_with("a text whose quotes do not end", "\""));
            }
            self.at += 1;
        } else if self.at == start {
            return Err(self.wrong("a text"));
        }
        String::from_utf8(bytes).map_err(|_| {
            self.at = start;
            self.wrong_with("a text whose escapes are no UTF-8", "text in UTF-8")
        })
    }

    /// What follows a backslash: three digits up to 255, or any other character.
    fn escape(&mut self) -> Result<u8, Finding> {
        let after = self.text.as_bytes().get(self.at + 1..).unwrap_or_default();
        match after {
            [a, b, c, ..] if [a, b, c].into_iter().all(u8::is_ascii_digit) => {
                let value = [a, b, c].iter().fold(0, |sum, d| sum * 10 + u32::from(**d - b'0'));
                let byte = u8::try_from(value);
                let byte =
                    byte.map_err(|_| self.wrong_with("an escape above 255", "\\000 to \\255"))?;
                self.at += 4;
                Ok(byte)
            }
            [byte, ..] if !byte.is_ascii_digit() => {
                self.at += 2;
                Ok(*byte)
            }
            _ => Err(self.wrong_with("a bad escape", "a character or three digits behind \"\\\"")),
        }
    }
}

#[cfg(test)]
mod tests;
