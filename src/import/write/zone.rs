//! `ZONE.zone`: one line for each record, so that a line tells which record it is.

use crate::import::plan::{Record, Zone};
use crate::wire::Name;

/// The file, and for each of its lines the index of the record that stands there.
pub(in crate::import) fn zone(zone: &Zone) -> (String, Vec<Option<usize>>) {
    let mut lines = Lines::default();
    for line in zone.head.iter().chain(&zone.zone_head) {
        lines.comment(line);
    }
    lines.push(format!("$ORIGIN {}", zone.apex), None);
    let owners: Vec<String> =
        zone.records.iter().map(|record| relative(&record.owner, &zone.apex)).collect();
    // So wide that the columns of most stand below each other.
    let width = owners.iter().map(String::len).filter(|width| *width <= 24).max().unwrap_or(0);
    for (index, (record, owner)) in zone.records.iter().zip(&owners).enumerate() {
        record.above.iter().for_each(|comment| lines.comment(comment));
        lines.push(line(record, owner, width), Some(index));
    }
    (lines.text, lines.records)
}

/// The line of one record.
fn line(record: &Record, owner: &str, width: usize) -> String {
    let Record { ttl_seconds, rtype, data, .. } = record;
    let mut line = format!("{owner:width$} {ttl_seconds:>6} {rtype:<5} {data}");
    if let Some(comment) = &record.behind {
        line = format!("{line} ; {}", one_line(comment));
    }
    line
}

#[derive(Default)]
struct Lines {
    text: String,
    records: Vec<Option<usize>>,
}

impl Lines {
    fn push(&mut self, line: String, record: Option<usize>) {
        self.text += line.trim_end();
        self.text.push('\n');
        self.records.push(record);
    }

    fn comment(&mut self, text: &str) {
        self.push(format!("; {}", one_line(text)), None);
    }
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A name as it is written below an apex: `@` for the apex itself.
pub(in crate::import) fn relative(name: &Name, apex: &Name) -> String {
    if name == apex {
        return "@".into();
    }
    let (name, apex) = (name.to_string(), format!(".{apex}"));
    match apex.as_str() {
        // Below the root.
        ".." => name.strip_suffix('.').map(str::to_owned).unwrap_or(name),
        apex => name.strip_suffix(apex).map(str::to_owned).unwrap_or(name),
    }
}

/// Bytes as a character string in quotes (RFC 1035 5.1).
pub(in crate::import) fn text_string(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
            0x20..=0x7e => out.push(char::from(byte)),
            _ => out += &format!("\\{byte:03}"),
        }
    }
    out + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_relative_where_they_can_be() {
        let name = |text: &str| Name::parse(text, &Name::root()).unwrap();
        for (owner, apex, written) in [
            ("example.com.", "example.com.", "@"),
            ("www.example.com.", "example.com.", "www"),
            ("a\\.b.example.com.", "example.com.", "a\\.b"),
            ("notexample.com.", "example.com.", "notexample.com."),
            ("com.", ".", "com"),
        ] {
            assert_eq!(relative(&name(owner), &name(apex)), written);
        }
    }

    #[test]
    fn strings_are_escaped() {
        assert_eq!(text_string(b"a;\"\\\x07\xff"), "\"a;\\\"\\\\\\007\\255\"");
    }
}
