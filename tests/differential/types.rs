//! One record of every type that the three servers read.

use std::str::FromStr as _;

use domain::base::iana::Rtype;

use crate::peers::Peer;
use crate::questions::Question;
use crate::random::Random;
use crate::zones::{Zones, join};

const APEX: &str = "types.";
const RARE_APEX: &str = "rare.";
const BEGIN: &str = "@ SOA ns host 1 2h 1h 2w 5m\n@ NS ns.other.\n";

/// The records, but for SOA and NS: `owner type data`.
const RECORDS: &str = r#"
a A 192.0.2.1
aaaa AAAA 2001:db8::1
hinfo HINFO "PC" "Linux"
rp RP mbox.t.example. txt.t.example.
afsdb AFSDB 1 afs
rt RT 10 relay
loc LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
loc2 LOC 42 21 54 N 71 06 18 W -24m 30m
srv SRV 0 0 80 www
naptr NAPTR 100 50 "s" "z3950+I2L+I2C" "" _z3950._tcp
kx KX 10 kx
cert CERT PKIX 1 0 AQIDBA==
dname DNAME other
apl APL 1:192.168.32.0/21 !1:192.168.38.0/28 2:2001:db8::/32 1:0.0.0.0/0
sshfp SSHFP 2 1 123456789abcdef67890123456789abcdef67890
ipseckey IPSECKEY 10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==
ipseckey3 IPSECKEY 10 3 2 gw AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==
dhcid DHCID AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=
tlsa TLSA 3 1 1 0d6fce3c3a2e4ae1a3f8e6b5b0d6fce3c3a2e4ae1a3f8e6b5b0d6fce3c3a2e4a
smimea SMIMEA 3 1 1 0d6fce3c3a2e4ae1a3f8e6b5b0d6fce3c3a2e4ae1a3f8e6b5b0d6fce3c3a2e4a
cds CDS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118
openpgpkey OPENPGPKEY AQIDBA==
csync CSYNC 66 3 A NS AAAA
svcb SVCB 1 svc.example.net. port=8443 alpn="h2,h3" ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1 mandatory=port key65333=ex1
https HTTPS 0 svc.example.net.
https2 HTTPS 1 . alpn=h3,h2 ech=AEX+DQBBFQAgACDMHfIuLJxAMfEIIDTqxb2B no-default-alpn
spf SPF "v=spf1 -all"
nid NID 10 0014:4fff:ff20:ee64
l32 L32 10 10.1.2.0
l64 L64 10 2001:0db8:1140:1000
lp LP 10 l64-subnet1
eui48 EUI48 00-00-5e-00-53-2a
eui64 EUI64 00-00-5e-ef-10-00-00-2a
uri URI 10 1 "ftp://ftp1.example.com/public"
caa CAA 0 issue "ca.example.net; account=230123"
caa2 CAA 128 iodef "mailto:x@example.net"
dnskey DNSKEY 256 3 5 AQPSKmynfzW4kyBv015MUG2DeIQ3Cbl+BBZH4b/0PY1kxkmvHjcZc8nokfzj31GajIQKY+5CptLr3buXA10hWqTkF7H6RfoRqXQeogmMHfpftf6zMv1LyBUgia7za6ZEzOJBOztyvhjL742iU/TpPSEDhm2SNKLijfUppn1UaNvv4w==
t1 TYPE1 \# 4 C0000202
t2 A \# 4 C0000203
t3 TYPE64999 \# 3 010203
tx TXT unquoted "quo ted" "es\"c" \065bc "\000\255"
"#;

/// Those that Knot does not read.
const RARE: &str = r#"
x25 X25 "311061700956"
isdn ISDN "150862028003217" "004"
nsap NSAP 0x47.0005.80.005a00.0000.0001.e133.ffffff000161.00
px PX 10 a b
avc AVC "app-name:WOLFGANG"
dlv DLV 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118
"#;

pub fn zones() -> Zones {
    let mut zones = Zones::default();
    zones.add(APEX, format!("{BEGIN}{RECORDS}"));
    zones.add(RARE_APEX, format!("{BEGIN}{RARE}"));
    zones.0[1].unread_by = Some(Peer::Knot);
    zones
}

/// Each record asked for several times, so that each way to ask comes up.
pub fn questions(random: &mut Random) -> Vec<Question> {
    let mut questions = Vec::new();
    let records = RECORDS.lines().map(|line| (line, APEX));
    let records = records.chain(RARE.lines().map(|line| (line, RARE_APEX)));
    for (line, apex) in records.filter(|(line, _)| !line.is_empty()) {
        let mut words = line.split(' ');
        let (owner, rtype) = (words.next().unwrap(), words.next().unwrap());
        let rtype = Rtype::from_str(rtype).unwrap().to_int().into();
        for _ in 0..8 {
            questions.extend(Question::new(&join(owner, apex), rtype, random));
        }
    }
    questions
}
