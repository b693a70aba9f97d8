//! Tests of the reader.

mod forms;
mod wrong;

use super::read;
use crate::finding::Finding;
use crate::wire::Name;
use crate::zone::records::{Record, Records};

pub(super) fn name(text: &str) -> Name {
    Name::parse(text, &Name::root()).unwrap()
}

/// Reads a file that includes nothing.
fn read_text(text: impl AsRef<[u8]>) -> Result<Records, Vec<Finding>> {
    let none = &mut |path: &str, _: &str| Err(format!("no {path}"));
    match read("z", text.as_ref(), &name("example.com."), none) {
        (records, findings) if findings.is_empty() => Ok(records),
        (_, findings) => Err(findings),
    }
}

/// The records of a good file.
fn records(text: impl AsRef<[u8]>) -> Records {
    read_text(text).unwrap()
}

/// What is wrong with a file, a line for each.
fn wrong(text: impl AsRef<[u8]>) -> Vec<String> {
    read_text(text).unwrap_err().iter().map(ToString::to_string).collect()
}

fn owner(record: &Record<'_>) -> Name {
    Name::from_wire(record.owner).unwrap()
}

/// Owner, TTL, type, line and column of each record.
fn heads(text: &str) -> Vec<String> {
    let head = |r: Record<'_>| {
        let (owner, ttl, rtype) = (owner(&r), r.ttl_seconds, super::type_name(r.rtype));
        format!("{owner} {ttl} {rtype} {}:{}", r.position.line, r.position.column)
    };
    records(text).iter().map(head).collect()
}

#[test]
fn owners_ttls_and_positions_come_from_what_is_written_before() {
    let text = "\
; a comment
$TTL 1h
@       IN SOA ns1 host (   ; the zone
            2024010101  ; serial
            1h 15m 2w
            5m )
        NS  ns1
ns1 300 A   192.0.2.1

\t IN 60 AAAA 2001:db8::1 ; indented by a tab and a blank
$ORIGIN sub
  TXT   still ns1
www     A   192.0.2.2
$TTL 10
@ in a 192.0.2.3
*.a\\.b.c\\032d A 192.0.2.4";
    assert_eq!(
        heads(text),
        [
            "example.com. 3600 SOA 3:1",
            "example.com. 3600 NS 7:9",
            "ns1.example.com. 300 A 8:1",
            "ns1.example.com. 60 AAAA 10:3",
            "ns1.example.com. 3600 TXT 12:3",
            "www.sub.example.com. 3600 A 13:1",
            "sub.example.com. 10 A 15:1",
            "*.a\\.b.c\\032d.sub.example.com. 10 A 16:1",
        ]
    );
}

#[test]
fn without_a_default_the_last_ttl_or_the_minimum_counts() {
    let soa = "@ SOA ns host 1 1h 1h 1h 77\n";
    assert_eq!(heads(&format!("{soa}a A 192.0.2.1"))[1], "a.example.com. 77 A 2:1");
    assert_eq!(heads(&format!("{soa}a 5 A 192.0.2.1\nb A 192.0.2.1"))[2], "b.example.com. 5 A 3:1");
    assert_eq!(heads(&format!("a 9 A 192.0.2.1\n{soa}"))[1], "example.com. 9 SOA 2:1");
    assert_eq!(
        wrong(format!("a A 192.0.2.1\n{soa}")),
        ["z:1:1: no TTL, here or before; expected a TTL, or a $TTL line above"]
    );
}

#[test]
fn line_ends_of_any_system_and_blanks_of_any_kind_do() {
    let unix = "@ 5 A 192.0.2.1\nb 5 TXT ( a\n  \"b c\" )\n";
    let windows = unix.replace('\n', "\r\n");
    assert_eq!(records(unix), records(&windows));
    assert_eq!(records(unix), records(unix.trim_end()));
    assert_eq!(records(unix), records(unix.replace(' ', "\t\t").replace("b\t\tc", "b c")));
    assert_eq!(records(unix), records(format!("{unix}\n \n;x\r\n ; y")));
    assert_eq!(owner(&records("( b 5 \n A 192.0.2.1 )").get(0)), name("b.example.com."));
}

