//! The text forms of record types, held against hickory-proto where it reads the type.

use std::str::FromStr;

use hickory_proto::rr::{RData, RecordType};
use hickory_proto::serialize::binary::{BinEncodable, BinEncoder};

use super::records;

fn ours(rtype: &str, data: &str) -> Vec<u8> {
    records(format!("a 5 {rtype} {data}")).get(0).rdata.to_vec()
}

fn theirs(rtype: &str, data: &str) -> Vec<u8> {
    let data = RData::try_from_str(RecordType::from_str(rtype).unwrap(), data).unwrap();
    let mut out = Vec::new();
    data.emit(&mut BinEncoder::new(&mut out)).unwrap();
    out
}

#[test]
fn an_independent_reader_reads_the_same() {
    for (rtype, data) in [
        ("A", "192.0.2.1"),
        ("AAAA", "2001:db8::1"),
        ("CAA", "0 issue \"ca.example.net; account=1\""),
        ("CERT", "1 12345 8 AQIDBAU="),
        ("CNAME", "www.example.net."),
        ("CSYNC", "66 3 A NS AAAA"),
        ("HINFO", "\"some cpu\" linux"),
        ("HTTPS", "1 . alpn=h2,h3 port=8443 ipv4hint=192.0.2.1"),
        ("MX", "10 mail.example.net."),
        ("NAPTR", "100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:info@example.com!\" ."),
        ("NS", "ns1.example.net."),
        ("OPENPGPKEY", "mQCNAzIG"),
        ("PTR", "a\\.b.example.net."),
        ("SMIMEA", "3 1 1 d2abde240d7cd3ee6b4b28c54df034b9"),
        ("SOA", "ns.example.net. h.example.org. 2024010101 3600 900 1209600 300"),
        ("SRV", "0 5 5060 sip.example.net."),
        ("SSHFP", "4 2 123456789abcdef67890123456789abcdef67890"),
        ("SVCB", "0 svc.example.net."),
        ("TLSA", "3 1 1 d2abde240d7cd3ee6b4b28c54df034b9"),
        ("TXT", "plain \"with blanks; and ( all )\" \"\""),
    ] {
        assert_eq!(ours(rtype, data), theirs(rtype, data), "{rtype} {data}");
    }
}

#[test]
fn relative_names_and_units_are_resolved() {
    let name = b"\x04Mail\x07example\x03com\x00";
    assert_eq!(ours("MX", "10 Mail"), [b"\x00\x0a", &name[..]].concat());
    assert_eq!(ours("CNAME", "@"), &name[5..]);
    assert_eq!(ours("CNAME", "\\@."), b"\x01@\x00");
    assert_eq!(ours("CNAME", "."), b"\x00");
    assert_eq!(ours("SOA", ". . 1 1h 15m 2w 1h30m"), ours("SOA", ". . 1 3600 900 1209600 5400"));
}

