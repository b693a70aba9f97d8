//! Data of zone files: what is there, what is not, and what is elsewhere.

use super::support::{HEAD, Setup, ask, ask_wire, check, name};
use crate::view::View;

fn view() -> View {
    Setup::default()
        .zone(
            "example.",
            "@ TXT apex
             www A 192.0.2.3
             www A 192.0.2.4
             www TXT x
             mx 60 MX 10 mail
             mail A 192.0.2.2
             c CNAME www
             odd TYPE65400 \\# 3 010203
             srv SRV 0 0 80 www
             *.wild A 192.0.2.5
             *.wild TXT w
             exist.wild TXT here
             a.ent.wild A 192.0.2.6
             *.cw CNAME www
             sub.*.star A 192.0.2.8
             low 100 A 192.0.2.7",
        )
        .view()
}

const NODATA: &str = "NOERROR aa; ! example. 300 SOA";
const NXDOMAIN: &str = "NXDOMAIN aa; ! example. 300 SOA";

#[test]
fn what_is_there_and_what_is_not() {
    check(
        &view(),
        &[
            ("www.example. A", "NOERROR aa; Q 600 A 192.0.2.3; Q 600 A 192.0.2.4"),
            ("www.example. TXT", "NOERROR aa; Q 600 TXT x"),
            ("mx.example. MX", "NOERROR aa; Q 60 MX 10 mail.example."),
            ("srv.example. SRV", "NOERROR aa; Q 600 SRV 0 0 80 www.example."),
            ("odd.example. TYPE65400", "NOERROR aa; Q 600 TYPE65400 010203"),
            ("example. SOA", "NOERROR aa; Q 3600 SOA"),
            ("example. NS", "NOERROR aa; Q 3600 NS ns.net."),
            ("www.example. AAAA", NODATA),
            ("www.example. TYPE0", NODATA),
            ("www.example. TYPE65535", NODATA),
            ("example. A", "NOERROR aa; ! Q 300 SOA"),
            ("example. DS", "NOERROR aa; ! Q 300 SOA"),
            ("nope.example. A", NXDOMAIN),
            ("below.www.example. A", NXDOMAIN),
            ("a.b.c.d.example. NS", NXDOMAIN),
        ],
    );
}

/// RFC 4592: a wildcard stands for what its closest encloser lacks, and for nothing else.
#[test]
fn wildcards() {
    check(
        &view(),
        &[
            ("x.wild.example. A", "NOERROR aa; Q 600 A 192.0.2.5"),
            ("x.y.z.wild.example. A", "NOERROR aa; Q 600 A 192.0.2.5"),
            ("x.wild.example. AAAA", NODATA),
            ("*.wild.example. A", "NOERROR aa; Q 600 A 192.0.2.5"),
            ("x.*.wild.example. A", NXDOMAIN),
            // What exists, or has something below it, is no business of the wildcard.
            ("exist.wild.example. A", NODATA),
            ("x.exist.wild.example. A", NXDOMAIN),
            ("ent.wild.example. A", NODATA),
            ("x.ent.wild.example. A", NXDOMAIN),
            ("wild.example. A", NODATA),
            (
                "x.cw.example. A",
                concat!(
                    "NOERROR aa; Q 600 CNAME www.example.; ",
                    "www.example. 600 A 192.0.2.3; www.example. 600 A 192.0.2.4"
                ),
            ),
            ("x.cw.example. CNAME", "NOERROR aa; Q 600 CNAME www.example."),
            // The asterisk itself is an empty non-terminal: it stands for names without data.
            ("x.star.example. A", NODATA),
            ("*.star.example. A", NODATA),
            ("sub.x.star.example. A", NODATA),
            ("sub.*.star.example. A", "NOERROR aa; Q 600 A 192.0.2.8"),
        ],
    );
}

/// RFC 8482 4.1.
#[test]
fn any_is_answered_with_one_record_set() {
    check(
        &view(),
        &[
            ("www.example. ANY", "NOERROR aa; Q 600 A 192.0.2.3; Q 600 A 192.0.2.4"),
            ("c.example. ANY", "NOERROR aa; Q 600 CNAME www.example."),
            ("ent.wild.example. ANY", NODATA),
            ("x.wild.example. ANY", "NOERROR aa; Q 600 A 192.0.2.5"),
            ("nope.example. ANY", NXDOMAIN),
        ],
    );
}

/// RFC 2308 3: the lesser of the SOA's own TTL and its last field.
#[test]
fn negative_answers_are_kept_as_long_as_the_soa_says() {
    for (soa, seconds) in [
        ("@ 60 SOA ns host 1 1h 15m 2w 300", 60),
        ("@ 3600 SOA ns host 1 1h 15m 2w 300", 300),
        ("@ 60 SOA ns host 1 1h 15m 2w 0", 0),
    ] {
        let records = format!("{soa}\n@ 60 NS ns.net.\n");
        let view = Setup::default().bare_zone("example.", &records).view();
        let text = ask("nope.example. A").of(&view).text();
        assert_eq!(text, format!("NXDOMAIN aa; ! example. {seconds} SOA"));
    }
}

#[test]
fn outside_all_zones_is_refused_without_authority() {
    let table = ["com. A", ". NS", "xexample. A", "example.com. ANY", "net. DS", ". DS"];
    for question in table {
        assert_eq!(ask(question).of(&view()).text(), "REFUSED", "{question}");
    }
}