#[test]
fn strings_keep_their_bytes() {
    let text = "a 5 TXT \"; ( \\\" \\\\ \\010\" plain\\; \"\" \"ö\" a\"b\"c";
    let expected = b"\x09; ( \" \\ \n\x06plain;\x00\x02\xc3\xb6\x01a\x01b\x01c";
    assert_eq!(records(text).get(0).rdata, expected);
}

#[test]
fn included_files_have_their_own_scope() {
    let mut asked = Vec::new();
    let mut include = |path: &str, from: &str| {
        asked.push((path.to_owned(), from.to_owned()));
        let text = match path {
            "one file" => " A 192.0.2.1\n$ORIGIN deep\n$TTL 7\nx A 192.0.2.2\n$INCLUDE two",
            "two" => "@ A 192.0.2.3",
            _ => return Err(format!("no file {path}")),
        };
        Ok((format!("zones/{path}"), text.as_bytes().to_vec()))
    };
    let text = "$TTL 5\na A 192.0.2.9\n$INCLUDE \"one file\"\n A 192.0.2.4\n$INCLUDE two sub\nb A 192.0.2.5";
    let read = read("z", text.as_bytes(), &name("example.com."), &mut include).0;
    assert_eq!(read.files, ["z", "zones/one file", "zones/two", "zones/two"]);
    let seen: Vec<_> = read
        .iter()
        .map(|r| format!("{} {} {} {}", owner(&r), r.ttl_seconds, r.position.file, r.rdata[3]))
        .collect();
    assert_eq!(
        seen,
        [
            "a.example.com. 5 0 9",
            "a.example.com. 5 1 1",
            "x.deep.example.com. 7 1 2",
            "deep.example.com. 7 2 3",
            "a.example.com. 5 0 4",
            "sub.example.com. 5 3 3",
            "b.example.com. 5 0 5",
        ]
    );
    let from = |path: &str, from: &str| (path.to_owned(), from.to_owned());
    assert_eq!(asked, [from("one file", "z"), from("two", "zones/one file"), from("two", "z")]);
}

#[test]
fn mistakes_in_included_files_and_of_including() {
    let mut times = 0;
    let mut include = |path: &str, _: &str| match path {
        "self" => Ok(("self".into(), b"$INCLUDE self\n$INCLUDE self\n".to_vec())),
        "endless" => {
            times += 1;
            Ok((format!("endless {times}"), b"$INCLUDE endless\n".to_vec()))
        }
        "bad" => Ok(("bad".into(), b"\na 5 A x".to_vec())),
        _ => Err(format!("\"{path}\" leaves the zones folder")),
    };
    let mut wrong = |text: &str| -> Vec<String> {
        let (_, findings) = read("z", text.as_bytes(), &name("example.com."), &mut include);
        findings.iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        wrong("$INCLUDE bad\n  \n$INCLUDE ../x sub\n$INCLUDE\n$INCLUDE a b c"),
        [
            "bad:2:7: \"x\"; expected an IPv4 address",
            "z:3:10: \"../x\" leaves the zones folder; expected a file that can be included",
            "z:4:9: the end of the line; expected a path and perhaps an origin",
            "z:5:14: \"c\" after the data; expected the end of the record",
        ]
    );
    assert_eq!(
        wrong("$INCLUDE self"),
        [
            "self:1:10: a file that includes itself: self; expected files that do not",
            "self:2:10: a file that includes itself: self; expected files that do not",
        ]
    );
    let endless = wrong("$INCLUDE endless");
    assert!(endless.iter().any(|line| line.contains("more than 16 deep")), "{endless:?}");
    assert!(endless.len() < 10, "{}", endless.len());
}
