//! Everything that a master file may not be, with the exact line that says so.

use super::wrong;

#[test]
fn each_mistake_has_its_place_and_its_words() {
    let long = "a".repeat(64);
    let name = "abcdefg.".repeat(31);
    let string = "s".repeat(256);
    let form = "a record type such as A, AAAA, CNAME, MX, TXT or TYPE65280";
    for (text, expected) in [
        // Owners.
        (
            "a..b 5 A 192.0.2.1",
            "1:1: \"a..b\" with an empty label; expected single dots between labels",
        ),
        (
            &format!("{long} 5 A 192.0.2.1"),
            &format!(
                "1:1: \"{}…\" with a label longer than 63 bytes; expected labels of at most 63 bytes",
                &long[..60]
            ),
        ),
        (
            &format!("{name} 5 A 192.0.2.1\n{name}a 5 A 192.0.2.1"),
            &format!(
                "2:1: \"{}…\" with a name longer than 255 bytes; expected at most 255 bytes, the origin included",
                &name[..60]
            ),
        ),
        (
            "a\\999 5 A 192.0.2.1",
            "1:1: \"a\\999\" with a bad escape; expected a backslash before a character, or before three digits up to 255",
        ),
        (
            "münchen 5 A 192.0.2.1",
            "1:1: \"münchen\" with a character outside ASCII; expected ASCII; international names are written as xn--…",
        ),
        ("\"a\" 5 A 192.0.2.1", "1:1: \"a\" in quotes; expected a name without quotes"),
        (
            "  5 A 192.0.2.1",
            "1:3: a record that begins with a blank; expected an owner: no record before it has one",
        ),
        // TTL, class and type.
        ("www 3600 IN", &format!("1:12: the end of the record; expected {form}")),
        ("www 3600 IN ; and no more\n", &format!("1:12: the end of the record; expected {form}")),
        ("www", &format!("1:4: the end of the record; expected {form}")),
        ("www 5 192.0.2.1", &format!("1:7: \"192.0.2.1\"; expected {form}")),
        ("www 5 5 A 192.0.2.1", &format!("1:7: \"5\"; expected {form}")),
        ("www IN IN A 192.0.2.1", &format!("1:8: \"IN\"; expected {form}")),
        ("www 5 \"A\" 192.0.2.1", &format!("1:7: \"A\"; expected {form}")),
        ("www 5 AX 192.0.2.1", &format!("1:7: \"AX\"; expected {form}")),
        (
            "www 2147483648 A 192.0.2.1",
            "1:5: \"2147483648\"; expected a TTL of at most 2147483647 seconds",
        ),
        ("www 99999w A 192.0.2.1", "1:5: \"99999w\"; expected a TTL of at most 2147483647 seconds"),
        ("www 5 CH A 192.0.2.1", "1:7: \"CH\"; expected the class IN, or none"),
        ("www 5 CLASS4 A 192.0.2.1", "1:7: \"CLASS4\"; expected the class IN, or none"),
        ("www 5 ANY", "1:7: \"ANY\"; expected a type that a zone can have"),
        ("www 5 OPT \\# 0", "1:7: \"OPT\"; expected a type that a zone can have"),
        ("www 5 TYPE250 \\# 0", "1:7: \"TYPE250\"; expected a type that a zone can have"),
        ("www 5 TYPE0 \\# 0", "1:7: \"TYPE0\"; expected a type that a zone can have"),
        // Data.
        ("www 5 A 192.0.2.256", "1:9: \"192.0.2.256\"; expected an IPv4 address"),
        ("www 5 A", "1:8: the end of the record; expected an IPv4 address"),
        (
            "www 5 A 192.0.2.1 192.0.2.2",
            "1:19: \"192.0.2.2\" after the data; expected the end of the record",
        ),
        ("www 5 AAAA 192.0.2.1", "1:12: \"192.0.2.1\"; expected an IPv6 address"),
        (
            "www 5 MX mail",
            "1:10: \"mail\" (expected decimal number); expected a preference and a name",
        ),
        (
            "www 5 MX 70000 mail",
            "1:10: \"70000\" (decimal number overflow); expected a preference and a name",
        ),
        (
            "www 5 MX 10 a..b",
            "1:13: \"a..b\" with an empty label; expected single dots between labels",
        ),
        ("www 5 CNAME", "1:12: the end of the record; expected one name"),
        (
            "www 5 CNAME ö",
            "1:13: \"ö\" with a character outside ASCII; expected ASCII; international names are written as xn--…",
        ),
        (
            "@ 5 SOA ns host 1 2 3 4",
            "1:24: the end of the record; expected primary server, mailbox, serial, refresh, retry, expire and negative TTL",
        ),
        (
            "@ 5 SOA ns host 1 2 3 4 x",
            "1:25: \"x\"; expected primary server, mailbox, serial, refresh, retry, expire and negative TTL",
        ),
        (
            &format!("www 5 TXT a {string}"),
            "1:13: a string of 256 bytes; expected at most 255; longer text is written as several strings",
        ),
        (
            "www 5 TXT",
            "1:10: the end of the record; expected one or more strings of at most 255 bytes",
        ),
        (
            "www 5 TXT \"a\\300\"",
            "1:11: \"a\\300\" with a bad escape; expected a backslash before a character, or before three digits up to 255",
        ),
        (
            "www 5 HTTPS 1 . alpn=",
            "1:17: \"alpn=\" (expected at least one alpn-id value); expected a priority, a name and key=value parameters",
        ),
        (
            "www 5 TLSA 3 1 1 abc",
            "1:18: \"abc\" (uneven number of hex digits); expected usage, selector, matching type and hex digits",
        ),
        ("www 5 HIP 2 a b", "1:13: \"a\"; expected data in the form that its RFC gives"),
        (
            "www 5 APL 3:192.0.2.0/24",
            "1:11: \"3:192.0.2.0/24\"; expected data in the form that its RFC gives",
        ),
        (
            "www 5 APL 1:192.0.2.0/33",
            "1:11: \"1:192.0.2.0/33\"; expected data in the form that its RFC gives",
        ),
        ("www 5 L64 10 1:2:3", "1:14: \"1:2:3\"; expected data in the form that its RFC gives"),
        (
            "www 5 WKS 192.0.2.1 TCP 25",
            "1:11: \"192.0.2.1\"; expected the RFC 3597 form \\# LENGTH HEX; WKS has no other here",
        ),
        (
            "www 5 TYPE65280 x",
            "1:17: \"x\"; expected the RFC 3597 form \\# LENGTH HEX; TYPE65280 has no other here",
        ),
        (
            "www 5 TYPE65280 \\# 2 00",
            "1:22: \"00\" (generic data has incorrect length); expected the RFC 3597 form \\# LENGTH HEX; TYPE65280 has no other here",
        ),
        (
            "www 5 A \\# 3 010203",
            "1:14: bytes that are no A data; expected \\# LENGTH HEX with the wire form of A, names not compressed",
        ),
        (
            "www 5 NS \\# 2 c00c",
            "1:15: bytes that are no NS data; expected \\# LENGTH HEX with the wire form of NS, names not compressed",
        ),
        (
            "www 5 NS \\# 4 01610000",
            "1:15: bytes that are no NS data; expected \\# LENGTH HEX with the wire form of NS, names not compressed",
        ),
        // What every resolver would stumble over.
        (
            "@ 5 NS 192.0.2.1",
            "1:8: the address \"192.0.2.1\"; expected a name, not an address; the name has an A or AAAA record of its own",
        ),
        (
            "@ 5 MX 10 192.0.2.1.",
            "1:11: the address \"192.0.2.1.\"; expected a name, not an address; the name has an A or AAAA record of its own",
        ),
        (
            "_x._tcp 5 SRV 1 2 3 2001:db8::1",
            "1:21: the address \"2001:db8::1\"; expected a name, not an address; the name has an A or AAAA record of its own",
        ),
        (
            "@ 5 SOA ns host.master@example.com. 1 2 3 4 5",
            "1:12: \"host.master@example.com.\"; expected a mailbox with a dot in place of the @, such as host\\.master.example.com.",
        ),
        // Comments of other files.
        ("# comment", "1:1: \"#\"; expected a record; a comment begins with \";\""),
        ("#www 5 A 192.0.2.1 (", "1:1: \"#www\"; expected a record; a comment begins with \";\""),
        ("www 5 A 192.0.2.1 # web", "1:19: \"#\"; expected a record; a comment begins with \";\""),
        // Text that is none.
        (
            "a 5 TXT \"b\nc 5 A x",
            "1:9: a quote that is not closed; expected a second \" on this line",
        ),
        (
            "\n\na 5 A ( 192.0.2.1\nb 5 A 192.0.2.2\n",
            "3:7: a parenthesis that is never closed; expected a ) before the end of the file",
        ),
        (
            "((((a 5 A 192.0.2.1)",
            "1:1: a parenthesis that is never closed; expected a ) before the end of the file",
        ),
        ("a 5 A 192.0.2.1 )", "1:17: a ) without a (; expected parentheses in pairs"),
        (
            "a 5 A 192.0.2.1 \u{7}",
            "1:17: the control character 0x07; expected text, or \\DDD in its place",
        ),
        (
            "a 5 A 192.0.2.1\rb 5 A 192.0.2.1",
            "1:16: the control character 0x0d; expected text, or \\DDD in its place",
        ),
        ("ö\0", "1:2: the byte 0x00; expected text in UTF-8, other bytes written as \\DDD"),
        (
            "\u{feff}a 5 A 192.0.2.1",
            "1:1: a byte order mark; expected a file that begins with its first entry",
        ),
        ("", "1:1: no records at all; expected the records of a zone"),
        ("; nothing\n\n", "1:1: no records at all; expected the records of a zone"),
        // Directives.
        (
            "$GENERATE 1-9 a$ A 192.0.2.$",
            "1:1: $GENERATE, which is not supported; expected each record written out, or a wildcard",
        ),
        ("$FOO x", "1:1: \"$FOO\"; expected $ORIGIN, $TTL or $INCLUDE"),
        ("$ORIGIN", "1:8: the end of the line; expected one name"),
        ("$ORIGIN a b", "1:11: \"b\" after the data; expected the end of the record"),
        ("$ORIGIN a..b", "1:9: \"a..b\" with an empty label; expected single dots between labels"),
        ("$TTL", "1:5: the end of the line; expected one TTL"),
        ("$TTL x\na A 192.0.2.1", "1:6: \"x\"; expected a TTL of at most 2147483647 seconds"),
        ("$TTL 2147483648", "1:6: \"2147483648\"; expected a TTL of at most 2147483647 seconds"),
    ] {
        let first = wrong(text).into_iter().next().unwrap();
        assert_eq!(first, format!("z:{expected}"), "{text}");
    }
}

