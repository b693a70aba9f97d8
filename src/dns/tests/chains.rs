//! What leads elsewhere: aliases, DNAME, delegations, and zones above and below each other.

use super::support::{Setup, ask, check};
use crate::view::View;

const DS: &str = "DS 1 8 2 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn aliases() -> View {
    Setup::default()
        .zone(
            "example.",
            "www A 192.0.2.3
             c1 CNAME c2
             c2 CNAME www
             gone CNAME nothing.here
             nodata CNAME text
             text TXT x
             out CNAME www.elsewhere.
             other CNAME www.other.
             othergone CNAME nope.other.
             cut NS ns.cut
             ns.cut A 192.0.2.9
             tocut CNAME x.cut
             l1 CNAME L2
             l2 CNAME l1
             self CNAME self
             *.grow CNAME x.grow",
        )
        .zone("other.", "www A 192.0.2.4\nback CNAME www.example.")
        .view()
}

#[test]
fn aliases_are_followed_through_all_zones() {
    check(
        &aliases(),
        &[
            (
                "c1.example. A",
                concat!(
                    "NOERROR aa; Q 600 CNAME c2.example.; c2.example. 600 CNAME www.example.; ",
                    "www.example. 600 A 192.0.2.3"
                ),
            ),
            ("c1.example. CNAME", "NOERROR aa; Q 600 CNAME c2.example."),
            (
                "gone.example. A",
                "NXDOMAIN aa; Q 600 CNAME nothing.here.example.; ! example. 300 SOA",
            ),
            ("nodata.example. A", "NOERROR aa; Q 600 CNAME text.example.; ! example. 300 SOA"),
            ("out.example. A", "NOERROR aa; Q 600 CNAME www.elsewhere."),
            ("other.example. A", "NOERROR aa; Q 600 CNAME www.other.; www.other. 600 A 192.0.2.4"),
            ("othergone.example. A", "NXDOMAIN aa; Q 600 CNAME nope.other.; ! other. 300 SOA"),
            ("back.other. A", "NOERROR aa; Q 600 CNAME www.example.; www.example. 600 A 192.0.2.3"),
            (
                "tocut.example. A",
                concat!(
                    "NOERROR aa; Q 600 CNAME x.cut.example.; ",
                    "! cut.example. 600 NS ns.cut.example.; + ns.cut.example. 600 A 192.0.2.9"
                ),
            ),
        ],
    );
}

#[test]
fn loops_stop() {
    check(
        &aliases(),
        &[
            (
                "l1.example. A",
                "NOERROR aa; Q 600 CNAME L2.example.; L2.example. 600 CNAME l1.example.",
            ),
            ("self.example. A", "NOERROR aa; Q 600 CNAME self.example."),
            ("x.grow.example. A", "NOERROR aa; Q 600 CNAME x.grow.example."),
            (
                "y.grow.example. A",
                "NOERROR aa; Q 600 CNAME x.grow.example.; x.grow.example. 600 CNAME x.grow.example.",
            ),
        ],
    );
}

#[test]
fn long_chains_are_cut_off() {
    let text: String = (0..40).map(|n| format!("c{n} CNAME c{}\n", n + 1)).collect();
    let view = Setup::default().zone("example.", &text).view();
    let reply = ask("c0.example. A").edns(1232, &[]).of(&view).message();
    assert_eq!(reply.answers.len(), 16);
    assert!(!reply.metadata.truncation);
    // A DNAME into itself would grow for ever.
    let view = Setup::default().zone("example.", "d DNAME d.d").view();
    let reply = ask("x.d.example. A").edns(1232, &[]).of(&view).message();
    assert_eq!(reply.answers.len(), 2 * 16);
}

/// RFC 6672.
#[test]
fn dname_moves_a_subtree() {
    let long = "l".repeat(60);
    let text = format!(
        "d 60 DNAME target
         d TXT own
         a.target A 192.0.2.1
         c.target CNAME a.target
         o DNAME other.
         e DNAME elsewhere.
         root DNAME .
         long DNAME {long}.{long}.{long}.example.
         loop1 DNAME loop2
         loop2 DNAME loop1
         *.w DNAME target"
    );
    let view = Setup::default()
        .zone("example.", &text)
        .zone("other.", "a A 192.0.2.2")
        .zone("apex.", "@ DNAME example.")
        .view();
    let own = "d.example. 60 DNAME target.example.";
    check(
        &view,
        &[
            ("d.example. TXT", "NOERROR aa; Q 600 TXT own"),
            ("d.example. A", "NOERROR aa; ! example. 300 SOA"),
            ("d.example. DNAME", "NOERROR aa; Q 60 DNAME target.example."),
            (
                "a.d.example. A",
                &format!(
                    "NOERROR aa; {own}; Q 60 CNAME a.target.example.; \
                     a.target.example. 600 A 192.0.2.1"
                ),
            ),
            (
                "c.d.example. A",
                &format!(
                    "NOERROR aa; {own}; Q 60 CNAME c.target.example.; \
                     c.target.example. 600 CNAME a.target.example.; \
                     a.target.example. 600 A 192.0.2.1"
                ),
            ),
            (
                "x.y.d.example. A",
                &format!("NXDOMAIN aa; {own}; Q 60 CNAME x.y.target.example.; ! example. 300 SOA"),
            ),
            ("a.d.example. CNAME", &format!("NOERROR aa; {own}; Q 60 CNAME a.target.example.")),
            ("a.d.example. ANY", &format!("NOERROR aa; {own}; Q 60 CNAME a.target.example.")),
            (
                "a.o.example. A",
                "NOERROR aa; o.example. 600 DNAME other.; Q 600 CNAME a.other.; a.other. 600 A 192.0.2.2",
            ),
            (
                "a.e.example. A",
                "NOERROR aa; e.example. 600 DNAME elsewhere.; Q 600 CNAME a.elsewhere.",
            ),
            ("a.root.example. A", "NOERROR aa; root.example. 600 DNAME .; Q 600 CNAME a."),
            // An asterisk is an owner like any other for what is below it, and no wildcard.
            (
                "a.*.w.example. A",
                "NOERROR aa; *.w.example. 600 DNAME target.example.; \
                 Q 600 CNAME a.target.example.; a.target.example. 600 A 192.0.2.1",
            ),
            ("a.w.example. A", "NOERROR aa; ! example. 300 SOA"),
            ("a.w.example. DNAME", "NOERROR aa; Q 600 DNAME target.example."),
            (
                "a.loop1.example. A",
                "NOERROR aa; loop1.example. 600 DNAME loop2.example.; Q 600 CNAME a.loop2.example.; \
                 loop2.example. 600 DNAME loop1.example.; a.loop2.example. 600 CNAME a.loop1.example.",
            ),
            (
                "a.d.apex. A",
                "NOERROR aa; apex. 600 DNAME example.; Q 600 CNAME a.d.example.; \
                 d.example. 60 DNAME target.example.; a.d.example. 60 CNAME a.target.example.; \
                 a.target.example. 600 A 192.0.2.1",
            ),
        ],
    );
    // The target has 192 bytes: 63 more are the last that a name has room for.
    let fits = format!("{}.long.example. A", "x".repeat(62));
    let text = ask(&fits).edns(1232, &[]).of(&view).text();
    let made = format!("; Q 600 CNAME {}.{long}.{long}.{long}.example.;", "x".repeat(62));
    assert!(text.starts_with("NXDOMAIN aa; long") && text.contains(&made), "{text}");
    let too_long = format!("{}.long.example. A", "x".repeat(63));
    let text = ask(&too_long).edns(1232, &[]).of(&view).text();
    assert!(text.starts_with("YXDOMAIN aa; long.example. 600 DNAME l"), "{text}");
    assert!(!text.contains("CNAME"), "{text}");
}

