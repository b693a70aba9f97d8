//! One line of a journal: `CRC32 LENGTH JSON`, so that a torn or bitten line is seen.
//!
//! The checksum is eight hexadecimal digits, the length is that of the JSON in bytes; both stand
//! before it so that `cut -d' ' -f3- audit.jsonl` is plain JSON lines for other tools.

use std::io::{self, BufRead, Read as _};

/// Encodes a line, its newline included. `json` must hold no newline, as serializers see to.
pub(super) fn encode(json: &str) -> Vec<u8> {
    format!("{} {} {json}\n", checksum(json), json.len()).into_bytes()
}

fn checksum(json: &str) -> String {
    format!("{:08x}", crc32fast::hash(json.as_bytes()))
}

/// The JSON of a line without its newline, or what is wrong with it.
fn decode(line: &[u8]) -> Result<&str, &'static str> {
    let text = std::str::from_utf8(line).map_err(|_| "bytes that are not UTF-8")?;
    let (crc, rest) = text.split_once(' ').ok_or("no checksum")?;
    let (length, json) = rest.split_once(' ').ok_or("no length")?;
    if length != json.len().to_string() {
        return Err("a length that is not the line's");
    }
    if crc != checksum(json) {
        return Err("a checksum that is not the line's");
    }
    Ok(json)
}

/// What a journal's bytes hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Scan<'a> {
    /// The good lines: number, from 1, and JSON.
    pub(super) good: Vec<(u32, &'a str)>,
    /// The bitten lines: number, from 1, and what is wrong.
    pub(super) bitten: Vec<(u32, &'static str)>,
    /// Where the last whole line ends, in bytes; what comes after was torn while being written.
    pub(super) whole_bytes: usize,
}

/// Reads all lines of a journal.
pub(super) fn scan(bytes: &[u8]) -> Scan<'_> {
    let whole_bytes = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let mut scan = Scan { good: Vec::new(), bitten: Vec::new(), whole_bytes };
    for (number, line) in (1..).zip(bytes[..whole_bytes].split_inclusive(|b| *b == b'\n')) {
        match decode(&line[..line.len() - 1]) {
            Ok(json) => scan.good.push((number, json)),
            Err(wrong) => scan.bitten.push((number, wrong)),
        }
    }
    scan
}

const LONG: &str = "a line that is longer than any that is written";

/// The lines of a journal, of which no more than one is held.
pub(super) struct Lines<R> {
    from: R,
    longest_bytes: u64,
    number: u32,
    line: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    /// Of these bytes; a line that is longer counts as bitten.
    pub(super) fn new(from: R, longest_bytes: u64) -> Self {
        Self { from, longest_bytes, number: 0, line: Vec::new() }
    }

    /// The next one: its number, from 1, and its JSON, or what is wrong with it. A last one that was never
    /// finished is left out.
    pub(super) fn next(&mut self) -> io::Result<Option<(u32, Result<&str, &'static str>)>> {
        self.line.clear();
        // Its newline is one more.
        let most = self.longest_bytes.saturating_add(1);
        self.from.by_ref().take(most).read_until(b'\n', &mut self.line)?;
        self.number = self.number.saturating_add(1);
        if self.line.last() != Some(&b'\n') {
            let is_long = self.line.len() as u64 > self.longest_bytes && self.skip()?;
            return Ok(is_long.then_some((self.number, Err(LONG))));
        }
        Ok(Some((self.number, decode(&self.line[..self.line.len() - 1]))))
    }

    /// Passes over the rest of a line; says whether it ends.
    fn skip(&mut self) -> io::Result<bool> {
        loop {
            let bytes = self.from.fill_buf()?;
            let (passed, newline) = match bytes.iter().position(|byte| *byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (bytes.len(), false),
            };
            self.from.consume(passed);
            if newline || passed == 0 {
                return Ok(newline);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All lines, in pieces as a disk may give them.
    fn lines(bytes: &[u8], longest_bytes: u64) -> Vec<(u32, Result<String, &'static str>)> {
        let mut lines = Lines::new(io::BufReader::with_capacity(3, bytes), longest_bytes);
        let mut all = Vec::new();
        while let Some((number, line)) = lines.next().unwrap() {
            all.push((number, line.map(str::to_owned)));
        }
        all
    }

    #[test]
    fn lines_are_read_one_by_one_and_no_long_one_is_held() {
        let (first, second) = (encode(r#"{"a":1}"#), encode(r#"{"b":"ö"}"#));
        let long = encode(&format!("\"{}\"", "x".repeat(100)));
        let good = |number, json: &str| (number, Ok(json.to_owned()));
        let bitten = (2, Err(LONG));
        let whole = [&first[..], &long, &second, b"half"].concat();
        let longest = second.len() as u64 - 1;
        let wanted = [good(1, r#"{"a":1}"#), bitten.clone(), good(3, r#"{"b":"ö"}"#)];
        assert_eq!(lines(&whole, longest), wanted);
        assert_eq!(lines(&whole, longest - 1)[..2], wanted[..2]);
        // One that never ends is no line yet, however long it is.
        for cut in 1..long.len() {
            let torn = [&first[..], &long[..cut]].concat();
            assert_eq!(lines(&torn, longest), wanted[..1], "{cut}");
        }
        assert_eq!(lines(b"", 10), []);
    }

    #[test]
    fn every_byte_cut_off_the_end_leaves_the_lines_before() {
        let (first, second) = (encode(r#"{"a":1}"#), encode(r#"{"b":"ö"}"#));
        let whole = [first.clone(), second.clone()].concat();
        for length in 0..=whole.len() {
            let expected = match length {
                _ if length == whole.len() => (2, whole.len()),
                _ if length >= first.len() => (1, first.len()),
                _ => (0, 0),
            };
            let scan = scan(&whole[..length]);
            assert_eq!((scan.good.len(), scan.whole_bytes), expected, "{length}");
            assert_eq!(scan.bitten, [], "{length}");
        }
    }

    #[test]
    fn every_bit_flipped_is_seen_and_the_lines_around_still_count() {
        let lines = [encode(r#"{"a":1}"#), encode(r#"{"b":2}"#), encode(r#"{"c":3}"#)];
        let start = lines[0].len();
        for at in start..start + lines[1].len() {
            for bit in 0..8 {
                let mut bytes = lines.concat();
                bytes[at] ^= 1 << bit;
                let scan = scan(&bytes);
                assert_eq!(scan.good[0], (1, r#"{"a":1}"#), "{at} {bit}");
                assert!(scan.good.iter().all(|(_, json)| *json != r#"{"b":2}"#), "{at} {bit}");
                assert!(!scan.bitten.is_empty(), "{at} {bit}");
                // A bitten newline takes the next line with it; nothing else does.
                let newline = at == start + lines[1].len() - 1;
                assert_eq!(scan.good.len(), if newline { 1 } else { 2 }, "{at} {bit}");
            }
        }
    }
}