#[test]
fn of_an_entry_without_end_only_the_beginning_is_kept() {
    let words = "1 ".repeat(70_000);
    let found = wrong(format!("a 5 TXT ({words}\nb 5 TXT {words}\n\nb 5 A x"));
    assert_eq!(
        found,
        [
            "z:1:9: a parenthesis that is never closed; expected a ) before the end of the file",
            "z:2:140003: more words than a record can have; expected the end of the record",
            "z:4:7: \"x\"; expected an IPv4 address",
        ]
    );
}

#[test]
fn bytes_that_are_not_utf8_are_shown_where_they_stand() {
    let expected = "expected text in UTF-8, other bytes written as \\DDD";
    assert_eq!(
        wrong(b"a 5 A 192.0.2.1\nb 5 TXT \xff\n"),
        [format!("z:2:9: the byte 0xff; {expected}")]
    );
    let utf16: Vec<u8> = "a A".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(wrong(utf16), [format!("z:1:2: the byte 0x00; {expected}")]);
}

#[test]
fn all_mistakes_of_a_file_are_found_at_once() {
    let text = "\
a..b 5 A 192.0.2.1
   5 TXT fine
b 5 A (
   192.0.2.1 x
   )
c 5 TXT \"open
d 5 A 192.0.2.1 ) (
e 5 )
f 5 A (
 \"
) g
$TTL
h 5 A 1
i 5 A 192.0.2.1
j 5 A (
    192.0.2.1
; one is missing
k 5 A 1
l 5 TXT ( \"a )
m 5 A 1
";
    let places: Vec<String> = wrong(text)
        .iter()
        .map(|line| line.split(':').skip(1).take(2).collect::<Vec<_>>().join(":"))
        .collect();
    assert_eq!(
        places,
        ["1:1", "4:14", "6:9", "7:17", "10:2", "12:5", "13:7", "15:7", "18:7", "19:11", "20:7"]
    );
}

#[test]
fn garbage_gives_a_bounded_list() {
    let findings = wrong("x\n".repeat(5_000));
    assert_eq!(findings.len(), 1_001);
    assert_eq!(
        findings[1_000],
        "z:1001:2: more than 1000 mistakes; expected those before this one to be mended first"
    );
}