#[test]
fn types_without_another_reader_have_the_form_of_their_rfcs() {
    for (rtype, data, expected) in [
        ("URI", "10 1 \"ftp://a/b\"", &b"\x00\x0a\x00\x01ftp://a/b"[..]),
        ("AFSDB", "1 a.", b"\x00\x01\x01a\x00"),
        ("RT", "1 a.", b"\x00\x01\x01a\x00"),
        ("KX", "1 a.", b"\x00\x01\x01a\x00"),
        ("LP", "1 a.", b"\x00\x01\x01a\x00"),
        ("RP", "a. b.", b"\x01a\x00\x01b\x00"),
        ("SPF", "\"v=spf1\"", b"\x06v=spf1"),
        ("DHCID", "AQID", b"\x01\x02\x03"),
        ("CERT", "PGP 0 8 AQID", b"\x00\x03\x00\x00\x08\x01\x02\x03"),
        ("HIP", "2 0a0b AQID a. b.", b"\x02\x02\x00\x03\x0a\x0b\x01\x02\x03\x01a\x00\x01b\x00"),
        ("GPOS", "-32.6882 116.8652 \"10.0\"", b"\x08-32.6882\x08116.8652\x0410.0"),
        ("ISDN", "150862028003217", b"\x0f150862028003217"),
        ("TA", "1 13 2 0A0b", b"\x00\x01\x0d\x02\x0a\x0b"),
        ("NSAP", "0x47.00.05", b"\x47\x00\x05"),
        ("NID", "10 14:4fff:0:ee64", b"\x00\x0a\x00\x14\x4f\xff\x00\x00\xee\x64"),
        ("L32", "10 10.1.2.0", b"\x00\x0a\x0a\x01\x02\x00"),
        ("PX", "10 a. .", b"\x00\x0a\x01a\x00\x00"),
        ("APL", "1:10.0.0.0/8 !2:::/0", b"\x00\x01\x08\x01\x0a\x00\x02\x00\x80"),
        ("EUI48", "00-00-5e-00-53-2a", b"\x00\x00\x5e\x00\x53\x2a"),
        ("EUI64", "00-00-5E-EF-10-00-00-2a", b"\x00\x00\x5e\xef\x10\x00\x00\x2a"),
        ("DNAME", "a.", b"\x01a\x00"),
        ("DS", "1 13 2 0A0b", b"\x00\x01\x0d\x02\x0a\x0b"),
        ("CDS", "0 0 0 00", b"\x00\x00\x00\x00\x00"),
        ("DNSKEY", "257 3 13 AQID", b"\x01\x01\x03\x0d\x01\x02\x03"),
        ("NSEC", "b. A MX", b"\x01b\x00\x00\x02\x40\x01"),
        ("NSEC3PARAM", "1 0 0 -", b"\x01\x00\x00\x00\x00"),
        (
            "ZONEMD",
            "1 1 1 0A0B0C0D0E0F0A0B0C0D0E0F",
            b"\x00\x00\x00\x01\x01\x01\x0a\x0b\x0c\x0d\x0e\x0f\x0a\x0b\x0c\x0d\x0e\x0f",
        ),
        ("IPSECKEY", "10 1 2 192.0.2.38 AQID", b"\x0a\x01\x02\xc0\x00\x02\x26\x01\x02\x03"),
        ("TYPE65280", "\\# 3 0102 03", b"\x01\x02\x03"),
        ("TYPE65280", "\\# 0", b""),
        ("HIP", "\\# 1 ff", b"\xff"),
        ("A", "\\# 4 ( c0000201 )", b"\xc0\x00\x02\x01"),
        ("NS", "\\# 3 016100", b"\x01a\x00"),
        ("TYPE1", "192.0.2.1", b"\xc0\x00\x02\x01"),
        (
            "SVCB",
            "1 . key65280=\"a b\" no-default-alpn alpn=h2",
            b"\x00\x01\x00\x00\x01\x00\x03\x02h2\x00\x02\x00\x00\xff\x00\x00\x03a b",
        ),
    ] {
        assert_eq!(ours(rtype, data), expected, "{rtype} {data}");
    }
}

#[test]
fn places_on_earth() {
    let place = |sizes: [u8; 3], latitude: i64, longitude: i64, altitude_cm: u32| {
        let word = |angle: i64| u32::try_from((1_i64 << 31) + angle).unwrap().to_be_bytes();
        [&[0][..], &sizes, &word(latitude), &word(longitude), &altitude_cm.to_be_bytes()].concat()
    };
    for (text, expected) in [
        (
            "42 21 54 N 71 06 18 W -24m 30m",
            place([0x33, 0x16, 0x13], 152_514_000, -255_978_000, 9_997_600),
        ),
        ("0 S 180 E 0", place([0x12, 0x16, 0x13], 0, 648_000_000, 10_000_000)),
        (
            "1 2 3.5 n 1 e 10.5m 0m 90000000m 0.01m",
            place([0x00, 0x99, 0x10], 3_723_500, 3_600_000, 10_001_050),
        ),
    ] {
        assert_eq!(ours("LOC", text), expected, "{text}");
    }
    for text in [
        "91 N 0 E 0",
        "0 60 N 0 E 0",
        "0 0 60 N 0 E 0",
        "N 0 E 0",
        "0 N 0 N 0",
        "0 N 0 E x",
        "0 N 0 E -100001",
        "90 1 N 0 E 0",
        "0 N 0 E 0 -1",
    ] {
        super::wrong(format!("a 5 LOC {text}"));
    }
}
