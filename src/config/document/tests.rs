use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::config::monitors::Beside;
use crate::config::policy::{PoolsFile, Shared};
use crate::config::{daemon, pools, steering};
use crate::place::Places;
use crate::wire::Name;

fn parse_findings(bytes: &[u8]) -> Vec<String> {
    let findings = Document::parse("x.toml", bytes).err().unwrap_or_default();
    findings.iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_no_toml_is_said_with_line_and_column() {
    let unquoted =
        r#"letters, numbers, `-`, `_`; anything else is quoted, such as ["@"] or ["*.apps"]"#;
    let unquoted = |at: &str| format!("x.toml:{at}: invalid unquoted key; expected {unquoted}");
    for (bytes, finding) in [
        (
            &b"a = 1\n\xc3\xb6 = \"\xff\""[..],
            "x.toml:2:6: the byte 0xff, which is not UTF-8; expected UTF-8 text",
        ),
        (b"[a", "x.toml:1:3: unclosed table; expected `]`"),
        (b"a", "x.toml:1:2: key with no value; expected `=`"),
        (b"a = \"x", "x.toml:1:7: invalid basic string; expected `\"`"),
        (b"a = [1,\n\n", "x.toml:1:8: unclosed array; expected `]`"),
        (
            b"a = 1\na = 2",
            "x.toml:2:1: duplicate key; expected each key once, and each table under one header",
        ),
        (
            b"[a]\n[a]",
            "x.toml:2:2: duplicate key; expected each key once, and each table under one header",
        ),
        (b"[*.apps]\nx = 1", &unquoted("1:2")),
        (b"a = 1\n[@]", &unquoted("2:2")),
    ] {
        assert_eq!(parse_findings(bytes), [finding]);
    }
}

#[test]
fn what_the_parser_finds_is_said_in_plain_words() {
    let once = "duplicate key; expected each key once, and each table under one header";
    let comma = "expected a comma between entries";
    for (text, expected) in [
        (
            "e = [203.0.113.98]",
            &["1:6: 203.0.113.98 without quotes; expected \"203.0.113.98\": an address is quoted"]
                [..],
        ),
        (
            "e = [2001:db8::1]",
            &["1:6: 2001:db8::1 without quotes; expected \"2001:db8::1\": an address is quoted"],
        ),
        (
            "listen = 127.0.0.1:8053",
            &[
                "1:10: 127.0.0.1:8053 without quotes; expected \"127.0.0.1:8053\": an address is quoted",
            ],
        ),
        ("m = web", &["1:5: web without quotes; expected \"web\": a text is quoted"]),
        ("ttl = 30s", &["1:7: 30s without quotes; expected \"30s\": a text is quoted"]),
        ("w = { us-east = 80 eu-west = 20 }", &[&*format!("1:17: no comma after 80; {comma}")]),
        ("x = [1 2]", &[&*format!("1:6: no comma after 1; {comma}")]),
        ("x = ['a' 'b']", &[&*format!("1:10: no comma before this; {comma}")]),
        ("fall = \nrise = 2", &["1:8: a key without a value; expected a value after the ="]),
        ("fall = # soon", &["1:8: a key without a value; expected a value after the ="]),
        ("x = { a = }", &["1:11: a key without a value; expected a value after the ="]),
        // One table that stands twice is one mistake, whatever is in it.
        ("[p.a]\ne = 1\n[p.a]\ne = 1\nf = 2", &[&*format!("3:4: {once}")]),
        ("[p]\ne = 1\ne = 2\n[q]\ne = 1", &[&*format!("3:1: {once}")]),
    ] {
        let expected: Vec<String> = expected.iter().map(|line| format!("x.toml:{line}")).collect();
        assert_eq!(parse_findings(text.as_bytes()), expected, "{text}");
    }
}

#[test]
fn a_broken_table_does_not_hide_the_others() {
    let keys = |document: &Document<'_>| {
        document.root().expect_keys(&["a", "b"]);
        for (_, item) in document.root().entries() {
            if let Kind::Table(table) = item.kind() {
                table.expect_keys(&["good"]);
                if table.get("good").is_none() {
                    item.key_finding("nothing good", "something");
                }
            }
        }
        document.is_whole()
    };
    for (text, expected) in [
        (
            "[a]\nbad = \n[b]\nworse = 1\ngood = 1",
            &[
                "2:7: a key without a value; expected a value after the =",
                "4:1: unknown key \"worse\"; expected good",
            ][..],
        ),
        (
            "[a\nworse = 1\n[b]\nno = 1\ngood = 1",
            &["1:3: unclosed table; expected `]`", "4:1: unknown key \"no\"; expected good"],
        ),
        ("[a]\nbad = [1,\n2 3\n", &["3:1: no comma after 2; expected a comma between entries"]),
        (
            "x = y\n[b]\nno = 1\ngood = 1",
            &[
                "1:5: y without quotes; expected \"y\": a text is quoted",
                "3:1: unknown key \"no\"; expected good",
            ],
        ),
    ] {
        let (whole, findings) = read("x", text.as_bytes(), keys);
        let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
        let found: Vec<&str> = findings.iter().map(|line| &line[2..]).collect();
        assert_eq!((whole, found), (Some(false), expected.to_vec()), "{text}");
    }
}

