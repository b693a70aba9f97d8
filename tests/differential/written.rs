//! Zones written by hand: every shape that the RFCs speak of.

use crate::zones::Zones;

/// A zone and its child, a grandchild without the zone between, a neighbour, an only child, a DNAME
/// and a wildcard at an apex, a reverse zone.
pub fn zones() -> Zones {
    let mut zones = Zones::default();
    for (apex, text) in ZONES {
        zones.add(apex, text.replace("LONG", &vec!["y".repeat(200); 8].join("\" \"")));
    }
    zones
}

const ZONES: [(&str, &str); 8] = [
    (
        "example.",
        r#"
@ 3600 SOA ns hostmaster 1 3600 900 1209600 300
@ 3600 NS ns
@ 3600 NS ns.other.
ns A 192.0.2.1
ns AAAA 2001:db8::1
@ MX 10 mail
@ TXT "apex"
mail A 192.0.2.2
www A 192.0.2.3
www A 192.0.2.4
www TXT "x"
*.wild A 192.0.2.5
*.wild MX 10 mail
exist.wild TXT "here"
a.ent.wild A 192.0.2.6
*.cw CNAME www
*.cw2 CNAME *.cw2
*.cw3 CNAME nope
*.loopw CNAME x.loopw
deep.a.b.c A 192.0.2.7
sub.*.star A 192.0.2.8
other.star TXT "s"
c1 CNAME c2
c2 CNAME c3
c3 CNAME www
l1 CNAME l2
l2 CNAME l1
self CNAME self
cnx CNAME nothing.here
cnd CNAME mail
cout CNAME foo.out.of.zone.
cother CNAME www.other.
cotherx CNAME nope.other.
cdel CNAME x.del
cdelat CNAME del
cchild CNAME www.child
cchildx CNAME nope.child
cwild CNAME q.wild
cdn CNAME foo.dn
dn DNAME tgt
dn TXT "dname owner"
foo.tgt A 192.0.2.9
c.tgt CNAME www
dnother DNAME other.
dnloop DNAME dnloop2
dnloop2 DNAME dnloop
dnself DNAME a.dnself2
dnout DNAME out.of.zone.
dnlong DNAME aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.ccccccccccccccccccccccccccccccccccccccccccccccccccccccc.ddddddddddddddddddddddddd.example.
dnroot DNAME .
dndel DNAME del
del NS ns.del
del NS ns2.del2
del NS ns.other.
ns.del A 192.0.2.10
ns.del AAAA 2001:db8::10
x.del A 192.0.2.11
deep.x.del TXT "occluded"
del DS 1 8 2 000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f
del2 NS ns2.del2
ns2.del2 A 192.0.2.12
del3 NS ns.nowhere.
del4 NS mail
del5 NS del5
del5 A 192.0.2.55
del6 NS ns.child
child NS ns.child
ns.child A 192.0.2.13
child DS 2 8 2 000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f
mid NS ns.mid
ns.mid A 192.0.2.14
chain01 CNAME chain02
chain02 CNAME chain03
chain03 CNAME chain04
chain04 CNAME chain05
chain05 CNAME chain06
chain06 CNAME chain07
chain07 CNAME chain08
chain08 CNAME chain09
chain09 CNAME www
ptr PTR www
srv SRV 0 0 80 www
svc HTTPS 1 . alpn=h2
caa CAA 0 issue "x"
type TYPE65400 \# 3 010203
big TXT "LONG"
MiXed.Up A 192.0.2.70
\032blank TXT "b"
a\.dot A 192.0.2.71
\*.star2 A 192.0.2.72
naptr NAPTR 10 10 "u" "E2U+sip" "!^.*$!sip:x@example!" .
tlsa TLSA 3 1 1 000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f
sshfp SSHFP 1 1 000102030405060708090a0b0c0d0e0f00010203
many A 192.0.2.1
many A 192.0.2.2
many A 192.0.2.3
many A 192.0.2.4
many A 192.0.2.5
many A 192.0.2.6
many A 192.0.2.7
many A 192.0.2.8
many A 192.0.2.9
many A 192.0.2.10
many A 192.0.2.11
many A 192.0.2.12
many A 192.0.2.13
many A 192.0.2.14
many A 192.0.2.15
many A 192.0.2.16
many A 192.0.2.17
many A 192.0.2.18
many A 192.0.2.19
many A 192.0.2.20
many A 192.0.2.21
many A 192.0.2.22
many A 192.0.2.23
many A 192.0.2.24
many A 192.0.2.25
many A 192.0.2.26
many A 192.0.2.27
many A 192.0.2.28
many A 192.0.2.29
many A 192.0.2.30
many A 192.0.2.31
many A 192.0.2.32
many A 192.0.2.33
many A 192.0.2.34
many A 192.0.2.35
many A 192.0.2.36
many A 192.0.2.37
many A 192.0.2.38
many A 192.0.2.39
many A 192.0.2.40
many A 192.0.2.41
many A 192.0.2.42
many A 192.0.2.43
many A 192.0.2.44
many A 192.0.2.45
many A 192.0.2.46
many A 192.0.2.47
many A 192.0.2.48
many A 192.0.2.49
many A 192.0.2.50
many A 192.0.2.51
many A 192.0.2.52
many A 192.0.2.53
many A 192.0.2.54
many A 192.0.2.55
many A 192.0.2.56
many A 192.0.2.57
many A 192.0.2.58
many A 192.0.2.59
many A 192.0.2.60
many A 192.0.2.61
many A 192.0.2.62
many A 192.0.2.63
many A 192.0.2.64
many A 192.0.2.65
many A 192.0.2.66
many A 192.0.2.67
many A 192.0.2.68
many A 192.0.2.69
many A 192.0.2.70
many A 192.0.2.71
many A 192.0.2.72
many A 192.0.2.73
many A 192.0.2.74
many A 192.0.2.75
many A 192.0.2.76
many A 192.0.2.77
many A 192.0.2.78
many A 192.0.2.79
"#,
    ),
    (
        "child.example.",
        r#"
@ 3600 SOA ns hostmaster 1 3600 900 1209600 120
@ 3600 NS ns
ns A 192.0.2.20
www A 192.0.2.21
up CNAME www.example.
g NS ns.g
ns.g A 192.0.2.22
"#,
    ),
    (
        "sub.mid.example.",
        r#"
@ 3600 SOA ns hostmaster 1 3600 900 1209600 120
@ 3600 NS ns
ns A 192.0.2.30
www A 192.0.2.31
"#,
    ),
    (
        "other.",
        r#"
@ 3600 SOA ns hostmaster 1 3600 900 1209600 120
@ 3600 NS ns
ns A 192.0.2.40
www A 192.0.2.41
foo A 192.0.2.42
back CNAME www.example.
"#,
    ),
    (
        "only.child.test.",
        r#"
@ 3600 SOA ns hostmaster 1 3600 900 1209600 120
@ 3600 NS ns
ns A 192.0.2.50
"#,
    ),
    (
        "dapex.",
        r#"
@ 3600 SOA ns.other. hostmaster 1 3600 900 1209600 120
@ 3600 NS ns.other.
@ 3600 DNAME example.
@ 3600 TXT "t"
"#,
    ),
    (
        "wapex.",
        r#"
@ 3600 SOA ns.other. hostmaster 1 3600 900 1209600 120
@ 3600 NS ns.other.
* 3600 A 192.0.2.60
"#,
    ),
    (
        "2.0.192.in-addr.arpa.",
        r#"
@ 3600 SOA ns.other. hostmaster 1 3600 900 1209600 120
@ 3600 NS ns.other.
1 PTR ns.example.
0/25 NS ns.other.
2 CNAME 2.0/25
"#,
    ),
];