const SIGNED: &str = "NOERROR aa; Q 600 TYPE43 00010802\
     000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn parent() -> String {
    format!(
        "www A 192.0.2.1
         child NS ns.child
         child NS ns2.side
         child NS ns.mail
         child NS ns.net.
         child {DS}
         ns.child 60 A 192.0.2.11
         ns.child AAAA 2001:db8::11
         hidden.child A 192.0.2.12
         ns2.side A 192.0.2.13
         ns.mail A 192.0.2.14
         side NS ns2.side
         bare NS bare
         bare A 192.0.2.15"
    )
}

const CHILD_NS: &str = "! child.example. 600 NS ns.child.example.; \
     ! child.example. 600 NS ns2.side.example.; ! child.example. 600 NS ns.mail.example.; \
     ! child.example. 600 NS ns.net.; \
     + ns.child.example. 60 A 192.0.2.11; + ns.child.example. 600 AAAA 2001:db8::11; \
     + ns2.side.example. 600 A 192.0.2.13; + ns.mail.example. 600 A 192.0.2.14";

#[test]
fn referrals_have_glue_and_no_authority() {
    let view = Setup::default().zone("example.", &parent()).view();
    let child = format!("NOERROR; {}", CHILD_NS.replace("child.example. 600 NS", "Q 600 NS"));
    let below = format!("NOERROR; {CHILD_NS}");
    let glue = below.replace("+ ns.child.example.", "+ Q");
    check(
        &view,
        &[
            ("child.example. A", &*child),
            ("child.example. NS", &child),
            ("child.example. ANY", &child),
            ("a.b.child.example. A", &below),
            ("a.b.child.example. DS", &below),
            ("hidden.child.example. A", &below),
            ("ns.child.example. A", &glue),
            ("child.example. DS", SIGNED),
            ("side.example. DS", "NOERROR aa; ! example. 300 SOA"),
            ("bare.example. A", "NOERROR; ! Q 600 NS bare.example.; + Q 600 A 192.0.2.15"),
        ],
    );
}

/// RFC 4035 3.1.4.1: DS belongs to the side above the cut, wherever that is served.
#[test]
fn ds_is_asked_at_the_parents_side() {
    let child = "www A 192.0.2.21";
    let both = || Setup::default().zone("example.", &parent()).zone("child.example.", child);
    let only_child = || Setup::default().zone("child.example.", child);
    let question = "child.example. DS";
    check(&both().view(), &[(question, SIGNED)]);
    check(&only_child().view(), &[(question, "NOERROR aa; ! Q 300 SOA")]);
    // Everything else about the child is the child's.
    check(
        &both().view(),
        &[
            ("child.example. NS", "NOERROR aa; Q 3600 NS ns.net."),
            ("www.child.example. A", "NOERROR aa; Q 600 A 192.0.2.21"),
            ("www.child.example. DS", "NOERROR aa; ! child.example. 300 SOA"),
            ("nope.child.example. DS", "NXDOMAIN aa; ! child.example. 300 SOA"),
            ("hidden.child.example. A", "NXDOMAIN aa; ! child.example. 300 SOA"),
            ("www.example. A", "NOERROR aa; Q 600 A 192.0.2.1"),
            ("example. DS", "NOERROR aa; ! Q 300 SOA"),
        ],
    );
    // Between a grandparent and a child is a cut of which only the upper side is served.
    let view = Setup::default()
        .zone("example.", "mid NS ns.mid\nns.mid A 192.0.2.31")
        .zone("child.mid.example.", child)
        .view();
    let referral =
        "NOERROR; ! mid.example. 600 NS ns.mid.example.; + ns.mid.example. 600 A 192.0.2.31";
    check(&view, &[("child.mid.example. DS", referral)]);
}