#[test]
fn each_bad_line_is_said_once() {
    let findings = parse_findings(b"a = x y z\nb = 1\nc = @ @");
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert!(findings[0].starts_with("x.toml:1:5: "), "{findings:?}");
    assert!(findings[1].starts_with("x.toml:3:5: "), "{findings:?}");
}

/// Where each mistake cost a look at the whole table or line, or each table a look at all others,
/// this would take many minutes.
#[test]
fn files_full_of_mistakes_are_refused_at_once() {
    let full_of = |text: &str| text.repeat((1 << 17) / text.len());
    let tables: String = (0..10_000).map(|n| format!("[t{n}]\na = ]\n")).collect();
    for text in [full_of("]"), full_of("."), full_of("a\n"), full_of("[a]\n]\n"), tables] {
        let (_, findings) = read("x.toml", text.as_bytes(), |document| {
            let everything = document.root();
            everything.expect_keys(&[]);
        });
        assert!((1..=2 * syntax::MOST_FINDINGS).contains(&findings.len()), "{}", findings.len());
    }
}

#[test]
fn an_empty_file_and_a_byte_order_mark_are_fine() {
    for text in ["", "\n", "# nothing", "\u{feff}", "\u{feff}a = 1", "a = 1\r\nb = 2\r\n"] {
        assert!(parse_findings(text.as_bytes()).is_empty(), "{text:?}");
    }
}

#[test]
fn very_deep_files_are_refused() {
    for text in [
        format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("{}a = 1", "a.".repeat(100_000)),
        format!("[{}a]", "a.".repeat(100_000)),
        "a = ".to_string() + &"{ a = ".repeat(100_000),
    ] {
        assert!(!parse_findings(text.as_bytes()).is_empty());
    }
}

#[test]
fn positions_count_characters_and_lines() {
    let text = "\u{feff}# ü\r\n\"ö\" = 'ä' # ü\n[t.\"ü\"]\nx = { y = [\"ü\", 5] }\n";
    let document = Document::parse("x.toml", text.as_bytes()).ok().unwrap();
    let root = document.root();
    let table = root.get("t").and_then(|item| item.table("")).unwrap();
    let inner = table.get("ü").and_then(|item| item.table("")).unwrap();
    let list = inner.get("x").and_then(|item| item.table("")).unwrap();
    let items = list.get("y").and_then(|item| item.list("")).unwrap();
    assert!(items[1].text("a text").is_none());
    assert!(root.get("ö").unwrap().integer(0..=1, "0 or 1").is_none());
    inner.finding("nothing", "something");
    list.expect_keys(&["z"]);
    let findings: Vec<_> = document.into_findings().iter().map(ToString::to_string).collect();
    assert_eq!(
        findings,
        [
            "x.toml:2:7: \"ä\"; expected 0 or 1",
            "x.toml:3:4: nothing; expected something",
            "x.toml:4:7: unknown key \"y\"; expected z",
            "x.toml:4:17: 5; expected a text",
        ]
    );
}

#[test]
fn entries_keep_the_order_of_the_file() {
    let text = "z = 1\nb = 2\na.z = 3\na.b = 4\n[c.x]\n[y]\n[c.a]";
    let document = Document::parse("x.toml", text.as_bytes()).ok().unwrap();
    let root = document.root();
    let names: Vec<&str> = root.entries().map(|(name, _)| name).collect();
    assert_eq!(names, ["z", "b", "a", "c", "y"]);
    let inner = root.get("c").and_then(|item| item.table("")).unwrap();
    assert_eq!(inner.entries().map(|(name, _)| name).collect::<Vec<_>>(), ["x", "a"]);
}