/// Every name that stands below the one that was asked, or is it, is written as it was asked:
/// resolvers check the case of what they asked (draft-vixie-dnsext-dns0x20).
#[test]
fn case_comes_back_as_asked() {
    let view = Setup::default()
        .zone("example.", "www A 192.0.2.1\nd DNAME www\ncut NS ns.cut\nns.cut A 192.0.2.2")
        .view();
    check(
        &view,
        &[
            ("wWw.eXample. A", "NOERROR aa; Q 600 A 192.0.2.1"),
            ("wWw.eXample. MX", "NOERROR aa; ! eXample. 300 SOA"),
            ("nOpe.EXAMPLE. A", "NXDOMAIN aa; ! EXAMPLE. 300 SOA"),
            (
                "X.D.Example. CNAME",
                "NOERROR aa; D.Example. 600 DNAME www.example.; Q 600 CNAME X.www.example.",
            ),
            (
                "X.CUT.eXample. A",
                concat!(
                    "NOERROR; ! CUT.eXample. 600 NS ns.CUT.eXample.; ",
                    "+ ns.CUT.eXample. 600 A 192.0.2.2"
                ),
            ),
        ],
    );
    // The question itself comes back byte for byte.
    let asked = ask("wWw.eXample. A");
    assert_eq!(asked.of(&view).bytes[12..29], asked.wire()[12..29]);
}

#[test]
fn names_of_any_form_are_found() {
    let longest = format!("{}{}", "a.".repeat(123), "example.");
    let label = "b".repeat(63);
    let wide = format!("{label}.{label}.{label}.{}.example.", "c".repeat(53));
    let text = format!(
        "{longest} A 192.0.2.1\n{wide} A 192.0.2.2\n\\000\\255.odd A 192.0.2.3\na\\.b A 192.0.2.4"
    );
    let view = Setup::default().zone("example.", &text).view();
    assert_eq!(name(&longest).as_wire().len(), 255);
    assert_eq!(name(&wide).as_wire().len(), 255);
    for (question, last) in
        [(&*longest, 1), (&wide, 2), ("\\000\\255.odd.example.", 3), ("a\\.b.example.", 4)]
    {
        let reply = ask(&format!("{question} A")).of(&view);
        assert_eq!(reply.message().answers.len(), 1);
        assert_eq!(reply.bytes[reply.bytes.len() - 4..], [192, 0, 2, last]);
    }
    // As many labels, and none of them there.
    let unknown = ask_wire(&[&b"\x01b".repeat(127)[..], b"\0"].concat(), 1).of(&view);
    assert_eq!(unknown.text(), "REFUSED");
    let below = ask(&format!("{}example. A", "b.".repeat(123))).of(&view);
    assert_eq!(below.text(), NXDOMAIN);
}

#[test]
fn the_root_can_be_a_zone() {
    let view = Setup::default()
        .zone(".", "com NS ns.com\nns.com A 192.0.2.1\nwww A 192.0.2.2\n* TXT w")
        .view();
    check(
        &view,
        &[
            (". SOA", "NOERROR aa; Q 3600 SOA"),
            (". NS", "NOERROR aa; Q 3600 NS ns.net."),
            (". A", "NOERROR aa; ! Q 300 SOA"),
            (". DS", "NOERROR aa; ! Q 300 SOA"),
            ("www. A", "NOERROR aa; Q 600 A 192.0.2.2"),
            ("x.y. TXT", "NOERROR aa; Q 600 TXT w"),
            ("x.www. A", "NXDOMAIN aa; ! . 300 SOA"),
            ("a.com. A", "NOERROR; ! com. 600 NS ns.com.; + ns.com. 600 A 192.0.2.1"),
            ("com. DS", "NOERROR aa; ! . 300 SOA"),
        ],
    );
}

#[test]
fn reverse_zones_are_zones() {
    let view = Setup::default()
        .zone("2.0.192.in-addr.arpa.", "1 PTR www.example.\n2 CNAME 2.0/25\n0/25 NS ns.net.")
        .zone("8.b.d.0.1.0.0.2.ip6.arpa.", "1.0.0.0 PTR www.example.")
        .view();
    check(
        &view,
        &[
            ("1.2.0.192.in-addr.arpa. PTR", "NOERROR aa; Q 600 PTR www.example."),
            (
                "2.2.0.192.in-addr.arpa. PTR",
                concat!(
                    "NOERROR aa; Q 600 CNAME 2.0\\/25.2.0.192.in-addr.arpa.; ",
                    "! 0\\/25.2.0.192.in-addr.arpa. 600 NS ns.net."
                ),
            ),
            ("1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR", "NOERROR aa; Q 600 PTR www.example."),
            (
                "0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR",
                "NOERROR aa; ! 8.b.d.0.1.0.0.2.ip6.arpa. 300 SOA",
            ),
        ],
    );
}

#[test]
fn a_zone_without_any_data_answers() {
    let view = Setup::default().bare_zone("example.", HEAD).view();
    assert_eq!(ask("example. A").of(&view).text(), "NOERROR aa; ! Q 300 SOA");
    assert_eq!(ask("x.example. A").of(&view).text(), NXDOMAIN);
    let empty = Setup::default().view();
    assert_eq!(ask("example. A").of(&empty).text(), "REFUSED");
}