#[test]
fn values_of_other_types_and_ranges_are_said() {
    type Read = fn(&Item<'_>) -> bool;
    let integer: Read = |item| item.integer(1..=9, "E").is_some();
    let number: Read = |item| item.number(-1.0..=1.5, "E").is_some();
    let boolean: Read = |item| item.boolean().is_some();
    let duration: Read =
        |item| item.duration(Duration::from_secs(1)..=Duration::from_secs(90)).is_some();
    let list: Read = |item| item.list("E").is_some();
    let words: Read = |item| item.one_or_more("E").is_some();
    let table: Read = |item| item.table("E").is_some();
    let time = r#"a time with its unit, such as "300ms", "5s" or "1m30s""#;
    for (value, read, expected) in [
        ("5", integer, None),
        ("0x9", integer, None),
        ("+5", integer, None),
        ("10", integer, Some("10; expected E")),
        ("-1", integer, Some("-1; expected E")),
        ("5.0", integer, Some("5.0; expected E")),
        ("99999999999999999999", integer, Some("99999999999999999999; expected E")),
        ("1", number, None),
        ("-0.5", number, None),
        ("2", number, Some("2; expected E")),
        ("nan", number, Some("nan; expected E")),
        ("inf", number, Some("inf; expected E")),
        ("'1'", number, Some("\"1\"; expected E")),
        ("true", boolean, None),
        ("'true'", boolean, Some("\"true\"; expected true or false")),
        ("'1m30s'", duration, None),
        ("'91s'", duration, Some("\"91s\"; expected a time from \"1s\" to \"1m30s\"")),
        ("5", duration, Some(&*format!("5; expected {time}"))),
        ("'5'", duration, Some(&*format!("\"5\"; expected {time}"))),
        ("[]", list, None),
        ("{}", list, Some("an empty table; expected E")),
        ("'x'", words, None),
        ("['x']", words, None),
        ("false", words, Some("false; expected E")),
        ("{}", table, None),
        ("[1]", table, Some("a list; expected E")),
        ("2026-01-01", table, Some("a date; expected E")),
    ] {
        let text = format!("k = {value}");
        let document = Document::parse("x", text.as_bytes()).ok().unwrap();
        let good = read(&document.root().get("k").unwrap());
        assert_eq!(good, expected.is_none(), "{value}");
        let findings: Vec<_> = document.into_findings().iter().map(ToString::to_string).collect();
        let column = if value == "{}" { 1 } else { 5 };
        let expected = expected.map(|finding| format!("x:1:{column}: {finding}"));
        assert_eq!(findings, Vec::from_iter(expected), "{value}");
    }
}

/// What such files are made of.
const PIECES: &str = r#"[~]~{~}~=~.~,~ ~"~'~#~-1~0~1~5.5~@~""~"*.a"~"5s"~"192.0.2.1"~"a"~a~ü~true
pools~[pools.a]
~regions~[monitors.m]
~http~tcp~interval~endpoints~monitor~region~location~weight~cname~probe~failover~weighted~geo~
~nearest~to~default~EU~ttl~all_down~dns~listen~admin~nsid~inf~[www]
failover = ~
geo = { default = "a" }
~
endpoints = ["::1"]
"#;

fn toml_like() -> impl Strategy<Value = String> {
    let pieces: Vec<&str> = PIECES.split('~').collect();
    prop::collection::vec(prop::sample::select(pieces), 0..60).prop_map(|pieces| pieces.concat())
}

fn read_as_everything(bytes: &[u8]) {
    read("x.toml", bytes, |document| {
        daemon::read(document, std::path::Path::new(""));
        let inventory = pools::read(document, &Beside::default());
        let places = Places::unknown();
        let mut shared = Shared::new(&inventory, PoolsFile::Good, &places);
        steering::read(document, &Name::root(), &mut shared);
    });
}

proptest! {
    #[test]
    fn no_text_makes_readers_panic(text in toml_like()) {
        read_as_everything(text.as_bytes());
    }

    #[test]
    fn no_bytes_make_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_as_everything(&bytes);
    }
}
